"""Fit: how well an action suits what a customer does, in steps. Never a rule, never a probability.

Models see it beside each action, under weights that all actions share: what one content has taught of those who look at
its category holds for a content that nobody has seen. It is told in steps, so that an action has few lines and each is
parsed once.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt

from engine.types import Features

WEIGHT = 3
"""What fit weighs where a feature of an action weighs 1: few weights that all actions share may learn faster."""
STEPS = 8
"""Steps above none: four, eight and numbers as they are came out within the noise of each other."""
PARTS = 12
PART_HOURS = 24 // PARTS
FIRST_OF_WEEKEND = 5
_OWN = 0.7  # of how lively she is on a weekday, or at the weekend, by those days alone; the rest by all: few are few
_LIVELIEST = 6.0  # times as often as an even spread over the day: nobody needs to be told from there on


def fitted_lines(line: str, price: float | None = None, weight: int = WEIGHT) -> tuple[str, ...]:
    """Return an action's line at each step of fit, none first; with its price where what fits may be too dear.

    Fit weighs so much where a feature of an action weighs 1.
    """
    return (line, *(f"{line} |F:{weight} {_text(step / STEPS, price)}" for step in range(1, STEPS + 1)))


def _text(fit: float, price: float | None) -> str:
    both = f"fit:{fit:.4g} square:{fit * fit:.4g}"
    return both if price is None else f"{both} price:{fit * price:.4g}"


def category_steps(profile: Features, categories: Iterable[str]) -> dict[str, int]:
    """Return how well contents of each of an offer's categories fit: her interest in it.

    Of one who shows none by herself, what messages of each earned tells it: its part of what those of all did.
    """
    numbers = profile.numbers
    found = {name: _step(share) if (share := numbers.get(f"category/{name}")) else 0 for name in categories}
    return found if any(found.values()) else _earning_steps(numbers, found)


def _earning_steps(numbers: Mapping[str, float], categories: Iterable[str]) -> dict[str, int]:
    earned = {name: max(numbers.get(f"earned.category/{name}", 0.0), 0.0) for name in categories}
    total = sum(earned.values()) or 1.0
    return {name: _step(one / total) for name, one in earned.items()}


def _when(hour_of_week: int) -> str:
    start = hour_of_week % 24 // PART_HOURS * PART_HOURS
    return f"{_DAYS[hour_of_week // 24 >= FIRST_OF_WEEKEND]}/{start:02d}-{start + PART_HOURS:02d}"


_DAYS = ("hours", "weekend")
_DAYS_OF = (5, 2)
WHEN = tuple(_when(hour) for hour in range(7 * 24))
"""The name of the part of a weekday or of the weekend that each local hour of the week lies in, Monday's first being 0.
"""
_NAMES = [[WHEN[day * 24 + hour] for hour in range(0, 24, PART_HOURS)] for day in (0, FIRST_OF_WEEKEND)]
_PARTS = frozenset(_NAMES[0] + _NAMES[1])
NO_HOURS = (0,) * (7 * 24)


def hour_steps(profile: Features) -> tuple[int, ...]:
    """Return how well a message fits at each local hour of the week, Monday's first: how lively she is around then.

    Nothing fits one of whom no hour is known; what little is known is eked out by an even spread over the week.
    """
    unknown, rates = _rates(profile.numbers)
    if unknown == 1.0:
        return NO_HOURS
    found: list[int] = []
    for own, days in zip(rates, _DAYS_OF, strict=True):
        parts = _steps(own, unknown)
        found += [parts[hour // PART_HOURS] for hour in range(24)] * days
    return tuple(found)


def hour_step(profile: Features, hour_of_week: int) -> int:
    """Return what `hour_steps` has for one hour."""
    unknown, rates = _rates(profile.numbers)
    own = rates[hour_of_week // 24 >= FIRST_OF_WEEKEND]
    return 0 if unknown == 1.0 else _steps(own, unknown)[hour_of_week % 24 // PART_HOURS]


def _rates(numbers: Mapping[str, float]) -> tuple[float, list[list[float]]]:
    """Return which part of her hours is unknown, and how often she comes in each part of a weekday and of the weekend.

    An even spread over the week is 1 / PARTS in each.
    """
    unknown = 1.0 - sum([number for name, number in numbers.items() if name in _PARTS])
    own = [[numbers.get(name, 0.0) for name in names] for names in _NAMES]
    whole = [weekday + weekend for weekday, weekend in zip(*own, strict=True)]
    return unknown, [
        [_OWN * one * 7 / days + (1 - _OWN) * both for one, both in zip(shares, whole, strict=True)]
        for shares, days in zip(own, _DAYS_OF, strict=True)
    ]


def _steps(rates: Sequence[float], unknown: float) -> list[int]:
    """Return the step of each part of a day: how often she comes around it, half of that by the parts beside it."""
    around = [2 * rates[part] + rates[part - 1] + rates[part + 1 - PARTS] for part in range(PARTS)]
    return [_step((rate / 4 * PARTS + unknown) / _LIVELIEST) for rate in around]


def _step(part: float) -> int:
    """Return the step of a part of 1: by its root, so that the first interest counts most."""
    return round(STEPS * sqrt(min(part, 1.0)))
