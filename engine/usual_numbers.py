"""Usual numbers: how large each number of a context usually is, by campaign. Never a customer, never a model's word.

A model hears of a number as so many deviations from what is usual: an age of 40, a basket of 79.90 and a share of 0.4
would otherwise speak as loudly as they happen to be large, nearly all of it of what every customer has in common, and a
model would learn that part many times too fast and the rest too slowly (benchmarks/README.md, "Worlds that only a
context tells of").
"""

from collections.abc import Mapping
from math import exp2, sqrt

from msgspec import Struct

from engine.customers.memory import DAY_US
from engine.events import DecisionTaken
from engine.features import compressed

HALF_LIFE_DAYS = 30.0
"""As habits have it; numbers by the hour or the weekday are not taken for a change of what is usual."""
LEAST = 8.0
"""Decisions that must have said a number before it is told: of fewer nobody knows what is usual."""
MOST = 3.0
"""Deviations that are told at most, so that no slip of the pen is louder than the rest of a decision."""
NAMES_KEPT = 256
"""Numbers kept of a campaign, as many as a request may have; beyond them those that weigh least are forgotten."""
_STEADY = 1e-12  # parts of a number that doubles cannot tell from none
_FAINT = 1e-6  # weight that is left of nothing but of what was said two years ago


class Usual(Struct):
    """How large a number usually is, compressed: its mean, the sum of squares about it, and how much both weigh.

    Every decision that said it weighs 1, and half of that after 30 days; `time_us` is when it was said last.
    """

    weight: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    time_us: int = 0


def told_numbers(usual: Mapping[str, Usual], numbers: Mapping[str, float]) -> dict[str, float]:
    """Return numbers as models are told them, in deviations from the usual.

    One that is what it always is, or of which too little is known, is left out. Three decimals keep the log short.
    """
    found = {}
    for name, number in numbers.items():
        if (known := usual.get(name)) and (told := _deviations(known, number)):
            found[name] = told
    return found


def _deviations(known: Usual, number: float) -> float:
    deviation = sqrt(known.squares / known.weight)
    if known.weight < LEAST or deviation <= _STEADY * (1.0 + abs(known.mean)):
        return 0.0
    return round(max(-MOST, min(MOST, (compressed(number) - known.mean) / deviation)), 3)


def fold(known: dict[str, dict[str, Usual]], event: DecisionTaken, time_us: int) -> None:
    """Count what a decision's context said, where that counts."""
    numbers = _counting(event)
    if not numbers:
        return
    usual = known.setdefault(event.campaign, {})
    for name, number in numbers.items():
        _count(usual.setdefault(name, Usual(time_us=time_us)), compressed(number), time_us)
    if len(usual) > NAMES_KEPT:
        weights = sorted((one.weight * _faded(time_us - one.time_us), name) for name, one in usual.items())
        for _, name in weights[: len(usual) - NAMES_KEPT]:
            del usual[name]


def take_back(known: dict[str, dict[str, Usual]], event: DecisionTaken, time_us: int) -> None:
    """Count what a decision's context said no longer, as its customer is erased; who alone said a name, takes it along.

    What is left is what the others said, but for the last digits of a double.
    """
    usual = known.get(event.campaign, {})
    for name, number in _counting(event).items():
        if (one := usual.get(name)) and not _left(one, compressed(number), _faded(one.time_us - time_us)):
            del usual[name]


def _counting(event: DecisionTaken) -> Mapping[str, float]:
    """Return the numbers of a decision that count: none of a control's, since the treated do not learn from those, and
    none of one that was logged before numbers were told so.
    """
    return {} if event.control or event.context_told is None else event.context.numbers


def _left(one: Usual, value: float, weight: float) -> bool:
    """Take a value of this weight back, and tell whether anything else is left."""
    one.weight -= weight
    if one.weight <= _FAINT:
        return False
    away = value - one.mean
    one.mean -= away * weight / one.weight
    one.squares = max(0.0, one.squares - weight * away * (value - one.mean))
    return True


def _count(one: Usual, value: float, time_us: int) -> None:
    """Count a value as West does ("Updating mean and variance estimates", CACM 22(9), 1979), earlier ones faded."""
    left = _faded(time_us - one.time_us)
    one.squares *= left
    one.weight, one.time_us = one.weight * left + 1.0, max(one.time_us, time_us)
    away = value - one.mean
    one.mean += away / one.weight
    one.squares += away * (value - one.mean)


def _faded(age_us: int) -> float:
    return exp2(-max(0, age_us) / (HALF_LIFE_DAYS * DAY_US))
