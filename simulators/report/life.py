"""One customer's life, ready to be drawn: when he was sent what, where, and what he did. Never a drawing."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from simulators.measures import ENGINE
from simulators.results import Contact, Report, Run, Visit

NOTHING = "nothing"
REACHED: Mapping[str, int] = {"opened": 1, "clicked": 2, "added_to_basket": 3, "purchased": 4}
"""How far he went, by outcome."""
STEPS = ("ignored", "opened", "clicked", "put in the basket", "bought")
LOST = {"unsubscribed", "complained", "returned"}
_LIFE = re.compile(r"day (\d+): (.*)")


class Sent(Struct, frozen=True):
    """One decision: its place in days from the run's beginning, its lane, what it was; `worth` of the best, 0 to 1."""

    day: float
    lane: str
    category: str
    best_category: str
    reached: int
    lost: bool
    worth: float
    said: str


class Own(Struct, frozen=True):
    """Something that he did by himself, in days from the run's beginning."""

    day: float
    device: str
    category: str
    said: str


class Life(Struct, frozen=True):
    """What is drawn of him: whose run it is, his messages, his own doing, and life events by day with their names."""

    policy: str
    seed: int
    sent: tuple[Sent, ...]
    own: tuple[Own, ...]
    events: tuple[tuple[float, str], ...]
    days: float


def life_of(report: Report) -> Life | None:
    """Return Ryan's life under the first of the engine's runs, or under the first run that there is."""
    lived = [run for run in report.runs if run.timeline]
    run = next((one for one in lived if one.policy == ENGINE), lived[0] if lived else None)
    if run is None:
        return None
    begin = _begin(run)
    sent = tuple(_sent(one, begin, report.categories) for one in run.timeline)
    own = tuple(_own(one, begin) for one in run.visits)
    events = tuple((float(found[1]), found[2]) for line in run.life if (found := _LIFE.fullmatch(line)))
    last = max([*(one.day for one in sent), *(one.day for one in own), 1.0])
    return Life(run.policy, run.seed, sent, own, events, float(int(last) + 1))


def in_words(contact: Contact) -> tuple[str, str, str]:
    """Return a decision as a person says it: when, what, and what came of it."""
    if not contact.channel:
        return _moment(contact.time), "nothing was sent", ""
    came = ", ".join(_plain(outcome) for outcome in contact.outcomes) or "nothing came of it"
    return _moment(contact.send_time), f"{contact.content} by {contact.channel}", came


def _sent(contact: Contact, begin: datetime, categories: Mapping[str, str]) -> Sent:
    reached = max((REACHED.get(outcome, 1) for outcome in contact.outcomes if outcome not in LOST), default=0)
    when, what, came = in_words(contact)
    best = f"{contact.best_content} by {contact.best_channel}" if contact.best_content else "to send nothing"
    worth = f"Worth {contact.expected:+.3f}; best was {best}, {contact.best:+.3f}"
    said = f"{when}: {what}{'; ' if came else ''}{came}. {worth}"
    return Sent(
        day=_day(contact.send_time or contact.time, begin),
        lane=contact.channel or NOTHING,
        category=categories.get(contact.content, ""),
        best_category=categories.get(contact.best_content, ""),
        reached=reached,
        lost=bool(LOST & set(contact.outcomes)),
        worth=min(max(contact.expected / contact.best, 0.0), 1.0) if contact.best > 0 else 0.0,
        said=said,
    )


def _own(visit: Visit, begin: datetime) -> Own:
    what = f"{_plain(visit.kind)} {visit.category}".strip()
    said = f"{_moment(visit.time)}: {what} on {visit.device}, {visit.place}"
    return Own(_day(visit.time, begin), visit.device, visit.category, said)


def _begin(run: Run) -> datetime:
    """Return the run's first midnight in UTC: a decision tells both its moment and its day."""
    first = run.timeline[0]
    midnight = datetime.fromisoformat(first.time).astimezone(UTC).replace(hour=0, minute=0)
    return midnight - timedelta(days=first.day)


def _day(time: str, begin: datetime) -> float:
    return (datetime.fromisoformat(time) - begin) / timedelta(days=1)


def _moment(time: str) -> str:
    return datetime.fromisoformat(time).strftime("%a %d %b, %H:%M")


def _plain(word: str) -> str:
    return word.replace("_", " ")


def lanes(report: Report) -> Sequence[str]:
    """Return the channels there are, in the campaign's order, and silence."""
    first = next((run.bins[0] for run in report.runs if run.bins), None)
    return [*(first.channels if first else ()), NOTHING]
