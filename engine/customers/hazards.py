"""Hazards: how likely lives change, and into what, and what one look at a customer tells of that. Never what all say.

A change may lie before any deed, or on a day on which it comes to many at once, as with a season. One customer's few
deeds tell that late; those of all (`engine.customers.suspected`) tell within a day or two.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import log2

from msgspec import Struct

from engine.customers.memory import DAY_US

Chances = tuple[float, float]
"""Of a change of a whole life, and of a change of taste alone."""
NEVER: Chances = (0.0, 0.0)
AT_ANY_TIME: Chances = (0.01, 0.01)
"""The chances before any one deed, where little is known."""
ON_ANY_DAY: Chances = (0.002, 0.002)
"""The odds on a day of which nothing is known yet, beyond those before a deed."""
DAYS_TOLD = 8
"""Days before her last deed of which a look tells something; which of those before it was is past helping."""
_MOST_TOLD, _STEPS_TOLD = 8.0, 2  # log2 of a ratio, and steps of 1 of it: what is told of a day is one of few numbers
_LATELY = 4  # deeds that do not count for what she cared for most, since they may be of another life already
_FAINTEST = 0.25  # chance of a change of which is told what she turned to
_SOME = 0.01  # of what she turned to


class Hazards(Struct, frozen=True, gc=False):
    """How likely lives change: before any deed, and besides on each day from `first_day` on.

    `until_days` are the odds on all days before each, summed. Days are UTC's, since 1970. `turned_to` says what those
    came to care for whose favourite was this: as many deeds of another life as these tell as much as.
    """

    at_any_time: Chances = AT_ANY_TIME
    first_day: int = 0
    until_days: tuple[Chances, ...] = (NEVER,)
    turned_to: dict[str, dict[str, float]] = {}

    def __hash__(self) -> int:
        """Return a hash of a few of the numbers: whatever follows from hazards is kept by them."""
        return hash((self.at_any_time, self.first_day, self.until_days[-1]))

    def until(self, time_us: int) -> Chances:
        """Return the odds on all days until then, summed; of the last by how much of it has gone."""
        day, gone_us = divmod(time_us, DAY_US)
        place, gone = day - self.first_day, gone_us / DAY_US
        if place < 0:
            return NEVER
        known = len(self.until_days) - 1
        if place >= known:
            place, gone = known, place - known + gone
        before, each = self.until_days[place], self.on(day)
        return before[0] + each[0] * gone, before[1] + each[1] * gone

    def between(self, start_us: int, end_us: int) -> Chances:
        """Return the odds on the days between two times."""
        start, end = self.until(start_us), self.until(end_us)
        return end[0] - start[0], end[1] - start[1]

    def on(self, day: int) -> Chances:
        """Return the odds on one day."""
        place = day - self.first_day
        if not 0 <= place < len(self.until_days) - 1:
            return NEVER if place < 0 else ON_ANY_DAY
        before, after = self.until_days[place : place + 2]
        return after[0] - before[0], after[1] - before[1]


UNKNOWN = Hazards()
"""What is thought before anybody was looked at."""


class Suspicion(Struct, frozen=True, array_like=True, gc=False):
    """When a customer's life seems to have changed, and into what: what one look at her counts for.

    So many deeds were looked at, from `first_day` through `last_day`, which only readers of the log ask.
    `at_any_time` is what is put down to the chance before any deed. `on_days` says of the last days how much likelier
    what she did is where she changed then than where she did not, as the logarithm to base 2 in halves; a day of which
    it tells nothing is left out. `turned` is what she cared for most before, and the parts of what she cared for since,
    by how likely it is that she changed.
    """

    deeds: int
    first_day: int
    last_day: int
    at_any_time: Chances
    on_days: dict[int, Chances]
    turned: tuple[str, dict[str, float]] | None = None


class Look(Struct, frozen=True, gc=False):
    """What was found of a customer: the times of her deeds, and of each what speaks for a change before it.

    `odds` are those of a change whatever she did, `likelier` is how much likelier what she did is where she changed
    there than where she never did; their product is weighed against `total` of all that may have been. `tastes` is what
    each deed was about, with its weight, `favourite` what she cared for most before the last of them.
    """

    times_us: Sequence[int]
    odds: Sequence[Chances]
    likelier: Sequence[Chances]
    total: float
    tastes: Sequence[tuple[str, float]]
    favourite: str


def before_each(hazards: Hazards, times_us: Sequence[int]) -> list[Chances]:
    """Return the odds of a change between each deed and the one before, of deeds at these times in order.

    What lies before the first deed is its own day.
    """
    life, taste = hazards.at_any_time
    found, since = list[Chances](), hazards.until(_day_of(times_us)) if times_us else NEVER
    for time_us in times_us:
        now = hazards.until(time_us)
        found.append((life + now[0] - since[0], taste + now[1] - since[1]))
        since = now
    return found


def favourite(habit: Mapping[str, float], seen: Sequence[tuple[str, float]]) -> str:
    """Return what a customer cared for most but for her last few deeds; empty where nothing is known."""
    weights = dict(habit)
    for name, weight in seen[:-_LATELY]:
        if name:
            weights[name] = weights.get(name, 0.0) + weight
    return max(weights, key=weights.__getitem__, default="")


def suspicion(hazards: Hazards, look: Look) -> Suspicion:
    """Return what a look at a customer who did something counts for.

    A change between two deeds is put down to every cause by how likely it was to be at work between them.
    """
    life, taste = hazards.at_any_time
    return Suspicion(
        deeds=len(look.times_us),
        first_day=look.times_us[0] // DAY_US,
        last_day=look.times_us[-1] // DAY_US,
        at_any_time=(
            round(life / look.total * sum([likelier for likelier, _ in look.likelier]), 4),
            round(taste / look.total * sum([likelier for _, likelier in look.likelier]), 4),
        ),
        on_days=_on_days(hazards, look),
        turned=_turned(look),
    )


def _on_days(hazards: Hazards, look: Look) -> dict[int, Chances]:
    """Return how much likelier what she did is where she changed on each of the last days than where she did not."""
    first_us = (look.times_us[-1] // DAY_US - DAYS_TOLD + 1) * DAY_US
    likely = dict[int, Chances]()
    for start_us, end_us, (life, taste) in _gaps(look, first_us):
        for day in range(start_us // DAY_US, -(-end_us // DAY_US)):
            part = (min(end_us, (day + 1) * DAY_US) - max(start_us, day * DAY_US)) / DAY_US
            before = likely.get(day, NEVER)
            likely[day] = before[0] + life * part, before[1] + taste * part
    found = {}
    for day, (life, taste) in likely.items():
        odds = hazards.on(day)
        told = _told(life, look.total - odds[0] * life), _told(taste, look.total - odds[1] * taste)
        if told != NEVER:
            found[day] = told
    return found


def _gaps(look: Look, first_us: int) -> Iterator[tuple[int, int, Chances]]:
    """Yield the times between deeds since a time, and how much likelier all is where she changed there than nowhere."""
    start_us = _day_of(look.times_us)
    for end_us, likelier in zip(look.times_us, look.likelier, strict=True):
        if end_us > first_us:
            yield max(start_us, first_us), end_us, likelier
        start_us = end_us
    yield start_us, (start_us // DAY_US + 1) * DAY_US, (1.0, 1.0)  # of the rest of that day her deeds say nothing


def _told(likely: float, otherwise: float) -> float:
    """Return the logarithm of how much likelier one is than the other in halves, within what may be told."""
    if likely <= 0:
        return -_MOST_TOLD
    if otherwise <= likely / 2**_MOST_TOLD:  # nothing is left of it where it is by far the less likely
        return _MOST_TOLD
    return max(-_MOST_TOLD, round(log2(likely / otherwise) * _STEPS_TOLD) / _STEPS_TOLD)


def _turned(look: Look) -> tuple[str, dict[str, float]] | None:
    """Return what she cared for most, and the parts of what she cared for since she changed, where she may have."""
    if not look.favourite or look.total < 1 / (1 - _FAINTEST):
        return None
    first_us = look.times_us[-1] - DAYS_TOLD * DAY_US
    found, left = dict[str, float](), sum([weight for name, weight in look.tastes if name])
    since = 0.0  # by how likely it is that she changed by then, for each weight of what she did after the change
    for time_us, odds, likelier, (name, weight) in zip(
        look.times_us, look.odds, look.likelier, look.tastes, strict=True
    ):
        if time_us >= first_us and left:
            since += (odds[0] * likelier[0] + odds[1] * likelier[1]) / look.total / left
        if name:
            found[name] = found.get(name, 0.0) + since * weight
            left -= weight
    if sum(found.values()) < _FAINTEST:
        return None
    return look.favourite, {name: round(part, 2) for name, part in found.items() if part >= _SOME}


def _day_of(times_us: Sequence[int]) -> int:
    return times_us[0] - times_us[0] % DAY_US
