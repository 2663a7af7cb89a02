"""Features: what a model sees of a context and an action, as Vowpal Wabbit text that no value can break out of.

Never a raw string.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from math import copysign, log, log1p, sqrt
from types import MappingProxyType
from urllib.parse import quote

from engine.errors import InvalidRequest
from engine.types import Features

MAX_FEATURES = 256
MAX_TEXT_BYTES = 256
MAX_NUMBER = 1e12
NOTHING_KNOWN = Features()
PROFILE_WEIGHT = 0.1
"""What a feature of the profile or of her local time weighs where one of an action weighs 1: there are dozens, so that
at equal weights they would learn, and mislearn, nearly all of every lesson (benchmarks/README.md, "What is the recipe
worth?")."""
RESPONSES = ("contacts", "days_since_contact", "earned.")
"""What came of the messages that she was sent: features whose names begin so."""
RESPONSES_ALONE, TOGETHER = 0.5, 0.18
"""What each of these weighs at most, and what all that is seen of her weighs together, in squares, as long as each of
them does not weigh less than any other: what messages earned tells most of what they will, and is all there is where
she does nothing else (benchmarks/README.md, "Worlds that only a context tells of")."""
CONTEXT_TOGETHER, CONTEXT_MOST = 6.0, 2.0
"""What the features of a request's context weigh together, in squares, where each of an action weighs 1, and what each
weighs at most. What a channel service says of a moment is little and to the point (benchmarks/README.md, "Worlds that
only a context tells of")."""
NO_NUMBERS: Mapping[str, float] = MappingProxyType({})
DEVIATION_WEIGHT = 0.5
"""What a deviation of an action's number weighs, beside the number itself (benchmarks/README.md, "Worlds that only a
context tells of")."""
DECLARED_WEIGHT = 1.0
"""What a thing that a customer declared weighs where one of an action weighs 1, as long as nothing was seen of her;
after one visit it weighs half of that, after two a third."""
TOLD_AS_FIT = ("hours/", "weekend/")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
PERSONAL = re.compile(rf"{EMAIL.pattern}|\+?\d[\d ()./-]{{6,}}\d")
"""What an e-mail address looks like; and that, or a telephone number."""


def check_features(path: str, features: Features) -> list[tuple[str, str]]:
    """Return what is wrong with a context, as (field, problem) pairs; empty where it may be used."""
    found = []
    count = len(features.numbers) + len(features.categories)
    if count > MAX_FEATURES:
        found.append((path, f"has {count} features; send at most {MAX_FEATURES}"))
        return found
    for name, number in features.numbers.items():
        if _suspicious(name):
            found += check_text(f"{path}.numbers", name)
        if not -MAX_NUMBER <= number <= MAX_NUMBER:
            problem = f"is {number}; send a finite number within ±{MAX_NUMBER:g}"
            found.append((f"{path}.numbers[{shown(name)}]", problem))
    for name, value in features.categories.items():
        if _suspicious(name):
            found += check_text(f"{path}.categories", name)
        if _suspicious(value):
            found += check_text(f"{path}.categories[{shown(name)}]", value, empty_allowed=True)
        if ("@" in value or value[:1] == "+") and PERSONAL.fullmatch(value):
            problem = "looks like an e-mail address or a telephone number; name her by an identity, never by a feature"
            found.append((f"{path}.categories[{shown(name)}]", problem))
    return found


def _suspicious(text: str) -> bool:
    """Tell whether `check_text` has to look at a text, which few need: anything but short ASCII."""
    return not (0 < len(text) <= MAX_TEXT_BYTES and text.isascii())


def check_text(
    path: str, text: str, *, limit: int = MAX_TEXT_BYTES, empty_allowed: bool = False
) -> list[tuple[str, str]]:
    """Return what is wrong with a name or value: empty, too long in UTF-8 bytes, or not Unicode text."""
    if not text:
        return [] if empty_allowed else [(path, "is empty; give it a value")]
    if len(text) <= limit and text.isascii():
        return []
    if len(text) > limit:  # before encoding: a megabyte is refused without being copied
        return [(path, f"{shown(text)} has {len(text)} characters; use at most {limit} bytes of UTF-8")]
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return [(path, f"{shown(text)} is not valid Unicode; send text that UTF-8 can hold")]
    return [(path, f"{shown(text)} has {size} bytes; use at most {limit} bytes of UTF-8")] if size > limit else []


def shown(text: str) -> str:
    """Return a text as it may stand in an error: quoted, escaped, cut to 40 characters."""
    return ascii(text if len(text) <= 40 else text[:40] + "…")


def require(violations: list[tuple[str, str]]) -> None:
    """Raise InvalidRequest where anything was found wrong."""
    if violations:
        raise InvalidRequest(*violations)


@lru_cache(maxsize=16_384)
def encoded(text: str) -> str:
    """Return the text percent-encoded: letters, digits and ``_.-~`` stay, everything else cannot be mistaken for
    syntax.

    The encoding is injective, so two different names never become one feature.
    """
    return quote(text, safe="")


def compressed(number: float) -> float:
    """Return sign(x)·log(1+|x|): monotone, near x for small numbers, and no outlier drowns the other features."""
    return copysign(log1p(abs(number)), number)


def scaled(number: float) -> float:
    """Return an action's number as its models see it, compressed to about 1: 0.9 for a price of 15, 2 for 400."""
    return compressed(number) / 3


def context_text(context: Features, told: Mapping[str, float] | None) -> str:
    """Return a request's context as Vowpal Wabbit reads it, sorted by name since a proto map has no order.

    A category becomes ``+name=value``, a number ``*name:deviations`` as it is `told` (`engine.usual_numbers`), under
    marks that the encoding never yields. Where it is None, as of decisions taken before numbers were told so, a number
    becomes ``+name:value``; encoded names hold no ``=``, so that none meets a category.
    """
    if told is None:
        digits = [(name, f"{compressed(number):.9g}") for name, number in sorted(context.numbers.items())]
    else:
        digits = [(name, f"{number:.6g}") for name, number in sorted(told.items())]
    return _pairs(sorted(context.categories.items()), digits, "+", "+" if told is None else "*")


def context_weight(count: int) -> float:
    """Return what each of so many features of a context weighs."""
    return min(CONTEXT_MOST, sqrt(CONTEXT_TOGETHER / count))


def _pairs(
    categories: Iterable[tuple[str, str]], numbers: Iterable[tuple[str, str]], mark: str = "", number_mark: str = ""
) -> str:
    """Return categories and numbers, these in digits, as Vowpal Wabbit reads them, each kind under its mark."""
    parts = [f"{mark}{encoded(name)}={encoded(value)}" for name, value in categories]
    parts += [f"{number_mark}{encoded(name)}:{digits}" for name, digits in numbers]
    return " ".join(parts)


def shared_text(
    context: Features, told: Mapping[str, float] | None, local: datetime, profile: Features = NOTHING_KNOWN
) -> str:
    """Return the shared line of a decision: its context, the numbers as they are told, and, under names no caller can
    write, the customer's local time and her profile.
    """
    return shared_line(context, told, local, profile_text(profile.categories, profile.numbers))


def shared_line(context: Features, told: Mapping[str, float] | None, local: datetime, profile: str) -> str:
    """Return the shared line of a decision whose profile is text already."""
    start = local.hour // 4 * 4
    known = f"shared |X:{PROFILE_WEIGHT} @day={local.weekday()} @hours={start:02d}-{start + 4:02d} {profile}".rstrip()
    count = len(context.numbers) + len(context.categories)
    return f"{known} |X:{context_weight(count):.6g} {context_text(context, told)}".rstrip() if count else known


def profile_text(categories: Mapping[str, str], numbers: Mapping[str, float]) -> str:
    """Return a profile's features under a mark that the encoding never yields, in the order they were made in.

    What she declared speaks for what is not known of her conduct, and the less the more she was seen to do (`visits`):
    who has moved says so late or never, and the models that went by where she lived would be wrong of her for long. Of
    whom nothing was seen it is all there is, and weighs as much as an action's features.
    Names within a family (`category/polos`) are shares and mean rewards, about 1; the others are counts, sums and
    days, compressed to about 1. A number of 0 is left out, as Vowpal Wabbit would leave it out: most messages earn
    nothing. The hours at which she comes are left out too: they speak beside each slot (`engine.fit`), and as marks of
    what kind of person she is they would only be one more thing to unlearn.
    """
    responses = {name: number for name, number in numbers.items() if name.startswith(RESPONSES)}
    conduct = {name: number for name, number in numbers.items() if name not in responses}
    parts = conduct_text(categories, conduct), responses_text(responses, numbers_told(conduct))
    return " ".join(filter(None, parts))


def conduct_text(categories: Mapping[str, str], numbers: Mapping[str, float]) -> str:
    """Return the part of a profile's text that tells what she declared and did."""
    visits = numbers.get("visits", 0.0)
    weight = f"{DECLARED_WEIGHT / PROFILE_WEIGHT / (1.0 + visits):.2g}"
    parts = [f"@declared/{encoded(name)}={encoded(value)}:{weight}" for name, value in categories.items()]
    return " ".join(parts + _seen(numbers))


def responses_text(numbers: Mapping[str, float], others: int) -> str:
    """Return the part of a profile's text that tells what came of messages, where so many other numbers are told."""
    parts = _seen(numbers)
    return f"|X:{response_weight(len(parts) + others):.3g} {' '.join(parts)}" if parts else ""


def response_weight(count: int) -> float:
    """Return what each feature that tells what came of messages weighs, of so many numbers that are told of her."""
    return min(RESPONSES_ALONE, max(PROFILE_WEIGHT, sqrt(TOGETHER / count)))


def numbers_told(numbers: Mapping[str, float]) -> int:
    """Return how many numbers of a profile its text tells."""
    return sum([_is_told(name, number) for name, number in numbers.items()])


def _is_told(name: str, number: float) -> bool:
    return number != 0 and not name.startswith(TOLD_AS_FIT)


def _seen(numbers: Mapping[str, float]) -> list[str]:
    return [
        f"@{encoded(name)}:{_about_one(number) if '/' in name else compressed(number) / 6:.6g}"
        for name, number in numbers.items()
        if _is_told(name, number)
    ]


def _about_one(number: float) -> float:
    """Return a share or a mean reward as it is within 1, and compressed beyond: an order's 200 must drown nothing."""
    return number if -1.0 <= number <= 1.0 else copysign(1.0 + log(abs(number)), number)


def action_text(
    categories: Mapping[str, str], numbers: Mapping[str, float], deviations: Mapping[str, float] = NO_NUMBERS
) -> str:
    """Return the line of one action: its numbers as they are, compressed, and, under a mark that the encoding never
    yields, as `deviations` from what is usual among such actions.

    A deviation of 0 is left out, as Vowpal Wabbit would leave it out.
    """
    digits = ((name, f"{scaled(number):.6g}") for name, number in sorted(numbers.items()))
    told = ((name, f"{DEVIATION_WEIGHT * number:.6g}") for name, number in sorted(deviations.items()) if number)
    return f"|A {_pairs(sorted(categories.items()), digits)} {_pairs((), told, number_mark='*')}".rstrip()
