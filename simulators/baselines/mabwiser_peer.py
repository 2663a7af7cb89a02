"""MABWiser's linear Thompson sampling, an instance a stage. Never needed: the extra `baselines` installs it."""

from importlib import import_module

import numpy as np

from simulators.world.arrays import Floats, Ints

PACKAGE = "mabwiser"
ALPHA = 0.2
"""Width of the posterior; as LinUCB's bound."""


class MABWiserArms:
    """One stage's arms; each begins with a lesson that says nothing, since MABWiser wants to be fitted before."""

    def __init__(self, actions: int, dimensions: int, seed: int) -> None:
        mab = import_module("mabwiser.mab")
        arms = list(range(actions))
        self._mab = mab.MAB(arms=arms, learning_policy=mab.LearningPolicy.LinTS(alpha=ALPHA), seed=seed)
        self._mab.fit(decisions=arms, rewards=[0.0] * actions, contexts=np.zeros((actions, dimensions)))

    def scores(self, features: Floats) -> tuple[Floats, Floats]:
        """Return a sample of what each arm may earn, twice: MABWiser does not tell its means."""
        found = self._mab.predict_expectations(features)
        rows = [found] if isinstance(found, dict) else found
        drawn = np.array([[row[arm] for arm in sorted(row)] for row in rows], float)
        return drawn, drawn

    def learn(self, features: Floats, action: Ints, reward: Floats) -> None:
        """Learn what came of one action each."""
        self._mab.partial_fit(decisions=action.tolist(), rewards=reward.tolist(), contexts=features)
