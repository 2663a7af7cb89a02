"""Replay equals live: the log alone gives back every decision's probabilities and every weight."""

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.customers.person import Person
from engine.customers.register import CustomerRegister
from engine.engine import Engine
from engine.events import DecisionTaken
from engine.history import past_of
from engine.opening import open_engine
from engine.replay import replay
from engine.state import State
from engine.types import DecideRequest, Features, RewardRequest
from tests.wardrobe import CAMPAIGN, KEY, NOON_US, SECOND_US

Ask = Callable[..., DecideRequest]
GREEDIER = CAMPAIGN + "exploration: {greed: 40}\n"
FEWER = CAMPAIGN.replace("  house-shirt: {category: house-music, price: 49}\n", "")


def same_weights(one: State, other: State) -> bool:
    """Tell whether two states hold the same models to the last bit."""
    return one.models.keys() == other.models.keys() and all(
        np.array_equal(model.weights(), other.models[name].weights()) for name, model in one.models.items()
    )


def everyone(customers: CustomerRegister) -> dict[str, Person]:
    """Return every customer of a saved register by the identity known for longest."""
    return {person.root: person for person in customers.all()}


def lived(engine: Engine, rounds: int, start: int = 0) -> None:
    """Let an engine decide, learn, change its campaign, pause and save, as a service does."""
    waiting: list[DecisionTaken] = []
    for number in range(start, start + rounds):
        now_us = NOON_US + number * 3600 * SECOND_US
        context = Features(numbers={"age": 20.0 + number % 30}, categories={"city": ("Anytown", "Chicago")[number % 2]})
        zone = ("", "America/Chicago", "Asia/Tokyo")[number % 3]
        request = DecideRequest("wardrobe", f"customer-{number % 40}", context, f"q{number}", time_zone=zone)
        waiting.append(engine.decide(request, now_us))
        if number % 3 == 2:  # late and out of order
            rewarded = waiting.pop(number % len(waiting))
            value = 1.0 if rewarded.content_id == "suit" else -0.25
            engine.reward(RewardRequest(rewarded.decision_id, f"r{number}", value=value), now_us)
        if number % 50 == 20:
            engine.apply_campaign((GREEDIER, FEWER, CAMPAIGN)[number // 50 % 3], now_us)
        if number % 70 == 30:
            engine.pause_campaign("wardrobe", now_us)
            engine.resume_campaign("wardrobe", now_us)
        if number % 11 == 0:
            engine.commit()


def test_a_log_replayed_from_nothing_gives_the_same_decisions_and_weights(opened: Callable[..., Engine]) -> None:
    """Every decision is taken again with the same probabilities and draw, and the weights end up equal to the last
    bit.
    """
    engine = opened()
    lived(engine, 300)
    engine.commit()
    again = replay(engine.log.read(), past_of(engine.log))
    assert (again.decisions, again.different) == (300, ())
    assert same_weights(engine.state, again.state)
    assert everyone(engine.customers) == everyone(again.customers)
    assert engine.state.campaigns == again.state.campaigns


def test_a_replay_notices_a_decision_that_was_not_taken_this_way(opened: Callable[..., Engine]) -> None:
    """A log whose decision is changed by hand is found out, so the check above can fail."""
    engine = opened()
    lived(engine, 40)
    engine.commit()
    connection = engine.log._connection
    connection.execute("DROP TRIGGER events_no_update")
    connection.execute(
        'UPDATE events SET body = replace(body, \'"city":"Chicago"\', \'"city":"Anytown"\')'
        " WHERE seq = (SELECT max(seq) FROM events WHERE body LIKE '%Chicago%')"
    )
    assert replay(engine.log.read(), past_of(engine.log)).different


def test_snapshot_and_tail_equal_an_uninterrupted_run(opened: Callable[..., Engine]) -> None:
    """Stopping, saving and starting again at any moment changes no weight, fold or later decision."""
    engine = opened("whole")
    for start in range(0, 240, 40):
        lived(engine, 40, start)
    whole = engine.state
    engine.commit()
    everyone_whole = everyone(engine.customers)
    engine = opened("broken")
    for start in range(0, 240, 40):
        lived(engine, 40, start)
        if start != 80:  # one stop without a snapshot leaves a longer tail
            engine.snapshot(NOON_US)
        engine.commit()
        engine = opened("broken", source=None)
    assert engine.snapshot_seq > 0
    assert same_weights(engine.state, whole)
    assert everyone(engine.customers) == everyone_whole
    assert replay(engine.log.read(), past_of(engine.log)).different == ()


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["live", "commit", "snapshot", "restart"]), min_size=3, max_size=8))
def test_restarts_keep_exactly_what_was_committed(tmp_path_factory: object, steps: list[str]) -> None:
    """Whatever the order of work, commits, snapshots and stops, the state is the fold of the log."""
    folder = tmp_path_factory.mktemp("data")  # type: ignore[attr-defined]
    engine = open_engine(folder, durability="process", secret_key=KEY)
    engine.apply_campaign(CAMPAIGN, NOON_US)
    engine.commit()
    committed, lived_rounds = 1, 0
    for step in steps:
        if step == "live":
            lived(engine, 12, lived_rounds)
            lived_rounds += 12
        elif step == "restart":
            engine.close()
            engine = open_engine(folder, durability="process", secret_key=KEY)
            assert engine.log.last_seq >= committed
        else:
            engine.commit() if step == "commit" else engine.snapshot(NOON_US)
            committed = engine.log.last_seq
        assert engine.state.seq == engine.log.last_seq
    assert same_weights(engine.state, replay(engine.log.read(), past_of(engine.log)).state)
    engine.close()
