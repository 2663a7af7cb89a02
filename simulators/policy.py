"""The policy: what chooses in a simulated world, the engine and its peers alike. Never the world's hidden side."""

from collections.abc import Sequence
from typing import Protocol

from simulators.world.behaviour import Visits
from simulators.world.moments import Chosen, Moments, Outcome, Told


class Policy(Protocol):
    """Chooses for batches of customers, and is told what a shop would know, in the order of time."""

    def told(self, told: Sequence[Told]) -> None:
        """Hear what customers declared."""

    def choose(self, moments: Moments) -> Chosen:
        """Choose for each of a batch of moments, among what is open to it."""

    def heard(self, visits: Visits, outcomes: Sequence[Outcome], now_us: int) -> None:
        """Hear what customers did by themselves and what came of messages, each in order of time, all until now."""

    def close(self) -> None:
        """Give free what it holds; nothing is asked of it any more."""
