"""Surprise: whether rewards have come to fall short of what was expected of them. Never a model, never time.

A model's steps shrink with its lessons and it tries less and less, which is right as long as the world stays as it is.
Where the world turns over, it would be sure of what was true once for as long again, or for ever, since it no longer
tries what would tell (benchmarks/README.md, "What if the world turns over?").
"""

from math import isfinite, sqrt

from msgspec import Struct, structs

SLACK, LIMIT = 0.3, 40.0
"""Of the cumulative sum, in deviations of a lesson's error: by how much a reward may fall short without counting, and
what the sum of the rest comes to where the world has turned over. In simulated worlds in which nothing does it hardly
ever comes to 30 (benchmarks/README.md, "What if the world turns over?")."""
BEGINNING = 50
"""Lessons, the first and those after a doubt, of which nothing is said yet."""
MEMORY = 2_000
"""Lessons that the mean square of errors goes back."""
LEAST_DEVIATION = 0.1
"""What a deviation comes to at least, in reward units: where one message in thousands earns something, errors of
hundreds of lessons are nearly nothing, and the first that is more would count as hundreds of them."""
MOST = 3.0
"""Deviations that one error counts at most."""


class Surprise(Struct, frozen=True):
    """How a model's errors have been since it last doubted what it knew: how many, their mean square, Page's sum.

    E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954), section 4. The mean square is in reward units,
    the sum of what rewards fell `short` in deviations. Rewards beyond what is expected are not summed up: what brings
    them is what the model chooses anyway. `doubts` are counted for whoever looks.
    """

    lessons: int = 0
    square: float = 0.0
    short: float = 0.0
    doubts: int = 0


NONE = Surprise()


def after(known: Surprise, shortfall: float) -> Surprise:
    """Return the surprise after a lesson whose reward fell so far short of what was expected, in reward units.

    Where it is too much, that is one more doubt, and errors are counted anew. What is no finite number says nothing:
    the model that expected it is refused elsewhere.
    """
    if not isfinite(shortfall):
        return known
    lessons = known.lessons + 1
    square = known.square + (shortfall * shortfall - known.square) / min(lessons, MEMORY)
    if lessons <= BEGINNING:
        return structs.replace(known, lessons=lessons, square=square)
    deviations = max(-MOST, min(MOST, shortfall / max(sqrt(square), LEAST_DEVIATION)))
    short = max(0.0, known.short + deviations - SLACK)
    if short > LIMIT:
        return Surprise(doubts=known.doubts + 1)
    return structs.replace(known, lessons=lessons, square=square, short=short)
