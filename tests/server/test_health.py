"""Health and reflection: what load balancers and grpcurl ask."""

import time

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.server.scripted_engine import ScriptedEngine
from tests.server.served import refusal, served

NAMES = ("Decisioning", "Campaign", "Model", "Customer", "Stock")
SERVICES = ["", *(f"decisioning.v1.{name}Service" for name in NAMES)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_reported_as_serving(service: str) -> None:
    """A started server reports itself and each of its services as SERVING."""
    with served(ScriptedEngine()) as client:
        answer = HealthStub(client.channel).Check(HealthCheckRequest(service=service))
    assert answer.status == HealthCheckResponse.SERVING


def test_a_service_that_is_none_is_not_found() -> None:
    """Asking for the health of a service that the server does not have gets NOT_FOUND."""
    with served(ScriptedEngine()) as client:
        told = refusal(lambda: HealthStub(client.channel).Check(HealthCheckRequest(service="no.Such")))
    assert told.code is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("service", SERVICES)
def test_who_watches_hears_of_the_end(service: str) -> None:
    """A watcher sees SERVING, then NOT_SERVING when the server drains, then a proper end of the stream."""
    seen: list[int] = []
    with served(ScriptedEngine()) as client:
        watch = HealthStub(client.channel).Watch(HealthCheckRequest(service=service))
        seen.append(next(watch).status)
        client.wait_for(client.service.health.drain())
        seen += [answer.status for answer in watch]
    assert seen == [HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING]
    assert watch.code() is grpc.StatusCode.OK


def test_reflection_tells_the_whole_contract() -> None:
    """A client that knows nothing finds every service, and the messages of the contract with all their fields."""
    with served(ScriptedEngine()) as client:
        known = ProtoReflectionDescriptorDatabase(client.channel)
        services = set(known.get_services())
        contract = known.FindFileByName("decisioning/v1/decisioning_service.proto")
        features = known.FindFileContainingSymbol("decisioning.v1.Features")
    assert services == {*SERVICES[1:], "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    assert [method.name for method in contract.service[0].method] == ["Decide", "BatchDecide", "Reward", "Activate"]
    assert [field.name for field in features.message_type[0].field] == ["numbers", "categories"]


def test_a_watcher_does_not_hold_up_the_drain() -> None:
    """A client that watches for ever costs a drain a moment, not all the time it may take."""
    with served(ScriptedEngine()) as client:
        watch = HealthStub(client.channel).Watch(HealthCheckRequest())
        next(watch)
        started = time.monotonic()
        client.drain(seconds=25)
        assert time.monotonic() - started < 10
        assert [answer.status for answer in watch] == [HealthCheckResponse.NOT_SERVING]
