"""The chart of a run, as one SVG file that needs nothing beside it. Never a measurement."""

from collections.abc import Callable, Iterator
from html import escape
from math import ceil, floor, log10
from statistics import median

from msgspec import Struct

from benchmarks.decision_cost.cells import DECIDE, ECHO, LARGE, POWER, PROCESS, Cell, Round, Wire
from benchmarks.decision_cost.targets import Measured, Target, targets

WIDTH = 1_120
COLOURS = {ECHO: "#7f7f7f", PROCESS: "#0072b2", POWER: "#d55e00", LARGE: "#009e73"}
NAMES = {
    ECHO: "echo (decides nothing)",
    PROCESS: "durability process",
    POWER: "durability power",
    LARGE: "process, full log",
}
MET, NOT_MET = "#009e73", "#d55e00"
PANEL_HEIGHT, BAR_HEIGHT = 260, 24
LABELS_WIDTH = 500
DECADES = 1.5
"""Of the lower panel to either side of the bound; what lies further is drawn to the edge."""


class Panel(Struct, frozen=True):
    """A plot with logarithmic axes: where it lies in the chart, and the ranges of its axes."""

    left: float
    top: float
    width: float
    xs: tuple[int, ...]
    low: float
    high: float

    def x(self, place: int) -> float:
        """Return where the numbered concurrency stands; they are evenly apart."""
        return self.left + self.width * (place + 0.5) / len(self.xs)

    def y(self, value: float) -> float:
        """Return the height of a value."""
        share = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return self.top + PANEL_HEIGHT * (1 - share)


def chart(found: Measured, told: str) -> str:
    """Return the chart: calls a second and latency over the calls in flight, then how far each target is away."""
    wanted = [target for target in targets(found) if target.measured is not None]
    height = 520 + BAR_HEIGHT * len(wanted)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#222">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        text(24, 32, "What a decision costs", "start", 'font-size="20" font-weight="bold"'),
        *(
            text(24, 50 + 14 * n, part, "start", 'font-size="11" fill="#666"')
            for n, part in enumerate(told.split("; ", 1))
        ),
        *legend(found.wire),
        *panel(found.wire, 70, "calls a second", lambda one: one.calls_per_second),
        *panel(
            found.wire,
            WIDTH / 2 + 70,
            "latency in ms: median, and p99 dashed",
            lambda one: one.median_us / 1e3,
            lambda one: one.p99_us / 1e3,
        ),
        *bars(wanted, 480),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def text(x: float, y: float, words: str, anchor: str = "middle", more: str = "") -> str:
    """Return a line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = 'stroke="#e3e3e3"') -> str:
    """Return a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {stroke}/>'


def shown(wire: Wire) -> list[str]:
    """Return the servers that were measured, in the order they are drawn."""
    there = {cell.server for cell, rounds in wire.rounds.items() if rounds}
    return [server for server in NAMES if server in there]


def legend(wire: Wire) -> Iterator[str]:
    """Yield the names of the lines."""
    for place, server in enumerate(shown(wire)):
        x = 70 + place * 210
        yield line(x, 90, x + 26, 90, f'stroke="{COLOURS[server]}" stroke-width="3"')
        yield text(x + 34, 94, NAMES[server], "start")


def panel(
    wire: Wire,
    left: float,
    title: str,
    figure: Callable[[Round], float],
    dashed: Callable[[Round], float] | None = None,
) -> Iterator[str]:
    """Yield a plot of a figure over the calls in flight, a line a server, with another figure dashed beside it."""
    figures = [figure, dashed] if dashed else [figure]
    xs = tuple(sorted({cell.concurrency for cell in wire.rounds if cell.method == DECIDE and cell.server == ECHO}))
    lines = {
        (server, number): [median(map(one, wire.rounds[Cell(server, DECIDE, x)])) for x in xs]
        for server in shown(wire)
        for number, one in enumerate(figures)
    }
    values = [value for each in lines.values() for value in each]
    plot = Panel(left, 144, WIDTH / 2 - 110, xs, 10 ** floor(log10(min(values))), 10 ** ceil(log10(max(values)) + 1e-9))
    yield text(left, 128, title, "start", 'font-weight="bold"')
    yield from axes(plot)
    for (server, number), found in lines.items():
        points = " ".join(f"{plot.x(place):.1f},{plot.y(value):.1f}" for place, value in enumerate(found))
        dash = 'stroke-dasharray="5 4" stroke-width="1.5"' if number else 'stroke-width="2.5"'
        yield f'<polyline points="{points}" fill="none" stroke="{COLOURS[server]}" {dash}/>'
        for place, value in enumerate([] if number else found):
            yield f'<circle cx="{plot.x(place):.1f}" cy="{plot.y(value):.1f}" r="3" fill="{COLOURS[server]}"/>'


def axes(plot: Panel) -> Iterator[str]:
    """Yield a plot's grid and the numbers along it."""
    for power in range(round(log10(plot.low)), round(log10(plot.high)) + 1):
        for step in (1, 2, 5):
            if plot.low <= (value := step * 10.0**power) <= plot.high:
                yield line(plot.left, plot.y(value), plot.left + plot.width, plot.y(value))
                yield text(plot.left - 8, plot.y(value) + 4, f"{value:,g}", "end", 'font-size="11" fill="#666"')
    yield text(
        plot.left + plot.width / 2,
        plot.top + PANEL_HEIGHT + 38,
        "calls in flight",
        "middle",
        'font-size="11" fill="#666"',
    )
    for place, x in enumerate(plot.xs):
        yield text(plot.x(place), plot.top + PANEL_HEIGHT + 20, f"{x}", "middle", 'font-size="11" fill="#666"')


def bars(wanted: list[Target], top: float) -> Iterator[str]:
    """Yield a bar for each target: how many times better or worse than its bound, which is the line in the middle."""
    middle = LABELS_WIDTH + (WIDTH - LABELS_WIDTH) / 2
    decade = (WIDTH - LABELS_WIDTH - 190) / 2 / DECADES
    yield text(24, top - 14, "How far from each target", "start", 'font-weight="bold"')
    yield text(middle - 8, top - 14, "times better", "end", 'font-size="11" fill="#666"')
    yield text(middle + 8, top - 14, "times worse", "start", 'font-size="11" fill="#666"')
    for place, target in enumerate(wanted):
        y = top + place * BAR_HEIGHT
        times = worse(target)
        reach = max(-DECADES, min(DECADES, log10(times))) * decade
        colour = MET if target.met else NOT_MET
        yield text(LABELS_WIDTH - 12, y + 15, target.words, "end", 'font-size="11.5"')
        yield (
            f'<rect x="{min(middle, middle + reach):.1f}" y="{y + 4:.1f}" width="{max(abs(reach), 1):.1f}" '
            f'height="{BAR_HEIGHT - 8}" fill="{colour}"/>'
        )
        factor = max(times, 1 / times)
        said = f"{factor:.1f}x" if factor < 10**DECADES else f"over {10**DECADES:.0f}x"
        side = (middle + reach + 6, "start") if reach > 0 else (middle + reach - 6, "end")
        yield text(side[0], y + 16, said, side[1], 'font-size="11" fill="#444"')
    yield line(middle, top - 4, middle, top + len(wanted) * BAR_HEIGHT, 'stroke="#222"')


def worse(target: Target) -> float:
    """Return how many times worse than its bound a target stands; below 1 it is met."""
    measured = max(target.measured or 0.0, 1e-9)  # memory may even be less
    return target.bound / measured if target.at_least else measured / target.bound
