"""Properties: what can be read of a tracked event's, by the schema of its type, and what is wrong with the rest.

Never a raw value that looks like a person's, never what is known of a customer.
"""

from collections.abc import Iterator
from math import isfinite

from msgspec import Struct

from engine.customers.requests import looks_personal
from engine.customers.types import EventType, QuarantineReason, TrackRequest
from engine.features import EMAIL, MAX_NUMBER, check_text, shown

TEXTS, NUMBERS = ("category", "sku", "order_id"), ("amount", "quantity")
_TEXTS, _NUMBERS = frozenset(TEXTS), frozenset(NUMBERS)
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    EventType.BROWSE: (("category", "sku", "device", "channel"),),
    EventType.SEARCH: (("category", "sku", "device", "channel"),),
    EventType.BASKET: (("category", "sku"),),
    EventType.PURCHASE: (("order_id",), ("amount",)),
}
"""What each type of event needs: of each group at least one. Types that are not named need none."""
_GRAVITY = tuple(QuarantineReason)
_NUMBERS_BEGIN = frozenset("+0123456789")
_PROBLEMS_TOLD = 3


class Problem(Struct, frozen=True):
    """What is odd about a fact: the reason to put it aside, and in words which field says what."""

    reason: QuarantineReason
    detail: str


class Said(Struct, frozen=True):
    """What could be read of an event; what could not is left out. `order_id` is raw, on its way to the keyed hash."""

    device: str = ""
    channel: str = ""
    category: str = ""
    sku: str = ""
    order_id: str = ""
    amount: float | None = None
    quantity: float | None = None


class Ranges(Struct, frozen=True):
    """The largest amount, in your currency, and the largest quantity, in pieces, that are plausible."""

    amount_max: float = 1_000_000
    quantity_max: float = 1_000


def read(request: TrackRequest, ranges: Ranges) -> tuple[Said, list[Problem]]:
    """Return what could be read of a request, and every problem with it, in no particular order."""
    texts, numbers = request.properties.categories, request.properties.numbers
    problems: list[Problem] = []
    for kind, names in (("categories", texts.keys() - _TEXTS), ("numbers", numbers.keys() - _NUMBERS)):
        if names:
            problems += _unknown(kind, names)
    good: dict[str, str] = {}
    places = {name: place for name in ("device", "channel") if (place := getattr(request, name))}
    for name, text in {**places, **{name: texts[name] for name in TEXTS if name in texts}}.items():
        if problem := _text_problem(name, text):
            problems.append(problem)
        else:
            good[name] = text
    readable: dict[str, float] = {}
    for name in (name for name in NUMBERS if name in numbers):
        number = numbers[name]
        if _is_number(number):
            readable[name] = number
        if problem := _number_problem(name, number, ranges):
            problems.append(problem)
    said = Said(**good, amount=readable.get("amount"), quantity=readable.get("quantity"))
    return said, [*problems, *_missing(request.type, {*texts, *numbers, *places})]


def worst(problems: list[Problem]) -> Problem | None:
    """Return one problem for all: the gravest reason, and what the gravest few say."""
    if not problems:
        return None
    found = sorted(problems, key=lambda problem: _GRAVITY.index(problem.reason))
    return Problem(found[0].reason, "; ".join(problem.detail for problem in found[:_PROBLEMS_TOLD]))


def _unknown(kind: str, names: set[str]) -> Iterator[Problem]:
    known = ", ".join(TEXTS if kind == "categories" else NUMBERS)
    for name in sorted(names):
        told = "a name that looks personal" if EMAIL.search(name) or looks_personal(name) else shown(name)
        yield Problem(QuarantineReason.SCHEMA, f"{told} is no property among the {kind}, which are {known}")


def _missing(event_type: str, given: set[str]) -> Iterator[Problem]:
    for group in NEEDED.get(event_type, ()):
        if given.isdisjoint(group):
            yield Problem(QuarantineReason.SCHEMA, f"a {event_type} needs {' or '.join(group)}, which is missing")


def _text_problem(name: str, text: object) -> Problem | None:
    if not isinstance(text, str):
        return Problem(QuarantineReason.SCHEMA, f"{name} is no text")
    if problems := check_text(name, text):
        problem = "is empty" if not text else "is too long"
        return Problem(QuarantineReason.SCHEMA, f"{problems[0][0]} {problem}")
    if _personal(name, text):
        problem = f"{name} looks like an e-mail address or a telephone number, so it is not kept"
        return Problem(QuarantineReason.PERSONAL_DATA, problem)
    return None


def _personal(name: str, text: str) -> bool:
    """Tell whether a text looks personal; an order's id is hashed, and articles have long numbers of their own."""
    if name == "order_id" or ("@" not in text and text.lstrip()[:1] not in _NUMBERS_BEGIN):
        return False
    by_number = name != "sku" or text.strip().startswith("+")
    return bool(EMAIL.search(text)) or (by_number and looks_personal(text))


def _is_number(number: object) -> bool:
    real = isinstance(number, int | float) and not isinstance(number, bool)
    return real and isfinite(number) and 0 <= number <= MAX_NUMBER  # type: ignore[arg-type,operator]  # real says so


def _number_problem(name: str, number: object, ranges: Ranges) -> Problem | None:
    if not isinstance(number, int | float) or isinstance(number, bool):
        return Problem(QuarantineReason.SCHEMA, f"{name} is no number")
    largest = ranges.amount_max if name == "amount" else ranges.quantity_max
    if not (_is_number(number) and number <= largest):
        return Problem(QuarantineReason.OUT_OF_RANGE, f"{name} is {number:g}; plausible is 0 to {largest:,.12g}")
    if name == "quantity" and (number != int(number) or number < 1):
        return Problem(QuarantineReason.OUT_OF_RANGE, f"quantity is {number:g}; pieces come whole, at least one")
    return None
