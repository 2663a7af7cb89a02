"""What each event of the log changes in what is known of a customer. Never who she is, never a feature."""

from collections.abc import Callable

from msgspec import structs

from engine.customers.deeds import Deed, did
from engine.customers.events import CustomerIdentified, EventTracked
from engine.customers.memory import add
from engine.customers.pace import note_place, note_time
from engine.customers.person import ORDERS_KEPT, Contact, Known, Written, consent_key
from engine.customers.types import EventType, QuarantineReason
from engine.events import DecisionTaken, Event, FactQuarantined, LoggedEvent, RewardReceived
from engine.tombstones import FactErased

WEIGHTS = {
    EventType.BROWSE: 1.0,
    EventType.SEARCH: 1.0,
    EventType.BASKET: 3.0,
    EventType.PURCHASE: 5.0,
    EventType.APP_OPEN: 1.0,
    EventType.STORE_VISIT: 1.0,
}
"""How much each type of event says about her interest in a category."""
NAMING = ("identity", "other", "customer")
"""The fields in which an event names identities, by their keyed hashes."""


def named_in(event: Event) -> set[str]:
    """Return the identities that an event names; what tells of a decision names none, and goes by the decision's."""
    named = {found for field in NAMING if (found := getattr(event, field, ""))}
    return named | {identity for identity, _ in event.kept} if isinstance(event, FactErased) else named


def touched(event: Event, decision_at: Callable[[int], DecisionTaken]) -> tuple[str, str] | None:
    """Return the identity that an event tells something about, and its type; None where it tells of none."""
    match event:
        case CustomerIdentified() | EventTracked() | FactQuarantined():
            return event.identity, event.identity_type
        case DecisionTaken():
            return asked_under(event)
        case RewardReceived():
            return asked_under(decision_at(event.decision_seq))
    return None


def asked_under(decision: DecisionTaken) -> tuple[str, str]:
    """Return the identity that a decision was asked for under, and its type."""
    return decision.identity or decision.customer, decision.identity_type


def apply(
    known: Known,
    logged: LoggedEvent,
    category_of: Callable[[DecisionTaken], str],
    decision_at: Callable[[int], DecisionTaken],
) -> None:
    """Let one event change what is known under its identity."""
    event = logged.event
    match event:
        case CustomerIdentified():
            _identify(known, event, logged.seq)
            _came(known, event)
        case EventTracked():
            _track(known, event)
            _came(known, event)
        case FactQuarantined():
            _put_aside(known, event, logged, decision_at)
        case DecisionTaken() if event.send_time_us is not None:
            _contact(known, event, event.send_time_us, category_of(event))
        case RewardReceived():
            decision = decision_at(event.decision_seq)
            _came(known, event)
            if decision.send_time_us is not None:
                add(known.sums, "earned.channel", decision.channel, event.value, event.occur_time_us)
                add(known.sums, "earned.category", category_of(decision), event.value, event.occur_time_us)
            _opt_out(known, event, decision, logged.seq)


def _put_aside(
    known: Known, event: FactQuarantined, logged: LoggedEvent, decision_at: Callable[[int], DecisionTaken]
) -> None:
    """Remember that a fact came, as the gate counts what it stops too, and honour every refusal of consent in it."""
    fact = event.fact
    if event.reason != QuarantineReason.IMPOSSIBLE_TIME:
        _came(known, fact)
    match fact:
        case CustomerIdentified():
            time_us = min(fact.occur_time_us, logged.time_us)
            refused = tuple(consent for consent in fact.consents if not consent.granted)
            _identify(known, structs.replace(fact, attributes={}, consents=refused, occur_time_us=time_us), logged.seq)
        case RewardReceived():
            _opt_out(known, fact, decision_at(fact.decision_seq), logged.seq)


def _came(known: Known, fact: CustomerIdentified | EventTracked | RewardReceived) -> None:
    """Remember the pace and the places of what comes under an identity, for the gate."""
    time_us = fact.occur_time_us
    match fact:
        case EventTracked():
            note_time(known.tracked_us, time_us)
            for kind in ("device", "channel"):
                if name := getattr(fact, kind):
                    note_place(known.places_us, kind, name, time_us)
        case CustomerIdentified() if city := fact.attributes.get("city"):
            note_place(known.places_us, "city", city, time_us)
        case RewardReceived():
            note_time(known.rewarded_us, time_us)


def _opt_out(known: Known, event: RewardReceived, decision: DecisionTaken, seq: int) -> None:
    """Withdraw her consent to the channel of the message that made her leave; where none was sent, to all."""
    if event.opts_out:
        key = consent_key("" if decision.send_time_us is None else decision.channel, event.opts_out)
        _write(known.consents, key, ("refused", event.occur_time_us, seq))


def _identify(known: Known, event: CustomerIdentified, seq: int) -> None:
    for name, value in sorted(event.attributes.items()):
        _write(known.attributes, name, (value, event.occur_time_us, seq))
    for consent in event.consents:
        word = "granted" if consent.granted else "refused"
        _write(known.consents, consent_key(consent.channel, consent.purpose), (word, event.occur_time_us, seq))


def _write(written: dict[str, Written], name: str, new: Written) -> None:
    if name not in written or new[1:] > written[name][1:]:
        written[name] = new


def _track(known: Known, event: EventTracked) -> None:
    time_us = event.occur_time_us
    sums = known.sums
    deed = Deed(time_us, event.category, event.device, event.channel, WEIGHTS[EventType(event.type)])
    did(known.deeds, sums, deed)
    add(sums, "visits", "", 1.0, time_us)
    known.happened("visit", time_us)
    if event.type == EventType.PURCHASE:
        add(sums, "purchases", "", 1.0, time_us)
        add(sums, "spend", "", event.amount or 0.0, time_us)
        known.happened("purchase", time_us)
    if event.order and event.type == EventType.PURCHASE:
        known.orders.append(event.order)
        del known.orders[:-ORDERS_KEPT]


def _contact(known: Known, event: DecisionTaken, send_time_us: int, category: str) -> None:
    known.contact(Contact(send_time_us, event.channel, event.campaign, event.content_id))
    add(known.sums, "contacts", "", 1.0, send_time_us)
    add(known.sums, "sent.channel", event.channel, 1.0, send_time_us)
    add(known.sums, "sent.category", category, 1.0, send_time_us)
    known.happened("contact", send_time_us)
