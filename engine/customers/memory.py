"""What is remembered of behaviour: decayed sums and their half-lives. Never a customer, never a feature's name.

A sum over events of weight w at time t is worth the sum of w / 2^((now - t) / half-life). It can be
added to in any order of arrival and two can be added up, so that late events land where they belong and merged
customers have what both had.
"""

from collections.abc import Iterable
from math import exp, log

from msgspec import Struct

HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
KEYS_MAX = 64
"""Things remembered of one kind, such as categories; the faintest is forgotten for the next."""


class Memory(Struct, frozen=True):
    """One kind of sum: its half-life in days, and what is added up."""

    half_life_days: float
    meaning: str


MEMORIES = {
    "category": Memory(60, "interest in content categories"),
    "device": Memory(60, "events by device"),
    "channel": Memory(60, "events by channel"),
    "hour": Memory(60, "events by hour of the week in UTC, 0 to 167; 0 begins on Thursday, as 1970 did"),
    "visits": Memory(30, "events of any type"),
    "purchases": Memory(90, "purchases"),
    "spend": Memory(90, "money of purchases"),
    "contacts": Memory(7, "messages sent"),
    "sent.channel": Memory(30, "messages by channel"),
    "sent.category": Memory(30, "messages by content category"),
    "earned.channel": Memory(30, "rewards by channel"),
    "earned.category": Memory(30, "rewards by content category"),
}
_RATES = {kind: -log(2) / (memory.half_life_days * DAY_US) for kind, memory in MEMORIES.items()}

Sum = tuple[float, int]
"""A sum's value, and the time it is reckoned at, in microseconds."""
Sums = dict[str, dict[str, Sum]]
"""Sums by the kind of memory and what they are about; an empty name where the kind is about one thing only."""
_NOTHING: dict[str, Sum] = {}


def add(sums: Sums, kind: str, about: str, weight: float, time_us: int) -> None:
    """Add an event's weight to a sum; the faintest is forgotten where there are too many."""
    gather(sums, kind, about, (weight, time_us))
    forget_faintest(sums)


def joined_sums(each: Iterable[Sums]) -> Sums:
    """Return the sums of all of these, each added to its own before the faintest of all are forgotten."""
    sums = Sums()
    for own in each:
        for kind, mine in own.items():
            for about, one in mine.items():
                gather(sums, kind, about, one)
    forget_faintest(sums)
    return sums


def gather(sums: Sums, kind: str, about: str, one: Sum) -> None:
    """Add to a sum where more are to come; `forget_faintest` is due after the last of them."""
    mine = sums.setdefault(kind, {})
    before = mine.get(about)
    mine[about] = one if before is None else _joined(before, one, kind)


def forget_faintest(sums: Sums) -> None:
    """Forget the faintest sums of each kind that has too many."""
    for kind, mine in sums.items():
        if len(mine) > KEYS_MAX:
            for _, about in sorted(_strengths(mine, kind))[:-KEYS_MAX]:
                del mine[about]


def _strengths(sums: dict[str, Sum], kind: str) -> list[tuple[float, str]]:
    """Return how much of each sum was left at the last of them, and what it is about: most deeds of hers ask for it."""
    rate, now_us = _RATES[kind], max([time_us for _, time_us in sums.values()])
    return [(abs(value) * exp(rate * (now_us - time_us)), about) for about, (value, time_us) in sums.items()]


def worth(sums: Sums, kind: str, now_us: int, about: str = "") -> float:
    """Return what one sum of a kind is worth now, nothing where there is none."""
    one = sums.get(kind, _NOTHING).get(about)
    return 0.0 if one is None else _decayed(one, kind, now_us)


def _decayed(one: Sum, kind: str, now_us: int) -> float:
    """Return what a sum is worth now; what lies in the future counts in full."""
    value, time_us = one
    return value * exp(_RATES[kind] * (now_us - time_us)) if now_us > time_us else value


def worths(sums: Sums, kind: str, now_us: int) -> dict[str, float]:
    """Return what each sum of a kind is worth now."""
    rate = _RATES[kind]
    return {
        about: value * exp(rate * (now_us - time_us)) if now_us > time_us else value
        for about, (value, time_us) in sums.get(kind, {}).items()
    }


def _joined(one: Sum, other: Sum, kind: str) -> Sum:
    late, early = (one, other) if one[1] >= other[1] else (other, one)
    return late[0] + early[0] * exp(_RATES[kind] * (late[1] - early[1])), late[1]
