"""On every rung of the ladder: the propensity is true, the reason tells the rung, and a replay agrees. Never a fault's
own handling, which test_unfit_models.py looks at.
"""

from collections.abc import Callable
from math import sqrt

import pytest

from engine import model_operations
from engine.engine import Engine
from engine.events import DecisionTaken, Reason
from engine.model_events import Switch
from engine.policy import content_name, router_name
from tests.engine.operated import Ask, assert_replays, busy, ruin, sent, stage
from tests.wardrobe import CAMPAIGN, NOON_US

Opened = Callable[..., Engine]
EMAIL = content_name("wardrobe", "email")


def on_current(_: Engine) -> Reason:
    """Leave the models as they learned."""
    return Reason.MODEL


def on_snapshot(engine: Engine) -> Reason:
    """Ruin what the last snapshot has."""
    engine.snapshot(NOON_US)
    ruin(engine, EMAIL)
    ruin(engine, router_name("wardrobe"))
    return Reason.PREVIOUS_SNAPSHOT


def on_uniform(engine: Engine) -> Reason:
    """Ruin what no snapshot has."""
    ruin(engine, EMAIL)
    ruin(engine, router_name("wardrobe"))
    return Reason.UNIFORM


def on_fallback(engine: Engine) -> Reason:
    """Throw the kill switch of a channel and of the router."""
    for channel in ("", "email"):
        model_operations.switch(engine, "wardrobe", channel, Switch.FALLBACK, NOON_US, on=True)
    return Reason.FALLBACK


@pytest.mark.parametrize("exploration", ["mixed", "squarecb", "epsilon_greedy"])
@pytest.mark.parametrize("step", [on_current, on_snapshot, on_uniform, on_fallback])
def test_on_every_rung_the_propensity_is_the_probability_drawn_from(
    opened: Opened, asking: Ask, step: Callable[[Engine], Reason], exploration: str
) -> None:
    """Over 600 decisions each stage's actions come as often as logged, 4.5 standard errors apart; a replay agrees."""
    engine = opened(source=f"{CAMPAIGN}exploration: {{method: {exploration}, floor: 0.2}}\n")
    busy(engine, asking, 30)
    reason = step(engine)
    taken = [engine.decide(asking(request_id=f"q{number}"), NOON_US) for number in range(600)]
    treated = [decision for decision in taken if not decision.control]
    allowed = {Reason.MODEL, Reason.EXPLORED, Reason.NOTHING_SENT} if reason is Reason.MODEL else {reason}
    assert {decision.reason for decision in treated} <= allowed
    assert_drawn_as_logged(treated)
    assert_replays(engine)


def assert_drawn_as_logged(decisions: list[DecisionTaken]) -> None:
    """Every propensity is its stages' product, and every stage's actions were drawn about as often as they say."""
    drawn: dict[tuple[str, str], list[tuple[bool, float]]] = {}
    for decision in decisions:
        product = 1.0
        for one in decision.stages:
            product *= one.probabilities[one.action]
            assert sum(one.probabilities.values()) == pytest.approx(1, abs=1e-9)
            for action, probability in one.probabilities.items():
                drawn.setdefault((one.name, action), []).append((action == one.action, probability))
        assert decision.propensity == product
    assert len(drawn) >= 8
    for place, draws in drawn.items():
        error = sqrt(sum(probability * (1 - probability) for _, probability in draws))
        expected = sum(probability for _, probability in draws)
        assert abs(sum(came for came, _ in draws) - expected) <= 4.5 * error + 1e-9, place


def test_a_fault_is_told_before_a_switch_and_silence(engine: Engine, asking: Ask) -> None:
    """With a refused router and a switched channel the answer tells of the fault, and of both in its stages."""
    busy(engine, asking, 10)
    ruin(engine, router_name("wardrobe"))
    model_operations.switch(engine, "wardrobe", "email", Switch.FALLBACK, NOON_US, on=True)
    decision = sent(engine, asking)
    assert decision.reason is Reason.UNIFORM
    assert "fallback rule" in stage(decision, "content").problem
    silent = [
        one for number in range(60) if not (one := engine.decide(asking(), NOON_US)).content_id and not one.control
    ]
    assert {one.reason for one in silent} == {Reason.UNIFORM}
