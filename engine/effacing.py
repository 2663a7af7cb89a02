"""Effacing: what is left of an event when its customer is erased. Never a lookup, never a write.

An event that names an identity in a field of `NAMING` is covered without a line here, whatever its kind.
"""

from collections.abc import Collection, Iterable

from msgspec import structs

from engine.customers.events import EventTracked
from engine.customers.folding import asked_under
from engine.events import DecisionActivated, DecisionTaken, Event, FactQuarantined, LoggedEvent, RewardReceived
from engine.open_decisions import window_start_us
from engine.stock import sold
from engine.tombstones import DecisionErased, FactErased, RewardErased, StageErased


def effaced(
    logged: LoggedEvent,
    hers: frozenset[str],
    counted: Collection[str] = (),
    activation: DecisionActivated | None = None,
) -> Event:
    """Return what takes an event's place when the customer of these identities is erased.

    A decision for another identity, taken while the two were linked, stays that one's and no longer names hers.
    `counted` are the SKUs whose stock is counted, `activation` is the report, if any, that the decision was carried
    out.
    """
    event = logged.event
    match event:
        case DecisionTaken() if asked_under(event)[0] in hers:
            return _decision(logged.time_us, event, activation)
        case DecisionTaken():
            return structs.replace(event, customer=event.identity, identity="")
        case RewardReceived():
            return RewardErased(
                event.decision_seq, event.campaign, event.value, event.outcome, event.late, event.final_value
            )
        case FactErased():
            return structs.replace(event, kept=tuple(one for one in event.kept if one[0] not in hers))
    sale = sold(event) if isinstance(event, EventTracked) else None
    return FactErased(
        erased_kind=str(type(event).__struct_config__.tag),
        kept=tuple(_kept(event, hers)),
        sold=sale if sale and sale[0] in counted else None,
        put_aside=event.reason if isinstance(event, FactQuarantined) else "",
    )


def _kept(event: Event, hers: frozenset[str]) -> Iterable[tuple[str, str]]:
    for field in ("identity", "other"):
        named = getattr(event, field, "")
        if named and named not in hers:
            yield named, getattr(event, f"{field}_type", "")


def _decision(decided_us: int, event: DecisionTaken, activation: DecisionActivated | None) -> DecisionErased:
    close_time_us = event.close_time_us
    if activation and event.activation_required and close_time_us is not None:
        close_time_us += activation.activate_time_us - window_start_us(event, decided_us)
    return DecisionErased(
        campaign=event.campaign,
        campaign_version=event.campaign_version,
        reason=event.reason,
        channel=event.channel,
        propensity=event.propensity,
        stages=tuple(StageErased(stage.name, stage.action, {stage.action: stage.propensity}) for stage in event.stages),
        content_id=event.content_id,
        send_slot=event.send_slot,
        send_time_us=event.send_time_us,
        control=event.control,
        close_time_us=close_time_us,
        default_reward=event.default_reward,
        activation_required=event.activation_required and activation is None,
        suspicion=event.suspicion,
    )
