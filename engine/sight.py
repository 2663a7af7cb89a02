"""Sight: what is known of one customer, why, and since when. Never a raw identity, never a change.

Everything is told by the place in the log it comes from, which `exported` adds in full.
"""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from msgspec import Struct, json

from engine.customers.deeds import become_habits, joined_deeds
from engine.customers.familiarity import ENGAGED_VISITS, LOYAL_PURCHASES, Familiarity, familiarity
from engine.customers.folding import asked_under
from engine.customers.memory import MEMORIES, worths
from engine.customers.person import Contact, Person, Written, consent_channel
from engine.customers.profile import permitted, profile
from engine.engine import Engine
from engine.errors import NotFound
from engine.events import DecisionTaken, LoggedEvent, Reason
from engine.features import require
from engine.learner import decision_in
from engine.requests import check_identity
from engine.traces import decisions_of, events_at, traces
from engine.types import Features, Identity

DECISIONS_SHOWN, EVENTS_LOOKED_AT = 20, 2_000
FAINTEST_SHOWN = 0.001
WHY = {
    Familiarity.ANONYMOUS: "only a machine's identities are known: cookies, devices, apps",
    Familiarity.KNOWN: "she gave an identity of her own, such as an e-mail address",
    Familiarity.ENGAGED: f"known, and her visits come to {ENGAGED_VISITS:g}, each counting half after 30 days",
    Familiarity.LOYAL: f"engaged, and her purchases come to {LOYAL_PURCHASES:g}, each counting half after 90 days",
}


class SeenIdentity(Struct, frozen=True):
    """One of her identities: its keyed hash, its type, and the event that first named it."""

    identity: str
    type: str
    first_seq: int
    first_time_us: int


class Fact(Struct, frozen=True):
    """An attribute or a consent that holds: its value, since when (event time), and the event and identity it is from.

    A consent's `name` is its purpose and its value `granted` or `refused`; an empty `channel` is every channel.
    """

    name: str
    value: str
    since_time_us: int
    seq: int
    identity: str
    channel: str = ""


class Behaviour(Struct, frozen=True):
    """One decayed sum: the kind of memory and its meaning, what it is about, what it is worth now, its half-life."""

    kind: str
    meaning: str
    about: str
    worth: float
    half_life_days: float


class SeenReward(Struct, frozen=True):
    """What came of a decision: its place in the log, the outcome, its value, when it happened, whether it was late."""

    seq: int
    outcome: str
    value: float
    occur_time_us: int
    late: bool


class SeenDecision(Struct, frozen=True):
    """A decision for her with what came of it."""

    seq: int
    time_us: int
    decision_id: str
    campaign: str
    campaign_version: int
    channel: str
    content_id: str
    send_time_us: int | None
    reason: Reason
    propensity: float
    control: bool
    identity: str
    rewards: tuple[SeenReward, ...]


class Customer(Struct, frozen=True):
    """All that is known of a customer, as of `time_us`.

    `customer` is the keyed hash of the identity she has been known by for longest. `features` are what models would be
    told of her now. `contacts` are her messages of the last 98 days and those planned, `decisions` her last 20, newest
    first, of the last 2,000 events about her. `control` tells of each campaign whether she is in its control group.
    """

    customer: str
    time_us: int
    identities: tuple[SeenIdentity, ...]
    links: tuple[tuple[str, str], ...]
    attributes: tuple[Fact, ...]
    consents: tuple[Fact, ...]
    behaviour: tuple[Behaviour, ...]
    familiarity: str
    familiarity_why: str
    features: Features
    contacts: tuple[Contact, ...]
    decisions: tuple[SeenDecision, ...]
    control: dict[str, bool]


def customer(engine: Engine, identity: Identity, now_us: int) -> Customer:
    """Return what is known of the customer that an identity belongs to.

    Raises InvalidRequest, NotFound for one who was never seen or was erased, or LogUnavailable.
    """
    return _customer(engine, _person(engine, identity), now_us)


def exported(engine: Engine, identity: Identity, now_us: int) -> Iterator[bytes]:
    """Return what is known of a customer and every event about her, as the parts of one JSON document in UTF-8.

    Its fields are `customer`, as `Customer`, and `events`: each with `seq`, `time_us` and `event` as it is logged, in
    the log's order. Parts are at most an event each, so that nothing large is held. Raises as `customer` does, at once.
    """
    person = _person(engine, identity)
    with engine.all_or_nothing():  # it saves customers, and where that fails the log takes back what is uncommitted
        seqs = traces(engine.log, engine.customers, frozenset(person.identities))
    return _document(_customer(engine, person, now_us), events_at(engine.log, seqs))


def _document(known: Customer, events: Iterable[LoggedEvent]) -> Iterator[bytes]:
    yield b'{"customer":' + json.encode(known) + b',"events":['
    for number, logged in enumerate(events):
        yield (b",\n" if number else b"\n") + json.encode(logged)
    yield b"\n]}\n"


def _person(engine: Engine, identity: Identity) -> Person:
    engine.heal()
    require(check_identity("identity", identity))
    person = engine.customers.find(engine.keyed_hash.identity(identity))
    if person is None:
        raise NotFound("there is no such customer: nothing is known under this identity")
    return person


def _customer(engine: Engine, person: Person, now_us: int) -> Customer:
    level = familiarity(person, now_us)
    told = permitted(level, person.consents, consent_required=False)
    where = ZoneInfo(person.attributes.get("time_zone") or "UTC")
    known = sorted(person.identities.values(), key=lambda one: (one.first_seq, one.identity))
    return Customer(
        customer=person.root,
        time_us=now_us,
        identities=tuple(SeenIdentity(one.identity, one.type, one.first_seq, one.first_time_us) for one in known),
        links=tuple(person.links),
        attributes=tuple(_facts((one.identity, one.attributes) for one in known)),
        consents=tuple(_consents(_facts((one.identity, one.consents) for one in known))),
        behaviour=tuple(_behaviour(person, now_us)),
        familiarity=level.name.lower(),
        familiarity_why=WHY[level],
        features=profile(person, now_us, where, told, hazards=engine.state.tallies.suspected.hazards),
        contacts=tuple(person.contacts),
        decisions=tuple(_decisions(engine, frozenset(person.identities))),
        control={name: _in_control(engine, name, person.root) for name in sorted(engine.state.campaigns)},
    )


def _facts(written: Iterable[tuple[str, dict[str, Written]]]) -> Iterator[Fact]:
    """Yield the last word on each name over all identities; those taken back are left out."""
    newest: dict[str, Fact] = {}
    for identity, values in written:
        for name, (value, time_us, seq) in values.items():
            before = newest.get(name)
            if before is None or (time_us, seq) > (before.since_time_us, before.seq):
                newest[name] = Fact(name, value, time_us, seq, identity)
    return (newest[name] for name in sorted(newest) if newest[name].value)


def _consents(facts: Iterable[Fact]) -> Iterator[Fact]:
    for fact in facts:
        channel, purpose = consent_channel(fact.name)
        yield Fact(purpose, fact.value, fact.since_time_us, fact.seq, fact.identity, channel)


def _behaviour(person: Person, now_us: int) -> Iterator[Behaviour]:
    deeds, sums = joined_deeds([(known.deeds, known.sums) for known in person.identities.values()])
    become_habits(sums, deeds)
    for kind, memory in MEMORIES.items():
        for about, worth in sorted(worths(sums, kind, now_us).items()):
            if abs(worth) >= FAINTEST_SHOWN:
                yield Behaviour(kind, memory.meaning, about, worth, memory.half_life_days)


def _decisions(engine: Engine, hers: frozenset[str]) -> Iterator[SeenDecision]:
    with engine.all_or_nothing():
        newest = decisions_of(engine.log, engine.customers, hers, EVENTS_LOOKED_AT)
    for logged in newest[:DECISIONS_SHOWN]:
        yield _seen(engine, logged, decision_in(logged))


def _seen(engine: Engine, logged: LoggedEvent, decision: DecisionTaken) -> SeenDecision:
    return SeenDecision(
        seq=logged.seq,
        time_us=logged.time_us,
        decision_id=decision.decision_id,
        campaign=decision.campaign,
        campaign_version=decision.campaign_version,
        channel=decision.channel,
        content_id=decision.content_id,
        send_time_us=decision.send_time_us,
        reason=decision.reason,
        propensity=decision.propensity,
        control=decision.control,
        identity=asked_under(decision)[0],
        rewards=tuple(
            SeenReward(one.seq, one.event.outcome, one.event.value, one.event.occur_time_us, one.event.late)
            for one in engine.log.rewards(logged.seq)
        ),
    )


def _in_control(engine: Engine, campaign: str, root: str) -> bool:
    share = engine.state.campaigns.catalogue(campaign).campaign.control_share
    return engine.keyed_hash.control_position(campaign, root) < share
