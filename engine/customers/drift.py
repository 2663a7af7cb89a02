"""Drift: since when a customer lives another life than she used to, and what she does in it. Never a feature's name.

Before any of her last deeds her life may have changed, and she does from then on what nothing of before tells. How
likely each of these is follows from what she did, by Bayes' rule: the deeds since are likelier as the beginning of
something new than as more of the same, or not. So one odd visit changes nothing, and a handful of them all.

The method is that of Bayesian change points (Adams and MacKay, "Bayesian Online Changepoint Detection", 2007, sections
2 and 3) with one change at most among the deeds looked at, and Dirichlet and multinomial for every kind.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import exp, log
from operator import truediv
from types import MappingProxyType

from msgspec import Struct

from engine.customers.hazards import NEVER, Chances

SHRINKAGE = 1.0
"""Added to the total that a share is taken of, in deeds: what is thin is shrunk towards nothing."""
TEMPER = 0.8
"""The power of every likelihood: deeds of one visit resemble each other, and are not so many words."""
_MOST = 500.0  # of log odds; exp of more than 709 is no number
TASTE = "category"
_UNSAID = {""}
_PSEUDO = 0.3  # deeds that every name of a kind begins with, Dirichlet's parameter: few do many things alike

NOTHING_EXPECTED: Mapping[str, float] = MappingProxyType({})

Seen = tuple[str, float]
"""What one deed was about, in one kind, and its weight; an empty name where it does not say."""


class Belief(Struct, frozen=True, gc=False):
    """What is believed of a customer: shares by kind and name, and how sure it is that her life has changed, 0 to 1.

    `likelier` is how much likelier what she did is where she changed before each deed than where she never did, and
    `total` of all that may have been, by its odds against that.
    """

    shares: dict[str, dict[str, float]]
    change: float
    likelier: list[Chances] = []
    total: float = 1.0


def believed(
    habits: Mapping[str, Mapping[str, float]],
    deeds: Mapping[str, Sequence[Seen]],
    hazards: Sequence[Chances],
    *,
    since: Chances = NEVER,
    turned_to: Mapping[str, float] = NOTHING_EXPECTED,
) -> Belief:
    """Return what is believed of one who has these habits, by kind and name, and did these deeds since, oldest first.

    `deeds` has, for each kind of `habits`, as many as there are deeds. A change is one of all kinds together, or one of
    her taste alone: `hazards` are how likely each is before each deed, whatever she did, `since` after the last.
    `turned_to` are deeds that her new taste may begin with, as those of others did.
    """
    expected = {kind: turned_to if kind == TASTE else NOTHING_EXPECTED for kind in deeds}
    gains = {kind: _gains(habits[kind], seen, expected[kind]) for kind, seen in deeds.items()}
    of_life = [_likelier(sum(each)) for each in zip(*gains.values(), strict=True)]
    of_taste = [_likelier(gain) for gain in gains.get(TASTE, ())]
    lives = [likelier * hazard for likelier, (hazard, _) in zip(of_life, hazards, strict=True)]
    tastes = [likelier * hazard for likelier, (_, hazard) in zip(of_taste, hazards, strict=True)]
    total = 1.0 + sum(lives) + sum(tastes) + sum(since)
    ever_since = zip((*lives, since[0]), (*tastes, since[1]), strict=True)
    chances = [(life / total, taste / total) for life, taste in ever_since]
    shares = {
        kind: _shares(
            habits[kind],
            seen,
            [life + (taste if kind == TASTE else 0.0) for life, taste in chances],
            expected[kind],
        )
        for kind, seen in deeds.items()
    }
    return Belief(shares, 1.0 - 1.0 / total, list(zip(of_life, of_taste, strict=True)), total)


def _likelier(gain: float) -> float:
    """Return how much likelier a gain of logarithms makes a change than none."""
    return exp(min(TEMPER * gain, _MOST))


def _gains(habit: Mapping[str, float], seen: Sequence[Seen], expected: Mapping[str, float]) -> list[float]:
    """Return by how much, in logarithms, the deeds from each on are likelier as something new than as more of the same.

    Each is foretold by those before it, in the same life.
    """
    names = len({*habit, *expected, *[name for name, _ in seen]} - _UNSAID) + 1
    same = _foretold(habit, seen, names)
    new = _foretold(expected, seen[::-1], names)  # in which order they come tells nothing where all are new
    gains = list(accumulate(map(log, map(truediv, new, reversed(same)))))
    gains.reverse()
    return gains


def _foretold(known: Mapping[str, float], seen: Sequence[Seen], names: int) -> list[float]:
    """Return each deed's chance, foretold by what is known and the deeds before it; 1 where it says nothing."""
    weights, total = dict(known), sum(known.values()) + _PSEUDO * names
    found = []
    for name, weight in seen:
        if name:
            before = weights.get(name, 0.0)
            found.append((before + _PSEUDO) / total)
            weights[name] = before + weight
            total += weight
        else:
            found.append(1.0)
    return found


def _shares(
    habit: Mapping[str, float], seen: Sequence[Seen], chances: Sequence[float], expected: Mapping[str, float]
) -> dict[str, float]:
    """Return shares of all that she ever did and of what she did since each change, by how likely each is.

    `chances` has one more than there are deeds, of a change after the last; `expected` is what a new life begins with.
    """
    since = [0.0] * len(seen)
    total = SHRINKAGE + sum(expected.values())
    anew = chances[-1] / total
    for place in range(len(seen) - 1, -1, -1):
        total += seen[place][1] if seen[place][0] else 0.0
        since[place] = chances[place] / total
        anew += since[place]
    ever = max(0.0, 1.0 - sum(chances)) / (total - sum(expected.values()) + sum(habit.values()))
    found = {name: ever * weight for name, weight in habit.items()}
    for name, weight in expected.items():
        found[name] = found.get(name, 0.0) + anew * weight
    part = ever
    for (name, weight), more in zip(seen, since, strict=True):
        part += more
        if name:
            found[name] = found.get(name, 0.0) + part * weight
    return found
