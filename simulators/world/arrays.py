"""The arrays that the world is made of, and its random numbers. Never a customer, never a clock.

Every stream of random numbers is named by a seed, a purpose and a day, so that no draw depends on how many were made
before it: all policies meet the same luck.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
START_US = 1_772_409_600_000_000
"""Monday, 2 March 2026, 00:00 UTC: the first moment of every simulated run."""


class Purpose(IntEnum):
    """What random numbers are for."""

    PEOPLE = 1
    CATALOGUE = 2
    EVENTS = 3
    VISITS = 4
    CONTACTS = 5
    REACTIONS = 6
    DIRT = 7
    POLICY = 8


def generator(seed: int, purpose: Purpose, number: int = 0) -> np.random.Generator:
    """Return the random numbers of one purpose on one day; the same three give the same numbers."""
    return np.random.default_rng([seed, int(purpose), number])


def logistic(x: Floats) -> Floats:
    """Return 1 / (1 + e^-x), the probability that has log-odds x."""
    return 1.0 / (1.0 + np.exp(-x))


def log_odds(probability: Floats) -> Floats:
    """Return the log-odds of probabilities strictly between 0 and 1."""
    return np.log(probability / (1.0 - probability))


def picked(weights: Floats, uniforms: Floats) -> Ints:
    """Draw one column for each row by its weights, shapes (n, m) and (n,); weights need not sum to 1."""
    running = np.cumsum(weights, axis=1)
    found: Ints = (uniforms[:, None] * running[:, -1:] >= running).sum(axis=1)
    last: Ints = np.minimum(found, weights.shape[1] - 1)
    return last
