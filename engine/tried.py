"""Tried: how often a model was taught each action, and how unevenly rewards fall out. Never a model, never a draw.

What a model expects of an action says nothing of how sure it may be of that.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

GUESSED_VARIANCE, GUESSED_FOR = 0.12, 2.0
"""What the spread of costs is taken for before anything is known of it, and for how many lessons that counts: a click
by a chance of one in seven spreads so, where it is the reward unit."""
MEMORY = 2_000.0
"""Lessons that the spread of costs goes back."""
FULL_WEIGHT = 2
"""The weight of a lesson that counts as one: what another channel lends weighs less."""
_NAMED = re.compile(r" (?:content|slot|channel)=\S+")


class Tried(Struct):
    """What a model was taught: the weights of its lessons by action, and the mean and spread of all their costs."""

    weights: dict[str, int] = {}
    lessons: float = 0.0
    mean: float = 0.0
    spread: float = 0.0

    def count(self, action: str, cost: float, weight: int) -> None:
        """Count one lesson about an action's line."""
        name = named(action)
        self.weights[name] = self.weights.get(name, 0) + weight
        self.lessons = lessons = min(self.lessons + 1.0, MEMORY)
        off = cost - self.mean
        self.mean += off / lessons
        self.spread += (off * (cost - self.mean) - self.spread) / lessons

    def lessons_of(self, actions: Iterable[str]) -> list[float]:
        """Return how many lessons each of these actions' lines had, in their order, by what they weighed."""
        known = self.weights.get
        return [known(name, 0) / FULL_WEIGHT for name in map(named, actions)]

    @property
    def variance(self) -> float:
        """What costs deviate by, in squares of the reward unit; above 0."""
        return (GUESSED_FOR * GUESSED_VARIANCE + self.lessons * self.spread) / (GUESSED_FOR + self.lessons)

    def measured(self, factor: float) -> None:
        """Take to account that costs are told so many times as large from now on."""
        self.mean *= factor
        self.spread *= factor * factor


@lru_cache(maxsize=32_768)
def named(action: str) -> str:
    """Return what an action's line names: its content, slot or channel, however well it fits and whatever it costs.

    A line that names none is its own name.
    """
    found = _NAMED.search(action)
    return found[0] if found else action
