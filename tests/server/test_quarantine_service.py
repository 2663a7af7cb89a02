"""The quarantine over a real channel: what is put aside is told, listed in pages, counted, and let in once."""

from typing import Any

import grpc
import pytest
from decisioning.v1 import customer_service_pb2 as pb
from decisioning.v1 import decisioning_service_pb2 as decisioning_pb
from decisioning.v1.features_pb2 import Features
from decisioning.v1.identity_pb2 import Identity
from google.protobuf.timestamp_pb2 import Timestamp

from engine.engine import Engine
from engine.events import DecisionTaken
from server.clock import wall_clock_us
from tests.server.served import refusal, served
from tests.wardrobe import CAMPAIGN, NOON_US

Code = grpc.StatusCode
COOKIE = Identity(type="cookie", value="c-1")
NAN = float("nan")


def bought(amount: float, order_id: str = "o1") -> pb.TrackRequest:
    """Return a purchase of a polo on a phone."""
    said = Features(numbers={"amount": amount}, categories={"order_id": order_id, "category": "polos"})
    return pb.TrackRequest(identity=COOKIE, type="purchase", device="phone", properties=said)


def test_a_dirty_event_is_answered_listed_and_let_in(engine: Engine) -> None:
    """Its answer names the reason, the list shows it, and once let in the next decision knows of it."""
    ask = decisioning_pb.DecideRequest(campaign="wardrobe", identity=COOKIE)
    with served(engine) as client:
        told = client.customers.Track(bought(NAN))
        assert (told.quarantined, told.duplicate) == ("out_of_range", False)
        listed = client.customers.ListQuarantine(pb.ListQuarantineRequest())
        before = client.decisioning.Decide(ask)
        first, again = (client.customers.Readmit(pb.ReadmitRequest(seq=told.seq)) for _ in range(2))
        after = client.decisioning.Decide(ask)
        emptied = client.customers.ListQuarantine(pb.ListQuarantineRequest())
    (fact,) = listed.facts
    assert (fact.seq, fact.reason, fact.kind) == (told.seq, "out_of_range", "event_tracked")
    assert (fact.identity_type, len(fact.identity)) == ("cookie", 32)
    assert "amount is nan" in fact.detail
    assert fact.held["category"] == "polos"
    assert 0 < fact.receive_time.ToMicroseconds() <= wall_clock_us()
    assert [(one.reason, one.quarantined, one.readmitted) for one in listed.counts] == [("out_of_range", 1, 0)]
    assert (first.duplicate, again.duplicate, again.seq) == (False, True, first.seq)
    assert not emptied.facts
    assert [(one.quarantined, one.readmitted) for one in emptied.counts] == [(1, 1)]
    decisions = [engine.log.find(bytes.fromhex(one.decision_id)) for one in (before, after)]
    numbers = [one.event.profile.numbers for one in decisions if one and isinstance(one.event, DecisionTaken)]
    assert ["category/polos" in profile for profile in numbers] == [False, True]


def test_a_list_comes_in_pages_newest_first(engine: Engine) -> None:
    """Following the tokens shows every fact once; a reason narrows the list, not the counts."""
    with served(engine) as client:
        seqs = [client.customers.Track(bought(NAN if n % 2 else 2e6, f"o{n}")).seq for n in range(5)]
        client.customers.Identify(pb.IdentifyRequest(identity=COOKIE, attributes={"time_zone": "Chicago"}))
        token, found = "", []
        for _ in range(3):
            request = pb.ListQuarantineRequest(reason="out_of_range", page_size=2, page_token=token)
            answer = client.customers.ListQuarantine(request)
            found += [fact.seq for fact in answer.facts]
            token = answer.next_page_token
    assert (found, token) == (seqs[::-1], "")
    assert {one.reason: one.quarantined for one in answer.counts} == {"out_of_range": 5, "time_zone": 1}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"reason": "ugly"}, "reason"),
        ({"page_size": -1}, "page_size"),
        ({"page_token": "x"}, "page_token"),
        ({"page_token": "eA=="}, "page_token"),
    ],
)
def test_a_list_of_what_is_not_is_refused(engine: Engine, asked: dict[str, Any], field: str) -> None:
    """A reason, size or token that is none is named with its mend."""
    with served(engine) as client:
        told = refusal(lambda: client.customers.ListQuarantine(pb.ListQuarantineRequest(**asked)))
    assert (told.code, [name for name, _ in told.violations]) == (Code.INVALID_ARGUMENT, [field])


def test_what_cannot_be_let_in_is_refused(engine: Engine) -> None:
    """Nothing put aside there is NOT_FOUND, for any number; something of tomorrow is FAILED_PRECONDITION."""
    tomorrow = Timestamp()
    tomorrow.FromMicroseconds(wall_clock_us() + 86_400_000_000)
    event = pb.TrackRequest(identity=COOKIE, type="browse", device="phone", occur_time=tomorrow)
    with served(engine) as client:
        told = client.customers.Track(event)
        codes = [
            refusal(lambda seq=seq: client.customers.Readmit(pb.ReadmitRequest(seq=seq))).code
            for seq in (0, -1, 1, 2**63 - 1, told.seq)
        ]
    assert told.quarantined == "impossible_time"
    assert codes == [Code.NOT_FOUND] * 4 + [Code.FAILED_PRECONDITION]


def test_a_reward_that_is_put_aside_says_so(engine: Engine) -> None:
    """The same reward again gets the same answer."""
    with served(engine, simulated_time=True) as client:
        ask = decisioning_pb.DecideRequest(campaign="wardrobe", customer_id="ryan", channels=["app"])
        ask.decide_time.FromMicroseconds(wall_clock_us())
        decision = client.decisioning.Decide(ask)
        while not decision.channel:
            decision = client.decisioning.Decide(ask)
        reward = decisioning_pb.RewardRequest(reward_id="r", decision_id=decision.decision_id, outcome="clicked")
        reward.occur_time.FromMicroseconds(ask.decide_time.ToMicroseconds() + 100_000)
        answers = [client.decisioning.Reward(reward) for _ in range(2)]
    assert [(one.quarantined, one.duplicate) for one in answers] == [("too_fast", False), ("too_fast", True)]


def test_a_date_in_the_far_future_does_not_take_simulated_time_there(new_engine: Engine) -> None:
    """In simulated time events carry the time forward, but not by more than a simulation goes in one step."""
    new_engine.apply_campaign(CAMPAIGN, NOON_US)
    day_us, found = 86_400_000_000, []
    with served(new_engine, simulated_time=True) as client:
        for days in (0, 20, 385, 40):
            event = pb.TrackRequest(identity=COOKIE, type="browse", device="phone")
            event.occur_time.FromMicroseconds(NOON_US + days * day_us)
            found.append(client.customers.Track(event).quarantined)
    assert found == ["", "", "impossible_time", ""]
    assert new_engine.state.clock_us == NOON_US + 40 * day_us
