"""A server over gRPC as a target: slow and true. Never a choice, never the engine's code beyond its records."""

from collections.abc import Sequence

import grpc
from decisioning.v1 import customer_service_pb2 as customer_pb
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.features_pb2 import Features as FeaturesMessage
from decisioning.v1.identity_pb2 import Identity as IdentityMessage
from google.protobuf.timestamp_pb2 import Timestamp

from engine.customers.types import IdentifyRequest, TrackRequest
from engine.types import DecideRequest, Features, Identity, RewardRequest
from simulators.client import DecisioningClient, ServiceError
from simulators.target import Decided, Refused

BATCH = 500
"""Decisions asked for in one call."""
_REFUSALS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
}


class ServiceTarget:
    """A server started with --simulated-time, at an address such as localhost:50051.

    Every method but `close` raises ServiceError where the server cannot be reached.
    """

    def __init__(self, address: str) -> None:
        """Open the channel; nothing is sent before the first call."""
        self._client = DecisioningClient(address)

    def apply_campaign(self, source: str) -> None:
        """Put a campaign's text in force."""
        self._client.apply_campaign(source)

    def decide(self, requests: Sequence[DecideRequest], now_us: int) -> list[Decided]:
        """Choose for each request, all at one moment, in their order."""
        found = []
        for start in range(0, len(requests), BATCH):
            batch = [_decide_message(request, now_us) for request in requests[start : start + BATCH]]
            found += [_decided(reply) for reply in self._client.batch_decide(batch)]
        return found

    def reward(self, request: RewardRequest) -> None:
        """Report what came of a decision; raises Refused."""
        message = pb.RewardRequest(
            reward_id=request.reward_id,
            decision_id=request.decision_id,
            outcome=request.outcome,
            value=request.value,
            amount=request.amount,
            occur_time=_timestamp(request.occur_time_us),
        )
        try:
            self._client.reward(message)
        except ServiceError as error:
            raise _refused(error) from None

    def track(self, request: TrackRequest) -> None:
        """Report what a customer did by herself; raises Refused."""
        message = customer_pb.TrackRequest(
            event_id=request.event_id,
            identity=_identity(request.identity),
            type=request.type,
            occur_time=_timestamp(request.occur_time_us),
            device=request.device,
            channel=request.channel,
            properties=_features(request.properties),
        )
        try:
            self._client.track(message)
        except ServiceError as error:
            raise _refused(error) from None

    def identify(self, request: IdentifyRequest) -> None:
        """Report what a customer declared."""
        consents = [
            customer_pb.Consent(purpose=each.purpose, granted=each.granted, channel=each.channel)
            for each in request.consents
        ]
        message = customer_pb.IdentifyRequest(
            event_id=request.event_id,
            identity=_identity(request.identity),
            attributes=request.attributes,
            consents=consents,
            occur_time=_timestamp(request.occur_time_us),
        )
        self._client.identify(message)

    def freeze(self, campaign: str, channels: Sequence[str]) -> None:
        """Let no model of a campaign learn any more."""
        for channel in ("", *channels):
            self._client.freeze_channel(campaign, channel)

    def advance(self, now_us: int) -> None:
        """Do nothing: the server keeps what it acknowledged."""

    def close(self) -> None:
        """Close the channel."""
        self._client.close()


def _decide_message(request: DecideRequest, now_us: int) -> pb.DecideRequest:
    return pb.DecideRequest(
        request_id=request.request_id,
        campaign=request.campaign,
        customer_id=request.customer_id,
        context=_features(request.context),
        channels=request.channels,
        content_ids=request.content_ids,
        time_zone=request.time_zone,
        decide_time=_timestamp(now_us),
    )


def _decided(reply: pb.DecideResponse) -> Decided:
    stages = ((stage.propensity, max(each.probability for each in stage.probabilities)) for stage in reply.stages)
    return Decided(
        decision_id=reply.decision_id,
        channel=reply.channel,
        content_id=reply.content_id,
        send_slot=reply.send_slot,
        send_time_us=reply.send_time.ToMicroseconds() if reply.HasField("send_time") else None,
        propensity=reply.propensity,
        explored=any(drawn < best for drawn, best in stages),
    )


def _refused(error: ServiceError) -> Exception:
    """Return a refusal where the server had the last word, the error itself where it could not be asked."""
    return Refused(str(error)) if error.code in _REFUSALS else error


def _features(features: Features) -> FeaturesMessage:
    return FeaturesMessage(numbers=features.numbers, categories=features.categories)


def _identity(identity: Identity) -> IdentityMessage:
    return IdentityMessage(type=identity.type, value=identity.value)


def _timestamp(time_us: int | None) -> Timestamp | None:
    if time_us is None:
        return None
    found = Timestamp()
    found.FromMicroseconds(time_us)
    return found
