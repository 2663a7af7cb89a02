"""The report of a replay: its figures as tables and in words. Never a count, never the service.

The engine's value is estimated from the rows where its decision was what the customer really got, which is unbiased
where the experiment gave its actions at random (Li, Chu, Langford and Wang, WSDM 2011, the "replay" estimator).
"""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from simulators.estimates import Estimate
from simulators.replay_tally import PeriodFigures, ReplayFigures

FEW_ROWS = 30
"""Matched rows below which nothing is said of a difference."""

DOMINANT_SHARE = 2 / 3
"""Share of the choices from which on an action is said to dominate."""


def metric_table(figures: ReplayFigures) -> Table:
    """Return the metric by part of the stream: the service's matched rows, uniform choice, the best constant."""
    table = Table(title=f"{escape(figures.label)} with 95 % intervals", title_justify="left")
    table.add_column("part of the stream")
    for heading in ("rows", "matched", "service", "uniform choice", f"always {escape(figures.best_action)}"):
        table.add_column(heading, justify="right")
    for period in (*figures.quarters, figures.overall):
        shown = [_shown(estimate, figures) for estimate in (period.service, period.uniform, period.best_constant)]
        table.add_row(
            period.name, f"{period.rows:,}", f"{period.matched_rows:,}", *shown, end_section=period.name == "quarter 4"
        )
    best = figures.file_actions[figures.best_action]
    whole = [_shown(estimate, figures) for estimate in (figures.file_uniform, best)]
    table.add_row("whole file", f"{figures.file_rows:,}", "", "", *whole)
    return table


def choices_table(figures: ReplayFigures) -> Table:
    """Return the share of each action among the service's choices, by part of the stream."""
    table = Table(title="share of the choices", title_justify="left")
    table.add_column("part of the stream")
    for action in figures.overall.chosen_shares:
        table.add_column(escape(action), justify="right")
    for period in (*figures.quarters, figures.overall):
        shares = [f"{period.chosen_shares.get(action, 0):.1%}" for action in figures.overall.chosen_shares]
        table.add_row(
            period.name,
            *(shares if period.chosen_shares else ["–"] * len(shares)),
            end_section=period.name == "quarter 4",
        )
    return table


def sentences(figures: ReplayFigures) -> Iterator[str]:
    """Yield what the figures mean, in words."""
    yield from _what_happened(figures)
    judged = next((period for period in reversed(figures.quarters) if period.matched_rows), None)
    if judged is None:
        yield "No decision equalled what a customer really got, so nothing can be said of the service's choices."
        return
    yield f"The service's {figures.label} in {judged.name} was {_in_words(judged.service, figures)}."
    yield _versus_uniform(judged, figures)
    yield _versus_best(judged, figures)
    yield _dominance(judged)


def _what_happened(figures: ReplayFigures) -> Iterator[str]:
    matched, pace = figures.overall.matched_rows, figures.rows / figures.seconds if figures.seconds else 0.0
    if figures.rows < figures.planned_rows:
        yield f"Stopped after {figures.rows:,} of {figures.planned_rows:,} rows: these figures are of those rows only."
    yield (
        f"{figures.rows:,} rows in {figures.seconds:.1f} s ({pace:,.0f} a second). In {matched:,} the decision was "
        "what the customer really got, so the service was told what she did; the others taught nothing."
    )
    yield from _repeats(figures)
    if figures.control_rows:
        yield f"{figures.control_rows:,} rows fell into the control group; a rule decided there, and they do not count."
    if fallbacks := figures.reasons.get("fallback", 0):
        yield f"In {fallbacks:,} decisions a model failed and a rule chose in its place: read the service's log."


def _repeats(figures: ReplayFigures) -> Iterator[str]:
    if figures.rewards and figures.duplicate_rewards == figures.rewards:
        yield (
            f"Every reward had been received before under the run name {figures.run!r}: these are that run's answers "
            "and nothing was learned twice. Give another --run to start afresh."
        )
    elif figures.duplicate_rewards:
        yield (
            f"{figures.duplicate_rewards:,} of {figures.rewards:,} rewards had been received before, from a run that "
            "stopped part way or an attempt whose answer was lost; they counted once."
        )


def _versus_uniform(period: PeriodFigures, figures: ReplayFigures) -> str:
    against = f"Uniform choice would have had {_number(period.uniform.value, figures)} over the same rows"
    gap = period.service_minus_uniform
    match _verdict(gap, period):
        case "unknown":
            return f"{against}; with {period.matched_rows} matched rows nothing can be said of the difference."
        case "noise":
            return f"{against}: the difference of {_in_words(gap, figures, signed=True)} is within noise."
        case "above":
            return f"{against}: the service beat it, by {_in_words(gap, figures, signed=True)}."
    return f"{against}: the service was worse, by {_in_words(gap, figures, signed=True)}."


def _versus_best(period: PeriodFigures, figures: ReplayFigures) -> str:
    against = (
        f"The best constant, {figures.best_action!r} for everyone (picked with hindsight from the whole file), would "
        f"have had {_number(period.best_constant.value, figures)}"
    )
    gap = period.service_minus_best
    match _verdict(gap, period):
        case "unknown":
            return f"{against}; how far the service is from it, these rows cannot tell."
        case "noise":
            return f"{against}: the difference of {_in_words(gap, figures, signed=True)} is within noise."
        case "above":
            return f"{against}: the service did better than any constant, by {_in_words(gap, figures, signed=True)}."
    return f"{against}: the service is still short of it, by {_in_words(gap, figures, signed=True)}."


def _verdict(gap: Estimate, period: PeriodFigures) -> str:
    if gap.low is None or gap.high is None or period.matched_rows < FEW_ROWS:
        return "unknown"
    return "above" if gap.low > 0 else "below" if gap.high < 0 else "noise"


def _dominance(period: PeriodFigures) -> str:
    action, share = max(period.chosen_shares.items(), key=lambda item: item[1])
    if share >= DOMINANT_SHARE:
        return f"{action!r} dominates: {share:.0%} of the choices in {period.name}."
    return f"No action dominates: the most frequent in {period.name}, {action!r}, has {share:.0%} of the choices."


def _shown(estimate: Estimate, figures: ReplayFigures) -> str:
    if estimate.value is None:
        return "–"
    value = _number(estimate.value, figures)
    if estimate.low is None:
        return value
    return f"{value} ({_number(estimate.low, figures)} to {_number(estimate.high, figures)})"


def _in_words(estimate: Estimate, figures: ReplayFigures, *, signed: bool = False) -> str:
    value = _number(estimate.value, figures, signed=signed)
    if estimate.low is None:
        return f"{value} (too few rows for an interval)"
    low, high = (_number(end, figures, signed=signed) for end in (estimate.low, estimate.high))
    return f"{value} (95 % interval {low} to {high})"


def _number(value: float | None, figures: ReplayFigures, *, signed: bool = False) -> str:
    if value is None:
        return "–"
    sign = "+" if signed else ""
    return f"{value:{sign}.4f}" if figures.rate else f"{value:{sign}.4g}"
