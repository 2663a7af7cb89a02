"""The best constant in hindsight: one message, on one channel, at one time of day, for everyone. Never learned from.

It is picked with all that the world knows: the constants that are worth most on average over a random run are each
lived through from beginning to end, and the one that earned most is taken. Where it may not be sent, the next in that
order is.
"""

from collections.abc import Callable

import numpy as np

from simulators.baselines.peer import Lessons
from simulators.baselines.stages import best_of
from simulators.world.arrays import Floats, Ints
from simulators.world.moments import Chosen, Moments

CANDIDATES = 5


class Constant:
    """Always the same, as far as the rules allow; `ranking` (P, K) is higher for what is sent first."""

    def __init__(self, ranking: Floats) -> None:
        self._ranking = ranking

    def choose(self, features: Floats, moments: Moments) -> Chosen:  # noqa: ARG002  it looks at nobody
        """Choose the first in the ranking that may be sent."""
        open_now = moments.open.reshape(moments.count, -1)
        found = best_of(np.broadcast_to(self._ranking.ravel(), open_now.shape), open_now)
        contents, possible = self._ranking.shape[1], open_now.any(axis=1)
        slot, content = np.where(possible, found // contents, -1), np.where(possible, found % contents, -1)
        return Chosen(slot, content, np.zeros(moments.count, bool))

    def learn(self, lessons: Lessons) -> None:
        """Learn nothing."""


def best_constant(worth: Floats, lived: Callable[[Floats], float]) -> Floats:
    """Return the ranking of the constant that earned most.

    `worth` (P, K) is what each constant is worth on average, `lived` what a whole run with a ranking earns.
    """
    first: Ints = np.argsort(-worth.ravel(), kind="stable")[:CANDIDATES]
    rankings = []
    for place in first:
        ranking = worth.copy()
        ranking.flat[place] = np.inf
        rankings.append(ranking)
    return max(rankings, key=lived)
