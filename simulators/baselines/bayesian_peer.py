"""bayesianbandits' Thompson sampling, a normal regression an arm. Never needed: the extra `baselines` installs it."""

from importlib import import_module

import numpy as np

from simulators.world.arrays import Floats, Ints

PACKAGE = "bayesianbandits"
PRIOR_PRECISION, NOISE_PRECISION = 50.0, 10.0
"""Rewards scatter by about 0.3 around their mean, which is a precision of 10; weights by less than half of that."""


class BayesianArms:
    """One stage's arms."""

    def __init__(self, actions: int, dimensions: int, seed: int) -> None:
        regressor = import_module("bayesianbandits").NormalRegressor
        self._arms = [
            regressor(alpha=PRIOR_PRECISION, beta=NOISE_PRECISION, random_state=seed + arm) for arm in range(actions)
        ]
        for arm in self._arms:
            arm.partial_fit(np.zeros((1, dimensions)), np.zeros(1))

    def scores(self, features: Floats) -> tuple[Floats, Floats]:
        """Return a sample and the mean of what each arm may earn, each (B, A)."""
        drawn = [np.asarray(arm.sample(features, size=1))[0] for arm in self._arms]
        means = [np.asarray(arm.predict(features)) for arm in self._arms]
        return np.column_stack(drawn), np.column_stack(means)

    def learn(self, features: Floats, action: Ints, reward: Floats) -> None:
        """Learn what came of one action each."""
        for arm in np.unique(action).tolist():
            mine = action == arm
            self._arms[arm].partial_fit(features[mine], reward[mine])
