"""The only place where wire and domain meet: messages to records and back. Never a rule, a default or a side effect.

`replies` writes a decision's bytes as they are said here.
"""

from collections.abc import Iterable

from decisioning.v1 import campaign_service_pb2 as campaign_pb
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.features_pb2 import Features as FeaturesMessage
from decisioning.v1.identity_pb2 import Identity as IdentityMessage
from google.protobuf.timestamp_pb2 import Timestamp

from engine import types
from engine.eligibility.removals import Because, Removal
from engine.errors import InvalidRequest
from engine.events import DecisionTaken, Reason, Stage
from engine.times import LATEST_TIME_US

REASONS = {reason: pb.Reason.Value(f"REASON_{reason.name}") for reason in Reason}

REMOVAL_REASONS = {because: pb.RemovalReason.Value(f"REMOVAL_REASON_{because.name}") for because in Because}


def time_us(timestamp: Timestamp, field: str) -> int:
    """Return a timestamp in whole microseconds since 1970, what is finer cut off.

    Raises InvalidRequest, naming the field, outside 1970..2199 or where the nanoseconds are not 0..999,999,999.
    """
    if not 0 <= timestamp.nanos <= 999_999_999:
        raise InvalidRequest((field, "has nanos that are not between 0 and 999,999,999; send a valid timestamp"))
    time_us: int = timestamp.seconds * 1_000_000 + timestamp.nanos // 1_000
    if not 0 <= time_us < LATEST_TIME_US:
        raise InvalidRequest((field, "is not between the years 1970 and 2199; send seconds since 1970, and nanos"))
    return time_us


def timestamp(time_us: int) -> Timestamp:
    """Return microseconds since 1970 as a timestamp."""
    seconds, microseconds = divmod(time_us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=microseconds * 1_000)


def features(message: FeaturesMessage) -> types.Features:
    """Return the numbers and categories of a message, in no particular order."""
    return types.Features(dict(message.numbers), dict(message.categories))


def identity(message: IdentityMessage) -> types.Identity:
    """Return a key that a customer is known by."""
    return types.Identity(message.type, message.value)


def decide_request(message: pb.DecideRequest) -> types.DecideRequest:
    """Return what is asked of the engine, without the moment it is asked for."""
    return types.DecideRequest(
        campaign=message.campaign,
        customer_id=message.customer_id,
        context=features(message.context),
        request_id=message.request_id,
        channels=tuple(message.channels),
        content_ids=tuple(message.content_ids),
        time_zone=message.time_zone,
        identity=identity(message.identity) if message.HasField("identity") else None,
    )


def decide_time_us(message: pb.DecideRequest, simulated: bool) -> int | None:
    """Return the moment a decision is asked for, in microseconds since 1970, or None where the clock's now is meant.

    Raises InvalidRequest where one is given although time is not simulated: an answer for another moment than the one
    asked for would be wrong.
    """
    if not message.HasField("decide_time"):
        return None
    if not simulated:
        problem = "is taken in simulated time only; leave it unset, or start the server with --simulated-time"
        raise InvalidRequest(("decide_time", problem))
    return time_us(message.decide_time, "decide_time")


def decide_response(decision: DecisionTaken, removals: Iterable[Removal] = ()) -> pb.DecideResponse:
    """Return a decision as its caller sees it, with what the rules removed."""
    message = decide_head(decision)
    message.stages.extend(_stage(stage) for stage in decision.stages)
    message.removals.extend(_removal(removal) for removal in removals)
    return message


def decide_head(decision: DecisionTaken) -> pb.DecideResponse:
    """Return a decision without its stages; channel, content and time are unset where nothing is sent."""
    sent = decision.channel != types.NOTHING
    return pb.DecideResponse(
        decision_id=decision.decision_id,
        channel=decision.channel if sent else "",
        content_id=decision.content_id,
        send_time=None if decision.send_time_us is None else timestamp(decision.send_time_us),
        propensity=decision.propensity,
        reason=REASONS[decision.reason],
        send_slot=decision.send_slot,
        campaign_version=decision.campaign_version,
        control=decision.control,
    )


def _removal(removal: Removal) -> pb.Removal:
    return pb.Removal(
        channel=removal.channel,
        content_id=removal.content_id,
        send_slot=removal.send_slot,
        reason=REMOVAL_REASONS[removal.because],
        detail=removal.detail,
    )


def _stage(stage: Stage) -> pb.Stage:
    return pb.Stage(
        name=stage.name,
        action=stage.action,
        propensity=stage.propensity,
        probabilities=[
            pb.ActionProbability(action=action, probability=probability, price=stage.prices.get(action, 0.0))
            for action, probability in stage.probabilities.items()
        ],
        policy=stage.policy,
        problem=stage.problem,
    )


def reward_request(message: pb.RewardRequest) -> types.RewardRequest:
    """Return what came of a decision; raises InvalidRequest where its time is no time."""
    return types.RewardRequest(
        decision_id=message.decision_id,
        reward_id=message.reward_id,
        outcome=message.outcome,
        value=message.value if message.HasField("value") else None,
        occur_time_us=time_us(message.occur_time, "occur_time") if message.HasField("occur_time") else None,
        amount=message.amount if message.HasField("amount") else None,
    )


def reward_response(receipt: types.RewardReceipt) -> pb.RewardResponse:
    """Return what the engine made of a reward."""
    return pb.RewardResponse(
        reward_id=receipt.reward_id,
        value=receipt.value,
        duplicate=receipt.duplicate,
        late=receipt.late,
        final_value=receipt.final_value,
        quarantined=receipt.quarantined,
    )


def activate_request(message: pb.ActivateRequest) -> types.ActivateRequest:
    """Return that a decision was carried out; raises InvalidRequest where its time is no time."""
    return types.ActivateRequest(
        decision_id=message.decision_id,
        activate_time_us=time_us(message.activate_time, "activate_time") if message.HasField("activate_time") else None,
    )


def activate_response(receipt: types.ActivateReceipt) -> pb.ActivateResponse:
    """Return what the engine made of an activation; the close is unset where there is no window."""
    return pb.ActivateResponse(
        duplicate=receipt.duplicate,
        close_time=None if receipt.close_time_us is None else timestamp(receipt.close_time_us),
    )


def campaign(status: types.CampaignStatus) -> campaign_pb.Campaign:
    """Return a campaign with its source."""
    message = campaign_summary(status)
    message.source = status.source
    return message


def campaign_summary(status: types.CampaignStatus) -> campaign_pb.Campaign:
    """Return a campaign without its source, as lists show it."""
    return campaign_pb.Campaign(
        name=status.name,
        version=status.version,
        paused=status.paused,
        apply_time=timestamp(status.applied_time_us),
    )
