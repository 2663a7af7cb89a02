"""What a decision promises: idempotence, true propensities, the rules kept, a reason that says why."""

from collections.abc import Callable
from math import isclose, prod

import pytest

from engine.engine import Engine
from engine.errors import IdReused, InvalidRequest, NotFound, NotPossible
from engine.events import DecisionTaken, Reason
from engine.types import NOTHING, DecideRequest, Features
from tests.wardrobe import CAMPAIGN, NOON_US, SECOND_US

Ask = Callable[..., DecideRequest]


def decided(engine: Engine, ask: Ask, number: int, **changes: object) -> list[DecisionTaken]:
    """Take a number of decisions for new customers."""
    return [engine.decide(ask(**changes), NOON_US + i * SECOND_US) for i in range(number)]


def test_every_stage_sums_to_one_and_the_joint_propensity_is_their_product(engine: Engine, asking: Ask) -> None:
    """What is logged is a distribution a stage, and the propensity of the whole choice."""
    for decision in decided(engine, asking, 200):
        for stage in decision.stages:
            assert isclose(sum(stage.probabilities.values()), 1, abs_tol=1e-9)
            assert 0 < stage.propensity <= 1
        assert decision.propensity == prod(stage.propensity for stage in decision.stages)


def test_a_repeated_request_id_gets_the_first_answer(engine: Engine, asking: Ask) -> None:
    """A retry is answered from the log, even later and after the models have learned."""
    request = asking(request_id="once")
    first = engine.decide(request, NOON_US)
    assert engine.decide(request, NOON_US + 3600 * SECOND_US) == first
    assert engine.log.last_seq == 2  # the campaign and one decision


def test_a_request_id_with_other_content_is_refused(engine: Engine, asking: Ask) -> None:
    """One id cannot stand for two questions, since neither answer would be right."""
    engine.decide(asking(request_id="once", customer_id="ann"), NOON_US)
    with pytest.raises(IdReused, match="request_id"):
        engine.decide(asking(request_id="once", customer_id="bob"), NOON_US)


def test_requests_without_an_id_are_always_new(engine: Engine, asking: Ask) -> None:
    """Two requests that look the same and carry no id are two decisions."""
    request = asking(customer_id="ann")
    assert engine.decide(request, NOON_US).decision_id != engine.decide(request, NOON_US).decision_id


def test_a_request_narrows_channels_and_contents(engine: Engine, asking: Ask) -> None:
    """Only what the request names may be chosen, beside sending nothing."""
    for decision in decided(engine, asking, 100, channels=("email",), content_ids=("suit", "polo")):
        assert decision.channel in {"email", NOTHING}
        assert decision.content_id in {"suit", "polo", ""}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"channels": ("fax",)}, "channels[0]"),
        ({"content_ids": ("polo", "kilt")}, "content_ids[1]"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"customer_id": ""}, "customer_id"),
        ({"customer_id": "x" * 1_000_000}, "customer_id"),
        ({"context": Features(numbers={"age": float("nan")})}, "context.numbers['age']"),
        ({"context": Features(numbers={"age": float("inf")})}, "context.numbers['age']"),
        ({"context": Features(categories={"": "x"})}, "context.categories"),
        ({"context": Features(categories={f"f{i}": "x" for i in range(300)})}, "context"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_request_is_refused_with_its_field(engine: Engine, asking: Ask, changes: object, field: str) -> None:
    """The caller reads which field to mend, and nothing is logged."""
    before = engine.log.last_seq
    with pytest.raises(InvalidRequest) as refused:
        engine.decide(asking(**changes), NOON_US)  # type: ignore[arg-type]
    assert field in [named for named, _ in refused.value.violations]
    assert engine.log.last_seq == before


def test_an_unknown_campaign_is_not_found(engine: Engine, asking: Ask) -> None:
    """A decision is only taken for a campaign that was applied."""
    with pytest.raises(NotFound, match="tailoring"):
        engine.decide(asking(campaign="tailoring"), NOON_US)


def test_a_paused_campaign_decides_nothing_until_resumed(engine: Engine, asking: Ask) -> None:
    """Pausing stops decisions at once, still answers what was asked before, and resuming starts them again."""
    request = asking(request_id="before")
    first = engine.decide(request, NOON_US)
    assert engine.pause_campaign("wardrobe", NOON_US).paused
    with pytest.raises(NotPossible, match="paused"):
        engine.decide(asking(), NOON_US)
    assert engine.decide(request, NOON_US) == first
    assert not engine.resume_campaign("wardrobe", NOON_US).paused
    assert engine.decide(asking(), NOON_US)


def test_the_control_group_is_a_fixed_share_of_customers_and_gets_the_fallback_rule(
    engine: Engine, asking: Ask
) -> None:
    """A customer is in control for good, about a fifth of them are, and chance alone decides for them."""
    decisions = decided(engine, asking, 1_000)
    controls = [decision for decision in decisions if decision.control]
    assert abs(len(controls) / 1_000 - 0.2) < 4 * (0.2 * 0.8 / 1_000) ** 0.5
    for decision in controls:
        assert decision.reason is Reason.CONTROL
        assert all(len(set(stage.probabilities.values())) == 1 for stage in decision.stages)
    again = [engine.decide(asking(customer_id=f"customer-{i}"), NOON_US) for i in range(50)]
    assert [decision.control for decision in again] == [decision.control for decision in decisions[:50]]


def test_a_named_fallback_decides_for_the_control_group(opened: Callable[..., Engine], asking: Ask) -> None:
    """Every control customer gets the campaign's named choice, with propensity one."""
    named = "fallback: {channel: email, content: suit, send_window: morning}\n"
    engine = opened(source=CAMPAIGN + named)
    controls = [decision for decision in decided(engine, asking, 200) if decision.control]
    assert controls
    assert {(d.channel, d.content_id, d.send_slot, d.propensity) for d in controls} == {("email", "suit", "morning", 1)}


def test_send_times_are_never_in_the_past_and_lie_in_their_slot(engine: Engine, asking: Ask) -> None:
    """The send time is the slot's next occurrence by the customer's own clock."""
    for decision in decided(engine, asking, 200, time_zone="America/Chicago"):  # 07:00 there
        if decision.send_slot == "morning":
            assert decision.send_time_us is not None
            assert 0 <= decision.send_time_us - NOON_US < 200 * SECOND_US
        if decision.send_slot == "evening":
            assert decision.send_time_us == NOON_US + 11 * 3600 * SECOND_US
        if decision.channel == NOTHING:
            assert decision.send_time_us is None
            assert decision.content_id == decision.send_slot == ""


def test_reasons_say_what_happened(engine: Engine, asking: Ask) -> None:
    """A single possible action, a drawn exception and silence each read as what they are."""
    decisions = decided(engine, asking, 400)
    treated = [decision for decision in decisions if not decision.control]
    assert {decision.reason for decision in treated} <= {Reason.MODEL, Reason.EXPLORED, Reason.NOTHING_SENT}
    assert all((d.channel == NOTHING) == (d.reason is Reason.NOTHING_SENT) for d in treated)
    for decision in treated:
        if decision.reason is Reason.EXPLORED:
            assert any(stage.propensity < max(stage.probabilities.values()) for stage in decision.stages)


def test_where_rules_leave_one_way_the_reason_is_only_choice(opened: Callable[..., Engine], asking: Ask) -> None:
    """Without an alternative there is no model to credit."""
    silent = CAMPAIGN.replace("allowed: true, price: 0.05", "allowed: false").replace("control_share: 0.2", "")
    engine = opened(source=silent)
    decision = engine.decide(asking(channels=("app",), content_ids=("polo",)), NOON_US)
    assert (decision.reason, decision.propensity) == (Reason.ONLY_CHOICE, 1.0)


def test_message_limits_hold_and_then_nothing_is_eligible(opened: Callable[..., Engine], asking: Ask) -> None:
    """After the limit, a customer is not contacted however often the engine is asked."""
    limited = CAMPAIGN.replace(
        "send_windows: {now: now}", "send_windows: {now: now}\n    message_limits: [{messages: 2, per: 7 days}]"
    )
    engine = opened(source=limited.replace("allowed: true, price: 0.05", "allowed: false"))
    request = asking(channels=("app",), customer_id="ann")
    assert [engine.decide(request, NOON_US + i * SECOND_US).channel for i in range(2)] == ["app", "app"]
    with pytest.raises(NotPossible, match="nothing"):
        engine.decide(request, NOON_US + 2 * SECOND_US)
    week_us = 7 * 86_400 * SECOND_US
    assert engine.decide(request, NOON_US + week_us).channel == "app"


def test_a_content_is_not_sent_outside_its_dates(opened: Callable[..., Engine], asking: Ask) -> None:
    """A content whose dates are over at every open send time is not eligible."""
    dated = CAMPAIGN.replace("season: summer}", "season: summer, valid_until: 2026-07-01}")
    engine = opened(source=dated)
    assert "polo" not in {decision.content_id for decision in decided(engine, asking, 200)}


def test_a_failing_model_degrades_the_choice_and_says_so(engine: Engine, asking: Ask) -> None:
    """Where a model is missing its stage is drawn uniformly, the answer says uniform, and the log says why."""
    engine.state.models.clear()
    treated = [decision for decision in decided(engine, asking, 50) if not decision.control]
    for decision in treated:
        assert decision.reason is Reason.UNIFORM
        assert "no model" in decision.stages[0].problem
        assert len(set(decision.stages[0].probabilities.values())) == 1


@pytest.mark.parametrize("raw", ["ryan@example.com", "+1 312 555 0142", "+13125550142"])
def test_a_context_never_holds_who_she_is(engine: Engine, asking: Callable[..., DecideRequest], raw: str) -> None:
    """An address or a number among the features is refused by its field, and nothing of it is logged."""
    before = engine.log.last_seq
    with pytest.raises(InvalidRequest, match="contact"):
        engine.decide(asking(context=Features(categories={"contact": raw})), NOON_US)
    assert engine.log.last_seq == before
    engine.decide(asking(context=Features(categories={"contact": "@work", "size": "+2"})), NOON_US)
