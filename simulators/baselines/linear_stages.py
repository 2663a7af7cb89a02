"""Stages of arms that each hold a model of their own over the visible features: what the linear peers share.

Never which model it is.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from simulators.baselines.peer import Lessons
from simulators.baselines.stages import NOTHING, best_of, staged, with_channel
from simulators.world.arrays import Bools, Floats, Ints
from simulators.world.catalogue import Catalogue
from simulators.world.moments import Chosen, Moments


class Arms(Protocol):
    """The arms of one stage."""

    def scores(self, features: Floats) -> tuple[Floats, Floats]:
        """Return what to choose by and what is expected, each (B, A)."""

    def learn(self, features: Floats, action: Ints, reward: Floats) -> None:
        """Learn what came of one action each."""


class ArmStages:
    """Takes the eligible arm of the highest score at each stage."""

    def __init__(self, shop: Catalogue, arms: Mapping[str, Arms]) -> None:
        """`arms` are those of the stages router, content and slot."""
        self._shop, self._arms = shop, arms

    def choose(self, features: Floats, moments: Moments) -> Chosen:
        """Choose in three stages."""
        return staged(moments, features, self._shop, self._pick)

    def learn(self, lessons: Lessons) -> None:
        """Teach every stage that took part."""
        sent = lessons.slot >= 0
        channel = np.where(sent, self._shop.slot_channel[lessons.slot], NOTHING)
        self._arms["router"].learn(lessons.features, channel, lessons.reward)
        if sent.any():
            known = with_channel(lessons.features[sent], channel[sent])
            self._arms["content"].learn(known, lessons.content[sent], lessons.reward[sent])
            self._arms["slot"].learn(known, lessons.slot[sent], lessons.reward[sent])

    def _pick(self, stage: str, features: Floats, eligible: Bools) -> tuple[Ints, Bools]:
        scores, means = self._arms[stage].scores(features)
        action = best_of(scores, eligible)
        return action, action != best_of(means, eligible)
