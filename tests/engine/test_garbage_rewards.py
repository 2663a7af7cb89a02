"""Ten thousand rewards that cannot be, among good ones: each refused with its field, none felt by model or log."""

import random
from collections.abc import Callable
from math import inf, isfinite, nan
from typing import Any

import numpy as np
import pytest

from engine.engine import Engine
from engine.errors import IdReused, InvalidRequest, NotFound
from engine.history import past_of
from engine.replay import replay
from engine.types import DecideRequest, Features, RewardRequest
from tests.rewarded_histories import MINUTE_US, windowed
from tests.wardrobe import NOON_US, SECOND_US

Opened = Callable[..., Engine]
OTHER = windowed(learn="at_close").replace("campaign: wardrobe", "campaign: shoes").replace("clicked:", "tried-on:")
DECISIONS, GARBAGE = 200, 10_000
NOT_UNICODE, LONG = "\ud800", "x" * 2_000

Fields = dict[str, Any]
GARBAGE_KINDS: dict[str, list[Fields]] = {
    "value": [{"value": value} for value in (nan, inf, -inf, 1e38, -1e38, 1.8e308, 5e-324 - 2, 1.000001, -1.000001)],
    "amount": [
        *({"outcome": "spent", "amount": amount} for amount in (nan, inf, -inf, 1e38, -1e13, None)),
        *({"outcome": "rooted", "amount": amount} for amount in (-1.0, -1e-9, -1e12, None)),
    ],
    "outcome": [
        {"outcome": outcome} for outcome in ("", "danced", "tried-on", "Clicked", "clicked ", NOT_UNICODE, LONG)
    ],
    "occur_time": [
        *({"value": 0.5, "occur_time_us": NOON_US - early_us} for early_us in (2 * SECOND_US, NOON_US, 2 * NOON_US)),
        *({"value": 0.5, "occur_time_us": NOON_US * times} for times in (2, 10, 100)),
    ],
    "reward_id": [{"value": 0.5, "reward_id": reward_id} for reward_id in (NOT_UNICODE, LONG)],
    "decision_id": [{"value": 0.5, "decision_id": decision_id} for decision_id in ("", NOT_UNICODE, LONG)],
}
UNKNOWN_DECISIONS = ("f" * 32, "0" * 31, "wardrobe", "💥", "'; DROP TABLE events; --")


def decided(engine: Engine) -> list[str]:
    """Take decisions for two campaigns in turn and return their ids."""
    names = ("wardrobe", "shoes")
    context = Features(numbers={"age": 40.0})
    asked = [DecideRequest(names[n % 2], f"customer-{n}", context, f"q{n}") for n in range(DECISIONS)]
    return [engine.decide(request, NOON_US).decision_id for request in asked]


def good(number: int, decision_id: str) -> RewardRequest:
    """Return the numbered good reward."""
    amount = (number % 7 - 3) * 50.0
    return RewardRequest(decision_id, f"good-{number}", "spent", amount=amount, occur_time_us=NOON_US)


def refused(engine: Engine, generator: random.Random, decision_ids: list[str], now_us: int) -> None:
    """Send one reward that cannot be, and see it refused for what is wrong with it."""
    field = generator.choice([*GARBAGE_KINDS, "unknown decision", "id of a good one"])
    at = generator.randrange(0, DECISIONS, 2)
    if field == "unknown decision":
        with pytest.raises(NotFound, match="decision"):
            engine.reward(RewardRequest(generator.choice(UNKNOWN_DECISIONS), "", "clicked"), now_us)
    elif field == "id of a good one":
        with pytest.raises(IdReused, match="reward_id"):
            engine.reward(RewardRequest(decision_ids[at], "good-0", "", generator.uniform(-1, 1)), now_us)
    else:
        fields = {"decision_id": decision_ids[at], "reward_id": ""} | generator.choice(GARBAGE_KINDS[field])
        with pytest.raises(InvalidRequest) as error:
            engine.reward(RewardRequest(**fields), now_us)
        assert [named for named, _ in error.value.violations] == [field], fields


def lived(engine: Engine, garbage: int) -> dict[str, np.ndarray]:
    """Reward every decision, with garbage in between, let all windows close, and return the weights."""
    engine.apply_campaign(OTHER, NOON_US)
    decision_ids, generator = decided(engine), random.Random(10_000)
    for number, decision_id in enumerate(decision_ids):
        now_us = NOON_US + number * SECOND_US
        engine.reward(good(number, decision_id), now_us)
        for _ in range(garbage // DECISIONS):
            refused(engine, generator, decision_ids, now_us)
        engine.commit()
    engine.tick(NOON_US + 600 * MINUTE_US)
    engine.commit()
    return {name: model.weights() for name, model in engine.state.models.items()}


def test_ten_thousand_garbage_rewards_leave_no_trace(opened: Opened) -> None:
    """Each is refused with its field; weights, folds and log are those of a run without any, and finite."""
    engine = opened("clean", source=windowed())
    clean, clean_folds, events = lived(engine, 0), engine.state.folds({}), [*engine.log.read()]
    engine = opened("dirty", source=windowed())
    dirty = lived(engine, GARBAGE)
    assert dirty.keys() == clean.keys()
    assert all(np.array_equal(dirty[name], clean[name]) for name in clean)
    assert all(np.isfinite(weights).all() and len(weights) for name, weights in dirty.items() if "email" not in name)
    assert engine.state.folds({}) == clean_folds
    assert [*engine.log.read()] == events
    assert engine.state.seq == replay(engine.log.read(), past_of(engine.log)).state.seq


@pytest.mark.parametrize(("amount", "value"), [(1e12, 1.0), (-1e12, -1.0), (200.0001, 1.0), (100.0, 0.5), (-0.0, 0.0)])
def test_a_formula_beyond_the_range_is_clipped_as_declared(opened: Opened, amount: float, value: float) -> None:
    """An amount may be as large as it likes: what it is worth stays in the campaign's range."""
    engine = opened(source=windowed())
    decision = engine.decide(DecideRequest("wardrobe", "she"), NOON_US)
    receipt = engine.reward(RewardRequest(decision.decision_id, "", "spent", amount=amount), NOON_US)
    assert (receipt.value, receipt.final_value) == (value, value)


WRONG_TYPES: list[tuple[Fields, str]] = [
    ({"value": "0.5"}, "value"),
    ({"value": True}, "value"),
    ({"value": [0.5]}, "value"),
    ({"value": 10**400}, "value"),
    ({"value": 0.5, "outcome": None}, "outcome"),
    ({"outcome": 5}, "outcome"),
    ({"outcome": b"clicked"}, "outcome"),
    ({"outcome": "clicked", "amount": "5"}, "amount"),
    ({"outcome": "spent", "amount": True}, "amount"),
    ({"value": 0.5, "occur_time_us": NOON_US + 0.5}, "occur_time"),
    ({"value": 0.5, "occur_time_us": float(NOON_US)}, "occur_time"),
    ({"value": 0.5, "occur_time_us": nan}, "occur_time"),
    ({"value": 0.5, "occur_time_us": "now"}, "occur_time"),
    ({"value": 0.5, "occur_time_us": 10**30}, "occur_time"),
    ({"value": 0.5, "occur_time_us": -(10**30)}, "occur_time"),
    ({"value": 0.5, "reward_id": 5}, "reward_id"),
    ({"value": 0.5, "decision_id": 7}, "decision_id"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG_TYPES, ids=lambda case: str(case)[:40])
def test_a_wrong_type_is_refused_with_its_field(opened: Opened, fields: Fields, field: str) -> None:
    """A caller in process may hand in anything: what is of the wrong type is refused, and the log stays readable."""
    engine = opened(source=windowed())
    decision = engine.decide(DecideRequest("wardrobe", "she"), NOON_US)
    with pytest.raises(InvalidRequest) as error:
        engine.reward(RewardRequest(**({"decision_id": decision.decision_id} | fields)), NOON_US)
    assert [named for named, _ in error.value.violations] == [field]
    assert [logged.seq for logged in engine.log.read()] == [1, 2]


def test_no_garbage_kind_is_a_good_reward_in_disguise() -> None:
    """Every kind of garbage holds something that a campaign could not mean."""
    values = [fields["value"] for fields in GARBAGE_KINDS["value"]]
    assert not any(isfinite(value) and -1 <= value <= 1 for value in values)
