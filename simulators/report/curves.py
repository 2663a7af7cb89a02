"""Curves: figures over a run or around a life event, mean and range over seeds. Never a drawing."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate
from math import ceil

from msgspec import Struct

from simulators.measures import ROLLING, contacts_share, share_of
from simulators.results import Bin, Change, Report, Run

SMOOTHED_OVER = 1_000
"""Decisions that a value over time is taken over at least, as far as five stretches hold so many."""
MOST_BINS = 5

Values = Sequence[float | None]


class Point(Struct, frozen=True):
    """Mean, least and greatest of the seeds at one place."""

    x: float
    mean: float
    low: float
    high: float


class Curve(Struct, frozen=True):
    """One policy's points; `policy` is as it is called in the results."""

    policy: str
    points: tuple[Point, ...]


def runs_by_policy(report: Report) -> Mapping[str, list[Run]]:
    """Return the runs that came to a decision, by policy in the order of the report."""
    found: dict[str, list[Run]] = {}
    for run in report.runs:
        if run.bins:
            found.setdefault(run.policy, []).append(run)
    return found


def window(report: Report) -> int:
    """Return over how many stretches a value over time is taken."""
    sizes = [one.decisions for run in report.runs for one in run.bins[:1]]
    return min(max(ceil(SMOOTHED_OVER / max(sizes)), 1), MOST_BINS) if sizes else 1


def over_time(report: Report, value: Callable[[Sequence[Bin]], float | None]) -> list[Curve]:
    """Return a figure over decisions, at each stretch's end, over that stretch and those just before it."""
    wide = window(report)

    def values(run: Run) -> Values:
        return [value(run.bins[max(end - wide, 0) : end]) for end in range(1, len(run.bins) + 1)]

    return [_curve(policy, runs, values) for policy, runs in runs_by_policy(report).items()]


def regret(report: Report) -> list[Curve]:
    """Return the reward lost to the oracle since the run's beginning."""

    def values(run: Run) -> Values:
        return list(accumulate(one.regret for one in run.bins))

    return [_curve(policy, runs, values) for policy, runs in runs_by_policy(report).items()]


def channels(report: Report, policy: str) -> list[Curve]:
    """Return each channel's part of a policy's messages, as if channels were policies."""
    wide, runs = window(report), runs_by_policy(report).get(policy, [])
    return [_curve(name, runs, partial(_channel, name, wide)) for name in (runs[0].bins[0].channels if runs else ())]


def _channel(name: str, wide: int, run: Run) -> Values:
    found: list[float | None] = []
    for end in range(1, len(run.bins) + 1):
        bins = run.bins[max(end - wide, 0) : end]
        sent = sum(one.decisions - one.silent for one in bins)
        found.append(sum(one.channels.get(name, 0) for one in bins) / sent if sent else None)
    return found


def around_change(report: Report, value: Callable[[Sequence[Change], int, int], float | None]) -> list[Curve]:
    """Return a figure of movers by contact from their life event, over up to ten contacts, none across the event."""
    changed = [run for run in report.runs if run.changes]
    if not changed:
        return []
    contacts = sorted({one.contact for run in changed for one in run.changes})

    def values(run: Run) -> Values:
        return [value(run.changes, _first(contact), contact) for contact in contacts]

    found: dict[str, list[Run]] = {}
    for run in changed:
        found.setdefault(run.policy, []).append(run)
    return [Curve(policy, _points([float(one) for one in contacts], runs, values)) for policy, runs in found.items()]


def contact_share(changes: Sequence[Change], first: int, last: int) -> float | None:
    """Return the oracle share of some contacts."""
    return contacts_share(changes, first, last)


def contact_desktop(changes: Sequence[Change], first: int, last: int) -> float | None:
    """Return the part of some contacts' messages that is for desktops only."""
    mine = [one for one in changes if first <= one.contact <= last]
    sent = sum(one.sent for one in mine)
    return sum(one.desktop_only for one in mine) / sent if sent else None


def rate(field: str) -> Callable[[Sequence[Bin]], float | None]:
    """Return what gives a field of some bins, a decision."""

    def value(bins: Sequence[Bin]) -> float | None:
        decisions = sum(one.decisions for one in bins)
        return sum(getattr(one, field) for one in bins) / decisions if decisions else None

    return value


def share(bins: Sequence[Bin]) -> float | None:
    """Return the oracle share of some bins."""
    return share_of(bins)


def _first(contact: int) -> int:
    first = contact - ROLLING + 1
    return first if contact < 0 else max(first, 0)


def _curve(policy: str, runs: Sequence[Run], values: Callable[[Run], Values]) -> Curve:
    longest = max(runs, key=lambda run: len(run.bins))
    ends = [float(end) for end in accumulate(one.decisions for one in longest.bins)]
    return Curve(policy, _points(ends, runs, values))


def _points(places: Sequence[float], runs: Sequence[Run], values: Callable[[Run], Values]) -> tuple[Point, ...]:
    rows = [values(run) for run in runs]
    found = []
    for number, x in enumerate(places):
        known = [value for row in rows if number < len(row) and (value := row[number]) is not None]
        if known:
            found.append(Point(x, sum(known) / len(known), min(known), max(known)))
    return tuple(found)
