"""What a shop can see of its customers, as numbers for the peers. Never a hidden taste, never the engine's features.

The peers are told what the engine is told, no more and no less: attributes that customers declared, what they did by
themselves, and which messages they were sent. Behaviour is kept as counts that lose half their weight in a half-life.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from simulators.world.arrays import DAY_US, Floats, Ints
from simulators.world.behaviour import NONE, PLACES, Visits
from simulators.world.moments import Chosen, Moments, Told
from simulators.world.personas import AGES, CATEGORIES, CITIES, DEVICES, TIERS

_ATTRIBUTES = (("city", tuple(CITIES)), ("age_band", AGES), ("loyalty_tier", TIERS))
_HALF_LIVES_DAYS = (21.0, 4.0)
_HOURS = 6
"""Parts of the day, of four hours each."""
_COUNTED = (len(CATEGORIES), len(DEVICES), len(PLACES), _HOURS)


class Visible:
    """N customers as a shop sees them; features are (B, d) with a constant first and all others within about 0 to 1."""

    def __init__(self, customers: int) -> None:
        self._told = [np.zeros((customers, len(values))) for _, values in _ATTRIBUTES]
        self._counts = [np.zeros((customers, sum(_COUNTED))) for _ in _HALF_LIVES_DAYS]
        self._contacts = np.zeros(customers)
        self._since_us = 0
        self.names = _names()

    def told(self, told: Sequence[Told]) -> None:
        """Remember what customers declared, in the place of what they said before."""
        for one in told:
            for known, (attribute, values) in zip(self._told, _ATTRIBUTES, strict=True):
                if value := one.attributes.get(attribute):
                    known[one.who] = [float(value == each) for each in values]

    def heard(self, visits: Visits, now_us: int) -> None:
        """Remember what customers did by themselves until now."""
        self._fade(now_us)
        starts = np.cumsum([0, *_COUNTED])
        columns = (visits.category, visits.device, visits.place, visits.time_us // (DAY_US // _HOURS) % _HOURS)
        for start, column in zip(starts, columns, strict=False):
            there = column != NONE
            for counts in self._counts:
                np.add.at(counts, (visits.who[there], start + column[there]), 1.0)

    def sent(self, moments: Moments, chosen: Chosen) -> None:
        """Remember which customers were sent a message."""
        self._contacts[moments.who[chosen.slot >= 0]] += 1.0

    def features(self, moments: Moments) -> Floats:
        """Return what is known of a batch of customers and of the moment."""
        who = moments.who
        parts = [np.ones((len(who), 1)), *(known[who] for known in self._told)]
        starts = np.cumsum([0, *_COUNTED])
        for counts in self._counts:
            for start, end in pairwise(starts):
                mine = counts[who, start:end]
                parts.append(mine / (1.0 + mine.sum(axis=1, keepdims=True)))
        parts.append(np.tanh(self._contacts[who, None] / 4))
        parts.append((moments.hour[:, None] // 4 == np.arange(6)).astype(float))
        parts.append(moments.weekend[:, None].astype(float))
        return np.concatenate(parts, axis=1)

    def segment(self, who: Ints) -> Ints:
        """Return the segment of each customer, by her city and age band as far as they are told."""
        city, age = (np.where(known[who].any(axis=1), known[who].argmax(axis=1) + 1, 0) for known in self._told[:2])
        found: Ints = city * (len(AGES) + 1) + age
        return found

    @property
    def segments(self) -> int:
        """How many segments there may be."""
        return (len(CITIES) + 1) * (len(AGES) + 1)

    def _fade(self, now_us: int) -> None:
        days = (now_us - self._since_us) / DAY_US if self._since_us else 0.0
        self._since_us = now_us
        left = [0.5 ** (days / half_life) for half_life in _HALF_LIVES_DAYS]
        self._counts = [counts * part for counts, part in zip(self._counts, left, strict=True)]
        self._contacts *= left[1]


def _names() -> tuple[str, ...]:
    names = ["constant", *(f"{attribute}={value}" for attribute, values in _ATTRIBUTES for value in values)]
    counted = [*CATEGORIES, *DEVICES, *PLACES, *(f"utc{part * 4:02d}" for part in range(_HOURS))]
    names += [f"{name}/{days:g}" for days in _HALF_LIVES_DAYS for name in counted]
    return (*names, "contacts", *(f"hour{part * 4:02d}" for part in range(6)), "weekend")
