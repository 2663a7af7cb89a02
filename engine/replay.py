"""Replay: take every decision of a log again and hold it against what was logged.

Never an append, never a secret key.
"""

from collections.abc import Iterable

from msgspec import Struct

from engine.customers.folding import asked_under
from engine.customers.register import CustomerRegister
from engine.deciding import Whom, decide
from engine.eligibility import Calendar
from engine.erased_past import ErasedPast
from engine.events import DecisionTaken, LoggedEvent
from engine.learner import decision_in
from engine.log.customers_table import CustomersTable
from engine.log.sqlite import Log
from engine.past import Past
from engine.requests import Ids
from engine.state import State
from engine.types import DecideRequest

_IN_MEMORY, _SAVED_EVERY = 50_000, 1_000


class Replayed(Struct, frozen=True):
    """A log replayed into an empty state: what came out, and the sequence numbers of decisions that came out
    otherwise.

    `incomparable` are decisions that came out otherwise because of erasures: models had learned from customers who
    were erased since, or more was known of a customer, since she was linked with one.
    """

    state: State
    customers: CustomerRegister
    decisions: int
    different: tuple[int, ...]
    incomparable: tuple[int, ...] = ()


def replay(events: Iterable[LoggedEvent], past: Past) -> Replayed:
    """Fold the events into an empty state and register, taking each decision again just before it is folded."""
    state, calendar = State(past), Calendar()
    customers = CustomerRegister(
        CustomersTable(Log.in_memory()),
        state.campaigns.category,
        lambda seq: decision_in(past.decision_at(seq)),
        _IN_MEMORY,
    )
    erased = ErasedPast()
    decisions, different, incomparable = 0, [], []
    for logged in events:
        if isinstance(logged.event, DecisionTaken):
            decisions += 1
            again = taken_again(state, customers, calendar, logged, erased)
            if again is None or (again != logged.event and erased.as_far_as_known(logged.event, again)):
                incomparable.append(logged.seq)
            elif again != logged.event:
                different.append(logged.seq)
        erased.hear(logged)
        state.fold(logged)
        customers.fold(logged)
        if logged.seq % _SAVED_EVERY == 0:
            customers.save()
    customers.save()
    return Replayed(
        state=state,
        customers=customers,
        decisions=decisions,
        different=tuple(different),
        incomparable=tuple(incomparable),
    )


def taken_again(
    state: State, customers: CustomerRegister, calendar: Calendar, logged: LoggedEvent, erased: ErasedPast
) -> DecisionTaken | None:
    """Return what these folds decide for the request that a logged decision answered; None where they cannot know."""
    decision = decision_in(logged)
    request = DecideRequest(
        campaign=decision.campaign,
        context=decision.context,
        channels=decision.requested_channels,
        content_ids=decision.requested_content_ids,
        time_zone=decision.time_zone,
    )
    identity, identity_type = asked_under(decision)
    person = customers.find(identity)
    if erased.known_otherwise(person):
        return None
    whom = Whom(identity, identity_type, person, decision.control, logged.time_us)
    return decide(state, calendar, request, whom, Ids(decision.decision_id, decision.request_digest))
