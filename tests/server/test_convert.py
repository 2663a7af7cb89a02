"""Laws of the conversion between wire and domain, over inputs nobody thought of."""

import math

import pytest
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.features_pb2 import Features
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st

from engine import types
from engine.eligibility.removals import Because, Removal
from engine.errors import InvalidRequest
from engine.events import DecisionTaken, Reason, Stage
from engine.times import LATEST_TIME_US
from server import convert
from server.replies import batch_reply, decide_reply

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # protobuf holds no lone surrogates
times_us = st.integers(0, LATEST_TIME_US - 1)
numbers = st.floats(allow_nan=False)
optional_numbers = st.none() | numbers
probabilities = st.floats(0, 1)
stages = st.builds(
    lambda name, policy, problem, distribution, price: Stage(
        name, min(distribution), distribution, policy, problem, {max(distribution): price}
    ),
    *(text, text, text),
    st.dictionaries(text, probabilities, min_size=1, max_size=5),
    st.floats(0, 1),
)
decisions = st.builds(
    DecisionTaken,
    decision_id=text,
    request_digest=text,
    campaign=text,
    campaign_version=st.integers(1, 2**31 - 1),
    customer=text,
    time_zone=text,
    context=st.just(types.Features()),
    reason=st.sampled_from(Reason),
    channel=st.one_of(text, st.just(types.NOTHING)),
    propensity=probabilities,
    stages=st.lists(stages, max_size=3).map(tuple),
    content_id=text,
    send_slot=text,
    send_time_us=st.none() | times_us,
    control=st.booleans(),
)


@given(times_us)
def test_a_time_survives_the_way_there_and_back(time_us: int) -> None:
    """Every microsecond that the engine can mean comes back as it went out."""
    assert convert.time_us(convert.timestamp(time_us), "send_time") == time_us


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_any_timestamp_is_a_time_in_range_or_refused_by_name(seconds: int, nanos: int) -> None:
    """Whatever a client puts into a timestamp is a moment between 1970 and 2199, or refused with its field."""
    timestamp = Timestamp(seconds=seconds, nanos=nanos)
    if 0 <= seconds < LATEST_TIME_US // 1_000_000 and 0 <= nanos < 1_000_000_000:
        assert convert.time_us(timestamp, "occur_time") == seconds * 1_000_000 + nanos // 1_000
    else:
        with pytest.raises(InvalidRequest, match="occur_time: "):
            convert.time_us(timestamp, "occur_time")


@given(st.dictionaries(text, st.floats(allow_nan=True)), st.dictionaries(text, text))
def test_features_arrive_as_they_were_sent(numbers: dict[str, float], categories: dict[str, str]) -> None:
    """Every number, NaN and infinities included, and every category reaches the engine, which judges them."""
    found = convert.features(Features(numbers=numbers, categories=categories))
    assert found.categories == categories
    assert found.numbers.keys() == numbers.keys()
    for name, number in numbers.items():
        assert found.numbers[name] == number or math.isnan(number)


@given(
    st.builds(
        types.DecideRequest,
        campaign=text,
        customer_id=text,
        request_id=text,
        channels=st.lists(text).map(tuple),
        content_ids=st.lists(text).map(tuple),
        time_zone=text,
    )
)
def test_a_request_arrives_as_it_was_sent(request: types.DecideRequest) -> None:
    """Every field of a request reaches the engine unchanged and in order."""
    message = pb.DecideRequest(
        campaign=request.campaign,
        customer_id=request.customer_id,
        request_id=request.request_id,
        channels=request.channels,
        content_ids=request.content_ids,
        time_zone=request.time_zone,
    )
    assert convert.decide_request(message) == request


@given(decisions)
def test_a_decision_is_told_as_it_was_taken(decision: DecisionTaken) -> None:
    """The reply holds what the decision holds: to the last bit of a probability, in the order drawn from."""
    reply = pb.DecideResponse.FromString(convert.decide_response(decision).SerializeToString())
    assert reply.channel == ("" if decision.channel == types.NOTHING else decision.channel)
    assert reply.propensity == decision.propensity
    assert pb.Reason.Name(reply.reason) == f"REASON_{decision.reason.name}"
    assert reply.HasField("send_time") == (decision.send_time_us is not None)
    for told, taken in zip(reply.stages, decision.stages, strict=True):
        assert [(each.action, each.probability) for each in told.probabilities] == list(taken.probabilities.items())
        assert (told.action, told.propensity) == (taken.action, taken.propensity)
        assert [each.price for each in told.probabilities] == [
            taken.prices.get(name, 0) for name in taken.probabilities
        ]


@given(decisions, st.lists(st.builds(Removal, st.sampled_from(Because), text, text, text, text), max_size=5))
def test_removals_are_told_in_their_order_with_the_decision(decision: DecisionTaken, removed: list[Removal]) -> None:
    """The reply says what each rule removed and by which name the contract knows it."""
    reply = pb.DecideResponse.FromString(convert.decide_response(decision, removed).SerializeToString())
    told = [(one.channel, one.content_id, one.send_slot, one.detail) for one in reply.removals]
    assert told == [(one.channel, one.content_id, one.send_slot, one.detail) for one in removed]
    names = [pb.RemovalReason.Name(one.reason) for one in reply.removals]
    assert names == [f"REMOVAL_REASON_{one.because.name}" for one in removed]


@given(decisions)
def test_a_reply_has_the_bytes_that_protobuf_would_write(decision: DecisionTaken) -> None:
    """Whatever was decided, the quick way to write it and protobuf's come to the same bytes."""
    assert decide_reply(decision).body == convert.decide_response(decision).SerializeToString()


@given(decisions, st.lists(st.builds(Removal, st.sampled_from(Because), text, text, text, text), max_size=2))
def test_a_batch_has_the_bytes_that_protobuf_would_write(decision: DecisionTaken, removed: list[Removal]) -> None:
    """Decisions and refusals stand in a batch as protobuf would write them, and are counted."""
    status = Status(code=5, message="there is no such campaign")
    batch = batch_reply([decide_reply(decision, removed), status, decide_reply(decision)])
    told = pb.BatchDecideResponse(
        results=[
            pb.BatchDecideResult(decision=convert.decide_response(decision, removed)),
            pb.BatchDecideResult(status=status),
            pb.BatchDecideResult(decision=convert.decide_response(decision)),
        ]
    )
    assert batch.body == told.SerializeToString()
    assert (batch.decisions, batch.failed) == (2, 1)


def test_every_rule_has_its_place_on_the_wire() -> None:
    """The contract's rules are the engine's, and no removal is sent as unspecified."""
    on_wire = {name.removeprefix("REMOVAL_REASON_").lower() for name, _ in pb.RemovalReason.items()}
    assert on_wire == {because.value for because in Because} | {"unspecified"}


def test_every_reason_has_its_place_on_the_wire() -> None:
    """The contract's reasons are the engine's, and no decision is sent as unspecified."""
    on_wire = {name.removeprefix("REASON_").lower() for name, _ in pb.Reason.items()}
    assert on_wire == {reason.value for reason in Reason} | {"unspecified"}


@given(
    st.builds(
        types.RewardRequest,
        decision_id=text,
        reward_id=text,
        outcome=text,
        value=optional_numbers,
        occur_time_us=st.none() | times_us,
        amount=optional_numbers,
    )
)
def test_a_reward_arrives_as_it_was_sent(reward: types.RewardRequest) -> None:
    """A value or amount of zero and none are different things, and so are a time and none."""
    message = pb.RewardRequest(
        decision_id=reward.decision_id,
        reward_id=reward.reward_id,
        outcome=reward.outcome,
        value=reward.value,
        occur_time=None if reward.occur_time_us is None else convert.timestamp(reward.occur_time_us),
        amount=reward.amount,
    )
    assert convert.reward_request(message) == reward


@given(st.builds(types.RewardReceipt, text, text, numbers, st.booleans(), st.booleans(), numbers))
def test_a_reward_is_told_as_it_was_taken(receipt: types.RewardReceipt) -> None:
    """The reply holds the outcome's value and the decision's to the last bit, whether it came before and was late."""
    reply = pb.RewardResponse.FromString(convert.reward_response(receipt).SerializeToString())
    assert (reply.reward_id, reply.value, reply.final_value) == (receipt.reward_id, receipt.value, receipt.final_value)
    assert (reply.duplicate, reply.late) == (receipt.duplicate, receipt.late)


@given(text, st.none() | times_us)
def test_an_activation_arrives_as_it_was_sent(decision_id: str, time_us: int | None) -> None:
    """A time, 1970's first moment included, and none are different things."""
    sent = None if time_us is None else convert.timestamp(time_us)
    message = pb.ActivateRequest(decision_id=decision_id, activate_time=sent)
    assert convert.activate_request(message) == types.ActivateRequest(decision_id, time_us)


@given(st.booleans(), st.none() | times_us)
def test_an_activation_is_told_as_it_was_taken(duplicate: bool, close_time_us: int | None) -> None:
    """The reply's close is the engine's to the microsecond, and unset where there is none."""
    reply = convert.activate_response(types.ActivateReceipt("d", duplicate, close_time_us))
    assert reply.duplicate == duplicate
    assert reply.HasField("close_time") == (close_time_us is not None)
    if close_time_us is not None:
        assert reply.close_time.ToMicroseconds() == close_time_us


def test_a_decide_time_needs_simulated_time() -> None:
    """A request's own moment is taken in simulated time and refused otherwise; none is None in both."""
    message = pb.DecideRequest(decide_time=Timestamp(seconds=5))
    assert convert.decide_time_us(message, simulated=True) == 5_000_000
    assert convert.decide_time_us(pb.DecideRequest(), simulated=False) is None
    with pytest.raises(InvalidRequest):
        convert.decide_time_us(message, simulated=False)
