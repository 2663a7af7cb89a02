"""The server's limits: calls in flight, message size, batch size and the caller's deadline."""

import threading
import time

import grpc
import pytest
from decisioning.v1 import decisioning_service_pb2 as pb

from engine.engine import Engine
from engine.errors import LogUnavailable, NotFound
from tests.server.conftest import Lines
from tests.server.scripted_engine import ScriptedEngine
from tests.server.served import refusal, served

Code = grpc.StatusCode


def test_more_calls_than_the_limit_are_shed(engine: Engine) -> None:
    """With one call allowed in flight, another gets RESOURCE_EXHAUSTED at once, and a later one is answered."""
    batch = pb.BatchDecideRequest(requests=[pb.DecideRequest(campaign="wardrobe", customer_id="ryan")] * 1_000)
    with served(engine, max_concurrent_rpcs=1) as client:
        calls = [client.decisioning.BatchDecide.future(batch) for _ in range(3)]
        codes = sorted(call.code().name for call in calls)
        assert client.decisioning.Decide(batch.requests[0]).decision_id
    assert codes == ["OK", "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"]


def test_a_message_over_the_limit_is_refused(engine: Engine) -> None:
    """A request of more bytes than the server takes gets RESOURCE_EXHAUSTED and nothing is decided."""
    request = pb.DecideRequest(campaign="wardrobe", customer_id="x" * 5_000)
    with served(engine, max_message_bytes=4_096) as client:
        told = refusal(lambda: client.decisioning.Decide(request))
    assert told.code is Code.RESOURCE_EXHAUSTED
    assert engine.log.last_seq == 1  # the campaign


@pytest.mark.parametrize("count", [0, 11])
def test_a_batch_has_one_request_at_least_and_no_more_than_allowed(engine: Engine, count: int) -> None:
    """An empty batch and one over the limit get INVALID_ARGUMENT that names the field and the limit."""
    batch = pb.BatchDecideRequest(requests=[pb.DecideRequest()] * count)
    with served(engine, max_batch=10) as client:
        told = refusal(lambda: client.decisioning.BatchDecide(batch))
    assert told.code is Code.INVALID_ARGUMENT
    ((field, description),) = told.violations
    assert field == "requests"
    assert "1 to 10" in description


def test_a_deadline_that_passes_ends_the_call_but_not_the_decision(logged: Lines) -> None:
    """The caller hears DEADLINE_EXCEEDED; what was accepted is committed all the same, so a retry gets its answer."""
    engine = ScriptedEngine()
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        leave.wait(timeout=30)

    engine.on_commit = hold
    with served(engine) as client:
        call = client.decisioning.Decide.future(pb.DecideRequest(), timeout=0.3)
        assert entered.wait(timeout=30)
        assert call.code() is Code.DEADLINE_EXCEEDED
        leave.set()
    assert engine.committed == 1
    assert logged()


def test_a_call_whose_deadline_has_passed_is_not_decided(logged: Lines) -> None:
    """A call that waited in the server's queue until its deadline is refused before the engine sees it."""
    engine = ScriptedEngine()
    engine.before = lambda _name: time.sleep(0.4)
    with served(engine) as client:
        calls = [client.decisioning.Decide.future(pb.DecideRequest(), timeout=0.3) for _ in range(5)]
        assert {call.code() for call in calls} == {Code.DEADLINE_EXCEEDED}
    assert engine.appended < 5
    assert all(line["status"] != "INTERNAL" for line in logged() if line["event"] == "rpc")


def test_a_batch_reports_each_failure_in_its_place(engine: Engine) -> None:
    """Requests that fail get a status with their details where their decision would stand; the others are decided."""
    requests = [
        pb.DecideRequest(campaign="wardrobe", customer_id="ann"),
        pb.DecideRequest(campaign="autumn", customer_id="bob"),
        pb.DecideRequest(campaign="wardrobe"),
        pb.DecideRequest(campaign="wardrobe", customer_id="dan"),
    ]
    with served(engine) as client:
        results = client.decisioning.BatchDecide(pb.BatchDecideRequest(requests=requests)).results
    assert [result.WhichOneof("result") for result in results] == ["decision", "status", "status", "decision"]
    assert [result.status.code for result in results] == [0, Code.NOT_FOUND.value[0], Code.INVALID_ARGUMENT.value[0], 0]
    assert len(results[2].status.details) == 1


def test_a_fault_in_a_batch_is_internal_in_its_place(logged: Lines) -> None:
    """A request that makes the engine fail gets INTERNAL without its text, the fault is logged, the others go on."""
    engine = ScriptedEngine()
    errors = iter([NotFound("no"), ValueError("secret")])

    def fail_twice(_name: str) -> None:
        if error := next(errors, None):
            raise error

    engine.before = fail_twice
    with served(engine) as client:
        results = client.decisioning.BatchDecide(pb.BatchDecideRequest(requests=[pb.DecideRequest()] * 3)).results
    assert [result.status.code for result in results] == [Code.NOT_FOUND.value[0], Code.INTERNAL.value[0], 0]
    assert "secret" not in str(results)
    assert [line["event"] for line in logged() if "secret" in line.get("exception", "")] == ["decision_failed"]


def test_a_fault_that_takes_others_back_fails_the_batch() -> None:
    """Where a fault undoes what was accepted before it, the whole batch is INTERNAL rather than a part of it untrue."""
    engine = ScriptedEngine()

    def lose(_name: str) -> None:
        if engine.appended == 2:
            engine.epoch += 1
            raise ValueError

    engine.before = lose
    with served(engine) as client:
        told = refusal(lambda: client.decisioning.BatchDecide(pb.BatchDecideRequest(requests=[pb.DecideRequest()] * 3)))
    assert told.code is Code.INTERNAL


def test_a_log_lost_in_a_batch_fails_the_batch() -> None:
    """Where the log stops taking events within a batch the whole call is UNAVAILABLE."""
    engine = ScriptedEngine()

    def lose(_name: str) -> None:
        if engine.appended == 2:
            raise LogUnavailable("disk full")

    engine.before = lose
    with served(engine) as client:
        told = refusal(lambda: client.decisioning.BatchDecide(pb.BatchDecideRequest(requests=[pb.DecideRequest()] * 3)))
    assert told.code is Code.UNAVAILABLE


def test_a_large_batch_lets_others_in(engine: Engine) -> None:
    """While a batch of a thousand is decided, single calls are answered in between."""
    batch = pb.BatchDecideRequest(
        requests=[pb.DecideRequest(campaign="wardrobe", customer_id=f"c{number}") for number in range(1_000)]
    )
    with served(engine) as client:
        large = [client.decisioning.BatchDecide.future(batch) for _ in range(3)]
        answered = 0
        while not all(call.done() for call in large):
            client.decisioning.Decide(batch.requests[0])
            answered += 1
    assert answered > 3
