"""Axes: where a value stands in a plot, round marks beside it, labels that do not overlap. Never what is plotted."""

from collections.abc import Sequence
from math import ceil, floor, log10

from msgspec import Struct

from simulators.report.markup import Markup, element, joined

WIDTH, HEIGHT = 430.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 114.0, 30.0, 34.0
"""Room around a plot, in its own units: about a pixel each on a telephone."""
LABEL_GAP = 14.5
_STEPS = (1, 2, 2.5, 5, 10)


class Axis(Struct, frozen=True):
    """Values from `low` to `high` laid from `start` to `end`; values beyond are held at its ends."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return where a value stands."""
        part = (value - self.low) / (self.high - self.low or 1.0)
        return self.start + min(max(part, 0.0), 1.0) * (self.end - self.start)


def across(low: float, high: float) -> Axis:
    """Return the horizontal axis of a plot of the usual size."""
    return Axis(low, high, LEFT, WIDTH - RIGHT)


def upward(low: float, high: float, height: float = HEIGHT) -> Axis:
    """Return the vertical axis of a plot of the usual width."""
    return Axis(low, high, height - BOTTOM, TOP)


def round_marks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round values from low to high, evenly spaced, about `most` of them."""
    if high <= low:
        return [low]
    rough = (high - low) / most
    magnitude = 10.0 ** floor(log10(rough))
    step = next(one * magnitude for one in _STEPS if one * magnitude >= rough * 0.999)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def short(value: float) -> str:
    """Return a mark's value as it is read: thousands with commas, no needless zeros."""
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value / 1e6:,.6g}m"


def frame(x: Axis, y: Axis, names: tuple[str, str], *, percent: bool = False, marks: Sequence[float] = ()) -> Markup:
    """Return grid lines with their values, and the names of both axes; `marks` are those of the horizontal one."""
    parts = []
    for value in round_marks(y.low, y.high):
        shown = f"{100 * value:.4g} %" if percent else short(value)
        kind = "zero" if value == 0 else "grid"
        parts += [
            element("line", x1=x.start, x2=x.end, y1=y.at(value), y2=y.at(value), class_=kind),
            element("text", shown, x=x.start - 6, y=y.at(value) + 4, class_="mark end"),
        ]
    for value in marks or round_marks(x.low, x.high, 4):
        parts.append(element("text", short(value), x=x.at(value), y=y.start + 15, class_="mark middle"))
        parts.append(element("line", x1=x.at(value), x2=x.at(value), y1=y.start, y2=y.start + 4, class_="tick"))
    parts.append(element("text", names[0], x=(x.start + x.end) / 2, y=y.start + 30, class_="axis middle"))
    parts.append(element("text", names[1], x=4.0, y=11.0, class_="axis"))
    return joined(parts)


def apart(wanted: Sequence[float], low: float, high: float, gap: float = LABEL_GAP) -> list[float]:
    """Return places near those wanted, at least a gap apart, within bounds as far as they suffice."""
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    places = list(wanted)
    floor_at = low
    for number in order:
        places[number] = floor_at = max(places[number], floor_at)
        floor_at += gap
    ceiling_at = high
    for number in reversed(order):
        places[number] = ceiling_at = min(places[number], ceiling_at)
        ceiling_at -= gap
    return places


def drawing(*inside: str, width: float = WIDTH, height: float = HEIGHT, label: str, class_: str = "plot") -> Markup:
    """Return an SVG image that scales with the page; the label says in words what it shows."""
    box = f"0 0 {width:g} {height:g}"
    return element("svg", *inside, viewBox=box, role="img", aria_label=label, class_=class_)
