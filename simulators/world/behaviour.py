"""Behaviour: what people do of their own accord, day by day. Never a message, never a reaction to one."""

import numpy as np
from msgspec import Struct

from simulators.world.arrays import DAY_US, HOUR_US, START_US, Floats, Ints, Purpose, generator, picked
from simulators.world.people import People
from simulators.world.personas import DEVICES
from simulators.world.rhythm import clock

KINDS = ("browse", "search", "basket", "purchase", "app_open")
_SHARES = (0.62, 0.12, 0.14, 0.12)
_APP_OPEN = 0.25
PLACES = ("web", "app")
CLARITY = 1.1
"""How clearly tastes show in what people look at: their log-odds are multiplied by it."""
NONE = -1


class Visits(Struct, frozen=True):
    """What people did, ordered by time; all (V,): whose, when, and numbers into KINDS, categories, devices and PLACES.

    `category` is -1 where she only opened the app. `amount` is the money of a purchase, 0 for all else.
    """

    who: Ints
    time_us: Ints
    kind: Ints
    category: Ints
    device: Ints
    place: Ints
    amount: Floats

    def between(self, start_us: int, end_us: int) -> "Visits":
        """Return the visits from one moment until before another."""
        first, end = np.searchsorted(self.time_us, [start_us, end_us])
        return Visits(*(getattr(self, field)[first:end] for field in self.__struct_fields__))


def visits_of(people: People, day: int, seed: int) -> Visits:
    """Return everything that people do of their own accord on one day (UTC), joined or not yet."""
    draw = generator(seed, Purpose.VISITS, day)
    counts = draw.poisson(people.visits_per_day * (people.join_day <= day))
    who = np.repeat(np.arange(people.count), counts)
    uniforms = draw.random((7, len(who)))
    time_us = _times(people, who, day, uniforms)
    device = picked(people.device[who], uniforms[2])
    app = (device == DEVICES.index("phone")) & (uniforms[3] < people.reach[who, 3])
    only_opened = app & (uniforms[4] < _APP_OPEN)
    kind = np.searchsorted(np.cumsum(_SHARES)[:-1], uniforms[5], side="right")
    kind = np.where((kind == 3) & (uniforms[6] >= people.buys[who]), 0, kind)
    liking = np.exp(CLARITY * people.taste[who])
    category = np.where(only_opened, NONE, picked(liking, draw.random(len(who))))
    kind = np.where(only_opened, KINDS.index("app_open"), kind)
    amount = np.where(kind == KINDS.index("purchase"), np.round(20 + 80 * draw.random(len(who)), 2), 0.0)
    order = np.argsort(time_us, kind="stable")
    place = app.astype(np.int64)
    return Visits(who[order], time_us[order], kind[order], category[order], device[order], place[order], amount[order])


def _times(people: People, who: Ints, day: int, uniforms: Floats) -> Ints:
    """Return moments within the day at hours drawn by each one's rhythm on her own clock."""
    found: Ints = START_US + day * DAY_US + hours_of(people, who, day, uniforms[0]) * HOUR_US
    within: Ints = (uniforms[1] * HOUR_US).astype(np.int64)
    return np.add(found, within)


def hours_of(people: People, who: Ints, day: int, uniforms: Floats) -> Ints:
    """Return UTC hours of a day, 0 to 23, drawn by each one's rhythm on her own clock."""
    begin_us = np.full(len(who), START_US + day * DAY_US)
    first_hour, weekend = clock(people.city[who], begin_us)
    rhythm = people.rhythm[who, weekend.astype(np.int64)]
    local = picked(rhythm**2, uniforms)
    hours: Ints = (local - first_hour) % 24
    return hours
