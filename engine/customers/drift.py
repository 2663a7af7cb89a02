"""Drift: how unlike her habits what a customer did lately is, and which of the two to believe. Never a feature's name.

Habits are known well and change late; what she did lately is known badly and changes at once. While the two agree as
far as so few events can, habits are believed; where they part, what she did lately is (benchmarks/README.md, "What is
the recipe worth?").
"""

from engine.customers.memory import Sums, worths

LATELY = ".lately"
"""What the name of a memory of what she did lately adds to that of the habit."""
SHRINKAGE = 1.0
"""Added to the total that a share is taken of, in events: what is thin is shrunk towards nothing."""
_TELLING = ("category", "device")
_EVENTS_DOUBTED = 2.0  # so many events lately are believed by half
_CHANCE, _CERTAIN = 0.1, 0.3  # apart by less is chance, by more is another life


def change(sums: Sums, now_us: int) -> float:
    """Return from 0 to 1 how sure it is that a customer does otherwise than she used to.

    It is the total variation distance between what she did lately and by habit, in categories or devices, whichever is
    more, less what few events come to by chance.
    """
    events = sum(worths(sums, f"hour{LATELY}", now_us).values())
    if not events:
        return 0.0
    apart = max(_apart(worths(sums, kind, now_us), worths(sums, f"{kind}{LATELY}", now_us)) for kind in _TELLING)
    doubted = apart * events / (events + _EVENTS_DOUBTED)
    return min(max((doubted - _CHANCE) / (_CERTAIN - _CHANCE), 0.0), 1.0)


def _apart(habit: dict[str, float], lately: dict[str, float]) -> float:
    """Return the total variation distance between two spreads; none where either is empty."""
    whole, part = sum(habit.values()), sum(lately.values())
    if not whole or not part:
        return 0.0
    return 1.0 - sum(min(weight / part, habit.get(name, 0.0) / whole) for name, weight in lately.items())


def believed(habit: dict[str, float], lately: dict[str, float], changed: float) -> dict[str, float]:
    """Return shares, those of habit where nothing has changed and those of lately where all has, shrunk where thin."""
    found = _shares(habit, 1.0 - changed)
    if changed:
        for name, share in _shares(lately, changed).items():
            found[name] = found.get(name, 0.0) + share
    return found


def _shares(weights: dict[str, float], part: float) -> dict[str, float]:
    total = SHRINKAGE + sum(weights.values())
    return {name: part * weight / total for name, weight in weights.items()}
