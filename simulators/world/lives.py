"""Lives: how a population lives through a scenario, what of it shows, and what is told. Never a message."""

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from simulators.world.arrays import DAY_US, START_US, Bools, Ints, Purpose, generator
from simulators.world.life_events import Happening, Visibility, happened
from simulators.world.moments import Told
from simulators.world.people import RYAN, Mixture, People, born
from simulators.world.personas import AGES, CITIES, TIERS
from simulators.world.reactions import attention
from simulators.world.scenarios import Scenario

TOLD_SHARE = 0.8
"""Share of people of whom one of their attributes is told."""
_NEVER = 10**9
_ZONES = list(CITIES.values())


class Lives:
    """N people, day by day.

    `people` are as they are, `shown` as they behave: the two differ after a life event that nobody can see. `told_city`
    (N,) is the city whose clock they say they live by. `changed_day` (N,) is the day of each one's first life event.
    """

    def __init__(self, scenario: Scenario, mixture: Mixture, seed: int, count: int) -> None:
        """Bring them to life."""
        people = born(mixture, count, seed)
        draw = generator(seed, Purpose.EVENTS)
        if scenario.joining:
            joined = (draw.random(count) * scenario.days * 0.9).astype(np.int64)
            people = structs.replace(people, join_day=joined)
        if scenario.favourite:
            people = _alike(people)
        self.people: People = people
        self.shown: People = people
        self._scenario, self._mixture = scenario, mixture
        self._told_share = 0.0 if scenario.joining else TOLD_SHARE
        self._tells = draw.random((3, count)) < self._told_share
        self.told_city: Ints = people.city.copy()
        self._days = [_days(happening, people, mixture, draw) for happening in scenario.happenings]
        self.changed_day: Ints = np.min([np.full(count, _NEVER), *self._days], axis=0)
        self.attention = attention(people)
        self._today = 0

    def changed(self, who: Ints) -> Ints:
        """Say of these people whose life has changed by now (1), will (0), or never does (-1)."""
        day = self.changed_day[who]
        return np.where(day == _NEVER, -1, (day <= self._today).astype(np.int64))

    def events_of(self, one: int, day: int) -> list[str]:
        """Return the life events of one person on a day."""
        happenings = zip(self._scenario.happenings, self._days, strict=True)
        return [happening.event for happening, days in happenings if days[one] == day]

    def day(self, day: int) -> Sequence[Told]:
        """Let a day's life events happen; return what is told in the morning."""
        told = self._introductions(day)
        changed, self._today = False, day
        for happening, days in zip(self._scenario.happenings, self._days, strict=True):
            who = np.flatnonzero(days == day)
            if not len(who):
                continue
            self.people, changed = happened(self.people, who, happening.event, self._mixture), True
            if happening.shows != Visibility.INVISIBLE:
                self.shown = happened(self.shown, who, happening.event, self._mixture)
            if happening.shows == Visibility.ANNOUNCED:
                self.told_city[who] = self.people.city[who]
                told += [Told(_morning_us(day), int(one), self._place(int(one))) for one in who]
        if changed:
            self.attention = attention(self.people)
        return told

    def _introductions(self, day: int) -> list[Told]:
        new = np.flatnonzero(self.people.join_day == day)
        return [Told(_morning_us(day), int(one), self._attributes(int(one))) for one in new]

    def _attributes(self, one: int) -> dict[str, str]:
        city, age, tier = self._tells[:, one]
        said = self._place(one) if city else {"time_zone": self._zone(one)}
        if age:
            said["age_band"] = AGES[self.people.age[one]]
        if tier:
            said["loyalty_tier"] = TIERS[self.people.tier[one]]
        return said

    def _place(self, one: int) -> dict[str, str]:
        return {"city": list(CITIES)[self.people.city[one]], "time_zone": self._zone(one)}

    def _zone(self, one: int) -> str:
        return _ZONES[int(self.people.city[one])]


def _morning_us(day: int) -> int:
    return START_US + day * DAY_US


def _alike(people: People) -> People:
    """Return people who are all like Ryan, except in where they live and what is told of them."""
    same = ("taste", "reach", "device", "rhythm", "price_sensitivity", "fatigue", "buys", "returns", "unsubscribes")
    one = {field: np.broadcast_to(getattr(people, field)[RYAN], getattr(people, field).shape) for field in same}
    return structs.replace(people, **one, boredom=np.zeros(people.count))


def _days(happening: Happening, people: People, mixture: Mixture, draw: np.random.Generator) -> Ints:
    """Return the day on which it happens to each, far away where never."""
    luck, when = draw.random(people.count), draw.random(people.count)
    concerned: Bools = luck < happening.share
    if happening.persona:
        kind = mixture.names.index(happening.persona)
        concerned = (concerned | (np.arange(people.count) == RYAN)) & (people.persona == kind)
    length = happening.last_day - happening.first_day + 1
    days = happening.first_day + (when * length).astype(np.int64)
    return np.where(concerned, days, _NEVER)
