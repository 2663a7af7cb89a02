"""Rewards in any order of arrival: late by up to three windows, repeated, and sent before their decision is durable.

What a decision earned is a matter of what happened and when it was received, never of restarts, snapshots or replays.
"""

import random
from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from msgspec import json

from engine.engine import Engine
from engine.errors import NotFound
from engine.history import past_of
from engine.replay import replay
from engine.state import State
from engine.types import DecideRequest, Features, RewardRequest
from tests.reward_rule import Rule, closed, final_value, lessons
from tests.rewarded_histories import (
    MINUTE_US,
    Activate,
    Decide,
    Played,
    Reward,
    Step,
    Tick,
    named,
    play,
    spied,
    windowed,
)
from tests.wardrobe import NOON_US

Opened = Callable[..., Engine]
WINDOW_US = 10 * MINUTE_US
SEEDS = range(50)
COMBINES = ("sum", "max", "first", "last")


def rule_of(seed: int) -> Rule:
    """Return one of the eight rules, in turn."""
    return Rule(COMBINES[seed % 4], ("provisionally", "at_close")[seed // 4 % 2], default=0.125)


def source_of(seed: int) -> str:
    """Return the campaign of that rule; every third requires that decisions are carried out."""
    rule, activation = rule_of(seed), ("required", "assumed", "assumed")[seed % 3]
    return windowed(combine=rule.combine, learn=rule.learn, default=rule.default, activation=activation)


def arrivals(seed: int) -> list[Step]:
    """Return ten decisions with up to four outcomes each, delayed by 0 to 3 windows, some repeated, some at once."""
    generator = random.Random(seed)
    steps: list[Step] = []
    decided = [number * 2 * MINUTE_US for number in range(10)]
    for number, at_us in enumerate(decided):
        steps.append(Activate(at_us + generator.randrange(2 * WINDOW_US), number, at_us))
        for outcome in range(generator.randrange(5)):
            occur_us = at_us + generator.choice([0, generator.randrange(WINDOW_US)])  # 0: in the decision's own turn
            delay_us = generator.choice([0, generator.randrange(3 * WINDOW_US)])
            value = generator.randrange(-8, 9) / 8
            reward = Reward(occur_us + delay_us, number, value, occur_us, f"r{number}-{outcome}")
            again_us = reward.at_us + generator.randrange(3 * WINDOW_US)
            steps += [reward, Reward(again_us, number, value, occur_us, reward.reward_id)][: generator.randint(1, 2)]
    generator.shuffle(steps)  # what arrives at the same moment arrives in any order
    steps += [Tick(at_us) for at_us in range(WINDOW_US // 2, 10 * WINDOW_US, WINDOW_US)]
    return sorted([*map(Decide, decided), *steps], key=lambda step: (step.at_us, not isinstance(step, Decide)))


def same_folds(one: State, other: State) -> bool:
    """Tell whether two states agree to the last bit of every weight, and in every other fold."""
    weights = all(np.array_equal(model.weights(), other.models[name].weights()) for name, model in one.models.items())
    return weights and one.models.keys() == other.models.keys() and one.folds({}) == other.folds({})


def check_receipts(played: Played, rule: Rule) -> None:
    """Hold every receipt against the rule, and every repeat against the first."""
    for place, receipt in played.receipts.items():
        assert receipt.final_value == final_value(played.facts, place, rule)
        assert receipt.late == closed(played.facts, played.facts[place].decision, place)
    first = {receipt.reward_id: receipt for receipt in played.receipts.values()}
    assert all(again.final_value == first[again.reward_id].final_value for again in played.repeated)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_order_of_arrival_earns_what_the_rule_says(opened: Opened, seed: int) -> None:
    """Lessons and final values are the rule's, though nothing is committed for turns on end, and a replay agrees."""
    rule = rule_of(seed)

    def committed(engine: Engine, number: int) -> Engine:
        if number % 17 == 16:
            engine.commit()
        return engine

    with spied() as noted:
        engine, played = play(opened(source=source_of(seed)), arrivals(seed), committed)
    expected = named(lessons(played.facts, rule), played)
    assert expected
    assert noted == expected
    check_receipts(played, rule)
    with spied() as again:
        replayed = replay(engine.log.read(), past_of(engine.log))
        replayed.state.taught.teach_owed()
    assert again == expected
    assert replayed.different == ()
    assert same_folds(engine.state, replayed.state)


@pytest.mark.parametrize("seed", SEEDS[:8])
def test_snapshots_and_restarts_in_open_windows_change_nothing(opened: Opened, seed: int) -> None:
    """An engine saved and opened again while windows are open ends where one that never stopped does."""
    engine, whole = play(opened("whole", source=source_of(seed)), arrivals(seed))
    folds, weights = engine.state.folds({}), {n: model.weights() for n, model in engine.state.models.items()}
    open_at_restart = []

    def interrupted(engine: Engine, number: int) -> Engine:
        if number % 9 != 8:
            return engine
        engine.commit()
        if number % 2:
            engine.snapshot(NOON_US)
        open_at_restart.append(len(engine.state.open_decisions))
        return opened("interrupted", source=None)

    engine, parts = play(opened("interrupted", source=source_of(seed)), arrivals(seed), interrupted)
    assert max(open_at_restart) > 2
    assert parts == whole
    assert engine.state.folds({}) == folds
    assert all(np.array_equal(model.weights(), weights[name]) for name, model in engine.state.models.items())


@pytest.mark.parametrize(("combine", "final"), [("sum", 0.625), ("max", 0.75), ("first", 0.25), ("last", 0.125)])
@pytest.mark.parametrize("first_minute", [5, 8, 11], ids=["in the window", "two late", "all late"])
def test_the_final_value_forgets_the_order_of_arrival(
    opened: Opened, combine: str, final: float, first_minute: int
) -> None:
    """All 24 orders in which four outcomes can arrive come to one final value, in their window or after it."""
    happened = [(0.25, 1), (-0.5, 2), (0.75, 3), (0.125, 4)]
    orders = list(permutations(happened))
    steps: list[Step] = [Decide(0) for _ in orders]
    for place in range(4):
        at_us = (first_minute + place) * MINUTE_US
        for number, order in enumerate(orders):
            value, minute = order[place]
            steps.append(Reward(at_us, number, value, minute * MINUTE_US, f"r{number}-{place}"))
    _, played = play(opened(source=windowed(combine=combine)), steps)
    last = {receipt.decision_id: receipt.final_value for receipt in played.receipts.values()}
    assert list(last.values()) == [final] * len(orders)


def test_a_reward_in_the_turn_of_its_decision_is_lost_with_it(opened: Opened) -> None:
    """What was never committed, decision and reward, leaves no trace in the log, the open windows or the weights."""
    engine, played = play(opened(source=windowed()), [Decide(0), Reward(MINUTE_US, 0, 0.5, 0, "r0")])
    before = json.encode(engine.state.folds({}))  # a copy, since folds are not
    weights = {name: model.weights() for name, model in engine.state.models.items()}
    context = Features(categories={"customer": "lost"})
    decision = engine.decide(DecideRequest("wardrobe", "lost", context, "lost"), NOON_US + 2 * MINUTE_US)
    assert engine.reward(RewardRequest(decision.decision_id, "lost", "clicked"), NOON_US + 2 * MINUTE_US).value == 0.25
    engine = opened(source=None)
    assert json.encode(engine.state.folds({})) == before
    assert all(np.array_equal(model.weights(), weights[name]) for name, model in engine.state.models.items())
    with pytest.raises(NotFound):
        engine.reward(RewardRequest(decision.decision_id, "lost", "clicked"), NOON_US + 2 * MINUTE_US)
    assert (
        engine.reward(RewardRequest(played.decisions[0][0], "lost", "clicked"), NOON_US + 3 * MINUTE_US).value == 0.25
    )
