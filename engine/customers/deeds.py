"""Deeds: the last things a customer did by herself, one by one, and what becomes of older ones. Never a message to her.

The last few are kept apart, since from any of them on she may live another life (`engine.customers.drift`); older ones
are added up as her habits (`engine.customers.memory`). Which are the last goes by their own times, so that they may
come in any order and two customers' can be put together.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from itertools import chain

from msgspec import Struct

from engine.customers.memory import HOUR_US, Sums, forget_faintest, gather, joined_sums

DEEDS_KEPT = 16
WEEK_HOURS = 7 * 24
HABITS = ("category", "device", "channel", "hour")
"""The memories that deeds become."""


class Deed(Struct, frozen=True, order=True, array_like=True, gc=False):
    """Something she did: its time in microseconds, what it was about and where, empty where it was not said.

    `weight` is how much it says about her interest in its category.
    """

    time_us: int
    category: str
    device: str
    channel: str
    weight: float


def did(deeds: list[Deed], habits: Sums, deed: Deed) -> None:
    """Remember one more deed; the earliest becomes habit where there are too many."""
    insort(deeds, deed)
    if len(deeds) > DEEDS_KEPT:
        become_habits(habits, [deeds.pop(0)])


def become_habits(habits: Sums, deeds: Iterable[Deed]) -> None:
    """Add deeds to the sums of what she does."""
    for deed in deeds:
        for kind, about, weight in (
            ("category", deed.category, deed.weight),
            ("device", deed.device, 1.0),
            ("channel", deed.channel, 1.0),
            ("hour", str(deed.time_us // HOUR_US % WEEK_HOURS), 1.0),
        ):
            if about:
                gather(habits, kind, about, (weight, deed.time_us))
    forget_faintest(habits)


def joined_deeds(each: Sequence[tuple[list[Deed], Sums]]) -> tuple[list[Deed], Sums]:
    """Return the deeds and sums of one who was known under several identities, as if all had come under one."""
    deeds, sums = sorted(chain.from_iterable(own for own, _ in each)), joined_sums(own for _, own in each)
    become_habits(sums, deeds[:-DEEDS_KEPT])
    return deeds[-DEEDS_KEPT:], sums
