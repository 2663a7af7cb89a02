"""What the reward unit promises: rewards are learned alike, whatever range was declared."""

import random
from collections.abc import Callable
from itertools import pairwise
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.engine import Engine
from engine.folds import Learned
from engine.rebuild import rebuilt_models
from engine.reward_unit import FIRST_LOOK, LARGEST, LAST_LOOK, RewardUnit, count_rewards, range_unit
from engine.snapshots import newest_good, saved_models, taken
from engine.types import DecideRequest, RewardRequest
from engine.vowpal_wabbit import Bandit
from tests.engine.operated import assert_replays
from tests.rewarded_histories import windowed
from tests.wardrobe import NOON_US, SECOND_US

Opened = Callable[..., Engine]
SIZES = st.floats(1e-6, 1e6)
REWARDS = st.lists(st.floats(-1e6, 1e6), max_size=60)
LINES = ("|A content=polo", "|A content=parka")


def counted(values: list[float], scale: float = 1.0) -> RewardUnit:
    """Return the unit of a range after these rewards."""
    unit = range_unit(scale)
    count_rewards(unit, values)
    return unit


@given(SIZES)
def test_the_unit_begins_as_the_power_of_two_that_covers_the_range(scale: float) -> None:
    """Until something is earned, what may be earned is all that is known."""
    size = range_unit(scale).size
    assert log2(size).is_integer()
    assert size / 2 < scale <= size


@given(SIZES, REWARDS)
def test_whatever_is_earned_the_unit_is_a_power_of_two_that_some_reward_has(scale: float, values: list[float]) -> None:
    """It never is what nobody earned: a range's power, or that of a reward, no larger than counts."""
    unit = counted(values, scale)
    assert log2(unit.size).is_integer()
    largest = max([scale, *map(abs, values)])
    smallest = min([scale, *(abs(value) for value in values if value)])
    assert smallest / 2 < unit.size < 2 * largest or unit.size == range_unit(scale).size


@given(st.integers(-5, 5), st.floats(0.1, 1e6), st.lists(st.floats(0.01, 100), min_size=FIRST_LOOK, max_size=60))
def test_the_unit_goes_with_the_rewards(power: int, scale: float, values: list[float]) -> None:
    """Paid in pence or in pounds (powers of two, to be exact), the same rewards have the same unit, in their coin."""
    coin = 2.0**power
    one, other = counted(values, scale), counted([value * coin for value in values], scale * coin)
    assert other.size == one.size * coin


@pytest.mark.parametrize("scale", [1.0, 5.0, 1_000.0, 1e6])
def test_clicks_are_worth_one_whatever_the_range(scale: float) -> None:
    """Where all that is ever earned is 1, that is the unit after sixteen of them; nothing earned changes nothing."""
    assert counted([1.0, 0.0] * (FIRST_LOOK - 1), scale).size == range_unit(scale).size
    assert counted([1.0, 0.0] * FIRST_LOOK, scale).size == 1.0


def test_what_earns_most_decides() -> None:
    """Openings by the hundred do not hide what a few purchases come to, nor does one purchase hide the openings."""
    assert counted(([0.05] * 19 + [1.0]) * 40).size == 1.0  # 38 by openings, 40 by purchases
    assert counted(([0.05] * 499 + [1.0]) * 20).size == 0.0625  # 499 by openings, 20 by purchases


def test_the_unit_does_not_waver() -> None:
    """Rewards that lie about the border of two units keep the unit that they have found."""
    generator, unit, seen = random.Random(1), range_unit(1.0), []
    for _ in range(20_000):
        seen.append(count_rewards(unit, [generator.choice((0.9, 1.1))]))
    assert sum(before != after for before, after in pairwise(seen)) <= 2


def test_the_unit_follows_prices_that_rise() -> None:
    """What was earned long ago counts less at every look, so that a year of pennies does not bind for ever."""
    unit = counted([1.0] * 20_000)
    count_rewards(unit, [30.0] * LAST_LOOK)
    assert unit.size == 32.0


def test_one_slip_of_the_pen_changes_nothing() -> None:
    """A million among clicks counts as no more than the largest that counts."""
    unit = counted([1.0] * 1_000, 1e6)
    count_rewards(unit, [1e6])
    assert sum(unit.earned.values()) == 1_000 + LARGEST
    assert count_rewards(unit, [1.0] * 5_000) == 1.0


def test_what_is_next_to_nothing_counts_as_nothing() -> None:
    """A unit that small would have every real reward clipped for a year."""
    unit = counted([1e-300] * 100)
    assert (unit.size, unit.count) == (1.0, 0)


def taught_bandit(lessons: int) -> Bandit:
    """Return a model that has taken some lessons."""
    generator, model = random.Random(2), Bandit()
    for _ in range(lessons):
        city = generator.choice(("Anytown", "Chicago"))
        model.learn(f"shared |X city={city}", generator.choice(LINES), -generator.random(), generator.choice((1, 2)))
    return model


@pytest.mark.parametrize("unit", [0.25, 8.0, 1_024.0])
def test_a_model_in_another_unit_expects_the_same_worth(unit: float) -> None:
    """What was learned stays, to the last bit, in the new unit, and back again."""
    model = taught_bandit(200)
    before, weights = model.expected_cost("shared |X city=Chicago", LINES[0]), model.weights()
    model.measure_in(unit)
    assert model.unit == unit
    assert model.expected_cost("shared |X city=Chicago", LINES[0]) == pytest.approx(before / unit, rel=1e-6)
    model.measure_in(1.0)
    assert np.array_equal(model.weights(), weights)


def test_a_model_explores_by_the_unit() -> None:
    """Gaps that look like nothing in parts of a thousand are told apart in parts of what is earned."""
    model = taught_bandit(50)
    for _ in range(300):
        model.learn("shared |X city=Chicago", LINES[0], -1.0, 1)
        model.learn("shared |X city=Chicago", LINES[1], 0.0, 1)
    chances = []
    for unit in (1_000.0, 1.0):
        model.measure_in(unit)
        chances.append(model.asked("shared |X city=Chicago", LINES)[0][0])
    assert chances[0] < 0.7
    assert chances[1] > 0.95


def wide(highest: int) -> str:
    """Return the campaign with a range that nothing which is earned comes near."""
    return windowed(learn="at_close").replace("highest: 1}", f"highest: {highest}}}")


def lived(engine: Engine, number: int) -> None:
    """Ask for one customer after another, most of whom click, and let all windows close."""
    hour_us = 3_600 * SECOND_US
    for which in range(number):
        now_us = NOON_US + which * hour_us
        decision = engine.decide(DecideRequest("wardrobe", f"customer-{which}", request_id=f"q{which}"), now_us)
        if decision.content_id and which % 3:
            engine.reward(RewardRequest(decision.decision_id, f"r{which}", "clicked"), now_us + SECOND_US)
    engine.tick(NOON_US + (number + 48) * hour_us)


def test_the_unit_is_a_fold_of_the_log(opened: Opened) -> None:
    """Replayed, restored from a snapshot or learned anew, the models and their unit are those that serve."""
    engine = opened(source=wide(500))
    assert engine.state.reward_units["wardrobe"].size == 512.0
    lived(engine, 200)
    unit = engine.state.reward_units["wardrobe"]
    assert unit.size == 0.25
    assert {model.unit for model in engine.state.models.values()} == {0.25}
    assert_replays(engine)
    anew = rebuilt_models(engine.log.read(), engine.log.decision, "wardrobe", 1)
    assert anew.unit == unit
    for name, model in engine.state.models.items():
        assert np.array_equal(anew.models[name].weights(), model.weights())
    stored = taken(engine.state, saved_models(engine.state), NOON_US)
    restored = newest_good([stored], engine.state._past).state
    assert restored.reward_units["wardrobe"] == unit
    assert {name: model.unit for name, model in restored.models.items()} == dict.fromkeys(restored.models, 0.25)


def test_models_of_a_time_before_units_go_on_from_their_range(opened: Opened) -> None:
    """A snapshot that tells no unit holds weights in parts of the range's end, and none is taken for another's."""
    engine = opened(source=wide(5))
    lived(engine, 60)
    state = engine.state
    state.learned.update({name: Learned(one.lessons) for name, one in state.learned.items()})
    state.reward_units.clear()
    stored = taken(state, saved_models(state), NOON_US)
    restored = newest_good([stored], state._past).state
    assert {restored.models[name].unit for name in restored.learned} == {5.0}
    assert restored.reward_unit(restored.campaigns.catalogue("wardrobe").campaign).size == 8.0
