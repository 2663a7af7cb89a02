"""Reward windows over a real channel: activations, late outcomes, and windows that close while nobody calls."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from decisioning.v1 import campaign_service_pb2 as campaign_pb
from decisioning.v1 import decisioning_service_pb2 as pb

from engine.engine import Engine
from engine.errors import LogUnavailable
from engine.events import DecisionActivated, DecisionTaken, Tick
from engine.opening import open_engine
from engine.types import DecideRequest
from tests.conftest import StartedServer
from tests.server.conftest import Lines
from tests.server.scripted_engine import ScriptedEngine
from tests.server.served import Client, served
from tests.server.windowed import NOON, WINDOWED, logged_event, wait_for_reward
from tests.wardrobe import NOON_US, SECOND_US

ASSUMED = WINDOWED.replace("activation: required", "activation: assumed")


def decided(client: Client, source: str, request: pb.DecideRequest | None = None) -> str:
    """Apply a campaign, decide for the app until something is sent, and return that decision's id."""
    client.campaigns.ApplyCampaign(campaign_pb.ApplyCampaignRequest(source=source))
    request = request or pb.DecideRequest()
    request.MergeFrom(pb.DecideRequest(campaign="wardrobe", customer_id="ryan", channels=["app"]))
    while not (answer := client.decisioning.Decide(request)).channel:
        pass  # silence was drawn; without a request id the same question is a new one
    return answer.decision_id


def activation(decision_id: str, time_us: int) -> pb.ActivateRequest:
    """Return the report that a decision was carried out at a time."""
    request = pb.ActivateRequest(decision_id=decision_id)
    request.activate_time.FromMicroseconds(time_us)
    return request


def test_a_window_closes_while_nobody_calls(engine: Engine, tmp_path: Path) -> None:
    """One second after a decision without outcome the log shows its default reward, because time itself is logged: one
    tick for each time that windows closed, and none between.
    """
    with served(engine, tick_seconds=0.05) as client:
        decision_id = decided(client, ASSUMED)
        assert logged_event(tmp_path / "data", decision_id)["reward"] is None
        assert wait_for_reward(tmp_path / "data", decision_id) == -0.1
    events = [line.event for line in engine.log.read()]
    decisions = sum(isinstance(event, DecisionTaken) for event in events)  # silence may have been drawn before
    assert 1 <= sum(isinstance(event, Tick) for event in events) <= decisions


def test_an_activated_decision_gets_its_default_reward(engine: Engine, tmp_path: Path) -> None:
    """A decision that must be activated earns the default reward only once it was, counted from then."""
    with served(engine, tick_seconds=0.05) as client:
        never, carried_out = decided(client, WINDOWED), decided(client, WINDOWED)
        assert client.decisioning.Activate(pb.ActivateRequest(decision_id=carried_out)).HasField("close_time")
        assert wait_for_reward(tmp_path / "data", carried_out) == -0.1
    shown = logged_event(tmp_path / "data", never)
    assert (shown["activated"], shown["reward"]) == (0, None)


def test_an_activation_counts_once(new_engine: Engine) -> None:
    """Activating again, at whatever time, changes nothing, gets the same close, and is one event in the log."""
    with served(new_engine, simulated_time=True) as client:
        decision_id = decided(client, WINDOWED, pb.DecideRequest(decide_time=NOON))
        first = client.decisioning.Activate(activation(decision_id, NOON_US + 500_000))
        again = client.decisioning.Activate(activation(decision_id, NOON_US + 500_000))
        other = client.decisioning.Activate(activation(decision_id, NOON_US + 600_000))
    assert (first.duplicate, again.duplicate, other.duplicate) == (False, True, True)
    assert {reply.close_time.ToMicroseconds() for reply in (first, again, other)} == {NOON_US + 1_500_000}
    (event,) = [line.event for line in new_engine.log.read() if isinstance(line.event, DecisionActivated)]
    assert event.activate_time_us == NOON_US + 500_000


def test_an_activation_without_window_has_no_close(engine: Engine) -> None:
    """Where the campaign has no reward window an activation is noted, and there is no close to tell of."""
    with served(engine) as client:
        decision = client.decisioning.Decide(pb.DecideRequest(campaign="wardrobe", customer_id="ryan"))
        reply = client.decisioning.Activate(pb.ActivateRequest(decision_id=decision.decision_id))
    assert (reply.duplicate, reply.HasField("close_time")) == (False, False)


def test_outcomes_add_up_and_late_ones_say_so(new_engine: Engine) -> None:
    """Each reply tells the outcome's own value and the decision's so far; one after the close is told to be late."""
    with served(new_engine, simulated_time=True) as client:
        decision_id = decided(client, ASSUMED, pb.DecideRequest(decide_time=NOON))
        replies = []
        for outcome, after_us in (("clicked", 100_000), ("clicked", 900_000), ("unsubscribed", SECOND_US)):
            request = pb.RewardRequest(decision_id=decision_id, outcome=outcome)
            request.occur_time.FromMicroseconds(NOON_US + after_us)
            replies.append(client.decisioning.Reward(request))
    assert [reply.late for reply in replies] == [False, False, True]
    assert [reply.value for reply in replies] == [0.2, 0.2, -1.0]
    assert [reply.final_value for reply in replies] == pytest.approx([0.2, 0.4, -0.6])


def test_a_formula_is_reckoned_over_the_amount(engine: Engine) -> None:
    """An outcome whose worth is a formula is worth what the formula says of the amount, within the reward's range."""
    source = WINDOWED.replace("purchased: 1", 'purchased: "amount / 200"')
    with served(engine) as client:
        decision_id = decided(client, source)
        amounts = (50, 0, 1_000)
        requests = [pb.RewardRequest(decision_id=decision_id, outcome="purchased", amount=each) for each in amounts]
        replies = [client.decisioning.Reward(request) for request in requests]
    assert [reply.value for reply in replies] == [0.25, 0.0, 1.0]


def test_a_campaign_changed_in_simulated_time_closes_no_window(new_engine: Engine) -> None:
    """Applying, pausing and resuming happen at the log's own latest time, not at the clock's, years after it."""
    with served(new_engine, simulated_time=True) as client:
        decision_id = decided(client, ASSUMED, pb.DecideRequest(decide_time=NOON))
        client.campaigns.PauseCampaign(campaign_pb.PauseCampaignRequest(name="wardrobe"))
        applied = client.campaigns.ApplyCampaign(campaign_pb.ApplyCampaignRequest(source=ASSUMED + "# once more\n"))
        request = pb.RewardRequest(decision_id=decision_id, outcome="clicked")
        request.occur_time.FromMicroseconds(NOON_US)
        assert not client.decisioning.Reward(request).late
    assert applied.apply_time == NOON


def test_simulated_time_does_not_tick() -> None:
    """Where time comes from the requests, the clock closes no window."""
    engine = ScriptedEngine()
    with served(engine, simulated_time=True, tick_seconds=0.05) as client:
        assert client.service.ticking is None
    assert engine.ticks == []


def test_a_tick_that_fails_is_logged_and_tried_again(logged: Lines) -> None:
    """A log that takes no events for a while delays the closing of windows, is told of once, and does not end it."""
    engine = ScriptedEngine()

    def fail_at_first(name: str) -> None:
        if name == "tick" and len(engine.ticks) < 3:
            engine.ticks.append(0)
            raise LogUnavailable("disk full")

    engine.before = fail_at_first
    with served(engine, tick_seconds=0.05) as client:
        while len(engine.ticks) < 5:
            client.decisioning.Decide(pb.DecideRequest())
    assert [line["event"] for line in logged()].count("tick_failed") == 1


def test_what_ended_during_a_stop_is_closed_before_anybody_is_answered(
    start_server: Callable[..., StartedServer], tmp_path: Path
) -> None:
    """As soon as the server says that it serves, the decisions of a past life have their default reward."""
    engine = open_engine(tmp_path / "data", durability="process")
    with closing(engine):
        engine.apply_campaign(ASSUMED, NOON_US)
        asked = [DecideRequest("wardrobe", f"c{number}", channels=("app",)) for number in range(300)]
        ids = [engine.decide(request, NOON_US + number).decision_id for number, request in enumerate(asked)]
        engine.commit()
    start_server("--data", tmp_path / "data")
    assert {logged_event(tmp_path / "data", decision_id)["reward"] for decision_id in (ids[0], ids[-1])} == {-0.1}


def test_draining_ends_the_ticks() -> None:
    """A server that is told to stop asks for no more ticks."""
    engine = ScriptedEngine()
    with served(engine, tick_seconds=0.05) as client:
        client.drain(0.1)
        assert client.service.ticking is not None
        assert client.service.ticking.cancelled()
