"""TrackStream over a real channel: bulk without a call an event, in which no bad event ends the stream."""

import itertools
import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from decisioning.v1 import customer_service_pb2 as pb
from decisioning.v1 import decisioning_service_pb2 as decisioning_pb
from decisioning.v1.identity_pb2 import Identity
from google.rpc.code_pb2 import ALREADY_EXISTS, INTERNAL, INVALID_ARGUMENT

from engine import customer_operations
from engine.engine import Engine
from engine.errors import LogUnavailable
from tests.server.conftest import Lines
from tests.server.served import refusal, served, violations_of

Code = grpc.StatusCode


def event(number: int, **changes: object) -> pb.TrackRequest:
    """Return an event of one of a hundred customers."""
    fields: dict[str, object] = {
        "event_id": f"event-{number}",
        "identity": Identity(type="cookie", value=f"c-{number % 100}"),
        "type": "browse",
        "device": "phone",
    }
    return pb.TrackRequest(**(fields | changes))


def messages(events: list[pb.TrackRequest], size: int) -> Iterator[pb.TrackStreamRequest]:
    """Yield the events in messages of a size."""
    for start in range(0, len(events), size):
        yield pb.TrackStreamRequest(events=events[start : start + size])


def counts(answer: pb.TrackStreamResponse) -> tuple[int, int, int, int]:
    """Return how many events were accepted, duplicates, quarantined and refused."""
    return answer.accepted, answer.duplicates, answer.quarantined, answer.refused


def test_bad_events_are_told_in_their_place_and_end_nothing(engine: Engine) -> None:
    """Each refused event is counted and told with its index over the whole stream, its code and its fields."""
    events = [event(number) for number in range(500)]
    events[120] = event(120, type="sneeze")
    events[130] = event(7, device="desktop")  # the event_id of an earlier one
    events[140] = event(7)  # a repetition
    events[499] = event(499, identity=None)
    with served(engine) as client:
        answer = client.customers.TrackStream(messages(events, 70))
    assert counts(answer) == (496, 1, 0, 3)
    assert [(error.index, error.status.code) for error in answer.errors] == [
        (120, INVALID_ARGUMENT),
        (130, ALREADY_EXISTS),
        (499, INVALID_ARGUMENT),
    ]
    assert violations_of(answer.errors[0].status)[0][0] == "type"
    assert engine.log.last_seq == 1 + 496


def test_a_stream_sent_again_changes_nothing(engine: Engine) -> None:
    """A stream that broke off can be sent from its start: what was committed counts as duplicates."""
    events = [event(number) for number in range(300)]
    with served(engine) as client:
        assert counts(client.customers.TrackStream(messages(events[:200], 64))) == (200, 0, 0, 0)
        assert counts(client.customers.TrackStream(messages(events, 50))) == (100, 200, 0, 0)
        assert counts(client.customers.TrackStream(messages(events, 300))) == (0, 300, 0, 0)
    assert engine.log.last_seq == 301


def test_only_the_first_hundred_errors_are_told(engine: Engine) -> None:
    """The answer stays small whatever is sent: all refused events are counted, the first hundred are told."""
    events = [event(number, type="") for number in range(1_000)]
    with served(engine) as client:
        answer = client.customers.TrackStream(messages(events, 1_000))
    assert counts(answer) == (0, 0, 0, 1_000)
    assert [error.index for error in answer.errors] == list(range(100))


def test_an_empty_stream_is_answered(engine: Engine) -> None:
    """A stream without a message has nothing to count."""
    with served(engine) as client:
        assert counts(client.customers.TrackStream(iter(()))) == (0, 0, 0, 0)


@pytest.mark.parametrize("count", [0, 1_001])
def test_a_message_has_one_event_at_least_and_at_most_a_thousand(engine: Engine, count: int) -> None:
    """A message of another size fails the stream by name; what came before it stays."""
    good = pb.TrackStreamRequest(events=[event(1)])
    bad = pb.TrackStreamRequest(events=[event(number) for number in range(2, 2 + count)])
    with served(engine) as client:
        told = refusal(lambda: client.customers.TrackStream(iter((good, bad))))
    assert told.code is Code.INVALID_ARGUMENT
    assert [field for field, _ in told.violations] == ["events"]
    assert engine.log.last_seq == 2


def test_bytes_that_are_no_message_fail_the_stream(engine: Engine) -> None:
    """Bytes that cannot be parsed get INVALID_ARGUMENT, where gRPC by itself would answer UNKNOWN."""
    with served(engine) as client:
        call = client.channel.stream_unary("/decisioning.v1.CustomerService/TrackStream")
        assert refusal(lambda: call(iter((b"\xff\xff",)))).code is Code.INVALID_ARGUMENT


def test_a_message_that_is_too_large_fails_the_stream(engine: Engine) -> None:
    """A message of more bytes than the server takes gets RESOURCE_EXHAUSTED; what came before it stays."""
    events = [event(number, device="x" * 200) for number in range(100)]
    with served(engine, max_message_bytes=4_096) as client:
        told = refusal(lambda: client.customers.TrackStream(iter((*messages(events[:1], 1), *messages(events, 100)))))
        assert told.code is Code.RESOURCE_EXHAUSTED
        assert counts(client.customers.TrackStream(messages(events, 10))) == (99, 1, 0, 0)


def test_the_log_has_one_line_a_stream(engine: Engine, logged: Lines) -> None:
    """A stream's line has its counts, and nothing of what was in it."""
    events = [event(number) for number in range(10)] + [event(3), event(11, type="ryan@example.com")]
    with served(engine) as client:
        client.customers.TrackStream(messages(events, 5))
    (line,) = [line for line in logged() if line["event"] == "rpc"]
    assert line["method"] == "decisioning.v1.CustomerService/TrackStream"
    assert {name: line[name] for name in ("accepted", "duplicates", "quarantined", "refused")} == {
        "accepted": 10, "duplicates": 1, "quarantined": 0, "refused": 1,
    }  # fmt: skip
    assert "ryan" not in str(line)


def test_a_fault_in_one_event_is_internal_in_its_place(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, logged: Lines
) -> None:
    """An event that makes the engine fail gets INTERNAL without the fault's text; the others are taken."""

    def fail_for_one(request: object) -> None:
        if getattr(request, "event_id", "") == "event-3":
            raise ValueError("secret")

    monkeypatch.setattr(customer_operations, "check_track", fail_for_one)
    with served(engine) as client:
        answer = client.customers.TrackStream(messages([event(number) for number in range(10)], 10))
    assert counts(answer) == (9, 0, 0, 1)
    assert [(error.index, error.status.code) for error in answer.errors] == [(3, INTERNAL)]
    assert "secret" not in str(answer)
    assert [line["event"] for line in logged() if "secret" in line.get("exception", "")] == ["event_failed"]


def test_a_log_lost_within_a_stream_is_unavailable(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log stops taking events the stream fails, its commits before stay, and it can be sent again."""
    events, commits, commit = [event(number) for number in range(1_000)], itertools.count(), engine.log.commit

    def fail_later() -> None:
        if next(commits) == 3:
            engine.log.undo()
            raise LogUnavailable("disk full")
        commit()

    monkeypatch.setattr(engine.log, "commit", fail_later)
    with served(engine) as client:
        told = refusal(lambda: client.customers.TrackStream(messages(events, 100)))
        assert told.code is Code.UNAVAILABLE
        kept = engine.log.last_seq - 1
        assert 0 < kept < 1_000
        assert counts(client.customers.TrackStream(messages(events, 100))) == (1_000 - kept, kept, 0, 0)


def test_decisions_are_answered_while_a_large_stream_is_taken(engine: Engine) -> None:
    """A stream of ten thousand events lets single calls in between, and loses none of its own."""
    many = [
        Identity(type="cookie", value=f"c-{number}") for number in range(1_000)
    ]  # none of them faster than a person
    events = [event(number, identity=many[number % 1_000]) for number in range(10_000)]
    request = decisioning_pb.DecideRequest(campaign="wardrobe", customer_id="ryan")
    with served(engine) as client:
        client.decisioning.Decide(request)
        stream = client.customers.TrackStream.future(messages(events, 500))
        answered = 0
        while not stream.done():
            client.decisioning.Decide(request)
            answered += 1
        assert counts(stream.result()) == (10_000, 0, 0, 0)
    assert answered > 20


def test_a_caller_who_leaves_loses_nothing_that_was_committed(engine: Engine) -> None:
    """A stream that is cancelled midway keeps what was committed, and the service goes on."""
    sent, go_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[pb.TrackStreamRequest]:
        yield from messages([event(number) for number in range(100)], 100)
        sent.set()
        go_on.wait(timeout=30)

    with served(engine) as client:
        stream = client.customers.TrackStream.future(slowly())
        assert sent.wait(timeout=30)
        while engine.log.last_seq < 101:
            time.sleep(0.001)
        stream.cancel()
        go_on.set()
        again = client.customers.TrackStream(messages([event(number) for number in range(100)], 100))
    assert stream.cancelled()
    assert counts(again) == (0, 100, 0, 0)


def test_an_idle_stream_does_not_hold_up_the_drain(engine: Engine) -> None:
    """A server that is told to stop ends open streams with UNAVAILABLE at once; what they brought stays."""
    go_on = threading.Event()

    def slowly() -> Iterator[pb.TrackStreamRequest]:
        yield from messages([event(number) for number in range(100)], 100)
        go_on.wait(timeout=30)

    with served(engine) as client:
        stream = client.customers.TrackStream.future(slowly())
        while engine.log.last_seq < 101:
            time.sleep(0.001)
        client.drain(3_600)  # more than this test would wait for
        go_on.set()
        assert stream.code() is Code.UNAVAILABLE
        assert "send it again" in stream.details()
    assert engine.log.last_seq == 101
