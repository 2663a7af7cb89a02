"""Lessons are owed until somebody looks: whenever that is, models, decisions and the log are the same."""

from collections.abc import Callable

import pytest

from engine.engine import Engine
from engine.events import Event
from engine.folds import Learned
from engine.model_events import Switch
from engine.model_operations import switch
from engine.taught_models import OWED_MAX
from engine.types import DecideRequest, RewardRequest
from tests.wardrobe import CAMPAIGN, NOON_US, SECOND_US

Opened = Callable[..., Engine]
WINDOWED = CAMPAIGN.replace("  app:\n", "  app:\n    reward_window: 10 minutes\n")


def lived(engine: Engine, learn: Callable[[int], object]) -> tuple[list[Event], dict[str, Learned], list[bytes]]:
    """Decide, reward some, freeze and free a channel, and let windows close; `learn` has its turn after every step.

    Returns every event of the log, what each model has learned, and its weights.
    """
    decisions: list[str] = []
    for number in range(120):
        now_us = NOON_US + number * 60 * SECOND_US
        request = DecideRequest("wardrobe", f"c{number % 9}", request_id=f"q{number}")
        decisions.append(engine.decide(request, now_us).decision_id)
        learn(number)
        for back in range(number % 5):
            reward = RewardRequest(decisions[-1 - back // 2], f"r{number}-{back}", value=back / 5)
            engine.reward(reward, now_us + SECOND_US)
            learn(number)
        if number % 40 == 20:
            switch(engine, "wardrobe", "app", Switch.FROZEN, now_us, on=number < 60)
        learn(number)
    weights = [model.weights().tobytes() for _, model in sorted(engine.state.models.items())]
    return [logged.event for logged in engine.log.read()], dict(engine.state.learned), weights


@pytest.mark.parametrize("every", [2, 7, 1_000])
def test_when_a_lesson_is_taught_changes_nothing(opened: Opened, every: int) -> None:
    """Taught at once, now and then, or only when a decision asks, models and every event of the log are the same."""
    engine = opened("at-once", source=WINDOWED)
    at_once = lived(engine, lambda _: engine.learn(OWED_MAX))
    other = opened("later", source=WINDOWED)
    assert lived(other, lambda number: other.learn(1) if number % every == 0 else None) == at_once


def test_a_reward_is_answered_before_it_is_learned_and_learned_before_models_are_seen(opened: Opened) -> None:
    """A reward owes its lesson; whoever asks for models, or for what they have learned, finds none owed."""
    engine = opened()
    looks: list[Callable[[], object]] = [
        lambda: engine.state.models,
        lambda: engine.state.learned,
        lambda: engine.state.put_back,
        lambda: engine.decide(DecideRequest("wardrobe", "ann"), NOON_US),
        lambda: engine.snapshot(NOON_US),
    ]
    for look in looks:
        decision = engine.decide(DecideRequest("wardrobe", "ann"), NOON_US)
        engine.reward(RewardRequest(decision.decision_id, value=0.5), NOON_US)
        assert engine.lessons_owed == 1
        look()
        assert engine.lessons_owed == 0


def test_no_more_lessons_are_owed_than_a_moment_takes(opened: Opened) -> None:
    """However many rewards come while nobody decides, the first of them are learned meanwhile."""
    engine = opened()
    decision = engine.decide(DecideRequest("wardrobe", "ann"), NOON_US)
    for number in range(2 * OWED_MAX):
        engine.reward(RewardRequest(decision.decision_id, value=number / (2 * OWED_MAX)), NOON_US)
    assert engine.lessons_owed == OWED_MAX
