"""Numbers of contents, told as deviations from what is usual among a campaign's contents. Never a context's numbers,
never a line.

By itself a price, or a marketer's own number, speaks as loudly as it happens to be large, nearly all of it of what
every content has in common (benchmarks/README.md, "Worlds that only a context tells of").
"""

from collections.abc import Iterable, Mapping
from math import log2, sqrt
from statistics import fmean

from msgspec import Struct

from engine.campaign.spec import Content
from engine.features import compressed

MOST = 3.0
"""Deviations that are told at most: what is usual is known in steps, and one content may be unlike all others."""
_STEADY = 1e-9  # part of a number by which contents differ in their last digits alone


class UsualAmongContents(Struct, frozen=True):
    """How large a number is among a campaign's contents, compressed: about which middle, and by how much they differ.

    In steps, so that a content more leaves what is told of the others as it was, nearly always: the deviation is a
    power of two, 0 where all are alike, and the middle a multiple of it.
    """

    middle: float
    deviation: float

    def told(self, number: float) -> float:
        """Return a number as models are told it: 0 for the usual one, within ±3."""
        if not self.deviation:
            return 0.0
        return max(-MOST, min(MOST, (compressed(number) - self.middle) / self.deviation))


def usual_among(contents: Iterable[Content]) -> dict[str, UsualAmongContents]:
    """Return how large each number of a campaign's contents usually is, by its name."""
    found: dict[str, list[float]] = {}
    for content in contents:
        for name, number in numbers_of(content).items():
            found.setdefault(name, []).append(compressed(number))
    return {name: _usual(values) for name, values in found.items()}


def numbers_of(content: Content) -> Mapping[str, float]:
    """Return a content's numbers by name: a marketer's own feature never meets a field of the same name."""
    own = {f"features/{name}": value for name, value in content.features.items() if isinstance(value, float)}
    return own if content.price is None else own | {"price": content.price}


def _usual(values: list[float]) -> UsualAmongContents:
    mean = fmean(values)
    spread = sqrt(fmean([(value - mean) ** 2 for value in values]))
    if spread <= _STEADY * (1.0 + abs(mean)):
        return UsualAmongContents(mean, 0.0)
    deviation = 2.0 ** round(log2(spread))
    return UsualAmongContents(round(mean / deviation) * deviation, deviation)
