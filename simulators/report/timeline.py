"""The timeline: Ryan's messages in a lane a channel, his own doing below, on one axis of days. Never what happened."""

from collections.abc import Mapping, Sequence
from math import ceil

from msgspec import Struct

from simulators.report.axes import Axis, drawing, round_marks
from simulators.report.life import STEPS, Life, Own, Sent
from simulators.report.markup import Markup, element, joined, number

LANE, NAMES, TOP, FOOT, WORTH = 24.0, 68.0, 24.0, 22.0, 34.0
WIDE, NARROW = 1060.0, 430.0
NARROW_DAYS = 30


class Sheet(Struct, frozen=True):
    """Where things stand in one strip: its days, the middle of each lane, the foot of the choices' bars, its end."""

    x: Axis
    channels: Mapping[str, float]
    devices: Mapping[str, float]
    best: float
    worth: float
    foot: float
    width: float


def timeline(life: Life, channels: Sequence[str], colours: Mapping[str, str]) -> Markup:
    """Return the whole run in one strip for wide pages, and the same in strips of a month for narrow ones."""
    count = max(ceil(life.days / NARROW_DAYS), 1)
    months = [
        _strip(life, channels, colours, NARROW, (NARROW_DAYS * part, NARROW_DAYS * (part + 1))) for part in range(count)
    ]
    whole = _strip(life, channels, colours, WIDE, (0.0, life.days))
    return joined([element("div", whole, class_="only-wide"), element("div", *months, class_="only-narrow")])


def key(categories: Mapping[str, str]) -> Markup:
    """Return what colours and shapes mean."""
    colours = [
        _key(element("circle", cx=8.0, cy=8.0, r=5.5, class_=f"full {c}"), name) for name, c in categories.items()
    ]
    shapes = [_key(_shape(reached, 8.0, 8.0, "chief"), name) for reached, name in enumerate(STEPS)]
    shapes.append(_key(_cross(8.0, 8.0), "left or sent back"))
    shapes.append(_key(element("line", x1=4.0, x2=12.0, y1=8.0, y2=8.0, class_="silence"), "nothing sent"))
    colours.append(_key(element("rect", x=6.5, y=2.0, width=3.0, height=12.0, class_="fill none"), "app only opened"))
    return element("div", element("p", *colours), element("p", *shapes), class_="key")


def _key(mark: Markup, name: str) -> Markup:
    image = element("svg", mark, viewBox="0 0 16 16", width="16", height="16", aria_hidden="true")
    return element("span", image, name)


def _strip(
    life: Life, channels: Sequence[str], colours: Mapping[str, str], width: float, span: tuple[float, float]
) -> Markup:
    first, last = span
    sheet = _sheet(life, channels, width, first, last)
    parts = [_ground(sheet), _events(life, sheet, first, last)]
    parts += [_message(one, sheet, colours) for one in life.sent if first <= one.day < last]
    parts += [_doing(one, sheet, colours) for one in life.own if first <= one.day < last]
    label = f"Messages and own doing from day {first:.0f} to day {last:.0f}; the list below says the same in words"
    return drawing(*parts, width=width, height=sheet.foot + FOOT, label=label, class_="strip")


def _sheet(life: Life, channels: Sequence[str], width: float, first: float, last: float) -> Sheet:
    below = TOP + LANE
    middles = {name: below + LANE * (row + 0.5) for row, name in enumerate(channels)}
    worth = below + LANE * len(channels) + WORTH
    devices = dict.fromkeys(["desktop", "phone", *sorted(one.device for one in life.own)]) if life.own else {}
    own = {name: worth + 26 + LANE * 0.75 * (row + 0.5) for row, name in enumerate(devices)}
    foot = max(own.values(), default=worth) + LANE * 0.5
    return Sheet(Axis(first, last, NAMES, width - 8), middles, own, TOP + LANE / 2, worth, foot, width)


def _ground(sheet: Sheet) -> Markup:
    x, parts = sheet.x, []
    for value in round_marks(x.low, x.high, 9 if sheet.width > NARROW else 6):
        at = x.at(value)
        parts.append(element("line", x1=at, x2=at, y1=TOP, y2=sheet.foot, class_="grid"))
        parts.append(element("text", f"day {value:g}", x=at, y=sheet.foot + 15, class_="mark middle"))
    lines = {"best was": sheet.best, **sheet.channels, **sheet.devices}
    for name, y in lines.items():
        parts.append(element("line", x1=x.start, x2=x.end, y1=y, y2=y, class_="lane"))
        parts.append(element("text", name, x=0.0, y=y + 4, class_="name"))
    parts.append(element("line", x1=x.start, x2=x.end, y1=sheet.worth, y2=sheet.worth, class_="zero"))
    parts.append(element("text", "how good", x=0.0, y=sheet.worth - 10, class_="name"))
    if sheet.devices:
        parts.append(element("text", "what he did by himself", x=0.0, y=sheet.worth + 20, class_="axis"))
    return joined(parts)


def _events(life: Life, sheet: Sheet, first: float, last: float) -> Markup:
    parts = []
    for day, name in life.events:
        if first <= day < last:
            x = sheet.x.at(day)
            side = "end" if x > (sheet.x.start + sheet.x.end) / 2 else ""
            parts.append(element("line", x1=x, x2=x, y1=6.0, y2=sheet.foot, class_="event"))
            said = f"day {day:.0f}: {name}"
            parts.append(element("text", said, x=x - 5 if side else x + 5, y=15.0, class_=f"name strong {side}"))
    return joined(parts)


def _message(sent: Sent, sheet: Sheet, colours: Mapping[str, str]) -> Markup:
    x, y = sheet.x.at(sent.day), sheet.channels.get(sent.lane, sheet.best)
    parts = [element("title", sent.said)]
    best = colours.get(sent.best_category, "none")
    parts.append(element("rect", x=x - 2, y=sheet.best - 7, width=4.0, height=14.0, class_=f"fill {best}"))
    if sent.category:
        parts.append(_shape(sent.reached, x, y, colours.get(sent.category, "none")))
    else:
        parts.append(element("line", x1=x - 4, x2=x + 4, y1=y, y2=y, class_="silence"))
    if sent.lost:
        parts.append(_cross(x, y))
    tall = max((WORTH - 8) * sent.worth, 0.5)
    parts.append(element("rect", x=x - 2, y=sheet.worth - tall, width=4.0, height=tall, class_="fill chief"))
    return element("g", *parts)


def _doing(own: Own, sheet: Sheet, colours: Mapping[str, str]) -> Markup:
    x, y = sheet.x.at(own.day), sheet.devices[own.device]
    mark = element(
        "rect", x=x - 1.5, y=y - 6, width=3.0, height=12.0, class_=f"fill {colours.get(own.category, 'none')}"
    )
    return element("g", element("title", own.said), mark)


def _shape(reached: int, x: float, y: float, colour: str) -> Markup:
    """Return a mark that is the fuller, the further he went: ring, dotted ring, disc, ringed disc, star."""
    if reached == 0:
        return element("circle", cx=x, cy=y, r=3.8, class_=f"hollow {colour}")
    if reached == 1:
        dot = element("circle", cx=x, cy=y, r=1.8, class_=f"full {colour}")
        return joined([element("circle", cx=x, cy=y, r=4.4, class_=f"hollow {colour}"), dot])
    if reached == 2:
        return element("circle", cx=x, cy=y, r=5.0, class_=f"full {colour}")
    if reached == 3:
        ring = element("circle", cx=x, cy=y, r=7.0, class_=f"ring {colour}")
        return joined([ring, element("circle", cx=x, cy=y, r=4.6, class_=f"full {colour}")])
    return element("path", d=_star(x, y), class_=f"full {colour}")


def _star(x: float, y: float) -> str:
    out = ((0, -9), (2.4, -3.2), (8.6, -2.8), (3.8, 1.2), (5.3, 7.3), (0, 4), (-5.3, 7.3), (-3.8, 1.2), (-8.6, -2.8))
    points = [f"{number(x + dx)} {number(y + dy)}" for dx, dy in (*out, (-2.4, -3.2))]
    return f"M{'L'.join(points)}Z"


def _cross(x: float, y: float) -> Markup:
    return element("path", d=f"M{number(x - 6)} {number(y - 6)}l12 12m0-12l-12 12", class_="cross")
