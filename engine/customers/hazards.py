"""Hazards: how likely lives change, before any deed and on each day, as all customers' deeds tell. Never one customer.

What changes for many at once, as tastes do with a season, one customer's few deeds tell late; those of all tell within
a day or two. What is believed of each (`engine.customers.drift`) is counted here, and is what the next is judged by.
That is expectation and maximisation (Dempster, Laird and Rubin, 1977), a step with every decision (Cappé and Moulines,
"On-line expectation-maximization algorithm for latent data models", 2009, section 2), for a chance before each deed and
one on each day.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from engine.customers.memory import DAY_US, HOUR_US

Chances = tuple[float, float]
"""Of a change of a whole life, and of a change of taste alone."""
NEVER: Chances = (0.0, 0.0)
AT_ANY_TIME: Chances = (0.01, 0.01)
"""The chances before any one deed, where little is known."""
ON_ANY_DAY: Chances = (0.002, 0.002)
"""The chances on a day of which nothing is known yet, beyond those before a deed."""
_LEAST = 0.001  # before any one deed, however long nothing changed
_DEEDS_BEFORE, _LOOKS_BEFORE = 200.0, 10.0
"""So many deeds, and looks at a day, weigh as much as what is thought where little is known."""
_DEEDS_HALVING_HOURS, _LOOKS_HALVING_HOURS = 240.0, 36.0
_DAYS_KEPT = 64
_FAINTEST, _FAINTEST_OF_A_DEED = 0.001, 0.0002  # chances on a day, and on all days before one deed, that count


class Hazards(Struct, frozen=True, gc=False):
    """How likely lives change: before any deed, and besides on each day from `first_day` on.

    `until_days` are the chances on all days before each, summed. Days are UTC's, since 1970.
    """

    at_any_time: Chances = AT_ANY_TIME
    first_day: int = 0
    until_days: tuple[Chances, ...] = (NEVER,)

    def __hash__(self) -> int:
        """Return a hash of a few of the numbers: whatever follows from hazards is kept by them."""
        return hash((self.at_any_time, self.first_day, self.until_days[-1]))

    def until(self, time_us: int) -> Chances:
        """Return the chances on all days until then, summed; of the last by how much of it has gone."""
        day, gone_us = divmod(time_us, DAY_US)
        place, gone = day - self.first_day, gone_us / DAY_US
        if place < 0:
            return NEVER
        known = len(self.until_days) - 1
        if place >= known:
            before, each, gone = self.until_days[known], ON_ANY_DAY, place - known + gone
        else:
            before, after = self.until_days[place : place + 2]
            each = (after[0] - before[0], after[1] - before[1])
        return before[0] + each[0] * gone, before[1] + each[1] * gone


UNKNOWN = Hazards()
"""What is thought before anybody was looked at."""


class Suspicion(Struct, frozen=True, array_like=True, gc=False):
    """When a customer's life seems to have changed: what one look at her counts for.

    So many deeds were looked at, from `first_day` through `last_day`. What is put down to the chance before any deed
    stands apart from what is put down to each day, whose faintest are left out.
    """

    deeds: int
    first_day: int
    last_day: int
    at_any_time: Chances
    on_days: dict[int, Chances]


def before_each(hazards: Hazards, times_us: Sequence[int]) -> list[Chances]:
    """Return the chances of a change between each deed and the one before, of deeds at these times in order.

    What lies before the first deed is its own day.
    """
    life, taste = hazards.at_any_time
    found, since = list[Chances](), hazards.until(_day_of(times_us)) if times_us else NEVER
    for time_us in times_us:
        now = hazards.until(time_us)
        found.append((life + now[0] - since[0], taste + now[1] - since[1]))
        since = now
    return found


def suspicion(
    hazards: Hazards, times_us: Sequence[int], before: Sequence[Chances], chances: Sequence[Chances]
) -> Suspicion | None:
    """Return what a look at a customer counts for, whose deeds at these times each came after a change so likely.

    `before` are the chances that `before_each` gives, `chances` those that follow from what she did. A change between
    two deeds is put down to every cause by how likely it was to be at work between them.
    """
    if not times_us:
        return None
    anytime = hazards.at_any_time
    causes, days = list[Chances](), dict[int, Chances]()
    start_us = _day_of(times_us)
    for end_us, found, chance in zip(times_us, chances, before, strict=True):
        cause = (found[0] / chance[0], found[1] / chance[1])
        causes.append(cause)
        if cause[0] * (chance[0] - anytime[0]) + cause[1] * (chance[1] - anytime[1]) > _FAINTEST_OF_A_DEED:
            for day, (life, taste) in _by_day(hazards, start_us, end_us):
                days[day] = _sum(days.get(day, NEVER), (life * cause[0], taste * cause[1]))
        start_us = end_us
    return Suspicion(
        deeds=len(times_us),
        first_day=times_us[0] // DAY_US,
        last_day=times_us[-1] // DAY_US,
        at_any_time=_rounded(
            (anytime[0] * sum([life for life, _ in causes]), anytime[1] * sum([taste for _, taste in causes]))
        ),
        on_days={day: _rounded(found) for day, found in days.items() if sum(found) >= _FAINTEST},
    )


def _day_of(times_us: Sequence[int]) -> int:
    return times_us[0] - times_us[0] % DAY_US


def _by_day(hazards: Hazards, start_us: int, end_us: int) -> Iterator[tuple[int, Chances]]:
    """Yield the chances on each day between two times; those of days longer past than any is kept are the first's."""
    last = end_us // DAY_US
    since = hazards.until(start_us)
    for day in range(max(start_us // DAY_US, last - _DAYS_KEPT), last + 1):
        until = hazards.until(min(end_us, (day + 1) * DAY_US))
        yield day, (until[0] - since[0], until[1] - since[1])
        since = until


def _rounded(chances: Chances) -> Chances:
    """Return chances of four decimals, so that what is logged is short."""
    return round(chances[0], 4), round(chances[1], 4)


class Suspected(Struct):
    """What all customers' looks came to, each counting half after a day and a half; and the hazards as of that `hour`.

    `begun` and `ended` are how many looks went from, and up to, each day.
    """

    hour: int = 0
    deeds: float = 0.0
    at_any_time: Chances = NEVER
    begun: dict[int, float] = {}
    ended: dict[int, float] = {}
    on_days: dict[int, Chances] = {}
    hazards: Hazards = UNKNOWN


def fold(all_: Suspected, one: Suspicion, time_us: int) -> None:
    """Count what a look at a customer came to; hazards follow with the first look of every hour."""
    hour = time_us // HOUR_US
    if hour > all_.hour:
        all_.hazards = _hazards(all_, hour * HOUR_US // DAY_US)
        _fade(all_, hour)
    all_.deeds += one.deeds
    all_.at_any_time = _sum(all_.at_any_time, one.at_any_time)
    all_.begun[one.first_day] = all_.begun.get(one.first_day, 0.0) + 1.0
    all_.ended[one.last_day] = all_.ended.get(one.last_day, 0.0) + 1.0
    for day, found in one.on_days.items():
        all_.on_days[day] = _sum(all_.on_days.get(day, NEVER), found)


def _sum(one: Chances, other: Chances) -> Chances:
    return one[0] + other[0], one[1] + other[1]


def _scaled(one: Chances, by: float) -> Chances:
    return one[0] * by, one[1] * by


def _fade(all_: Suspected, hour: int) -> None:
    """Let what was counted weigh less by the hours since, and forget days of long ago."""
    part = 0.5 ** ((hour - all_.hour) / _LOOKS_HALVING_HOURS)
    slowly = 0.5 ** ((hour - all_.hour) / _DEEDS_HALVING_HOURS)
    all_.hour = hour
    all_.deeds *= slowly
    all_.at_any_time = _scaled(all_.at_any_time, slowly)
    first = hour * HOUR_US // DAY_US - _DAYS_KEPT
    all_.begun = _faded(all_.begun, first, part)
    all_.ended = _faded(all_.ended, first, part)
    all_.on_days = {day: _scaled(found, part) for day, found in all_.on_days.items() if day >= first}


def _faded(looks: dict[int, float], first: int, part: float) -> dict[int, float]:
    """Return looks that weigh a part; those of days of long ago are all of the day before the first."""
    found: dict[int, float] = {}
    for day, count in looks.items():
        kept = max(day, first - 1)
        found[kept] = found.get(kept, 0.0) + count * part
    return found


def _hazards(all_: Suspected, today: int) -> Hazards:
    """Return the hazards that make what was found likeliest, as far as it outweighs what was thought before."""
    life, taste = (
        max(_LEAST, (found + known * _DEEDS_BEFORE) / (all_.deeds + _DEEDS_BEFORE))
        for found, known in zip(all_.at_any_time, AT_ANY_TIME, strict=True)
    )
    first = today - _DAYS_KEPT
    looks = sum(count for day, count in all_.begun.items() if day < first)
    looks -= sum(count for day, count in all_.ended.items() if day < first)
    sums = [NEVER]
    for day in range(first, today + 1):
        looks += all_.begun.get(day, 0.0)
        found = _sum(all_.on_days.get(day, NEVER), _scaled(ON_ANY_DAY, _LOOKS_BEFORE))
        sums.append(_sum(sums[-1], _scaled(found, 1 / (max(looks, 0.0) + _LOOKS_BEFORE))))
        looks -= all_.ended.get(day, 0.0)
    return Hazards((life, taste), first, tuple(sums))
