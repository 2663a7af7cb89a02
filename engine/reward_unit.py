"""Reward unit: how large a campaign's rewards are, which its models learn in parts of. Never a model, never the log.

The range that a campaign declares says what a reward may be, not what rewards are: a shop whose orders may come to
1,000 and mostly come to 30 would have all its learning done in the lowest few parts of a hundred. SquareCB's gamma and
the learning rate are meant for rewards of about 1 (benchmarks/README.md, "Worlds that only a context tells of").
"""

from collections.abc import Iterable
from math import frexp

from msgspec import Struct

FIRST_LOOK, LAST_LOOK = 16, 1_024
"""Rewards before the first look; the next is at twice as many, and from the last on at every half as many more, with
the earlier ones counting half."""
BEYOND, SLACK = 0.15, 0.1
"""The part of what is earned that may come in rewards larger than the unit, and how much more or less keeps it. Too
large a unit learns slowly; too small a one is sure too soon, which is worse."""
LEAST, LARGEST = 1e-6, 32.0
"""A smaller reward, in the campaign's own unit, counts as none, as no range is narrower; a larger one counts, and
teaches, as so many units: one slip of the pen must not outweigh a year."""


class RewardUnit(Struct):
    """The unit of a campaign's rewards, and what it was found from: what rewards of each size came to.

    `earned` holds the sum of the rewards' sizes by the power of two that they are no larger than, `count` how many
    there were, and `next_look` at how many the unit is found anew.
    """

    size: float
    earned: dict[int, float] = {}
    count: int = 0
    next_look: int = FIRST_LOOK


def range_unit(scale: float) -> RewardUnit:
    """Return the unit of a campaign of which nothing is earned yet: the power of two that covers its range."""
    return RewardUnit(2.0 ** _power(scale))


def count_rewards(unit: RewardUnit, values: Iterable[float]) -> float:
    """Count some more rewards, and return the unit's size thereafter."""
    for value in values:
        _count(unit, value)
    return unit.size


def _count(unit: RewardUnit, value: float) -> None:
    """Count one more reward; nothing earned says nothing of the size of what is."""
    size = min(abs(value), LARGEST * unit.size)
    if size < LEAST:
        return
    power = _power(size)
    unit.earned[power] = unit.earned.get(power, 0.0) + size
    unit.count += 1
    if unit.count == unit.next_look:
        unit.size = _found(unit)
        _plan_next_look(unit)


def _found(unit: RewardUnit) -> float:
    """Return the power of two that covers all but a seventh of what was earned.

    It stays where it was as long as that is nearly so, so that it does not waver between two.
    """
    powers = sorted(unit.earned)
    total = sum(unit.earned[power] for power in powers)

    def beyond(size: float) -> float:
        return sum(unit.earned[power] for power in powers if 2.0**power > size) / total

    if beyond(unit.size) <= BEYOND + SLACK and beyond(unit.size / 2) >= BEYOND - SLACK:
        return unit.size
    return next(2.0**power for power in powers if beyond(2.0**power) <= BEYOND)


def _plan_next_look(unit: RewardUnit) -> None:
    if unit.next_look < LAST_LOOK:
        unit.next_look *= 2
        return
    unit.earned = {power: came_to / 2 for power, came_to in unit.earned.items()}
    unit.count = LAST_LOOK // 2


def _power(size: float) -> int:
    """Return the smallest whole number whose power of two is not below a size above 0."""
    mantissa, power = frexp(size)
    return power - 1 if mantissa == 0.5 else power
