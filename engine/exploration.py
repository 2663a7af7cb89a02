"""Exploration: from what a model says to a distribution that can be drawn from and judged later.

Never a model, never a random generator.
"""

from collections.abc import Sequence

_TOLERANCE = 0.01


class UnsoundProbabilities(Exception):
    """A model's answer is no probability distribution over the actions asked about, or one that has collapsed."""


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
    return 1 / (count + max(1 / probability - count, 0.0) * greed)


def epsilon_greedy(raw: Sequence[float], count: int, epsilon: float, floor: float) -> list[float]:
    """Return `epsilon` (or `floor`, if greater) spread evenly over `count` actions, the rest on the model's best."""
    probabilities = sound(raw, count)
    best = probabilities.index(max(probabilities))
    greedy = [1.0 if index == best else 0.0 for index in range(count)]
    return floored(greedy, max(epsilon, floor))


def sound(raw: Sequence[float], count: int) -> list[float]:
    """Return a distribution that sums to 1 out of SquareCB's single-precision probabilities.

    Raises UnsoundProbabilities where they have collapsed: as many as there are actions, each a number above 0 and at
    most 1, together 1 (both within 0.01), is all that inverse gap weights can be. No finite gap makes one of them zero.
    """
    if len(raw) != count:
        raise UnsoundProbabilities(f"{len(raw)} probabilities for {count} actions")
    if not all(0 < p <= 1 + _TOLERANCE for p in raw):  # which no NaN is
        raise UnsoundProbabilities("a probability is not above 0 and at most 1")
    total = float(sum(raw))
    if abs(total - 1) > _TOLERANCE:
        raise UnsoundProbabilities(f"probabilities sum to {total:.4f}")
    return [p / total for p in raw]


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
