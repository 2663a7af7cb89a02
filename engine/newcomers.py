"""Newcomers: contents that come in when the others are known, and get tried until they are too. Never a model.

A model that has learned what most contents earn sends what it does not know next to never, and so never learns of it.
"""

from collections.abc import Sequence

from msgspec import Struct

from engine.events import DecisionTaken
from engine.tombstones import DecisionErased

TRIES = 200
"""So many messages make a content known."""
BEGINNING = 400
"""Decisions of a campaign among which all its contents are new, and none newer than the others."""
SHARE, SHARE_OF_ALL = 0.012, 0.1
"""What each newcomer gets at least of the choices it is eligible for, and what all newcomers together get at most."""


class Offered(Struct):
    """Over how many choices a campaign's contents were offered, which they are, and how often newcomers were sent."""

    choices: int = 0
    seen: set[str] = set()
    newcomers: dict[str, int] = {}


def fold(known: dict[str, Offered], event: DecisionTaken | DecisionErased) -> None:
    """Count one choice of a content, and the contents that it was made among; of an erased one, its content alone."""
    if not event.content_id:
        return
    offered = known.get(event.campaign)
    if offered is None:
        offered = known[event.campaign] = Offered()
    offered.choices += 1
    among = next(stage.probabilities.keys() for stage in event.stages if stage.name == "content")
    if not among <= offered.seen:
        _come_in(offered, sorted(among - offered.seen))
    if event.content_id in offered.newcomers:
        offered.newcomers[event.content_id] += 1
        if offered.newcomers[event.content_id] >= TRIES:
            del offered.newcomers[event.content_id]


def _come_in(offered: Offered, content_ids: Sequence[str]) -> None:
    """Note contents that were never offered before; where the others are known, they are newcomers."""
    offered.seen.update(content_ids)
    if offered.choices > BEGINNING:
        offered.newcomers.update(dict.fromkeys(content_ids, 0))


def lifted(probabilities: Sequence[float], new: Sequence[bool]) -> list[float]:
    """Return probabilities in which each newcomer has its share at least, and the others what is left, as before.

    They stay as they are where all are new.
    """
    share = min(SHARE, SHARE_OF_ALL / max(sum(new), 1))
    raised = [is_new and p < share for p, is_new in zip(probabilities, new, strict=True)]
    rest = sum(p for p, low in zip(probabilities, raised, strict=True) if not low)
    if all(new) or not rest:
        return list(probabilities)
    left = (1.0 - share * sum(raised)) / rest
    return [share if low else p * left for p, low in zip(probabilities, raised, strict=True)]
