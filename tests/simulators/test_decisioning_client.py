"""The client sends a call again only where the service was unavailable, unchanged, and not for ever."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import grpc
import pytest
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.decisioning_service_pb2_grpc import (
    DecisioningServiceServicer,
    add_DecisioningServiceServicer_to_server,
)
from google.rpc.status_pb2 import Status

from simulators.client import DecisioningClient, ServiceError

REQUEST = pb.DecideRequest(request_id="first", campaign="spring", customer_id="ryan")


class Scripted(DecisioningServiceServicer):
    """A service that answers each call with the next of its codes, and keeps what it was sent."""

    def __init__(self) -> None:
        self.codes: list[grpc.StatusCode] = []
        self.requests: list[pb.DecideRequest] = []
        self.statuses: list[Status] = []

    def Decide(self, request: pb.DecideRequest, context: grpc.ServicerContext) -> pb.DecideResponse:  # noqa: N802
        """Answer, or refuse with the next code."""
        self.requests.append(request)
        if self.codes:
            context.abort(self.codes.pop(0), "as the script says")
        return pb.DecideResponse(decision_id=f"decision of {request.request_id}")

    def BatchDecide(  # noqa: N802
        self, request: pb.BatchDecideRequest, context: grpc.ServicerContext
    ) -> pb.BatchDecideResponse:
        """Answer each request, or put the next status in its place."""
        results = [pb.BatchDecideResult(decision=self.Decide(each, context)) for each in request.requests]
        for index, status in enumerate(self.statuses):
            results[index] = pb.BatchDecideResult(status=status)
        return pb.BatchDecideResponse(results=results)


@pytest.fixture
def service() -> Iterator[tuple[Scripted, str]]:
    """Serve a script on a real port."""
    scripted, server = Scripted(), grpc.server(ThreadPoolExecutor(2))
    add_DecisioningServiceServicer_to_server(scripted, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield scripted, f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.fixture
def client(service: tuple[Scripted, str]) -> Iterator[DecisioningClient]:
    """Return a client of the script that is patient for ten seconds."""
    with closing(DecisioningClient(service[1], patience_seconds=10)) as client:
        yield client


def test_unavailable_is_tried_again_with_the_very_same_message(
    service: tuple[Scripted, str], client: DecisioningClient
) -> None:
    """A call that meets an unavailable service is repeated unchanged until it is answered."""
    scripted, _ = service
    scripted.codes = [grpc.StatusCode.UNAVAILABLE] * 3
    assert client.decide(REQUEST).decision_id == "decision of first"
    assert scripted.requests == [REQUEST] * 4


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
    ],
)
def test_any_other_refusal_is_final(
    service: tuple[Scripted, str], client: DecisioningClient, code: grpc.StatusCode
) -> None:
    """What would fail again, or may have been accepted, is told to the caller after one attempt."""
    scripted, _ = service
    scripted.codes = [code]
    with pytest.raises(ServiceError, match="as the script says") as caught:
        client.decide(REQUEST)
    assert caught.value.code == code
    assert len(scripted.requests) == 1


def test_patience_ends(service: tuple[Scripted, str]) -> None:
    """A service that stays unavailable is given up after the patience, with its last words."""
    scripted, address = service
    scripted.codes = [grpc.StatusCode.UNAVAILABLE] * 1_000
    started = time.monotonic()
    with closing(DecisioningClient(address, patience_seconds=0.5)) as client, pytest.raises(ServiceError) as caught:
        client.decide(REQUEST)
    assert caught.value.code == grpc.StatusCode.UNAVAILABLE
    assert 2 <= len(scripted.requests) <= 20
    assert time.monotonic() - started < 5


def test_without_patience_there_is_one_attempt(service: tuple[Scripted, str]) -> None:
    """Patience 0 means that the first UNAVAILABLE is the answer."""
    scripted, address = service
    scripted.codes = [grpc.StatusCode.UNAVAILABLE]
    with closing(DecisioningClient(address, patience_seconds=0)) as client, pytest.raises(ServiceError):
        client.decide(REQUEST)
    assert len(scripted.requests) == 1


def test_each_attempt_has_a_deadline(slow: Callable[[float], str]) -> None:
    """A service that does not answer in time is not waited for, and not asked twice."""
    with closing(DecisioningClient(slow(2.0), deadline_seconds=0.2)) as client, pytest.raises(ServiceError) as caught:
        client.decide(REQUEST)
    assert caught.value.code == grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.fixture
def slow() -> Iterator[Callable[[float], str]]:
    """Serve an answer that takes so many seconds."""
    servers: list[grpc.Server] = []

    class Slow(Scripted):
        """Answers late."""

        delay = 0.0

        def Decide(self, request: pb.DecideRequest, context: grpc.ServicerContext) -> pb.DecideResponse:  # noqa: N802
            """Wait, then answer."""
            time.sleep(self.delay)
            return super().Decide(request, context)

    def serve(delay: float) -> str:
        server, servicer = grpc.server(ThreadPoolExecutor(1)), Slow()
        servicer.delay = delay
        add_DecisioningServiceServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"127.0.0.1:{port}"

    yield serve
    for server in servers:
        server.stop(None).wait()


def test_a_batch_keeps_its_order(client: DecisioningClient) -> None:
    """Each request of a batch gets its own decision, in its place."""
    requests = [pb.DecideRequest(request_id=f"row {number}") for number in range(5)]
    found = [decision.decision_id for decision in client.batch_decide(requests)]
    assert found == [f"decision of row {number}" for number in range(5)]


def test_one_refused_request_refuses_its_batch(service: tuple[Scripted, str], client: DecisioningClient) -> None:
    """A status among the results is raised like the status of a call."""
    scripted, _ = service
    scripted.statuses = [Status(code=grpc.StatusCode.ALREADY_EXISTS.value[0], message="came before")]
    with pytest.raises(ServiceError, match="ALREADY_EXISTS: came before"):
        client.batch_decide([REQUEST, REQUEST])
