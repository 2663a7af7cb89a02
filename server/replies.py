"""Replies of decisions as bytes, straight from the record. Never a rule, a field of its own, or another message.

Protobuf takes three times as long to be handed a decision's probabilities one by one. These bytes are protobuf's own,
as a test holds for any decision: a field is its tag and its value, a text or message with its length before it, and
what is empty or zero is left out. `convert` says what each field means.
"""

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct as Layout

from decisioning.v1 import decisioning_service_pb2 as pb
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from msgspec import Struct

from engine.eligibility.removals import Removal
from engine.events import DecisionTaken, Stage
from server import convert

NAMES_KEPT = 20_000
"""Fields of names and policies that are kept as bytes, some 100 B each: those of thousands of contents."""
LAYOUTS_KEPT = 256
"""Sets of eligible actions whose entries are laid out, some 5 KB each with dozens of contents."""
_WIRE_TYPES = {FieldDescriptor.TYPE_DOUBLE: 1, FieldDescriptor.TYPE_STRING: 2, FieldDescriptor.TYPE_MESSAGE: 2}
_double = Layout("<d").pack


class Reply(Struct, frozen=True):
    """A reply ready to be sent, with what the call's line in the service's log says of it."""

    body: bytes
    decision_id: str = ""


class BatchReply(Struct, frozen=True):
    """A batch's reply ready to be sent: how many of its decisions were taken, and how many failed."""

    body: bytes
    decisions: int
    failed: int


def _tag(message: type[Message], field: str) -> bytes:
    found = message.DESCRIPTOR.fields_by_name[field]
    return bytes([found.number << 3 | _WIRE_TYPES[found.type]])


_STAGE = _tag(pb.DecideResponse, "stages")
_NAME, _ACTION, _PROPENSITY = (_tag(pb.Stage, field) for field in ("name", "action", "propensity"))
_PROBABILITIES, _POLICY, _PROBLEM = (_tag(pb.Stage, field) for field in ("probabilities", "policy", "problem"))
_OF_ACTION, _PROBABILITY, _PRICE = (_tag(pb.ActionProbability, one) for one in ("action", "probability", "price"))
_RESULT, _DECISION = _tag(pb.BatchDecideResponse, "results"), _tag(pb.BatchDecideResult, "decision")


def decide_reply(decision: DecisionTaken, removals: Iterable[Removal] = ()) -> Reply:
    """Return a decision as its caller gets it."""
    if removals:  # rare, and not worth a second way to write them
        return Reply(convert.decide_response(decision, removals).SerializeToString(), decision.decision_id)
    stages = [_lengthened(_STAGE, _stage(stage)) for stage in decision.stages]
    return Reply(b"".join([convert.decide_head(decision).SerializeToString(), *stages]), decision.decision_id)


def batch_reply(results: Iterable[Reply | Status]) -> BatchReply:
    """Return the results of a batch in their order: a decision each, or the status that says why there is none."""
    bodies, failed = [], 0
    for result in results:
        if isinstance(result, Reply):
            bodies.append(_lengthened(_RESULT, _lengthened(_DECISION, result.body)))
        else:
            refused = pb.BatchDecideResult(status=result)
            bodies.append(pb.BatchDecideResponse(results=[refused]).SerializeToString())
            failed += 1
    return BatchReply(b"".join(bodies), len(bodies) - failed, failed)


def _stage(stage: Stage) -> bytes:
    named, propensity = _texts(_NAME, stage.name, _ACTION, stage.action), _number(_PROPENSITY, stage.propensity)
    return b"".join((named, propensity, _entries(stage), _texts(_POLICY, stage.policy, _PROBLEM, stage.problem)))


def _entries(stage: Stage) -> bytes:
    """Return the bytes of all actions with their probabilities, and prices where there are any."""
    probabilities, prices = stage.probabilities, stage.prices
    if prices or not all(probabilities.values()):
        rare = (_rare_entry(action, found, prices.get(action, 0.0)) for action, found in probabilities.items())
        return b"".join(rare)
    layout, heads = _layout(tuple(probabilities))
    fields: list[bytes | float] = [*heads, *heads]
    fields[::2], fields[1::2] = heads, probabilities.values()
    return layout.pack(*fields)


@lru_cache(LAYOUTS_KEPT)
def _layout(actions: tuple[str, ...]) -> tuple[Layout, tuple[bytes, ...]]:
    """Return how the entries of these actions lie one behind the other, and what stands before each one's number."""
    heads = tuple(map(_entry, actions))
    return Layout("<" + "".join(f"{len(head)}sd" for head in heads)), heads


@lru_cache(NAMES_KEPT)
def _entry(action: str) -> bytes:
    """Return the bytes of an action without a price up to its probability, which is of the same length each time."""
    return _lengthened(_PROBABILITIES, _text(_OF_ACTION, action) + _PROBABILITY + bytes(8))[:-8]


def _rare_entry(action: str, probability: float, price: float) -> bytes:
    fields = _text(_OF_ACTION, action) + _number(_PROBABILITY, probability) + _number(_PRICE, price)
    return _lengthened(_PROBABILITIES, fields)


@lru_cache(NAMES_KEPT)
def _texts(tag: bytes, text: str, other_tag: bytes, other: str) -> bytes:
    return _text(tag, text) + _text(other_tag, other)


def _text(tag: bytes, text: str) -> bytes:
    return _lengthened(tag, text.encode()) if text else b""


def _number(tag: bytes, number: float) -> bytes:
    packed = _double(number)
    return tag + packed if any(packed) else b""  # minus zero is not left out


def _lengthened(tag: bytes, value: bytes) -> bytes:
    length, size = len(value), b""
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return tag + size + bytes([length]) + value
