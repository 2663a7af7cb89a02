"""The quarantine: what was put aside and why, and letting a fact in after all. Never a verdict."""

from msgspec import Struct, structs

from engine.customers.events import CustomerIdentified, EventTracked
from engine.customers.gate import Gate
from engine.customers.types import QuarantineReason, Receipt
from engine.engine import Engine
from engine.errors import InvalidRequest, NotFound, NotPossible
from engine.events import FactQuarantined, FactReadmitted, LoggedEvent, RewardReceived
from engine.features import shown
from engine.folds import Aside
from engine.joining import windowed
from engine.learner import decision_in
from engine.log.quarantine_rows import held, quarantined_at
from engine.rewards import LoggedDecision
from engine.times import shown_time

SEQ_END = 2**63 - 1
_TOLD_APART = {"identity", "identity_type", "occur_time_us", "request_digest", "attributes", "consents", "properties"}


class Quarantined(Struct, frozen=True):
    """A fact put aside: its place in the log, when it came and when it is said to have happened, and why it waits.

    `kind` is what it would have been logged as, `identity` the keyed hash of whom it is about. `held` is what could be
    read of it, as text by field.
    """

    seq: int
    time_us: int
    reason: QuarantineReason
    detail: str
    kind: str
    identity: str
    identity_type: str
    occur_time_us: int
    held: dict[str, str]


def quarantined(engine: Engine, *, reason: str = "", before_seq: int = SEQ_END, limit: int = 100) -> list[Quarantined]:
    """Return facts that are still put aside, newest first; of one reason where it is named.

    Raises InvalidRequest for a reason that is none, or LogUnavailable.
    """
    engine.heal()
    if reason and reason not in list(QuarantineReason):
        known = ", ".join(QuarantineReason)
        raise InvalidRequest(("reason", f"{shown(reason)} is no reason; send one of: {known}, or none for all"))
    return [_shown(logged) for logged in held(engine.log, before_seq=before_seq, reason=reason, limit=limit)]


def counts(engine: Engine) -> dict[QuarantineReason, Aside]:
    """Return how many facts were put aside for each reason, and let in after all; reasons without any left out."""
    engine.heal()
    return {
        reason: engine.state.tallies.aside[reason]
        for reason in QuarantineReason
        if reason in engine.state.tallies.aside
    }


def readmit(engine: Engine, seq: int, now_us: int) -> Receipt:
    """Let in what was put aside at a place in the log, as if it came now; again changes nothing.

    The gate does not look at it again. It counts from when it happened, so a reward may be late. Raises NotFound,
    NotPossible where its time is yet to come, or LogUnavailable.
    """
    engine.heal()
    found = quarantined_at(engine.log, seq)
    if found is None:
        raise NotFound(f"nothing was put aside at {seq}; ListQuarantine names what was")
    key = engine.keyed_hash.digest("readmission", str(seq))
    if earlier := engine.log.find(key):
        return Receipt(earlier.seq + 1, duplicate=True)
    if found.fact.occur_time_us > now_us + Gate().skew_us:
        then = shown_time(found.fact.occur_time_us)
        raise NotPossible(f"it is said to happen at {then}, which is yet to come; readmit it then")
    fact = _as_it_stands(engine, found, now_us)
    engine.accept(now_us, FactReadmitted(seq, found.reason), key)
    engine.accept(now_us, fact)
    return Receipt(engine.state.seq)


def _as_it_stands(
    engine: Engine, found: FactQuarantined, now_us: int
) -> CustomerIdentified | EventTracked | RewardReceived:
    """Return the fact as it is logged now: a reward joined anew with its decision."""
    fact = found.fact
    if not isinstance(fact, RewardReceived):
        return fact
    logged = engine.log.decision(fact.decision_seq)
    decision = LoggedDecision(logged.seq, logged.time_us, decision_in(logged))
    if decision.event.close_time_us is None:
        return fact
    return windowed(engine.log, engine.state, fact, decision, now_us)


def _shown(logged: LoggedEvent) -> Quarantined:
    event = logged.event
    if not isinstance(event, FactQuarantined):
        raise TypeError(f"event {logged.seq} of the log is no fact put aside")
    fact = event.fact
    return Quarantined(
        seq=logged.seq,
        time_us=logged.time_us,
        reason=event.reason,
        detail=event.detail,
        kind=str(type(fact).__struct_config__.tag),
        identity=event.identity,
        identity_type=event.identity_type,
        occur_time_us=fact.occur_time_us,
        held=_held(fact),
    )


def _held(fact: CustomerIdentified | EventTracked | RewardReceived) -> dict[str, str]:
    """Return what a fact says, as text by field, those that say nothing left out."""
    said = {name: str(value) for name, value in structs.asdict(fact).items() if name not in _TOLD_APART and value}
    if isinstance(fact, CustomerIdentified):
        said |= {f"attributes.{name}": value for name, value in fact.attributes.items()}
        for consent in fact.consents:
            word = "granted" if consent.granted else "refused"
            said[f"consents.{consent.channel or 'every channel'}.{consent.purpose}"] = word
    return said
