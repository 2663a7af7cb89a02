"""A peer: a textbook algorithm in the world, told what the engine is told. Never a hidden taste, never the engine.

Its lessons are the rewards of its decisions at the close of their reward windows: what came until then, nothing where
nothing came.
"""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import Protocol

import numpy as np
from msgspec import Struct

from simulators.baselines.visible import Visible
from simulators.world.arrays import DAY_US, Floats, Ints
from simulators.world.behaviour import Visits
from simulators.world.catalogue import SILENCE_PRICE, WORTHS, Catalogue
from simulators.world.moments import Chosen, Moments, Outcome, Told


class Lessons(Struct, frozen=True):
    """L decisions whose windows have closed, each (L,): its number, who it was, what was chosen (-1 for nothing), the
    reward; and what was known of her then, (L, d).
    """

    index: Ints
    features: Floats
    who: Ints
    slot: Ints
    content: Ints
    reward: Floats


class Algorithm(Protocol):
    """Chooses from what is visible, and learns from rewards."""

    def choose(self, features: Floats, moments: Moments) -> Chosen:
        """Choose for each of a batch."""

    def learn(self, lessons: Lessons) -> None:
        """Learn from decisions whose windows have closed."""


class _Open(Struct):
    """A decision that waits for its reward."""

    features: Floats
    who: int
    slot: int
    content: int
    reward: float
    counted: set[int]


class Peer:
    """An algorithm as a policy of the world."""

    def __init__(self, algorithm: Algorithm, visible: Visible, shop: Catalogue) -> None:
        self._algorithm, self._visible, self._shop = algorithm, visible, shop
        self._open: dict[int, _Open] = {}
        self._closing: list[tuple[int, int]] = []

    def told(self, told: Sequence[Told]) -> None:
        """Hear what customers declared."""
        self._visible.told(told)

    def choose(self, moments: Moments) -> Chosen:
        """Let the algorithm choose."""
        features = self._visible.features(moments)
        chosen = self._algorithm.choose(features, moments)
        self._visible.sent(moments, chosen)
        for row, (index, who) in enumerate(zip(moments.index.tolist(), moments.who.tolist(), strict=True)):
            slot, content = int(chosen.slot[row]), int(chosen.content[row])
            silent = slot < 0
            self._open[index] = _Open(features[row], who, slot, content, -SILENCE_PRICE if silent else 0.0, set())
            window_us = DAY_US if silent else int(self._shop.window_us[self._shop.slot_channel[slot]])
            sent_us = moments.now_us if silent else int(moments.send_us[row, slot])
            heappush(self._closing, (sent_us + window_us, index))
        return chosen

    def heard(self, visits: Visits, outcomes: Sequence[Outcome], now_us: int) -> None:
        """Hear what happened until now, and learn from what has closed."""
        self._visible.heard(visits, now_us)
        for outcome in outcomes:
            waiting = self._open.get(outcome.index)
            if waiting is not None and outcome.number not in waiting.counted:
                waiting.counted.add(outcome.number)
                waiting.reward += WORTHS[outcome.name]
        closed = {}
        while self._closing and self._closing[0][0] <= now_us:
            index = heappop(self._closing)[1]
            closed[index] = self._open.pop(index)
        if closed:
            self._algorithm.learn(_lessons(closed))

    def close(self) -> None:
        """Nothing is held."""


def _lessons(decisions: Mapping[int, _Open]) -> Lessons:
    closed = list(decisions.values())
    return Lessons(
        index=np.array(list(decisions)),
        features=np.array([one.features for one in closed]),
        who=np.array([one.who for one in closed]),
        slot=np.array([one.slot for one in closed]),
        content=np.array([one.content for one in closed]),
        reward=np.array([min(max(one.reward, -1.0), 1.0) for one in closed]),
    )
