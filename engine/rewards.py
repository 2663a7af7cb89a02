"""Rewards: what an outcome is worth and whether it can be true. Never a model, never the log."""

from msgspec import Struct

from engine.campaign.spec import Campaign
from engine.errors import InvalidRequest
from engine.events import DecisionTaken, RewardReceived
from engine.features import shown
from engine.requests import Ids
from engine.times import shown_time
from engine.types import RewardRequest

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
        occur_time_us=_occur_time_us(request, decision.time_us, now_us),
        outcome=request.outcome,
    )


def _value(request: RewardRequest, campaign: Campaign) -> float:
    if request.outcome and request.outcome not in campaign.outcomes:
        names = ", ".join(sorted(campaign.outcomes))
        problem = f"{shown(request.outcome)} is not an outcome of campaign {shown(campaign.name)}; send one of: {names}"
        raise InvalidRequest(("outcome", problem))
    if request.value is None:
        return campaign.outcomes[request.outcome]
    lowest, highest = campaign.reward.lowest, campaign.reward.highest
    if not lowest <= request.value <= highest:
        problem = (
            f"is {request.value:g}; campaign {shown(campaign.name)} declares rewards from {lowest:g} to {highest:g}"
        )
        raise InvalidRequest(("value", f"{problem}: send one in that range, or widen the campaign's"))
    return request.value


def _occur_time_us(request: RewardRequest, decided_us: int, now_us: int) -> int:
    if request.occur_time_us is None:
        return max(now_us, decided_us)
    occurred = shown_time(request.occur_time_us)
    if request.occur_time_us > now_us + CLOCK_SKEW_US:
        raise InvalidRequest(("occur_time", f"is {occurred}, after now ({shown_time(now_us)}); send when it happened"))
    if request.occur_time_us < decided_us - CLOCK_SKEW_US:
        problem = f"is {occurred}, before its decision ({shown_time(decided_us)}); send when it happened"
        raise InvalidRequest(("occur_time", problem))
    return request.occur_time_us
