"""Plain Vowpal Wabbit: its contextual bandit as it comes, one staged choice. Never the engine's recipe.

`--cb_explore_adf --epsilon 0.05`, with the learning rate, the label's probability and everything else as Vowpal Wabbit
has them by default, in three stages as the engine chooses. Only `-q XA` is added, without which no action could do
better with one customer than with another. A peer beside the engine, so it speaks Vowpal Wabbit for itself.
"""

from collections.abc import Sequence

import numpy as np
from vowpalwabbit import Workspace

from simulators.baselines.peer import Lessons
from simulators.baselines.stages import NOTHING, STAGES, best_of, staged, with_channel
from simulators.baselines.vw_text import action_lines, shared_line
from simulators.world.arrays import Bools, Floats, Ints, picked
from simulators.world.catalogue import Catalogue
from simulators.world.moments import Chosen, Moments
from simulators.world.personas import CHANNELS

ARGUMENTS = "--cb_explore_adf --epsilon 0.05 -q XA --quiet"


class PlainVowpalWabbit:
    """A workspace a stage; the probability that an action was drawn with is kept for its label."""

    def __init__(self, shop: Catalogue, draw: np.random.Generator, names: tuple[str, ...]) -> None:
        self._shop, self._draw = shop, draw
        self._names = (*names, *(f"channel={name}" for name in CHANNELS))
        self._lines = action_lines(shop)
        self._workspaces = {stage: Workspace(ARGUMENTS) for stage in STAGES}
        self._drawn: dict[str, Floats] = {}
        self._propensities: dict[int, dict[str, float]] = {}

    def choose(self, features: Floats, moments: Moments) -> Chosen:
        """Choose in three stages, each an epsilon-greedy draw."""
        chosen = staged(moments, features, self._shop, self._pick)
        sent = 0
        for row, index in enumerate(moments.index.tolist()):
            drawn = self._propensities[index] = {"router": float(self._drawn["router"][row])}
            if chosen.slot[row] >= 0:
                drawn |= {stage: float(self._drawn[stage][sent]) for stage in ("content", "slot")}
                sent += 1
        return chosen

    def learn(self, lessons: Lessons) -> None:
        """Teach every stage that took part."""
        sent = lessons.slot >= 0
        channel = np.where(sent, self._shop.slot_channel[lessons.slot], NOTHING)
        known = with_channel(lessons.features, np.minimum(channel, NOTHING - 1))
        for row, index in enumerate(lessons.index.tolist()):
            actions = {"router": channel[row], "content": lessons.content[row], "slot": lessons.slot[row]}
            for stage, drawn in self._propensities.pop(index).items():
                shared = lessons.features[row] if stage == "router" else known[row]
                label = f"0:{-lessons.reward[row]:.6g}:{drawn:.6g}"
                lines = [shared_line(self._names, shared), f"{label} {self._lines[stage][actions[stage]]}"]
                self._workspaces[stage].learn(lines)

    def _pick(self, stage: str, features: Floats, eligible: Bools) -> tuple[Ints, Bools]:
        scores = np.zeros(eligible.shape)
        for row in range(len(features)):
            actions = np.flatnonzero(eligible[row]).tolist()
            scores[row, actions] = self._probabilities(stage, features[row], actions)
        action = picked(scores, self._draw.random(len(scores)))
        self._drawn[stage] = scores[np.arange(len(scores)), action]
        return action, action != best_of(scores, eligible)

    def _probabilities(self, stage: str, features: Floats, actions: Sequence[int]) -> list[float]:
        lines = [shared_line(self._names, features), *(self._lines[stage][action] for action in actions)]
        found: list[float] = self._workspaces[stage].predict(lines)
        return found
