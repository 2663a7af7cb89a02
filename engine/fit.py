"""Fit: how well an action suits what a customer does by herself, in steps. Never a rule, never a probability.

Models see it beside each action, under weights that all actions share: what one content has taught of those who look at
its category holds for a content that nobody has seen. It is told in steps, so that an action has few lines and each is
parsed once.
"""

from collections.abc import Iterable
from math import sqrt

from engine.types import Features

WEIGHT = 3
"""What fit weighs where a feature of an action weighs 1: few weights that all actions share may learn faster."""
STEPS = 8
"""Steps above none: four, eight and numbers as they are came out within the noise of each other."""
PARTS = 12
PART_HOURS = 24 // PARTS
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
    """Return how well contents of each category fit: her interest by habit and lately in equal parts."""
    numbers = profile.numbers
    return {name: _step(share) if (share := numbers.get(f"category/{name}")) else 0 for name in categories}


def part_of_day(hour: int) -> str:
    """Return the name of the part of the day that a local hour lies in."""
    start = hour // PART_HOURS * PART_HOURS
    return f"{start:02d}-{start + PART_HOURS:02d}"


_PARTS = dict.fromkeys(f"hours/{part_of_day(hour)}" for hour in range(0, 24, PART_HOURS))
"""The features of the parts of the day, in their order."""
_SPREAD = PARTS / 4
_NO_HOURS = (0,) * 24


def hour_steps(profile: Features) -> tuple[int, ...]:
    """Return how well a message fits at each local hour, 0 to 23: how lively she is around then.

    Nothing fits one of whom no hour is known; what little is known is eked out by an even spread over the day.
    """
    numbers = profile.numbers
    known = sum([number for name, number in numbers.items() if name in _PARTS])
    if not known:
        return _NO_HOURS
    shares = [numbers.get(name, 0.0) for name in _PARTS]
    steps = [_step(lively / _LIVELIEST) for lively in _liveliness(shares, known)]
    return tuple([steps[hour // PART_HOURS] for hour in range(24)])


def _liveliness(shares: list[float], known: float) -> list[float]:
    """Return how often she comes around each part of the day, in times of an even spread; half by those beside it."""
    beside = zip(shares, shares[-1:] + shares[:-1], shares[1:] + shares[:1], strict=True)
    return [_SPREAD * (2 * at + before + after) + 1 - known for at, before, after in beside]


def _step(part: float) -> int:
    """Return the step of a part of 1: by its root, so that the first interest counts most."""
    return round(STEPS * sqrt(part if part < 1 else 1))
