"""Exploration: from what a model says to a distribution that can be drawn from and judged later.

Never a model, never a random generator.
"""

from collections.abc import Sequence
from math import isfinite

_TOLERANCE = 0.01


class UnsoundProbabilities(Exception):
    """A model's answer is not a probability distribution over the actions asked about."""


def squarecb(raw: Sequence[float], count: int, greed: float, floor: float) -> list[float]:
    """Return inverse-gap-weighted probabilities made `greed` times as greedy, with `floor` of them spread evenly.

    SquareCB (Foster and Rakhlin, ICML 2020, algorithm 1) gives each action but the best 1 / (n + gamma·gap), so that
    gamma·gap can be read back from a probability and weighted anew, without another model.
    """
    probabilities = sound(raw, count)
    if greed != 1:
        best = probabilities.index(max(probabilities))
        others = [_regreeded(p, count, greed) if index != best else 0.0 for index, p in enumerate(probabilities)]
        others[best] = 1 - sum(others)
        probabilities = others
    return floored(probabilities, floor)


def _regreeded(probability: float, count: int, greed: float) -> float:
    if probability <= 0:
        return 0.0
    return 1 / (count + max(1 / probability - count, 0.0) * greed)


def epsilon_greedy(raw: Sequence[float], count: int, epsilon: float, floor: float) -> list[float]:
    """Return `epsilon` (or `floor`, if greater) spread evenly over `count` actions, the rest on the model's best."""
    probabilities = sound(raw, count)
    best = probabilities.index(max(probabilities))
    greedy = [1.0 if index == best else 0.0 for index in range(count)]
    return floored(greedy, max(epsilon, floor))


def sound(raw: Sequence[float], count: int) -> list[float]:
    """Return a distribution that sums to 1 out of single-precision probabilities; raises UnsoundProbabilities if it
    is not near one.
    """
    if len(raw) != count:
        raise UnsoundProbabilities(f"{len(raw)} probabilities for {count} actions")
    if not all(isfinite(p) and -_TOLERANCE <= p <= 1 + _TOLERANCE for p in raw):
        raise UnsoundProbabilities("a probability is not in [0, 1]")
    clipped = [max(float(p), 0.0) for p in raw]
    total = sum(clipped)
    if abs(total - 1) > _TOLERANCE:
        raise UnsoundProbabilities(f"probabilities sum to {total:.4f}")
    return [p / total for p in clipped]


def floored(probabilities: Sequence[float], floor: float) -> list[float]:
    """Return (1 - floor)·p + floor/n: no action's propensity is ever below floor/n, so every other policy can be
    judged.
    """
    even = floor / len(probabilities)
    return [(1 - floor) * p + even for p in probabilities]


def drawn(probabilities: Sequence[float], uniform: float) -> int:
    """Return the index that a uniform number in [0, 1) falls on; an action of probability 0 is never drawn."""
    reached, last = 0.0, 0
    for index, probability in enumerate(probabilities):
        if probability > 0:
            reached, last = reached + probability, index
            if uniform < reached:
                return index
    return last  # rounding left the sum just under the uniform number
