"""Random: any channel or nothing, any content, any slot, each with equal probability. Never a lesson."""

import numpy as np

from simulators.baselines.peer import Lessons
from simulators.baselines.stages import anything, staged
from simulators.world.arrays import Floats
from simulators.world.catalogue import Catalogue
from simulators.world.moments import Chosen, Moments


class RandomChoice:
    """What oracle shares are measured from: its share is 0 but for luck."""

    def __init__(self, shop: Catalogue, draw: np.random.Generator) -> None:
        self._shop, self._pick = shop, anything(draw)

    def choose(self, features: Floats, moments: Moments) -> Chosen:
        """Choose anything."""
        return staged(moments, features, self._shop, self._pick)

    def learn(self, lessons: Lessons) -> None:
        """Learn nothing."""
