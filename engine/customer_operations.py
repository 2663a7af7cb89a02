"""What is told of customers: identify, link, unlink, track. Never a decision, never a raw identity in the log."""

from engine.customers.events import CustomerIdentified, EventTracked, IdentitiesLinked, IdentitiesUnlinked
from engine.customers.gate import Gate, Moment, identified_or_aside, time_zone_problem, tracked_or_aside
from engine.customers.properties import Ranges, Said, read
from engine.customers.requests import check_identify, check_link, check_track
from engine.customers.types import (
    IdentifyRequest,
    LinkReceipt,
    LinkRequest,
    Receipt,
    TrackRequest,
)
from engine.engine import Engine
from engine.errors import IdReused, InvalidRequest
from engine.events import Event, FactQuarantined, LoggedEvent
from engine.requests import digest

IDENTITIES_MAX = 100
"""Identities of one customer; more are a shared terminal or a test, not a person."""


def identify(engine: Engine, request: IdentifyRequest, now_us: int) -> Receipt:
    """Note what is known of a customer; of each attribute and consent the last write by event time wins.

    What can hardly be true is put aside, as the receipt says; refusals of consent in it hold all the same. Raises
    InvalidRequest, IdReused or LogUnavailable.
    """
    engine.heal()
    check_identify(request)
    request_digest = _digest(engine, request)
    key, earlier = _earlier(engine, request.event_id, request_digest)
    if earlier:
        return _receipt(earlier.seq, earlier.event, duplicate=True)
    problem = time_zone_problem(request.attributes)
    fact = CustomerIdentified(
        identity=engine.keyed_hash.identity(request.identity),
        identity_type=request.identity.type,
        occur_time_us=_possible_us(request.occur_time_us, now_us),
        request_digest=request_digest,
        attributes={name: said for name, said in request.attributes.items() if not (problem and name == "time_zone")},
        consents=request.consents,
    )
    event: CustomerIdentified | FactQuarantined = fact
    if engine.gate:
        person = engine.customers.find(fact.identity)
        event = identified_or_aside(engine.gate, fact, [problem] if problem else [], person, now_us)
    engine.accept(now_us, event, key)
    return _receipt(engine.state.seq, event, duplicate=False)


def link(engine: Engine, request: LinkRequest, now_us: int) -> LinkReceipt:
    """Make two identities one customer, with everything that was known under either; again changes nothing.

    Raises InvalidRequest, where she would have too many identities too, IdReused or LogUnavailable.
    """
    engine.heal()
    check_link(request)
    one, other = (engine.keyed_hash.identity(identity) for identity in (request.identity, request.other))
    request_digest = _digest(engine, request)
    key, earlier = _earlier(engine, request.event_id, request_digest)
    if earlier or _linked(engine, one, other):
        return LinkReceipt(earlier.seq if earlier else engine.state.seq, True, _one_customer(engine, one, other))
    _check_room(engine, one, other)
    event = IdentitiesLinked(one, request.identity.type, other, request.other.type, request_digest)
    engine.accept(now_us, event, key)
    return LinkReceipt(engine.state.seq, duplicate=False, one_customer=True)


def unlink(engine: Engine, request: LinkRequest, now_us: int) -> LinkReceipt:
    """Take back the link between two identities; each keeps what came under it. Where there is none, nothing changes.

    Raises InvalidRequest, IdReused or LogUnavailable.
    """
    engine.heal()
    check_link(request)
    one, other = (engine.keyed_hash.identity(identity) for identity in (request.identity, request.other))
    request_digest = _digest(engine, request)
    key, earlier = _earlier(engine, request.event_id, request_digest)
    if earlier or not _linked(engine, one, other):
        return LinkReceipt(earlier.seq if earlier else engine.state.seq, True, _one_customer(engine, one, other))
    engine.accept(now_us, IdentitiesUnlinked(one, other, request_digest), key)
    return LinkReceipt(engine.state.seq, duplicate=False, one_customer=_one_customer(engine, one, other))


def track(engine: Engine, request: TrackRequest, now_us: int) -> Receipt:
    """Note something a customer did by herself, so that the very next decision knows of it.

    What can hardly be true is put aside, as the receipt says. Raises InvalidRequest, IdReused or LogUnavailable.
    """
    engine.heal()
    check_track(request)
    request_digest = _digest(engine, request)
    key, earlier = _earlier(engine, request.event_id, request_digest)
    if earlier:
        return _receipt(earlier.seq, earlier.event, duplicate=True)
    said, problems = read(request, engine.gate.ranges if engine.gate else Ranges())
    fact = tracked(engine, request, said, request_digest, now_us)
    event: EventTracked | FactQuarantined = fact
    if engine.gate:
        moment = Moment(now_us, measured=request.occur_time_us is not None)
        person = engine.customers.find(fact.identity)
        event = tracked_or_aside(engine.gate, fact, problems, person, moment)
    engine.accept(now_us, event, key)
    return _receipt(engine.state.seq, event, duplicate=False)


def tracked(engine: Engine, request: TrackRequest, said: Said, request_digest: str, now_us: int) -> EventTracked:
    """Return the event of a checked request as far as it could be read, its identity and order by keyed hashes."""
    return EventTracked(
        identity=engine.keyed_hash.identity(request.identity),
        identity_type=request.identity.type,
        type=request.type,
        occur_time_us=_possible_us(request.occur_time_us, now_us),
        request_digest=request_digest,
        device=said.device,
        channel=said.channel,
        category=said.category,
        sku=said.sku,
        order=engine.keyed_hash.digest("order", said.order_id).hex() if said.order_id else "",
        amount=said.amount,
        quantity=said.quantity,
    )


def _digest(engine: Engine, request: IdentifyRequest | LinkRequest | TrackRequest) -> str:
    return engine.keyed_hash.request_digest(digest(request))


def _earlier(engine: Engine, event_id: str, request_digest: str) -> tuple[bytes | None, LoggedEvent | None]:
    """Return the key of an event's id, and the event that the same request made before; raises IdReused."""
    if not event_id:
        return None, None
    key = engine.keyed_hash.digest("customer event", event_id)
    earlier = engine.log.find(key)
    if earlier and getattr(earlier.event, "request_digest", "") != request_digest:
        raise IdReused("event_id came before with other content; send a new one, or the same request again")
    return key, earlier


def _possible_us(occur_time_us: int | None, now_us: int) -> int:
    """Return when something happened, now by default and where a clock runs ahead; the gate judges the impossible."""
    if occur_time_us is None or now_us < occur_time_us <= now_us + Gate().skew_us:
        return now_us
    return occur_time_us


def _receipt(seq: int, event: Event, *, duplicate: bool) -> Receipt:
    return Receipt(seq, duplicate, event.reason if isinstance(event, FactQuarantined) else "")


def _linked(engine: Engine, one: str, other: str) -> bool:
    person = engine.customers.find(one)
    return person is not None and (min(one, other), max(one, other)) in person.links


def _one_customer(engine: Engine, one: str, other: str) -> bool:
    person = engine.customers.find(one)
    return person is not None and other in person.identities


def _check_room(engine: Engine, one: str, other: str) -> None:
    sizes = [len(person.identities) if (person := engine.customers.find(name)) else 1 for name in (one, other)]
    if not _one_customer(engine, one, other) and sum(sizes) > IDENTITIES_MAX:
        problem = f"would give one customer {sum(sizes)} identities; at most {IDENTITIES_MAX} are one person's"
        raise InvalidRequest(("other", problem))
