"""The oracle: knows every hidden taste, and takes what is worth most for this customer at this moment.

Never what today's message costs tomorrow: it is the best choice, not the best plan.
"""

from collections.abc import Sequence

import numpy as np

from simulators.world.behaviour import Visits
from simulators.world.catalogue import SILENCE_PRICE
from simulators.world.moments import Chosen, Moments, Outcome, Told
from simulators.world.world import World


class Oracle:
    """The world's own best answer: its oracle share is 1."""

    def __init__(self, world: World) -> None:
        self._world = world

    def told(self, told: Sequence[Told]) -> None:
        """It knows."""

    def choose(self, moments: Moments) -> Chosen:
        """Choose what is worth most."""
        values = self._world.values(moments, self._world.chances(moments)).reshape(moments.count, -1)
        best, contents = values.argmax(axis=1), len(self._world.catalogue.items)
        silent = values[np.arange(moments.count), best] < -SILENCE_PRICE
        slot, content = np.where(silent, -1, best // contents), np.where(silent, -1, best % contents)
        return Chosen(slot, content, np.zeros(moments.count, bool))

    def heard(self, visits: Visits, outcomes: Sequence[Outcome], now_us: int) -> None:
        """It knows."""

    def close(self) -> None:
        """Nothing is held."""
