"""People: hidden tastes and habits of a whole population, as arrays. Never what they do, never what is told of them.

A person is her persona plus her own quirks. A life event changes fields of some people and leaves the quirks: whoever
moves to another city is still herself.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from simulators.world.arrays import Floats, Ints, Purpose, generator, log_odds, logistic, picked
from simulators.world.personas import (
    AGES,
    CATEGORIES,
    CHANNELS,
    CITIES,
    DEVICES,
    TIERS,
    UNWANTED,
    Persona,
)
from simulators.world.rhythm import rhythm

RYAN = 0
"""The first customer of every population is Ryan himself: his persona without a quirk."""


class People(Struct, frozen=True):
    """N people. Never changed in place: a life event makes new arrays.

    `persona`, `city`, `age`, `tier`, `join_day` (N,); `taste` (N, G) log-odds of a click on a category; `reach` (N, C)
    chances that a message is noticed at her best hour; `device` (N, 3) shares; `rhythm` (N, 2, 24) attention by
    hour on weekdays and weekends, 1 at its best; the rest (N,), as a persona has it.
    """

    persona: Ints
    city: Ints
    age: Ints
    tier: Ints
    join_day: Ints
    taste: Floats
    reach: Floats
    device: Floats
    rhythm: Floats
    price_sensitivity: Floats
    visits_per_day: Floats
    fatigue: Floats
    boredom: Floats
    buys: Floats
    returns: Floats
    unsubscribes: Floats

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.persona)


class Mixture(Struct, frozen=True):
    """Who is born: personas by name, and how unlike their persona people are (0 makes each its exact image)."""

    personas: Mapping[str, Persona]
    quirk: float = 0.3
    only: Sequence[str] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The personas' names, whose places are the numbers in `People.persona`."""
        return tuple(self.personas)

    @property
    def shares(self) -> Floats:
        """Weights of the personas at birth, shape (personas,)."""
        wanted = [one.share if not self.only or name in self.only else 0.0 for name, one in self.personas.items()]
        return np.array(wanted)


def born(mixture: Mixture, count: int, seed: int) -> People:
    """Return a population of a size; Ryan is its first, where there is a persona of that name."""
    draw = generator(seed, Purpose.PEOPLE)
    names = mixture.names
    persona = picked(np.broadcast_to(mixture.shares, (count, len(names))), draw.random(count))
    quirks = draw.standard_normal((count, len(CATEGORIES) + len(CHANNELS)))
    rows = draw.random((4, count))
    if "ryan" in names:
        persona[RYAN], quirks[RYAN] = names.index("ryan"), 0.0
    kinds = list(mixture.personas.values())
    weights = {field: _weights(kinds, field, known) for field, known in _WEIGHTED.items()}
    reach = np.array([[kind.channels[channel] for channel in CHANNELS] for kind in kinds])
    return People(
        persona=persona,
        city=picked(weights["cities"][persona], rows[0]),
        age=picked(weights["ages"][persona], rows[1]),
        tier=picked(weights["tiers"][persona], rows[2]),
        join_day=np.zeros(count, np.int64),
        taste=tastes(kinds)[persona] + mixture.quirk * quirks[:, : len(CATEGORIES)],
        reach=logistic(log_odds(reach)[persona] + mixture.quirk * quirks[:, len(CATEGORIES) :]),
        device=weights["devices"][persona] / weights["devices"][persona].sum(axis=1, keepdims=True),
        rhythm=np.array([rhythm(kind) for kind in kinds])[persona],
        price_sensitivity=_numbers(kinds, "price_sensitivity")[persona],
        visits_per_day=_numbers(kinds, "visits_per_week")[persona] / 7 * (0.6 + 0.8 * rows[3]),
        fatigue=_numbers(kinds, "fatigue")[persona],
        boredom=_numbers(kinds, "boredom")[persona],
        buys=_numbers(kinds, "buys")[persona],
        returns=_numbers(kinds, "returns")[persona],
        unsubscribes=_numbers(kinds, "unsubscribes")[persona],
    )


_WEIGHTED = {"cities": tuple(CITIES), "ages": AGES, "tiers": TIERS, "devices": DEVICES}


def tastes(kinds: Sequence[Persona]) -> Floats:
    """Return each persona's tastes as log-odds, shape (personas, G)."""
    return np.array([[kind.tastes.get(name, UNWANTED) for name in CATEGORIES] for kind in kinds])


def _weights(kinds: Sequence[Persona], field: str, known: Sequence[str]) -> Floats:
    return np.array([[getattr(kind, field).get(name, 0.0) for name in known] for kind in kinds])


def _numbers(kinds: Sequence[Persona], field: str) -> Floats:
    return np.array([getattr(kind, field) for kind in kinds], float)
