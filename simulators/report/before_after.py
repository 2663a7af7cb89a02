"""Before and after: what was sent where and when, on either side of what changed in the world. Never a judgement."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from msgspec import Struct

from simulators.measures import LAST
from simulators.report.axes import WIDTH, Axis, drawing, frame, round_marks, upward
from simulators.report.line_plot import Band
from simulators.report.markup import Markup, element, joined, number
from simulators.results import Bin, Report, Run, Shift

ROW, NAMES, ABOVE, BELOW = 21.0, 142.0, 8.0, 34.0

Pick = Callable[[Run], Sequence[Bin]]


class Sides(Struct, frozen=True):
    """The two parts of a run that are compared: how they are called, and which stretches they are."""

    before: str
    after: str
    first: Pick
    second: Pick


def chief_shift(report: Report) -> Shift | None:
    """Return the change that the runs are cut at: of those in the scenario, the one over soonest after it began."""
    return min(report.shifts, key=lambda one: one.last_day - one.first_day, default=None)


def sides(report: Report) -> Sides:
    """Return the parts before and after the change; where nothing changes, the first and the last fifth of the run."""
    shift = chief_shift(report)
    if shift is not None:
        found = Sides(
            f"before “{shift.event}”",
            f"after “{shift.event}”",
            lambda run: [one for one in run.bins if 0 <= one.last_day < shift.first_day],
            lambda run: [one for start, one in _begun(run) if start >= shift.last_day],
        )
        if any(found.first(run) and found.second(run) for run in report.runs):
            return found
    return Sides(
        "first fifth of the run",
        "last fifth of the run",
        lambda run: run.bins[: max(len(run.bins) // LAST, 1)],
        lambda run: run.bins[-max(len(run.bins) // LAST, 1) :],
    )


def band(report: Report) -> Band | None:
    """Return the change as a stretch of decisions, as the longest run met it; None where there is none."""
    shift = chief_shift(report)
    run = max(report.runs, key=lambda one: len(one.bins), default=None)
    if shift is None or run is None or not run.bins or run.bins[-1].last_day < shift.first_day:
        return None
    ends = list(accumulate(one.decisions for one in run.bins))
    first = sum(one.decisions for one in run.bins if one.last_day < shift.first_day)
    last = next((end for end, one in zip(ends, run.bins, strict=True) if one.last_day >= shift.last_day), ends[-1])
    return Band(shift.event, max(first, ends[0]), max(last, ends[0]))


def shares(runs: Sequence[Run], pick: Pick, counted: str) -> dict[str, float]:
    """Return each channel's or content's part of all messages in the picked stretches of some runs."""
    sums: dict[str, int] = {}
    for run in runs:
        for one in pick(run):
            for name, count in getattr(one, counted).items():
                sums[name] = sums.get(name, 0) + count
    sent = sum(sums.values())
    return {name: count / sent if sent else 0.0 for name, count in sums.items()}


def hours(runs: Sequence[Run], pick: Pick) -> list[float]:
    """Return each hour's part of all messages, 24 of them."""
    sums = [sum(column) for column in zip(*(one.hours for run in runs for one in pick(run)), strict=True)] or [0] * 24
    return [count / (sum(sums) or 1) for count in sums]


def dumbbells(
    names: Sequence[str],
    before: Mapping[str, float],
    after: Mapping[str, float],
    wanted: Mapping[str, float],
    colours: Mapping[str, str],
) -> Markup:
    """Return a row for each name: a hollow mark before, a full one after, a bar where the oracle would be."""
    height = ABOVE + ROW * len(names) + BELOW
    most = max([*before.values(), *after.values(), *wanted.values(), 0.05])
    x = Axis(0.0, most, NAMES, WIDTH - 16)
    foot = height - BELOW
    parts = []
    for value in round_marks(0.0, most, 4):
        parts.append(element("line", x1=x.at(value), x2=x.at(value), y1=ABOVE, y2=foot, class_="grid"))
        parts.append(element("text", f"{100 * value:.3g} %", x=x.at(value), y=foot + 15, class_="mark middle"))
    parts.append(element("text", "share of the messages", x=(x.start + x.end) / 2, y=foot + 30, class_="axis middle"))
    for row, name in enumerate(names):
        y = ABOVE + ROW * (row + 0.5)
        values = (before.get(name, 0.0), after.get(name, 0.0), wanted.get(name) if wanted else None)
        parts.append(_row(name, y, x, values, colours.get(name, "chief")))
    return drawing(*parts, height=height, label="Share of the messages by name, before and after")


def _row(name: str, y: float, x: Axis, values: tuple[float, float, float | None], colour: str) -> Markup:
    was, now, wanted = values
    said = f"{name}: {was:.1%} before, {now:.1%} after" + (
        "" if wanted is None else f"; the oracle after: {wanted:.1%}"
    )
    shown = name if len(name) <= 20 else name[:19] + "…"
    parts = [
        element("title", said),
        element("text", shown, x=NAMES - 10, y=y + 4, class_="name end"),
        element("line", x1=x.at(was), x2=x.at(now), y1=y, y2=y, class_=f"span {colour}"),
        element("circle", cx=x.at(was), cy=y, r=4.5, class_=f"hollow {colour}"),
    ]
    if wanted is not None:
        parts.append(element("line", x1=x.at(wanted), x2=x.at(wanted), y1=y - 8, y2=y + 8, class_="wanted"))
    return element("g", *parts, element("circle", cx=x.at(now), cy=y, r=5.0, class_=f"full {colour}"))


def hour_plot(before: Sequence[float], after: Sequence[float]) -> Markup:
    """Return the hours of the day: before as an outline, after as bars."""
    x, y = Axis(0.0, 24.0, 44.0, WIDTH - 16), upward(0.0, max([*before, *after, 0.02]))
    wide = (x.end - x.start) / 24
    bars = []
    for hour, value in enumerate(after):
        title = element("title", f"{hour}:00 to {hour + 1}:00: {before[hour]:.1%} before, {value:.1%} after")
        top = y.at(value)
        bar = element("rect", x=x.at(hour) + 1, y=top, width=wide - 2, height=y.start - top, class_="bar")
        bars.append(element("g", title, bar))
    steps = [f"{number(x.at(hour))} {number(y.at(before[hour]))}h{number(wide)}" for hour in range(24)]
    outline = element("path", d="M" + "L".join(steps), class_="outline")
    names = ("hour of sending, on the customer's clock", "share of the messages")
    scale = frame(x, y, names, percent=True, marks=range(0, 25, 3))
    return drawing(scale, joined(bars), outline, label="Share of the messages by hour of sending, before and after")


def _begun(run: Run) -> list[tuple[int, Bin]]:
    """Return each stretch with the day that it begins on."""
    return [(before.last_day, one) for before, one in zip(run.bins, run.bins[1:], strict=False)]
