"""The service over gRPC, as a simulator calls it. Never server code, never a decision of its own.

A call is sent again only where the service was unavailable, with the very same message, so that its ids make it count
once; every other failure is the caller's to hear of.
"""

import time
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import TypeVar, cast

import grpc
from decisioning.v1 import campaign_service_pb2 as campaign_pb
from decisioning.v1 import customer_service_pb2 as customer_pb
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1 import model_service_pb2 as model_pb
from decisioning.v1.campaign_service_pb2_grpc import CampaignServiceStub
from decisioning.v1.customer_service_pb2_grpc import CustomerServiceStub
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceStub
from decisioning.v1.model_service_pb2_grpc import ModelServiceStub
from google.rpc import error_details_pb2
from grpc_status import rpc_status

Message = TypeVar("Message")
Reply = TypeVar("Reply")

FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.5
EVENTS_PER_MESSAGE = 500

_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 50),  # gRPC's own second would outlast a restart
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
)


class ServiceError(Exception):
    """The service refused a call, or could not be reached for as long as the client is patient.

    `code` is the gRPC status; the text is the service's own, followed by the fields it complained about.
    """

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        """Keep the status beside the text."""
        self.code = code
        super().__init__(f"{code.name}: {text}")


class DecisioningClient:
    """A channel to one service.

    `deadline_seconds` bounds each attempt but a stream's, `patience_seconds` the time from a call's first UNAVAILABLE
    until it is given up; 0 means no second attempt. One thread uses it. Every call raises ServiceError.
    """

    def __init__(self, target: str, *, deadline_seconds: float = 10.0, patience_seconds: float = 30.0) -> None:
        """Open the channel; nothing is sent before the first call."""
        self._channel = grpc.insecure_channel(target, options=_CHANNEL_OPTIONS)
        self._decisioning = DecisioningServiceStub(self._channel)
        self._campaigns = CampaignServiceStub(self._channel)
        self._customers = CustomerServiceStub(self._channel)
        self._models = ModelServiceStub(self._channel)
        self._deadline_seconds = deadline_seconds
        self._patience_seconds = patience_seconds

    def apply_campaign(self, source: str) -> campaign_pb.Campaign:
        """Put a campaign's YAML text in force; the text in force already changes nothing."""
        return self._called(self._campaigns.ApplyCampaign, campaign_pb.ApplyCampaignRequest(source=source))

    def decide(self, request: pb.DecideRequest) -> pb.DecideResponse:
        """Choose for one customer; give a `request_id`, or a repeated attempt may decide twice."""
        return self._called(self._decisioning.Decide, request)

    def batch_decide(self, requests: list[pb.DecideRequest]) -> list[pb.DecideResponse]:
        """Choose for 1 to 1,000 customers, in their order; the first that is refused refuses the whole batch."""
        reply = self._called(self._decisioning.BatchDecide, pb.BatchDecideRequest(requests=requests))
        for result in reply.results:
            if result.HasField("status"):
                raise ServiceError(_status_code(result.status.code), result.status.message)
        return [result.decision for result in reply.results]

    def reward(self, request: pb.RewardRequest) -> pb.RewardResponse:
        """Report what came of a decision; give a `reward_id`, or a repeated attempt may count twice."""
        return self._called(self._decisioning.Reward, request)

    def activate(self, request: pb.ActivateRequest) -> pb.ActivateResponse:
        """Report that a decision was carried out; a decision is activated once, however often this is said."""
        return self._called(self._decisioning.Activate, request)

    def identify(self, request: customer_pb.IdentifyRequest) -> customer_pb.IdentifyResponse:
        """Say what is known of a customer."""
        return self._called(self._customers.Identify, request)

    def link(self, request: customer_pb.LinkRequest) -> customer_pb.LinkResponse:
        """Say that two identities are one customer."""
        return self._called(self._customers.Link, request)

    def unlink(self, request: customer_pb.UnlinkRequest) -> customer_pb.UnlinkResponse:
        """Take back the link between two identities."""
        return self._called(self._customers.Unlink, request)

    def track(self, request: customer_pb.TrackRequest) -> customer_pb.TrackResponse:
        """Say what a customer did; give an `event_id`, or a repeated attempt may count twice."""
        return self._called(self._customers.Track, request)

    def track_stream(self, events: Collection[customer_pb.TrackRequest]) -> customer_pb.TrackStreamResponse:
        """Say what many customers did, without a deadline; give `event_id`s, since every attempt sends all of them.

        What an attempt that broke off left behind counts among the duplicates.
        """

        def stream(sent: Collection[customer_pb.TrackRequest], timeout: float) -> customer_pb.TrackStreamResponse:  # noqa: ARG001  the time a stream takes goes by its length
            return self._customers.TrackStream(_messages(sent))

        return self._called(stream, events)

    def freeze_channel(self, campaign: str, channel: str) -> model_pb.ChannelModels:
        """Let a channel's models, or the router where it is empty, decide and learn no more."""
        return self._called(
            self._models.FreezeChannel, model_pb.FreezeChannelRequest(campaign=campaign, channel=channel)
        )

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def _called(self, method: Callable[..., Reply], message: Message) -> Reply:
        pause, give_up_at = FIRST_PAUSE_SECONDS, None
        while True:
            try:
                return method(message, timeout=self._deadline_seconds)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    raise _service_error(error) from None
                now = time.monotonic()
                give_up_at = now + self._patience_seconds if give_up_at is None else give_up_at
                if now + pause > give_up_at:
                    raise _service_error(error) from None
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _messages(events: Collection[customer_pb.TrackRequest]) -> Iterator[customer_pb.TrackStreamRequest]:
    left = iter(events)
    while some := list(islice(left, EVENTS_PER_MESSAGE)):
        yield customer_pb.TrackStreamRequest(events=some)


def _status_code(number: int) -> grpc.StatusCode:
    return next(code for code in grpc.StatusCode if code.value[0] == number)


def _service_error(error: grpc.RpcError) -> ServiceError:
    status = rpc_status.from_call(cast(grpc.Call, error))  # grpc raises one object that is both
    text = error.details() or ""
    for detail in status.details if status else ():
        request = error_details_pb2.BadRequest()
        if detail.Unpack(request):
            text += "".join(f"\n  {violation.field}: {violation.description}" for violation in request.field_violations)
    return ServiceError(error.code(), text)
