"""The rule of late, repeated and revised rewards, written a second time from its sentences. Never the engine's code.

A decision is open from its start (its send time, or the decision's time where nothing is sent) until start + window on
the log's clock, which is the latest time of any fact so far. Where it must be carried out first, it is open until start
+ window too, and being carried out moves its close to that moment + window. What is learned provisionally is the first
half of a lesson, the close teaches the second; where nothing was, it teaches both. Everything here looks at the whole
history at once, where the engine folds it fact by fact.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What a campaign says about its rewards, which lie in [-1, 1]."""

    combine: str = "sum"
    learn: str = "provisionally"
    default: float = 0.0


@dataclass(frozen=True)
class Decided:
    """A decision; without `window_us` each of its rewards stands by itself."""

    time_us: int
    start_us: int
    window_us: int | None
    needs_carrying_out: bool = False
    control: bool = False


@dataclass(frozen=True)
class Rewarded:
    """A reward, received for the first time, of the decision at a place in the history."""

    time_us: int
    decision: int
    value: float
    occur_time_us: int


@dataclass(frozen=True)
class CarriedOut:
    """The decision at a place in the history was carried out, as was accepted."""

    time_us: int
    decision: int
    activate_time_us: int


@dataclass(frozen=True)
class Ticked:
    """Time passed."""

    time_us: int


Fact = Decided | Rewarded | CarriedOut | Ticked
History = Sequence[Fact]
Lesson = tuple[int, float, float | None]
"""The decision's place in the history, the value learned, and the value that had been learned of it before."""


def combination(rewards: Sequence[tuple[int, Rewarded]], rule: Rule) -> float:
    """Return what rewards (each with its place) come to, in the order in which they happened."""
    if not rewards:
        return rule.default
    values = [reward.value for _, reward in sorted(rewards, key=lambda placed: (placed[1].occur_time_us, placed[0]))]
    value = {"sum": sum(values), "max": max(values), "first": values[0], "last": values[-1]}[rule.combine]
    return max(-1.0, min(1.0, value))


def clock_us(history: History, place: int) -> int:
    """Return the log's clock once the fact at this place is in it."""
    return max(fact.time_us for fact in history[: place + 1])


def carried_out_at(history: History, decision: int) -> int | None:
    """Return the place from which a decision counts as carried out."""
    fact = history[decision]
    if isinstance(fact, Decided) and not fact.needs_carrying_out:
        return decision
    places = [p for p, f in enumerate(history) if isinstance(f, CarriedOut) and f.decision == decision]
    return places[0] if places else None


def close_us(history: History, decision: int, place: int) -> int:
    """Return when a decision's window closes, as known just before the fact at this place."""
    fact, moved = history[decision], carried_out_at(history[:place], decision)
    assert isinstance(fact, Decided)
    by_whom = history[moved] if moved is not None else fact
    begins_us = by_whom.activate_time_us if isinstance(by_whom, CarriedOut) else fact.start_us
    return begins_us + (fact.window_us or 0)


def closed(history: History, decision: int, place: int) -> bool:
    """Tell whether a decision's window has closed when the fact at this place comes; never where it has none."""
    fact = history[decision]
    assert isinstance(fact, Decided)
    return fact.window_us is not None and clock_us(history, place) >= close_us(history, decision, place)


def rewards_of(history: History, decision: int) -> list[tuple[int, Rewarded]]:
    """Return a decision's rewards with their places."""
    return [(p, f) for p, f in enumerate(history) if isinstance(f, Rewarded) and f.decision == decision]


def final_value(history: History, place: int, rule: Rule) -> float:
    """Return what is logged with the reward at this place: all rewards of its decision so far, late ones too."""
    reward = history[place]
    assert isinstance(reward, Rewarded)
    decided = history[reward.decision]
    assert isinstance(decided, Decided)
    if decided.window_us is None:
        return reward.value
    return combination(rewards_of(history[: place + 1], reward.decision), rule)


def lessons(history: History, rule: Rule) -> list[Lesson]:
    """Return every lesson of a history in order: those of windows that a fact's time closed come before its own."""
    placed = []
    for place, fact in enumerate(history):
        if isinstance(fact, Decided) and not fact.control:
            alone = fact.window_us is None
            placed += _lessons_alone(history, place) if alone else _lessons_of_window(history, place, rule)
    return [lesson for _, lesson in sorted(placed, key=lambda one: one[0])]


Placed = list[tuple[tuple[int, ...], Lesson]]


def _lessons_alone(history: History, decision: int) -> Placed:
    return [((p, 1, 0, 0, 0), (decision, reward.value, None)) for p, reward in rewards_of(history, decision)]


def _lessons_of_window(history: History, decision: int, rule: Rule) -> Placed:
    active = carried_out_at(history, decision)
    if active is None:
        return []
    counted = [(p, reward) for p, reward in rewards_of(history, decision) if not closed(history, decision, p)]
    found: Placed = []
    learned = None
    if rule.learn == "provisionally" and counted:
        place = max(active, counted[0][0])
        learned = combination([one for one in counted if one[0] <= place], rule)
        found.append(((place, 1, 0, 0, 0), (decision, learned, None)))
    shut = [p for p in range(active + 1, len(history)) if closed(history, decision, p)]
    value = combination(counted, rule)
    if shut:
        end_us = close_us(history, decision, len(history))
        halves = [(decision, value, None)] if learned is None else []
        if rule.learn == "provisionally":
            halves.append((decision, value, value if learned is None else learned))
        found += [((shut[0], 0, end_us, decision, half), lesson) for half, lesson in enumerate(halves)]
    return found
