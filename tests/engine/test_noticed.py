"""What is learned apart: whether a message was noticed, and what it was worth once it was."""

from collections.abc import Callable, Mapping

import pytest

from engine import taught_models
from engine.engine import Engine
from engine.folds import Half
from engine.learner import Rewarded, lessons, rewarded_decision
from engine.rebuild import rebuilt_models
from engine.types import DecideRequest, RewardRequest
from engine.vowpal_wabbit import Bandit
from tests.engine.operated import assert_replays
from tests.rewarded_histories import windowed
from tests.wardrobe import NOON_US, SECOND_US

Opened = Callable[..., Engine]
HOUR_US = 3_600 * SECOND_US
UNIT = 1.0


def told_apart(learn: str = "at_close") -> str:
    """Return the campaign with an outcome that tells that a message was noticed."""
    return windowed(learn=learn).replace("outcomes: {clicked", "outcomes: {opened: 0.1, clicked")


def taught_costs(engine: Engine, outcome: str, *, noticed: bool | None) -> dict[str, float]:
    """Return what one decision's lessons cost by model, if it came to this outcome, or to nothing (empty)."""
    decision = engine.decide(DecideRequest("wardrobe", "ryan", channels=("app",)), NOON_US)
    assert decision.channel == "app"
    logged = engine.log.find(bytes.fromhex(decision.decision_id))
    assert logged is not None
    catalogue = engine.state.campaigns.catalogue("wardrobe")
    value = catalogue.campaign.outcomes[outcome] if outcome else 0.0
    rewarded = rewarded_decision(logged, decision, catalogue, catalogue)
    return {one.model.split("/", 1)[1]: one.cost for one in lessons(rewarded, float(value), UNIT, noticed=noticed)}  # type: ignore[arg-type]


def test_a_message_without_an_outcome_says_nothing_of_its_content(opened: Opened) -> None:
    """Nobody noticed it, so its slot and channel are to blame; contents are left as they are."""
    engine = opened(source=told_apart())
    unnoticed = taught_costs(engine, "", noticed=False)
    assert unnoticed["app/send_slot"] == 0.0 == unnoticed["router"]
    assert not any(model.endswith("/content") for model in unnoticed)


def test_a_noticed_message_teaches_its_slot_that_and_its_content_what_it_was_worth(opened: Opened) -> None:
    """However much a noticed message earns, its slot has done the same for it."""
    engine = opened(source=told_apart())
    noticed = taught_costs(engine, "opened", noticed=True)
    assert (noticed["app/send_slot"], noticed["app/content"]) == (-1.0, pytest.approx(-0.1 / UNIT))
    assert noticed["router"] == pytest.approx(-0.1 / UNIT)


def test_where_nothing_tells_silence_teaches_contents_too(opened: Opened) -> None:
    """A message of a channel that is never told what was noticed teaches all its models the same."""
    engine = opened(source=told_apart())
    assert set(taught_costs(engine, "clicked", noticed=None).values()) == {-0.25 / UNIT}


@pytest.mark.parametrize(("more", "after"), [("", False), ("noticed_outcomes: []\n", None)])
def test_a_channel_begins_to_tell_with_its_first_such_outcome(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, more: str, after: bool | None
) -> None:
    """Before it, on other channels, and where the campaign says that nothing tells, silence says nothing of notice."""
    engine, taught = opened(source=told_apart() + more), list[tuple[str, bool | None]]()
    real = taught_models.teach

    def teaching(models: Mapping[str, Bandit], rewarded: Rewarded, half: Half, unit: float) -> dict[str, bool]:
        taught.append((rewarded.decision.channel, half.noticed))
        return real(models, rewarded, half, unit)

    monkeypatch.setattr(taught_models, "teach", teaching)
    for number, (channel, outcome) in enumerate([("app", ""), ("app", "opened"), ("app", ""), ("email", "")]):
        now_us = NOON_US + number * 2 * HOUR_US
        decision = engine.decide(DecideRequest("wardrobe", "ryan", channels=(channel,)), now_us)
        if outcome:
            engine.reward(RewardRequest(decision.decision_id, "", outcome), now_us + SECOND_US)
    engine.tick(NOON_US + 48 * HOUR_US)
    engine.learn(10)
    assert taught == [("app", None), ("app", None if more else True), ("app", after), ("email", None)]


@pytest.mark.parametrize("learn", ["at_close", "provisionally"])
def test_replay_and_rebuild_learn_the_same_apart(opened: Opened, learn: str) -> None:
    """A replay gives the same weights, and so does a rebuild where nothing came late."""
    engine = opened(source=told_apart(learn))
    for number in range(60):
        now_us = NOON_US + number * 1_200 * SECOND_US
        decision = engine.decide(DecideRequest("wardrobe", f"c{number % 7}"), now_us)
        if number % 3:
            engine.reward(RewardRequest(decision.decision_id, "", "opened"), now_us + SECOND_US)
    engine.tick(NOON_US + 48 * HOUR_US)
    assert_replays(engine)
    if learn == "at_close":
        rebuilt = rebuilt_models(engine.log.read(), engine.log.decision, "wardrobe", 1).models
        for name, model in engine.state.models.items():
            assert (name, rebuilt[name].weights().tolist()) == (name, model.weights().tolist())
