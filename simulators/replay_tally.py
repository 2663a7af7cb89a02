"""The tally of a replay: what is counted row by row, and the figures that follow. Never files, services or printing."""

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from simulators.estimates import NONE_YET, Estimate, Moments, difference, estimated, merged_samples, with_value
from simulators.experiment import Experiment

PERIODS = 4
OTHER = "(none of these)"
"""Stands for a decision that no value of the action column means."""


class CountedRow(Struct, frozen=True):
    """What the tally needs of one row: what the customer really got, what the service chose, and what she did.

    `duplicate` is None where no reward was sent. The decisions of a control group come from a rule, so they count
    as rows but not for the service.
    """

    given: str
    chosen: str
    metric: float
    reason: str
    control: bool = False
    duplicate: bool | None = None


class Period(Struct):
    """The running counts of one part of the stream."""

    rows: int = 0
    given: dict[str, Moments] = field(default_factory=dict)
    matched: dict[str, Moments] = field(default_factory=dict)
    chosen: Counter[str] = field(default_factory=Counter)


class Tally(Struct):
    """The running counts of a replay: its periods, and what the service said of its decisions and rewards."""

    planned_rows: int
    periods: tuple[Period, ...] = field(default_factory=lambda: tuple(Period() for _ in range(PERIODS)))
    reasons: Counter[str] = field(default_factory=Counter)
    control_rows: int = 0
    rewards: int = 0
    duplicate_rewards: int = 0

    @property
    def rows(self) -> int:
        """Rows counted so far."""
        return sum(period.rows for period in self.periods)


class PeriodFigures(Struct, frozen=True):
    """The figures of one part of the stream; `chosen_shares` sum to 1 wherever there are rows."""

    name: str
    rows: int
    matched_rows: int
    service: Estimate
    uniform: Estimate
    best_constant: Estimate
    service_minus_uniform: Estimate
    service_minus_best: Estimate
    chosen_shares: dict[str, float]


class ReplayFigures(Struct, frozen=True):
    """Everything a replay found: by quarter of the planned stream, over all its rows, and of the whole file."""

    run: str
    campaign: str
    file: str
    label: str
    rate: bool
    file_rows: int
    planned_rows: int
    rows: int
    seconds: float
    quarters: tuple[PeriodFigures, ...]
    overall: PeriodFigures
    file_uniform: Estimate
    file_actions: dict[str, Estimate]
    best_action: str
    rewards: int
    duplicate_rewards: int
    control_rows: int
    reasons: dict[str, int]


def count_row(tally: Tally, row: CountedRow) -> None:
    """Count one more row of the stream."""
    period = tally.periods[min(PERIODS - 1, tally.rows * PERIODS // tally.planned_rows)]
    period.rows += 1
    period.given[row.given] = with_value(period.given.get(row.given, NONE_YET), row.metric)
    tally.reasons[row.reason] += 1
    if row.duplicate is not None:
        tally.rewards += 1
        tally.duplicate_rewards += row.duplicate
    if row.control:
        tally.control_rows += 1
        return
    period.chosen[row.chosen] += 1
    if row.chosen == row.given:
        period.matched[row.given] = with_value(period.matched.get(row.given, NONE_YET), row.metric)


def running_estimate(tally: Tally, experiment: Experiment) -> Estimate:
    """Return the service's metric over all matched rows so far."""
    return estimated(_together(tally.periods).matched, experiment.shares, rate=experiment.rate)


def period_figures(name: str, period: Period, experiment: Experiment) -> PeriodFigures:
    """Return the figures of one part of the stream, judged on its own rows only."""
    shares, rate, best = experiment.shares, experiment.rate, experiment.best_action
    constant = _only(period.given, best)
    versus_uniform = difference(period.matched, period.given, period.matched, shares, rate=rate)
    versus_best = difference(period.matched, constant, _only(period.matched, best), shares, rate=rate)
    choices = sum(period.chosen.values())
    names = [*shares, *([OTHER] if period.chosen[OTHER] else [])]
    return PeriodFigures(
        name=name,
        rows=period.rows,
        matched_rows=sum(moments.count for moments in period.matched.values()),
        service=estimated(period.matched, shares, rate=rate),
        uniform=estimated(period.given, shares, rate=rate),
        best_constant=estimated(constant, shares, rate=rate),
        service_minus_uniform=versus_uniform,
        service_minus_best=versus_best,
        chosen_shares={action: period.chosen[action] / choices for action in names} if choices else {},
    )


def quarters(tally: Tally, experiment: Experiment) -> tuple[PeriodFigures, ...]:
    """Return the figures of each quarter of the planned stream, those without rows included."""
    return tuple(
        period_figures(f"quarter {number}", period, experiment) for number, period in enumerate(tally.periods, 1)
    )


def overall(tally: Tally, experiment: Experiment) -> PeriodFigures:
    """Return the figures of all rows counted."""
    return period_figures("all rows", _together(tally.periods), experiment)


def _together(periods: Iterable[Period]) -> Period:
    whole = Period()
    for period in periods:
        whole.rows += period.rows
        whole.given = merged_samples(whole.given, period.given)
        whole.matched = merged_samples(whole.matched, period.matched)
        whole.chosen += period.chosen
    return whole


def _only(sample: Mapping[str, Moments], action: str) -> dict[str, Moments]:
    return {action: sample[action]} if action in sample else {}
