"""Replay: take every decision of a log again and hold it against what was logged.

Never an append, never a secret key.
"""

from collections.abc import Iterable

from msgspec import Struct

from engine.deciding import Whom, decide
from engine.eligibility import Calendar
from engine.events import DecisionTaken, LoggedEvent
from engine.requests import Ids
from engine.state import Past, State
from engine.types import DecideRequest


class Replayed(Struct, frozen=True):
    """A log replayed into an empty state: what came out, and the sequence numbers of decisions that came out
    otherwise.
    """

    state: State
    decisions: int
    different: tuple[int, ...]


def replay(events: Iterable[LoggedEvent], past: Past) -> Replayed:
    """Fold the events into an empty state, taking each decision again just before it is folded."""
    state, calendar = State(past), Calendar()
    decisions, different = 0, []
    for logged in events:
        if isinstance(logged.event, DecisionTaken):
            decisions += 1
            if taken_again(state, calendar, logged.event, logged.time_us) != logged.event:
                different.append(logged.seq)
        state.fold(logged)
    return Replayed(state=state, decisions=decisions, different=tuple(different))


def taken_again(state: State, calendar: Calendar, decision: DecisionTaken, time_us: int) -> DecisionTaken:
    """Return what this state decides for the request that a logged decision answered."""
    request = DecideRequest(
        campaign=decision.campaign,
        customer_id="",
        context=decision.context,
        channels=decision.requested_channels,
        content_ids=decision.requested_content_ids,
        time_zone=decision.time_zone,
    )
    whom = Whom(customer=decision.customer, control=decision.control, now_us=time_us)
    return decide(state, calendar, request, whom, Ids(decision.decision_id, decision.request_digest))
