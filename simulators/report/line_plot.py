"""The line plot: curves with a band over seeds and their names at their ends. Never a figure worked out."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from simulators.report.axes import TOP, WIDTH, Axis, across, apart, drawing, frame, upward
from simulators.report.curves import Curve
from simulators.report.markup import Markup, element, joined, number

LEAST_SHARE = -0.25
"""Shares below are drawn there: a policy that is far worse than chance at first would flatten all the rest."""


class Band(Struct, frozen=True):
    """A stretch of the horizontal axis that is marked, with its name."""

    name: str
    first: float
    last: float


class Look(Struct, frozen=True):
    """How a plot is to be read: names of its axes, bounds of the vertical one where they are fixed, what is marked."""

    x_name: str
    y_name: str
    least: float | None = None
    most: float | None = None
    percent: bool = False
    band: Band | None = None


def line_plot(curves: Sequence[Curve], look: Look, colours: Mapping[str, str], chief: str = "") -> Markup:
    """Return the plot; the chief policy's curve is heavy and has its band, the others are light."""
    shown = sorted((one for one in curves if one.points), key=lambda one: one.policy == chief)
    if not shown:
        return element("p", "There is nothing to draw.", class_="note")
    x = across(min(one.points[0].x for one in shown), max(one.points[-1].x for one in shown))
    y = _vertical(shown, look, chief)
    parts = [_band(look.band, x, y), frame(x, y, (look.x_name, look.y_name), percent=look.percent)]
    for one in shown:
        parts.append(_drawn(one, x, y, colours[one.policy], heavy=one.policy == chief, look=look))
    parts.append(_names(shown, x, y, colours, chief))
    return drawing(*parts, label=f"{look.y_name} over {look.x_name}, by policy")


def _vertical(curves: Sequence[Curve], look: Look, chief: str) -> Axis:
    low = min(point.low if one.policy == chief else point.mean for one in curves for point in one.points)
    high = max(point.high if one.policy == chief else point.mean for one in curves for point in one.points)
    low = min(low, 0.0) if look.least is None else max(look.least, min(low, 0.0))
    high = high if look.most is None else max(look.most, 0.0)
    return upward(low, high if high > low else low + 1.0)


def _band(band: Band | None, x: Axis, y: Axis) -> Markup:
    if band is None:
        return Markup("")
    first, last = x.at(band.first), x.at(band.last)
    width = max(last - first, 2.0)
    area = element("rect", x=first, y=y.end, width=width, height=y.start - y.end, class_="change")
    return joined([area, element("text", band.name, x=first + width / 2, y=TOP - 4, class_="mark middle")])


def _drawn(curve: Curve, x: Axis, y: Axis, colour: str, *, heavy: bool, look: Look) -> Markup:
    points = curve.points
    line = "M" + "L".join(f"{number(x.at(one.x))} {number(y.at(one.mean))}" for one in points)
    last = points[-1]
    value = f"{100 * last.mean:.1f} %" if look.percent else f"{last.mean:.3g}"
    title = element("title", f"{curve.policy}: {value} at the end")
    path = element("path", d=line, class_=f"line {'heavy ' if heavy else ''}{colour}")
    if not heavy or all(one.low == one.high for one in points):
        return element("g", title, path)
    up = [f"{number(x.at(one.x))} {number(y.at(one.high))}" for one in points]
    down = [f"{number(x.at(one.x))} {number(y.at(one.low))}" for one in reversed(points)]
    return element("g", title, element("path", d=f"M{'L'.join([*up, *down])}Z", class_=f"area {colour}"), path)


def _names(curves: Sequence[Curve], x: Axis, y: Axis, colours: Mapping[str, str], chief: str) -> Markup:
    ends = [y.at(one.points[-1].mean) for one in curves]
    parts = []
    for curve, end, place in zip(curves, ends, apart(ends, y.end + 2, y.start), strict=True):
        from_x = x.at(curve.points[-1].x)
        leader = f"M{number(from_x + 1)} {number(end)}L{number(x.end + 9)} {number(place)}h4"
        parts.append(element("path", d=leader, class_=f"leader {colours[curve.policy]}"))
        name = curve.policy if len(curve.policy) <= 16 else curve.policy[:15] + "…"
        heavy = " strong" if curve.policy == chief else ""
        parts.append(element("text", name, x=min(x.end + 16, WIDTH), y=place + 4, class_=f"name{heavy}"))
    return joined(parts)
