"""Fit: what a customer does by herself speaks for the actions that suit it, and for others as little as for none."""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.customer_operations import track
from engine.customers.deeds import WEEK_HOURS
from engine.engine import Engine
from engine.features import scaled
from engine.fit import PART_HOURS, STEPS, WEIGHT, WHEN, category_steps, fitted_lines, hour_step, hour_steps
from engine.times import hour_of_week
from engine.types import DecideRequest, Features, RewardRequest
from engine.vowpal_wabbit import Bandit
from tests.engine import clicks
from tests.engine.told import tracked
from tests.wardrobe import NOON_US, SECOND_US, TALKATIVE

LAW = settings(max_examples=200, deadline=None, derandomize=True)
shares = st.floats(0, 1)


@LAW
@given(shares, shares)
def test_more_interest_never_fits_less(share: float, more: float) -> None:
    """A category's step grows with her share of it, from none for nothing to the last for everything."""
    steps = [
        category_steps(Features(numbers={"category/suits": one}), ("suits",))["suits"]
        for one in sorted((share, min(1.0, share + more)))
    ]
    assert 0 <= steps[0] <= steps[1] <= STEPS
    nothing, all_of_it = Features(), Features(numbers={"category/suits": 1.0})
    assert [category_steps(each, ("suits",)) for each in (nothing, all_of_it)] == [{"suits": 0}, {"suits": STEPS}]


@LAW
@given(st.integers(0, WEEK_HOURS - 1), shares, st.integers(0, WEEK_HOURS - 1))
def test_the_hour_she_comes_at_fits_best(comes: int, share: float, other: int) -> None:
    """No hour fits better than the one she comes at, and where none is known none fits at all."""
    known = Features(numbers={WHEN[comes]: share} if share else {})
    found = hour_steps(known)
    assert len(found) == WEEK_HOURS
    assert found[other] <= found[comes] <= STEPS
    if share > 0.5 and min((other - comes) % 24, (comes - other) % 24) > 2 * PART_HOURS:
        assert found[other] < found[comes]
    assert set(hour_steps(Features())) == {0}


def test_who_comes_at_other_hours_at_the_weekend_is_written_to_then() -> None:
    """One who comes on the way to work and late on Saturdays fits the morning on Mondays, and the night at weekends."""
    found = hour_steps(Features(numbers={"hours/08-10": 0.6, "weekend/22-24": 0.3}))
    monday, saturday = found[:24], found[5 * 24 : 6 * 24]
    assert monday[8] > monday[22]
    assert saturday[22] > saturday[8]


def test_an_hour_of_the_week_is_that_of_the_wall_clock() -> None:
    """The first hour is Monday's first, and the last Sunday's last."""
    assert [hour_of_week(datetime(2026, 11, 23, hour, tzinfo=UTC)) for hour in (0, 23)] == [0, 23]
    assert hour_of_week(datetime(2026, 11, 29, 23, tzinfo=UTC)) == WEEK_HOURS - 1
    assert [WHEN[hour] for hour in (0, 23, 5 * 24 - 1, 5 * 24)] == [
        *("hours/00-02", "hours/22-24", "hours/22-24", "weekend/00-02")
    ]


def test_an_action_has_one_line_for_each_step() -> None:
    """All begin with what the action is; the first says nothing of fit, and each of the others something else."""
    lines = fitted_lines("|A content=suit", scaled(399))
    assert (len(set(lines)), lines[0]) == (STEPS + 1, "|A content=suit")
    assert all(line.startswith(f"|A content=suit |F:{WEIGHT} fit:") and " price:" in line for line in lines[1:])


@LAW
@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_what_messages_earned_fits_where_she_shows_no_interest_by_herself(earned: list[float]) -> None:
    """A category of which messages earned more never fits less, and one that earned nothing does not fit at all.

    Where any interest of her own is known, what messages earned says nothing.
    """
    names = ("polos", "shoes", "suits")
    numbers = {f"earned.category/{name}": value for name, value in zip(names, earned, strict=True)}
    steps = category_steps(Features(numbers=numbers), names)
    by_earnings = [steps[name] for _, name in sorted(zip(earned, names, strict=True))]
    assert by_earnings == sorted(by_earnings)
    assert all(steps[name] == 0 for value, name in zip(earned, names, strict=True) if value <= 0)
    assert max(steps.values()) >= (STEPS // 2 if max(earned) > 0 else 0)
    own = {"category/suits": 0.5}
    assert category_steps(Features(numbers=numbers | own), names) == category_steps(Features(numbers=own), names)


def test_who_only_answers_is_sent_what_she_answers_to(opened: Callable[..., Engine]) -> None:
    """Tastes that nothing but clicks tell of are learned: each of 100 customers clicks on one of four categories.

    After 16 messages each, of which one in four would be of hers by chance.
    """
    engine = opened(source=clicks.source([f"c{number % 4}" for number in range(8)]))
    suited = clicks.sent_what_suits(
        engine, Random(3), 100, 2_400, pace_s=1_600, suits=lambda customer, content: content % 4 == customer % 4
    )
    assert sum(suited[-800:]) / 800 > 0.53


@pytest.mark.parametrize("does_something", [True, False])
def test_a_lesson_says_what_the_decision_saw(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, *, does_something: bool
) -> None:
    """The lines that models learn are those that they chose by, fit included, at any hour and in any zone."""
    engine.apply_campaign(TALKATIVE, NOON_US)
    asked, learned = set[tuple[str, str]](), list[tuple[str, str]]()
    ask, learn = Bandit.asked, Bandit.learn

    def asking(model: Bandit, shared: str, actions: tuple[str, ...]) -> tuple[list[float], list[float]]:
        asked.update((shared, action) for action in actions)
        return ask(model, shared, actions)

    def learning(model: Bandit, shared: str, action: str, cost: float, weight: int, *, heeding: bool) -> None:
        learned.append((shared, action))
        learn(model, shared, action, cost, weight, heeding=heeding)

    monkeypatch.setattr(Bandit, "asked", asking)
    monkeypatch.setattr(Bandit, "learn", learning)
    for number in range(40):
        now_us = NOON_US + number * 5 * 3600 * SECOND_US
        if does_something and number > 5:  # of whom nothing is known nothing fits
            track(engine, tracked(occur_time_us=now_us - SECOND_US, event_id=f"e{number}"), now_us)
        zone = ("America/Chicago", "Asia/Tokyo")[number % 2]
        request = DecideRequest("talkative", "ryan", channels=("email",), time_zone=zone)
        engine.reward(RewardRequest(engine.decide(request, now_us).decision_id, value=0.5), now_us)
    engine.learn(100)
    chosen_among_many = [line for line in learned if "channel=email" not in line[1]]
    assert len(chosen_among_many) > 100
    assert asked.issuperset(chosen_among_many)
    assert {"|F" in action for _, action in chosen_among_many} == {True, False}


@LAW
@given(st.dictionaries(st.sampled_from(WHEN), st.floats(0.0, 0.2), max_size=5))
def test_one_hour_fits_as_it_does_among_all(shares: dict[str, float]) -> None:
    """What a lesson reads of one hour is what its decision read of the week."""
    known = Features(numbers=shares)
    assert tuple(hour_step(known, hour) for hour in range(WEEK_HOURS)) == hour_steps(known)
