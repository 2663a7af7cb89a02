"""Rewards: what an outcome is worth and whether it can be true. Never a model, never the log."""

from math import isfinite, nan

from msgspec import Struct

from engine.campaign.formula import parsed
from engine.campaign.spec import Campaign
from engine.errors import InvalidRequest
from engine.events import DecisionActivated, DecisionTaken, Event, FactQuarantined, RewardReceived
from engine.features import shown
from engine.open_decisions import window_start_us
from engine.requests import Ids
from engine.times import shown_time
from engine.types import ActivateReceipt, RewardReceipt, RewardRequest

CLOCK_SKEW_US = 1_000_000
"""How far a caller's clock may differ from ours before a time is impossible: 1 s."""


class LoggedDecision(Struct, frozen=True):
    """A decision with its place in the log and the time it was taken."""

    seq: int
    time_us: int
    event: DecisionTaken


def received(
    request: RewardRequest, ids: Ids, decision: LoggedDecision, campaign: Campaign, now_us: int
) -> RewardReceived:
    """Return the event of a checked reward; raises InvalidRequest for an outcome, value or time that cannot be."""
    return RewardReceived(
        reward_id=ids.fact_id,
        decision_id=decision.event.decision_id,
        decision_seq=decision.seq,
        request_digest=ids.request_digest,
        campaign=campaign.name,
        value=_value(request, campaign),
        occur_time_us=possible_time_us("occur_time", request.occur_time_us, decision.time_us, now_us),
        outcome=request.outcome,
        amount=request.amount,
        stated=request.value is not None,
        opts_out=campaign.purpose if request.outcome in campaign.opt_outs else "",
    )


def receipt(logged: RewardReceived | FactQuarantined, *, duplicate: bool) -> RewardReceipt:
    """Return what the caller is told of a logged reward, or of one that was put aside."""
    event = logged.fact if isinstance(logged, FactQuarantined) else logged
    if not isinstance(event, RewardReceived):
        raise TypeError(f"a reward was put aside as {type(event).__name__}")
    return RewardReceipt(
        reward_id=event.reward_id,
        decision_id=event.decision_id,
        value=event.value,
        duplicate=duplicate,
        late=event.late,
        final_value=event.value if event.final_value is None else event.final_value,
        quarantined=logged.reason if isinstance(logged, FactQuarantined) else "",
    )


def activated(event: Event, decision: LoggedDecision, *, duplicate: bool) -> ActivateReceipt:
    """Return what the caller is told of a logged activation: the same however often she asks."""
    if not isinstance(event, DecisionActivated):
        raise TypeError(f"the activation of {decision.event.decision_id} is logged as {type(event).__name__}")
    close_time_us = decision.event.close_time_us
    if close_time_us is not None and decision.event.activation_required:
        close_time_us += event.activate_time_us - window_start_us(decision.event, decision.time_us)
    return ActivateReceipt(event.decision_id, duplicate, close_time_us)


def _value(request: RewardRequest, campaign: Campaign) -> float:
    if request.outcome and request.outcome not in campaign.outcomes:
        names = ", ".join(sorted(campaign.outcomes))
        problem = f"{shown(request.outcome)} is not an outcome of campaign {shown(campaign.name)}; send one of: {names}"
        raise InvalidRequest(("outcome", problem))
    if request.value is None:
        return outcome_worth(campaign, request.outcome, request.amount)
    lowest, highest = campaign.reward.lowest, campaign.reward.highest
    if not lowest <= request.value <= highest:
        problem = (
            f"is {request.value:g}; campaign {shown(campaign.name)} declares rewards from {lowest:g} to {highest:g}"
        )
        raise InvalidRequest(("value", f"{problem}: send one in that range, or widen the campaign's"))
    return request.value


def outcome_worth(campaign: Campaign, outcome: str, amount: float | None) -> float:
    """Return what a declared outcome is worth; raises InvalidRequest where its formula needs another amount.

    A formula's value is clipped to the declared range.
    """
    worth = campaign.outcomes[outcome]
    if not isinstance(worth, str):
        return worth
    if amount is None:
        raise InvalidRequest(("amount", f"is missing; outcome {shown(outcome)} is worth {worth}, so send its amount"))
    try:
        value = parsed(worth)(amount)
    except (ArithmeticError, ValueError):
        value = nan
    if not isfinite(value):
        raise InvalidRequest(("amount", f"is {amount:g}, for which {worth} has no value; send one for which it has"))
    return min(max(value, campaign.reward.lowest), campaign.reward.highest)


def possible_time_us(field: str, time_us: int | None, decided_us: int, now_us: int) -> int:
    """Return when something happened to a decision, now by default; raises InvalidRequest where that cannot be."""
    if time_us is None:
        return max(now_us, decided_us)
    if time_us > now_us + CLOCK_SKEW_US:
        problem = f"is {shown_time(time_us)}, after now ({shown_time(now_us)}); send when it happened"
        raise InvalidRequest((field, problem))
    if time_us < decided_us - CLOCK_SKEW_US:
        problem = f"is {shown_time(time_us)}, before its decision ({shown_time(decided_us)}); send when it happened"
        raise InvalidRequest((field, problem))
    return time_us
