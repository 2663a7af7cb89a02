"""CustomerService over a real channel: what each call answers and what the next decision knows; ids count once."""

from typing import Any

import grpc
import pytest
from decisioning.v1 import customer_service_pb2 as pb
from decisioning.v1 import decisioning_service_pb2 as decisioning_pb
from decisioning.v1.features_pb2 import Features
from decisioning.v1.identity_pb2 import Identity
from google.protobuf.timestamp_pb2 import Timestamp

from engine.engine import Engine
from engine.errors import LogUnavailable
from engine.events import DecisionTaken
from tests.server.conftest import Lines
from tests.server.served import Client, refusal, served

Code = grpc.StatusCode
COOKIE = Identity(type="cookie", value="c-1")
EMAIL = Identity(type="email", value="ryan@example.com")
CALLS = {
    "Identify": pb.IdentifyRequest(event_id="e", identity=EMAIL, attributes={"city": "Chicago"}),
    "Link": pb.LinkRequest(event_id="e", identity=COOKIE, other=EMAIL),
    "Unlink": pb.UnlinkRequest(event_id="e", identity=COOKIE, other=EMAIL),
    "Track": pb.TrackRequest(event_id="e", identity=COOKIE, type="browse", device="phone"),
}
OTHER = {
    "Identify": {"attributes": {"city": "Anytown"}},
    "Link": {"other": {"type": "phone", "value": "+13125550100"}},
    "Unlink": {"other": {"type": "phone", "value": "+13125550100"}},
    "Track": {"device": "desktop"},
}


def decided(client: Client, engine: Engine, identity: Identity) -> DecisionTaken:
    """Decide for an identity and return the decision as it stands in the log."""
    answer = client.decisioning.Decide(decisioning_pb.DecideRequest(campaign="wardrobe", identity=identity))
    logged = engine.log.find(bytes.fromhex(answer.decision_id))
    assert logged is not None
    assert isinstance(logged.event, DecisionTaken)
    return logged.event


def changed(method: str) -> Any:
    """Return a method's request with other content under the same event_id."""
    request = type(CALLS[method])()
    request.CopyFrom(CALLS[method])
    for field in OTHER[method]:
        request.ClearField(field)
    request.MergeFrom(type(request)(**OTHER[method]))
    return request


def test_what_is_tracked_is_known_to_the_very_next_decision(engine: Engine) -> None:
    """An event that was acknowledged changes the features that the next decision's models see."""
    event = pb.TrackRequest(identity=COOKIE, type="browse", device="phone", channel="web",
                            properties=Features(categories={"category": "suits"}))  # fmt: skip
    with served(engine) as client:
        before = decided(client, engine, COOKIE)
        assert not client.customers.Track(event).duplicate
        after = decided(client, engine, COOKIE)
    assert "device/phone" not in before.profile.numbers
    assert after.profile.numbers["device/phone"] == 0.5
    assert after.profile.numbers["category/suits"] == 0.5
    assert after.profile.numbers["channel/web"] == 0.5


def test_what_is_declared_is_known_to_the_very_next_decision(engine: Engine) -> None:
    """A city becomes a feature, a time zone is the one that is decided in; both are hers under every identity."""
    attributes = {"city": "Chicago", "time_zone": "America/Chicago"}
    with served(engine) as client:
        client.customers.Identify(pb.IdentifyRequest(identity=EMAIL, attributes=attributes))
        client.customers.Link(pb.LinkRequest(identity=EMAIL, other=COOKIE))
        decision = decided(client, engine, COOKIE)
    assert decision.profile.categories == attributes
    assert decision.time_zone == "America/Chicago"


def test_a_link_makes_two_identities_one_customer_and_an_unlink_two_again(engine: Engine) -> None:
    """The answers say whether the two are one customer, and whether anything changed."""
    pair = {"identity": COOKIE, "other": EMAIL}
    with served(engine) as client:
        link, unlink = client.customers.Link, client.customers.Unlink
        answers = [link(pb.LinkRequest(**pair)), link(pb.LinkRequest(**pair)),
                   unlink(pb.UnlinkRequest(**pair)), unlink(pb.UnlinkRequest(**pair))]  # fmt: skip
    assert [answer.duplicate for answer in answers] == [False, True, False, True]
    assert [answer.one_customer for answer in answers] == [True, True, False, False]
    assert [answer.seq for answer in answers] == [2, 2, 3, 3]


def test_two_that_others_link_stay_one_customer(engine: Engine) -> None:
    """Where two identities are linked by way of a third, undoing their own link leaves them one, and says so."""
    app = Identity(type="app", value="a-1")
    with served(engine) as client:
        for one, other in ((COOKIE, EMAIL), (EMAIL, app), (COOKIE, app)):
            client.customers.Link(pb.LinkRequest(identity=one, other=other))
        answer = client.customers.Unlink(pb.UnlinkRequest(identity=COOKIE, other=EMAIL))
        assert (answer.duplicate, answer.one_customer) == (False, True)


@pytest.mark.parametrize("method", CALLS)
def test_an_event_id_counts_once(engine: Engine, method: str) -> None:
    """The same call with the same event_id changes nothing and says so; with other content it is ALREADY_EXISTS."""
    with served(engine) as client:
        if method == "Unlink":
            client.customers.Link(pb.LinkRequest(identity=COOKIE, other=EMAIL))
        call = getattr(client.customers, method)
        first, again = call(CALLS[method]), call(CALLS[method])
        assert (first.duplicate, again.duplicate) == (False, True)
        assert again.seq == first.seq == engine.log.last_seq
        told = refusal(lambda: call(changed(method)))
    assert told.code is Code.ALREADY_EXISTS
    assert engine.log.last_seq == first.seq


def test_event_ids_are_one_space(engine: Engine) -> None:
    """An event_id that one call has used is refused to every other."""
    with served(engine) as client:
        client.customers.Track(CALLS["Track"])
        codes = {refusal(lambda m=m: getattr(client.customers, m)(CALLS[m])).code for m in ("Identify", "Link")}
    assert codes == {Code.ALREADY_EXISTS}


@pytest.mark.parametrize(
    ("method", "request_", "fields"),
    [
        ("Identify", pb.IdentifyRequest(), ["identity.value", "identity.type", "attributes"]),
        ("Identify", pb.IdentifyRequest(identity=EMAIL, attributes={"mail": "x"}), ["attributes['mail']"]),
        (
            "Identify",
            pb.IdentifyRequest(identity=EMAIL, attributes={"city": "+1 312 555 0100"}),
            ["attributes['city']"],
        ),
        (
            "Identify",
            pb.IdentifyRequest(identity=EMAIL, consents=[pb.Consent(granted=True)]),
            ["consents[0].purpose"],
        ),
        ("Link", pb.LinkRequest(identity=EMAIL, other=EMAIL), ["other"]),
        ("Unlink", pb.UnlinkRequest(identity=EMAIL), ["other.value", "other.type"]),
        ("Track", pb.TrackRequest(identity=EMAIL, type="sneeze"), ["type"]),
        (
            "Track",
            pb.TrackRequest(identity=EMAIL, type="browse", occur_time=Timestamp(seconds=1, nanos=-1)),
            ["occur_time"],
        ),
    ],
)
def test_an_invalid_request_names_its_fields(engine: Engine, method: str, request_: Any, fields: list[str]) -> None:
    """What breaks a rule gets INVALID_ARGUMENT with each field and its mend, and leaves nothing in the log."""
    with served(engine) as client:
        told = refusal(lambda: getattr(client.customers, method)(request_))
    assert told.code is Code.INVALID_ARGUMENT
    assert [field for field, _ in told.violations] == fields
    assert all(description for _, description in told.violations)
    assert engine.log.last_seq == 1  # the campaign


def test_a_customer_is_named_once(engine: Engine) -> None:
    """A decision asked for under customer_id and identity at once is refused, and so is one under neither."""
    both = decisioning_pb.DecideRequest(campaign="wardrobe", customer_id="ryan", identity=EMAIL)
    neither = decisioning_pb.DecideRequest(campaign="wardrobe")
    with served(engine) as client:
        told = [refusal(lambda asked=asked: client.decisioning.Decide(asked)) for asked in (both, neither)]
    assert {one.code for one in told} == {Code.INVALID_ARGUMENT}
    assert [one.violations[0][0] for one in told] == ["identity", "customer_id"]


def test_a_customer_id_is_an_identity(engine: Engine) -> None:
    """What is tracked of the identity of type customer_id is known of the customer of that id."""
    customer = Identity(type="customer_id", value="ryan")
    with served(engine) as client:
        client.customers.Track(pb.TrackRequest(identity=customer, type="browse", device="phone"))
        answer = client.decisioning.Decide(decisioning_pb.DecideRequest(campaign="wardrobe", customer_id="ryan"))
    logged = engine.log.find(bytes.fromhex(answer.decision_id))
    assert "device/phone" in logged.event.profile.numbers  # type: ignore[union-attr]


@pytest.mark.parametrize("method", CALLS)
def test_a_fault_is_internal_and_told_to_the_log_only(
    engine: Engine, method: str, monkeypatch: pytest.MonkeyPatch, logged: Lines
) -> None:
    """Whatever goes wrong within is INTERNAL with a generic text; its details stand in the service's log."""

    def fail(*_: object) -> None:
        raise ValueError("secret")

    monkeypatch.setattr(engine, "accept", fail)
    with served(engine) as client:
        if method == "Unlink":
            monkeypatch.setattr("engine.customer_operations._linked", lambda *_: True)
        told = refusal(lambda: getattr(client.customers, method)(CALLS[method]))
    assert told.code is Code.INTERNAL
    assert "secret" not in told.text
    (line,) = [line for line in logged() if "secret" in line.get("exception", "")]
    assert line["method"] == f"decisioning.v1.CustomerService/{method}"


@pytest.mark.parametrize("method", CALLS)
def test_a_log_that_cannot_be_written_is_unavailable(
    engine: Engine, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the log takes no events each call is UNAVAILABLE, nothing of it is known, and it can be made again."""

    def fail(*_: object) -> None:
        raise LogUnavailable("/secret/path: disk full")

    with served(engine) as client:
        if method == "Unlink":
            client.customers.Link(pb.LinkRequest(identity=COOKIE, other=EMAIL))
        before, call = engine.log.last_seq, getattr(client.customers, method)
        with monkeypatch.context() as full:
            full.setattr(engine.log, "commit", fail)
            told = refusal(lambda: call(CALLS[method]))
        assert told.code is Code.UNAVAILABLE
        assert "secret" not in told.text
        answer = call(CALLS[method])
    assert (answer.duplicate, answer.seq) == (False, before + 1)


def test_a_customer_has_at_most_a_hundred_identities(engine: Engine) -> None:
    """A link that would give one customer more is INVALID_ARGUMENT: that is a shared terminal, not a person."""
    with served(engine) as client:
        for number in range(99):
            other = Identity(type="cookie", value=f"c-{number}")
            assert client.customers.Link(pb.LinkRequest(identity=EMAIL, other=other)).one_customer
        one_more = pb.LinkRequest(identity=EMAIL, other=Identity(type="cookie", value="c-99"))
        told = refusal(lambda: client.customers.Link(one_more))
    assert told.code is Code.INVALID_ARGUMENT
    assert [field for field, _ in told.violations] == ["other"]


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("simulated_time", [True, False], ids=["simulated", "clock"])
def test_in_simulated_time_it_is_when_the_request_says(engine: Engine, method: str, simulated_time: bool) -> None:
    """A server with simulated time logs each fact at its occur_time; one with a clock at its own now."""
    request, time = changed(method), Timestamp(seconds=1_700_000_000)
    request.occur_time.CopyFrom(time)
    with served(engine, simulated_time=simulated_time) as client:
        if method == "Unlink":
            client.customers.Link(pb.LinkRequest(identity=request.identity, other=request.other, occur_time=time))
        getattr(client.customers, method)(request)
    (*_, last) = engine.log.read()
    assert last.seq > 1
    assert (last.time_us == 1_700_000_000_000_000) is simulated_time


def test_no_line_of_the_log_holds_anything_raw(engine: Engine, logged: Lines) -> None:
    """Neither identities nor what a caller put where a name belongs reach the service's log, even in a refusal."""
    hers = "ryan@example.com"
    bad = Features(numbers={hers: 1.0})
    with served(engine) as client:
        for call in (
            lambda: client.customers.Identify(pb.IdentifyRequest(identity=EMAIL, attributes={hers: "x"})),
            lambda: client.customers.Track(pb.TrackRequest(identity=EMAIL, type=hers, properties=bad)),
            lambda: client.customers.Link(pb.LinkRequest(identity=EMAIL, other=EMAIL)),
            lambda: client.decisioning.Decide(decisioning_pb.DecideRequest(campaign="none", identity=EMAIL)),
        ):
            assert refusal(call).code in {Code.INVALID_ARGUMENT, Code.NOT_FOUND}
        assert client.customers.Track(pb.TrackRequest(identity=EMAIL, type="browse")).seq
    lines = [line for line in logged() if line["event"] == "rpc"]
    assert len(lines) == 5
    assert lines[0]["fields"] == ["attributes[…]"]
    assert not [line for line in lines if "ryan" in str(line)]
