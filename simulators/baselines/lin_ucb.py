"""LinUCB per stage, with one ridge regression an arm (Li, Chu, Langford, Schapire, WWW 2010). Never a hidden taste."""

import numpy as np

from simulators.world.arrays import Floats, Ints

ALPHA = 0.2
"""Width of the confidence bound; rewards lie within -1 and 1, and most of them near 0."""
RIDGE = 1.0


class LinUCBArms:
    """Disjoint arms: each a ridge regression whose inverse is kept by rank-one updates."""

    def __init__(self, actions: int, dimensions: int) -> None:
        self._inverse = np.tile(np.eye(dimensions) / RIDGE, (actions, 1, 1))
        self._moment = np.zeros((actions, dimensions))
        self._weights = np.zeros((actions, dimensions))

    def scores(self, features: Floats) -> tuple[Floats, Floats]:
        """Return upper confidence bounds and means, each (B, A)."""
        means = features @ self._weights.T
        spread = np.einsum("abd,bd->ab", features @ self._inverse, features)
        return means + ALPHA * np.sqrt(np.maximum(spread, 0.0)).T, means

    def learn(self, features: Floats, action: Ints, reward: Floats) -> None:
        """Update each action's regression."""
        for x, arm, value in zip(features, action.tolist(), reward.tolist(), strict=True):
            gain = self._inverse[arm] @ x
            self._inverse[arm] -= np.outer(gain, gain) / (1.0 + x @ gain)
            self._moment[arm] += value * x
        for arm in np.unique(action):
            self._weights[arm] = self._inverse[arm] @ self._moment[arm]
