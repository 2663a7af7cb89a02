"""The client's calls about customers and activations, against a real server: one method a call, streams sent again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from decisioning.v1 import customer_service_pb2 as pb
from decisioning.v1 import decisioning_service_pb2 as decisioning_pb
from decisioning.v1.customer_service_pb2_grpc import CustomerServiceServicer, add_CustomerServiceServicer_to_server
from decisioning.v1.identity_pb2 import Identity

from simulators.client import DecisioningClient, ServiceError
from tests.conftest import StartedServer
from tests.wardrobe import CAMPAIGN

COOKIE = Identity(type="cookie", value="c-1")
EMAIL = Identity(type="email", value="ryan@example.com")


def events(count: int) -> list[pb.TrackRequest]:
    """Return events with ids, of many customers: so much of one would be a machine's."""
    return [
        pb.TrackRequest(event_id=f"e{number}", identity=Identity(type="cookie", value=f"c-{number}"), type="app_open")
        for number in range(count)
    ]


class Flaky(CustomerServiceServicer):
    """Fails its first streams after a message, then takes one; keeps what it was sent."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.sizes: list[list[int]] = []

    def TrackStream(  # noqa: N802
        self, stream: Iterator[pb.TrackStreamRequest], context: grpc.ServicerContext
    ) -> pb.TrackStreamResponse:
        """Count the events of each message."""
        sizes: list[int] = []
        self.sizes.append(sizes)
        for message in stream:
            sizes.append(len(message.events))
            if len(self.sizes) <= self.failures:
                context.abort(grpc.StatusCode.UNAVAILABLE, "as the script says")
        return pb.TrackStreamResponse(accepted=sum(sizes))


@pytest.fixture
def flaky() -> Iterator[Callable[[int], tuple[Flaky, str]]]:
    """Serve a script that fails so many streams."""
    servers: list[grpc.Server] = []

    def serve(failures: int) -> tuple[Flaky, str]:
        server, servicer = grpc.server(ThreadPoolExecutor(2)), Flaky(failures)
        add_CustomerServiceServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return servicer, f"127.0.0.1:{port}"

    yield serve
    for server in servers:
        server.stop(None).wait()


def test_each_call_is_a_method(start_server: Callable[..., StartedServer], tmp_path: Path) -> None:
    """A customer is identified, linked, tracked, decided for, activated and unlinked through one client."""
    server = start_server("--data", tmp_path / "data")
    with closing(DecisioningClient(server.address)) as client:
        client.apply_campaign(CAMPAIGN)
        assert client.identify(pb.IdentifyRequest(identity=EMAIL, attributes={"city": "Chicago"})).seq == 2
        assert client.link(pb.LinkRequest(identity=EMAIL, other=COOKIE)).one_customer
        assert not client.track(events(1)[0]).duplicate
        answer = client.track_stream(events(1_200))
        assert (answer.accepted, answer.duplicates) == (1_199, 1)
        decision = client.decide(decisioning_pb.DecideRequest(campaign="wardrobe", identity=EMAIL))
        activation = decisioning_pb.ActivateRequest(decision_id=decision.decision_id)
        assert [client.activate(activation).duplicate for _ in range(2)] == [False, True]
        assert not client.unlink(pb.UnlinkRequest(identity=EMAIL, other=COOKIE)).one_customer


def test_a_stream_that_breaks_off_is_sent_again_from_its_start(flaky: Callable[[int], tuple[Flaky, str]]) -> None:
    """Where the service was unavailable amid a stream the client sends all of it again, in messages of at most 500."""
    servicer, address = flaky(2)
    with closing(DecisioningClient(address, patience_seconds=10)) as client:
        assert client.track_stream(events(1_200)).accepted == 1_200
    assert len(servicer.sizes) == 3
    assert servicer.sizes[2] == [500, 500, 200]


def test_a_stream_is_given_up_when_patience_ends(flaky: Callable[[int], tuple[Flaky, str]]) -> None:
    """Patience 0 means that the first UNAVAILABLE is the answer to a stream too."""
    servicer, address = flaky(1)
    with closing(DecisioningClient(address, patience_seconds=0)) as client, pytest.raises(ServiceError) as caught:
        client.track_stream(events(10))
    assert caught.value.code == grpc.StatusCode.UNAVAILABLE
    assert len(servicer.sizes) == 1
