"""What a reward promises: counted once, refused with its field where it cannot be true, seen by the very next
decision.
"""

from collections.abc import Callable

import numpy as np
import pytest

from engine.engine import Engine
from engine.errors import IdReused, InvalidRequest, NotFound
from engine.events import DecisionTaken
from engine.types import DecideRequest, RewardRequest
from tests.wardrobe import CAMPAIGN, NOON_US, SECOND_US

Ask = Callable[..., DecideRequest]
HOUR_US = 3600 * SECOND_US


def a_decision(engine: Engine, ask: Ask, *, control: bool = False, **changes: object) -> DecisionTaken:
    """Take decisions until one sends something to a treated (or control) customer."""
    while True:
        decision = engine.decide(ask(**changes), NOON_US)
        if decision.control == control and decision.content_id:
            return decision


def weights(engine: Engine) -> dict[str, np.ndarray]:
    """Return every model's weights."""
    return {name: model.weights() for name, model in engine.state.models.items()}


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    """Name the models whose weights differ."""
    return {name for name in before if not np.array_equal(before[name], after[name])}


def test_a_reward_teaches_the_router_the_channel_and_its_neighbours(engine: Engine, asking: Ask) -> None:
    """One reward changes the router, the channel's own bandits, and lends to the channels where the content fits."""
    decision = a_decision(engine, asking, channels=("email",), content_ids=("polo",))
    before = weights(engine)
    receipt = engine.reward(RewardRequest(decision.decision_id, "r1", "purchased"), NOON_US + HOUR_US)
    assert (receipt.value, receipt.duplicate) == (1.0, False)
    learned = {"router", "email/content", "email/send_slot", "app/content", "app/send_slot"}
    assert changed(before, weights(engine)) == {f"wardrobe/{name}" for name in learned}


def test_a_content_teaches_only_the_channels_it_fits(engine: Engine, asking: Ask) -> None:
    """A suit for e-mail only leaves the app's content model alone."""
    decision = a_decision(engine, asking, content_ids=("suit",))
    before = weights(engine)
    engine.reward(RewardRequest(decision.decision_id, "r1", "clicked"), NOON_US)
    assert "wardrobe/app/content" not in changed(before, weights(engine))


def test_the_very_next_decision_sees_a_reward(engine: Engine, asking: Ask) -> None:
    """The same question has other probabilities right after a reward."""
    decision = a_decision(engine, asking)
    request = asking(customer_id="the same")
    before = engine.decide(request, NOON_US)
    engine.reward(RewardRequest(decision.decision_id, "", "purchased"), NOON_US)
    assert engine.decide(request, NOON_US).stages[0].probabilities != before.stages[0].probabilities


def test_the_same_reward_again_changes_nothing(engine: Engine, asking: Ask) -> None:
    """A retried reward is acknowledged as a duplicate, with the first value, and learned once."""
    decision = a_decision(engine, asking)
    request = RewardRequest(decision.decision_id, "r1", "clicked")
    engine.reward(request, NOON_US)
    before, seq = weights(engine), engine.log.last_seq
    again = engine.reward(request, NOON_US + HOUR_US)
    assert (again.value, again.duplicate) == (0.2, True)
    assert not changed(before, weights(engine))
    assert engine.log.last_seq == seq


def test_a_reward_id_with_other_content_is_refused(engine: Engine, asking: Ask) -> None:
    """One reward id cannot stand for two outcomes."""
    decision = a_decision(engine, asking)
    engine.reward(RewardRequest(decision.decision_id, "r1", "clicked"), NOON_US)
    with pytest.raises(IdReused, match="reward_id"):
        engine.reward(RewardRequest(decision.decision_id, "r1", "purchased"), NOON_US)


def test_request_ids_and_reward_ids_never_meet(engine: Engine, asking: Ask) -> None:
    """A reward may carry the very id of a request; they are different facts."""
    decision = a_decision(engine, asking, request_id="", content_ids=("polo",))
    engine.decide(asking(request_id="shared"), NOON_US)
    assert not engine.reward(RewardRequest(decision.decision_id, "shared", "clicked"), NOON_US).duplicate


def test_a_control_decision_is_logged_but_teaches_nothing(engine: Engine, asking: Ask) -> None:
    """The treated never learn from the group that measures them."""
    decision = a_decision(engine, asking, control=True)
    before, seq = weights(engine), engine.log.last_seq
    engine.reward(RewardRequest(decision.decision_id, "r1", "purchased"), NOON_US)
    assert not changed(before, weights(engine))
    assert engine.log.last_seq == seq + 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"outcome": "danced"}, "outcome"),
        ({}, "outcome"),
        ({"value": float("nan")}, "value"),
        ({"value": float("inf")}, "value"),
        ({"value": 1e38}, "value"),
        ({"value": 1.0001}, "value"),
        ({"value": -1.0001}, "value"),
        ({"value": 0.5, "occur_time_us": NOON_US + HOUR_US + 2 * SECOND_US}, "occur_time"),
        ({"value": 0.5, "occur_time_us": NOON_US - 2 * SECOND_US}, "occur_time"),
        ({"value": 0.5, "reward_id": "r" * 1_000}, "reward_id"),
    ],
    ids=str,
)
def test_an_impossible_reward_is_refused_with_its_field(engine: Engine, asking: Ask, fields: dict, field: str) -> None:
    """No value outside the declared range and no impossible time reaches a model or the log."""
    decision = a_decision(engine, asking)
    before, seq = weights(engine), engine.log.last_seq
    with pytest.raises(InvalidRequest) as refused:
        engine.reward(RewardRequest(decision.decision_id, **fields), NOON_US + HOUR_US)
    assert field in [named for named, _ in refused.value.violations]
    assert not changed(before, weights(engine))
    assert engine.log.last_seq == seq


@pytest.mark.parametrize("decision_id", ["f" * 32, "not a decision", "💥", "0" * 31], ids=ascii)
def test_an_unknown_decision_is_not_found(engine: Engine, decision_id: str) -> None:
    """A reward must name a decision that this engine took."""
    with pytest.raises(NotFound, match="decision"):
        engine.reward(RewardRequest(decision_id, "", "clicked"), NOON_US)


def test_a_value_beside_an_outcome_replaces_its_worth(engine: Engine, asking: Ask) -> None:
    """A purchase can say what it was worth this time."""
    decision = a_decision(engine, asking)
    assert engine.reward(RewardRequest(decision.decision_id, "", "purchased", 0.7), NOON_US).value == 0.7


def test_learning_finds_what_works(opened: Callable[..., Engine], asking: Ask) -> None:
    """Where one content is always bought and the others never, it is soon sent nearly always."""
    engine = opened(source=CAMPAIGN.replace("control_share: 0.2", ""))
    for _ in range(400):
        decision = engine.decide(asking(channels=("email",)), NOON_US)
        outcome = "purchased" if decision.content_id == "suit" else "ignored"
        engine.reward(RewardRequest(decision.decision_id, "", outcome), NOON_US)
    last = [engine.decide(asking(channels=("email",)), NOON_US).content_id for _ in range(200)]
    assert last.count("suit") > 160
