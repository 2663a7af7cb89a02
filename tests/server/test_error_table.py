"""One test for each row of the design's error table, over a real channel: the code, the text, and what is not told."""

from collections.abc import Callable

import grpc
import pytest
from decisioning.v1 import campaign_service_pb2 as campaign_pb
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.features_pb2 import Features
from google.protobuf.timestamp_pb2 import Timestamp

from engine.engine import Engine
from engine.errors import EngineError, LogUnavailable
from tests.server.conftest import Lines
from tests.server.scripted_engine import ScriptedEngine
from tests.server.served import refusal, served
from tests.server.windowed import NOON, WINDOWED
from tests.wardrobe import CAMPAIGN, NOON_US, SECOND_US

Code = grpc.StatusCode


def raising(error: BaseException) -> Callable[[str], None]:
    """Return a script that fails every call with the error."""

    def raise_it(_name: str) -> None:
        raise error

    return raise_it


def test_an_invalid_request_names_every_field_and_what_to_do(engine: Engine) -> None:
    """A request that breaks rules gets INVALID_ARGUMENT, and a BadRequest with each field and its mend."""
    context = Features(numbers={"age": float("nan"), "income": float("inf")})
    request = pb.DecideRequest(campaign="wardrobe", customer_id="", context=context)
    with served(engine) as client:
        told = refusal(lambda: client.decisioning.Decide(request))
    assert told.code is Code.INVALID_ARGUMENT
    assert {field.partition("[")[0] for field, _ in told.violations} == {"customer_id", "context.numbers"}
    assert len(told.violations) == 3
    assert all(description for _, description in told.violations)
    assert told.text.endswith("(and 2 more)")


@pytest.mark.parametrize(
    ("field", "time"),
    [
        ("occur_time", Timestamp(seconds=-1)),
        ("occur_time", Timestamp(seconds=7_258_118_400)),
        ("occur_time", Timestamp(seconds=253_402_300_800)),
        ("occur_time", Timestamp(seconds=1, nanos=-1)),
        ("occur_time", Timestamp(seconds=1, nanos=1_000_000_000)),
        ("occur_time", Timestamp(seconds=2**63 - 1)),
    ],
)
def test_a_timestamp_that_is_none_is_invalid(engine: Engine, field: str, time: Timestamp) -> None:
    """A time outside 1970..2199 or with impossible nanoseconds is refused by name."""
    request = pb.RewardRequest(decision_id="d", outcome="clicked", occur_time=time)
    with served(engine) as client:
        told = refusal(lambda: client.decisioning.Reward(request))
    assert told.code is Code.INVALID_ARGUMENT
    assert [named for named, _ in told.violations] == [field]


def test_a_decide_time_is_refused_by_a_server_with_a_clock(engine: Engine) -> None:
    """Without simulated time a server cannot decide for another moment, and says how to start one that can."""
    request = pb.DecideRequest(campaign="wardrobe", customer_id="ryan", decide_time=Timestamp(seconds=1_800_000_000))
    with served(engine) as client:
        told = refusal(lambda: client.decisioning.Decide(request))
    assert told.code is Code.INVALID_ARGUMENT
    ((field, description),) = told.violations
    assert field == "decide_time"
    assert "--simulated-time" in description


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Pacific/Honolulu"])
def test_the_ends_of_simulated_time_are_no_faults(engine: Engine, zone: str) -> None:
    """The earliest and the latest moment that are taken are decided for in any time zone; the next one is refused."""
    request = pb.DecideRequest(campaign="wardrobe", customer_id="ryan", time_zone=zone)
    with served(engine, simulated_time=True) as client:
        for seconds in (0, 7_258_118_399):
            request.decide_time.CopyFrom(Timestamp(seconds=seconds, nanos=999_999_999))
            assert client.decisioning.Decide(request).decision_id
        request.decide_time.CopyFrom(Timestamp(seconds=253_402_300_799))
        told = refusal(lambda: client.decisioning.Decide(request))
    assert told.code is Code.INVALID_ARGUMENT
    assert told.violations[0][0] == "decide_time"


def test_an_invalid_campaign_names_its_lines(engine: Engine) -> None:
    """A campaign text with mistakes gets INVALID_ARGUMENT with each field and line."""
    source = CAMPAIGN.replace("price: 29", "price: lots").replace("highest: 1", "highest: -4")
    with served(engine) as client:
        told = refusal(lambda: client.campaigns.ApplyCampaign(campaign_pb.ApplyCampaignRequest(source=source)))
    assert told.code is Code.INVALID_ARGUMENT
    assert [field for field, _ in told.violations] == ["reward.highest", "contents.polo.price"]
    assert all(description.startswith("line ") for _, description in told.violations)


def test_a_campaign_with_a_hundred_mistakes_still_fits_the_trailers(engine: Engine) -> None:
    """What is told of very many long violations is cut to what clients take, and says how many are left out."""
    contents = "".join(f"  {'x' * 150}{number}: {{price: ✗✗✗}}\n" for number in range(300))
    source = CAMPAIGN.partition("contents:")[0] + "contents:\n" + contents
    with served(engine) as client:
        told = refusal(lambda: client.campaigns.ApplyCampaign(campaign_pb.ApplyCampaignRequest(source=source)))
    assert told.code is Code.INVALID_ARGUMENT
    assert told.violations[-1][1].endswith("more violations are not shown")


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"\x0a\x02\xff\xfe"], ids=["no protobuf", "no UTF-8"])
def test_bytes_that_are_no_request_are_invalid(engine: Engine, data: bytes) -> None:
    """Bytes that cannot be parsed get INVALID_ARGUMENT, where gRPC by itself would answer UNKNOWN."""
    with served(engine) as client:
        call = client.channel.unary_unary("/decisioning.v1.DecisioningService/Decide")
        assert refusal(lambda: call(data)).code is Code.INVALID_ARGUMENT


def test_streams_answer_bytes_that_are_no_request(engine: Engine) -> None:
    """The ready-made streams answer bytes that cannot be parsed as if they were empty, and never with UNKNOWN."""
    with served(engine) as client:
        watch = client.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"\xff\xff")
        assert next(watch) == b"\x08\x01"
        watch.cancel()


@pytest.mark.parametrize("method", ["GetCampaign", "PauseCampaign", "ResumeCampaign"])
def test_an_unknown_campaign_is_not_found(engine: Engine, method: str) -> None:
    """Every call that names a campaign the log does not hold gets NOT_FOUND."""
    request = getattr(campaign_pb, f"{method}Request")(name="autumn")
    with served(engine) as client:
        assert refusal(lambda: getattr(client.campaigns, method)(request)).code is Code.NOT_FOUND
        told = refusal(lambda: client.decisioning.Decide(pb.DecideRequest(campaign="autumn", customer_id="ryan")))
    assert told.code is Code.NOT_FOUND
    assert "autumn" in told.text


def test_an_unknown_decision_is_not_found(engine: Engine) -> None:
    """A reward or an activation of a decision that nobody was told of gets NOT_FOUND."""
    reward, activation = pb.RewardRequest(outcome="clicked"), pb.ActivateRequest()
    with served(engine) as client:
        for decision_id in ("00" * 16, "no such id"):
            reward.decision_id = activation.decision_id = decision_id
            assert refusal(lambda: client.decisioning.Reward(reward)).code is Code.NOT_FOUND
            assert refusal(lambda: client.decisioning.Activate(activation)).code is Code.NOT_FOUND


@pytest.mark.parametrize("amount", [None, float("nan"), float("inf"), 1e13, -1.0], ids=str)
def test_an_amount_that_a_formula_has_no_use_for_is_invalid(engine: Engine, amount: float | None) -> None:
    """A formula's outcome without a finite amount for which it has a value gets INVALID_ARGUMENT with the field."""
    source = CAMPAIGN.replace("purchased: 1", 'purchased: "sqrt(amount) / 10"')
    with served(engine) as client:
        client.campaigns.ApplyCampaign(campaign_pb.ApplyCampaignRequest(source=source))
        decision = client.decisioning.Decide(pb.DecideRequest(campaign="wardrobe", customer_id="ryan"))
        request = pb.RewardRequest(decision_id=decision.decision_id, outcome="purchased", amount=amount)
        told = refusal(lambda: client.decisioning.Reward(request))
    assert told.code is Code.INVALID_ARGUMENT
    assert [field for field, _ in told.violations] == ["amount"]


@pytest.mark.parametrize(
    "time",
    [
        *(Timestamp(seconds=-1), Timestamp(seconds=7_258_118_400), Timestamp(seconds=1, nanos=-1)),
        *(Timestamp(seconds=1_000_000_000), Timestamp(seconds=7_258_118_399)),
    ],
    ids=["before 1970", "after 2199", "no time", "before the decision", "in the future"],
)
def test_an_impossible_activate_time_is_invalid(engine: Engine, time: Timestamp) -> None:
    """A decision cannot have been carried out before it was taken, in the future, or at no time at all."""
    with served(engine) as client:
        decision = client.decisioning.Decide(pb.DecideRequest(campaign="wardrobe", customer_id="ryan"))
        request = pb.ActivateRequest(decision_id=decision.decision_id, activate_time=time)
        told = refusal(lambda: client.decisioning.Activate(request))
    assert told.code is Code.INVALID_ARGUMENT
    assert [field for field, _ in told.violations] == ["activate_time"]


def test_an_activation_without_a_decision_is_invalid(engine: Engine) -> None:
    """An activation that names no decision gets INVALID_ARGUMENT with the field."""
    with served(engine) as client:
        told = refusal(lambda: client.decisioning.Activate(pb.ActivateRequest()))
    assert told.code is Code.INVALID_ARGUMENT
    assert [field for field, _ in told.violations] == ["decision_id"]


def test_activating_after_the_close_is_a_failed_precondition(new_engine: Engine) -> None:
    """A decision whose reward window has closed cannot be activated any more, for nothing can come of it."""
    request = pb.DecideRequest(campaign="wardrobe", customer_id="ryan", channels=["app"], decide_time=NOON)
    with served(new_engine, simulated_time=True) as client:
        client.campaigns.ApplyCampaign(campaign_pb.ApplyCampaignRequest(source=WINDOWED))
        decision = client.decisioning.Decide(request)
        activation = pb.ActivateRequest(decision_id=decision.decision_id)
        activation.activate_time.FromMicroseconds(NOON_US + SECOND_US)
        told = refusal(lambda: client.decisioning.Activate(activation))
    assert told.code is Code.FAILED_PRECONDITION
    assert "has closed" in told.text


def test_an_id_with_other_content_already_exists(engine: Engine) -> None:
    """The same request_id or reward_id with other content gets ALREADY_EXISTS."""
    with served(engine) as client:
        ask = client.decisioning
        first = ask.Decide(pb.DecideRequest(campaign="wardrobe", customer_id="ryan", request_id="r"))
        other = pb.DecideRequest(campaign="wardrobe", customer_id="ann", request_id="r")
        assert refusal(lambda: ask.Decide(other)).code is Code.ALREADY_EXISTS
        ask.Reward(pb.RewardRequest(decision_id=first.decision_id, outcome="clicked", reward_id="w"))
        again = pb.RewardRequest(decision_id=first.decision_id, outcome="purchased", reward_id="w")
        assert refusal(lambda: ask.Reward(again)).code is Code.ALREADY_EXISTS


def test_a_paused_campaign_is_a_failed_precondition(engine: Engine) -> None:
    """A paused campaign refuses to decide with FAILED_PRECONDITION, and decides again when resumed."""
    request = pb.DecideRequest(campaign="wardrobe", customer_id="ryan")
    with served(engine) as client:
        client.campaigns.PauseCampaign(campaign_pb.PauseCampaignRequest(name="wardrobe"))
        assert refusal(lambda: client.decisioning.Decide(request)).code is Code.FAILED_PRECONDITION
        client.campaigns.ResumeCampaign(campaign_pb.ResumeCampaignRequest(name="wardrobe"))
        assert client.decisioning.Decide(request).decision_id


def test_a_log_that_cannot_be_written_is_unavailable() -> None:
    """Where an append fails the call gets UNAVAILABLE with the advice to retry, and none of the log's own text."""
    engine = ScriptedEngine()
    engine.before = raising(LogUnavailable("/secret/path: disk full"))
    with served(engine) as client:
        told = refusal(lambda: client.decisioning.Decide(pb.DecideRequest()))
    assert told.code is Code.UNAVAILABLE
    assert "retry with the same id" in told.text
    assert "secret" not in told.text


def test_a_commit_that_fails_is_unavailable() -> None:
    """Where the commit fails nobody whose call was in it is answered: UNAVAILABLE, also for reads."""
    engine = ScriptedEngine()

    def fail() -> None:
        raise LogUnavailable("disk full")

    engine.on_commit = fail
    with served(engine) as client:
        for call in (
            lambda: client.decisioning.Decide(pb.DecideRequest()),
            lambda: client.decisioning.Reward(pb.RewardRequest()),
            lambda: client.decisioning.Activate(pb.ActivateRequest()),
            lambda: client.decisioning.BatchDecide(pb.BatchDecideRequest(requests=[pb.DecideRequest()])),
            lambda: client.campaigns.GetCampaign(campaign_pb.GetCampaignRequest(name="spring")),
        ):
            assert refusal(call).code is Code.UNAVAILABLE


class Panic(BaseException):
    """What a panic in a native extension looks like: no Exception."""


@pytest.mark.parametrize(
    "error",
    [ValueError("secret"), EngineError("secret"), RecursionError("secret"), SystemExit("secret"), Panic("secret")],
    ids=lambda error: type(error).__name__,
)
def test_a_fault_is_internal_and_told_to_the_log_only(error: BaseException, logged: Lines) -> None:
    """Whatever else goes wrong is INTERNAL with a generic text; details stand once in the log; the server lives on."""
    engine = ScriptedEngine()
    engine.before = raising(error)
    with served(engine) as client:
        told = refusal(lambda: client.decisioning.Decide(pb.DecideRequest(request_id="r-1")))
        engine.before = lambda _name: None
        assert client.decisioning.Decide(pb.DecideRequest()).decision_id
    assert told.code is Code.INTERNAL
    assert "secret" not in told.text
    (line,) = [line for line in logged() if "secret" in line.get("exception", "")]
    assert (line["status"], line["request_id"], line["level"]) == ("INTERNAL", "r-1", "error")


def test_an_unknown_method_is_unimplemented(engine: Engine) -> None:
    """A method that the contract does not have gets UNIMPLEMENTED."""
    with served(engine) as client:
        call = client.channel.unary_unary("/decisioning.v1.DecisioningService/Guess")
        assert refusal(lambda: call(b"")).code is Code.UNIMPLEMENTED
