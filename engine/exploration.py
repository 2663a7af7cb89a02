"""Exploration: from what a model says to a distribution that can be drawn from and judged later.

Never a model, never a random generator.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import exp, isfinite, isnan

_TOLERANCE = 0.01
LESSONS_BEFORE = 5
"""Lessons that are counted of every action before its first: what is expected of one that was never tried comes from
what it shares with others, and is worth something."""
SQUARECB_PART = 0.5
"""How greedy SquareCB is where it is mixed with Maillard sampling, as a part of what it is alone."""
_COST_MAX = 1e6


class UnsoundProbabilities(Exception):
    """A model's answer is no probability distribution over the actions asked about, or one that has collapsed."""


def squarecb(raw: Sequence[float], count: int, greed: float, floor: float) -> list[float]:
    """Return inverse-gap-weighted probabilities made `greed` times as greedy, with `floor` of them spread evenly.

    SquareCB (Foster and Rakhlin, ICML 2020, algorithm 1) gives each action but the best 1 / (n + gamma·gap), so that
    gamma·gap can be read back from a probability and weighted anew, without another model.
    """
    total = sound(raw, count)
    if greed == 1:
        return floored(raw, floor, total)
    best, kept, scale = raw.index(max(raw)), count * (1 - greed), greed * total
    others = [1 / (kept + scale / p) if p * count < total else 1 / count for p in raw]  # 1 / (n + greed·(total/p - n))
    others[best] = 0.0
    others[best] = 1 - sum(others)
    return floored(others, floor)


def maillard(
    costs: Sequence[float], lessons: Sequence[float], variance: float, greed: float, floor: float
) -> list[float]:
    """Return Maillard sampling's probabilities made `greed` times as greedy, with `floor` of them spread evenly.

    Each action is as likely as its lessons leave it possible that it is the best: exp(-n·gap²/(2·variance)), with the
    gap of its expected cost to the least and its `lessons` as n (Bian and Jun, "Maillard Sampling: Boltzmann
    Exploration Done Optimally", AISTATS 2022, algorithm 1). It tells near ties apart and leaves what is clearly worse
    alone, where inverse gap weighting tries both nearly alike.

    Raises UnsoundProbabilities where a cost is no number that a sound model expects.
    """
    if not costs or len(costs) != len(lessons):
        raise UnsoundProbabilities(f"{len(costs)} expected costs for {len(lessons)} actions")
    least = min(costs)
    if not (isfinite(sum(costs)) and max(costs) < _COST_MAX and least > -_COST_MAX):
        raise UnsoundProbabilities("an expected cost is not a number within a million reward units")
    sharpness = -greed / (2 * variance)
    likely = [
        exp(sharpness * (number + LESSONS_BEFORE) * (cost - least) * (cost - least))
        for cost, number in zip(costs, lessons, strict=True)
    ]
    return floored(likely, floor, total=sum(likely))


def mixed(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return the mean of two distributions over the same actions."""
    return [(p + q) / 2 for p, q in zip(one, other, strict=True)]


def epsilon_greedy(raw: Sequence[float], count: int, epsilon: float, floor: float) -> list[float]:
    """Return `epsilon` (or `floor`, if greater) spread evenly over `count` actions, the rest on the model's best."""
    sound(raw, count)
    best = raw.index(max(raw))
    greedy = [1.0 if index == best else 0.0 for index in range(count)]
    return floored(greedy, max(epsilon, floor))


def sound(raw: Sequence[float], count: int) -> float:
    """Return what SquareCB's single-precision probabilities sum to, which is nearly 1.

    Raises UnsoundProbabilities where they have collapsed: as many as there are actions, each a number above 0, together
    1 (within 0.01), so that none is more, is all that inverse gap weights can be. No finite gap makes one of them zero.
    """
    if len(raw) != count:
        raise UnsoundProbabilities(f"{len(raw)} probabilities for {count} actions")
    total = float(sum(raw))
    if isnan(total) or min(raw) <= 0:  # a NaN hides from bounds, and never from a sum
        raise UnsoundProbabilities("a probability is not above 0 and at most 1")
    if abs(total - 1) > _TOLERANCE:
        raise UnsoundProbabilities(f"probabilities sum to {total:.4f}")
    return total


def floored(probabilities: Sequence[float], floor: float, total: float = 1.0) -> list[float]:
    """Return (1 - floor)·p + floor/n: no action's propensity is ever below floor/n, so every other policy can be
    judged. `total` is what the probabilities sum to.
    """
    even, kept = floor / len(probabilities), (1 - floor) / total
    return [kept * p + even for p in probabilities]


def drawn(probabilities: Sequence[float], uniform: float) -> int:
    """Return the index that a uniform number in [0, 1) falls on; an action of probability 0 is never drawn."""
    index = bisect_right(list(accumulate(probabilities)), uniform)
    if index < len(probabilities):
        return index
    return max(index for index, p in enumerate(probabilities) if p > 0)  # rounding left the sum just under the number
