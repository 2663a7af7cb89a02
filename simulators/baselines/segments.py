"""Rules by segment: what worked best for customers of the same city and age, found by a trial and then kept to.

Never a customer of her own, never a lesson after the trial.
"""

import numpy as np

from simulators.baselines.peer import Lessons
from simulators.baselines.stages import NOTHING, anything, best_of, sizes, staged
from simulators.baselines.visible import Visible
from simulators.world.arrays import Bools, Floats, Ints
from simulators.world.catalogue import Catalogue
from simulators.world.moments import Chosen, Moments

_PRIOR = 15.0
"""Trials that a segment's mean is shrunk by towards everyone's."""


class Segments:
    """Tries everything at random for the first `trial` decisions, then takes each segment's best of every stage."""

    def __init__(self, shop: Catalogue, draw: np.random.Generator, visible: Visible, trial: int) -> None:
        self._shop, self._visible, self._trial = shop, visible, trial
        self._random = anything(draw)
        self._counts = {stage: np.zeros((visible.segments, size)) for stage, size in sizes(shop).items()}
        self._sums = {stage: np.zeros((visible.segments, size)) for stage, size in sizes(shop).items()}
        self._rules: dict[str, Floats] = {}

    def choose(self, features: Floats, moments: Moments) -> Chosen:
        """Choose by the rules, once there are any."""
        if moments.index[0] < self._trial:
            return staged(moments, features, self._shop, self._random)
        if not self._rules:
            self._rules = {stage: self._rule(stage) for stage in self._counts}
        segment = self._visible.segment(moments.who)
        labelled = np.column_stack([segment, features])
        return staged(moments, labelled, self._shop, self._by_rule)

    def learn(self, lessons: Lessons) -> None:
        """Learn while the trial lasts."""
        if self._rules:
            return
        segment, sent = self._visible.segment(lessons.who), lessons.slot >= 0
        router = np.where(sent, self._shop.slot_channel[lessons.slot], NOTHING)
        for stage, action, rows in (
            ("router", router, np.ones(len(sent), bool)),
            ("content", lessons.content, sent),
            ("slot", lessons.slot, sent),
        ):
            np.add.at(self._counts[stage], (segment[rows], action[rows]), 1.0)
            np.add.at(self._sums[stage], (segment[rows], action[rows]), lessons.reward[rows])

    def _rule(self, stage: str) -> Floats:
        counts, sums = self._counts[stage], self._sums[stage]
        everyone = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1.0)
        shrunk: Floats = (sums + _PRIOR * everyone) / (counts + _PRIOR)
        return shrunk

    def _by_rule(self, stage: str, features: Floats, eligible: Bools) -> tuple[Ints, Bools]:
        scores = self._rules[stage][features[:, 0].astype(np.int64)]
        return best_of(scores, eligible), np.zeros(len(eligible), bool)
