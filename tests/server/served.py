"""A server in a thread and a client on a real port, for the server's tests. Never a mock of gRPC."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from decisioning.v1 import campaign_service_pb2_grpc as campaign_grpc
from decisioning.v1 import customer_service_pb2_grpc as customer_grpc
from decisioning.v1 import decisioning_service_pb2_grpc as decisioning_grpc
from decisioning.v1 import model_service_pb2_grpc as model_grpc
from google.rpc.error_details_pb2 import BadRequest
from grpc_status import rpc_status

from server.serve import Service, drain, start
from server.settings import Settings


@dataclass(frozen=True)
class Client:
    """What a test needs to call a server and to look at it."""

    channel: grpc.Channel
    decisioning: decisioning_grpc.DecisioningServiceStub
    campaigns: campaign_grpc.CampaignServiceStub
    models: model_grpc.ModelServiceStub
    customers: customer_grpc.CustomerServiceStub
    service: Service
    wait_for: Callable[[Coroutine[Any, Any, Any]], Any]

    def drain(self, seconds: float) -> None:
        """Drain the server and wait until it has."""
        self.wait_for(drain(self.service, seconds))


@contextmanager
def served(engine: Any, **settings: Any) -> Iterator[Client]:
    """Serve an engine on a free port until the block ends.

    While calls are under way only the server's thread may touch the engine, its log included: act on its loop.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait_for(task: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(task, loop).result(timeout=30)

    try:
        service = wait_for(start(engine, Settings(address="127.0.0.1:0", **settings)))
        try:
            with grpc.insecure_channel(service.address) as channel:
                decisioning = decisioning_grpc.DecisioningServiceStub(channel)
                campaigns, models = campaign_grpc.CampaignServiceStub(channel), model_grpc.ModelServiceStub(channel)
                customers = customer_grpc.CustomerServiceStub(channel)
                yield Client(channel, decisioning, campaigns, models, customers, service, wait_for)
        finally:  # a server left running would fail whatever test comes next, as an unraisable exception
            wait_for(drain(service, 0.5))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass(frozen=True)
class Refusal:
    """How a call failed: its code, its text, and the violations of a BadRequest as (field, description)."""

    code: grpc.StatusCode
    text: str
    violations: tuple[tuple[str, str], ...]


def refusal(call: Callable[[], Any]) -> Refusal:
    """Make a call that has to fail and return how it did."""
    try:
        answer = call()
    except grpc.RpcError as error:
        return Refusal(error.code(), error.details(), violations_of(rpc_status.from_call(error)))
    raise AssertionError(f"the call was answered: {answer}")


def violations_of(status: Any) -> tuple[tuple[str, str], ...]:
    """Return the violations that a google.rpc.Status carries."""
    found = BadRequest()
    for detail in status.details if status else ():
        detail.Unpack(found)
    return tuple((violation.field, violation.description) for violation in found.field_violations)
