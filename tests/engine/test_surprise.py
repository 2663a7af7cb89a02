"""What surprise promises: a model that the world has overtaken is no longer sure, and one that it has not stays so."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.checkpoints import EVERY, NOTHING_KEPT, Checkpoint, Kept, parted
from engine.engine import Engine
from engine.history import past_of
from engine.model_bytes import ModelFailed, fault_in
from engine.rebuild import rebuilt_models
from engine.replay import replay
from engine.surprise import BEGINNING, LIMIT, MOST, NONE, SLACK, Surprise, after
from engine.types import DecideRequest, Features, RewardRequest
from engine.vowpal_wabbit import KEPT_IN_DOUBT, Bandit
from tests.engine import clicks
from tests.wardrobe import NOON_US, SECOND_US

ERRORS = st.lists(st.floats(-1e6, 1e6), max_size=200)
CONTENT = "clicks/web/content"
CUSTOMERS, CONTENTS, BEFORE, AFTER, JUDGED = 60, 8, 2_000, 2_000, 500


def counted(errors: list[float], known: Surprise = NONE) -> Surprise:
    """Return the surprise after these errors."""
    for error in errors:
        known = after(known, error)
    return known


@given(ERRORS)
def test_the_sum_stays_within_its_limit(errors: list[float]) -> None:
    """Whatever the errors are, the sum never outlives its limit, and lessons are those since the last doubt."""
    known = counted(errors)
    assert 0 <= known.short <= LIMIT
    assert 0 <= known.lessons <= len(errors)
    assert (known.lessons == len(errors)) == (known.doubts == 0) or not errors


@pytest.mark.parametrize("error", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_says_nothing(error: float) -> None:
    """A checkpoint gone wrong leads to no doubt, and spoils nothing of what is known of errors."""
    known = counted([0.3, -0.2] * BEGINNING)
    assert counted([error] * 100, known) == known


@given(st.lists(st.floats(0, 1e6), max_size=200))
def test_more_than_expected_is_no_surprise(errors: list[float]) -> None:
    """Rewards beyond what is expected, however often, never lead to doubt: what brings them is chosen anyway."""
    known = counted([-error for error in errors])
    assert (known.short, known.doubts) == (0.0, 0)


@given(st.lists(st.floats(0.2, 1e3), max_size=200), st.integers(0, 10))
def test_the_unit_of_rewards_changes_nothing(errors: list[float], power: int) -> None:
    """Errors are counted in deviations: in a smaller unit (a power of two, to be exact) they surprise alike."""
    one, other = counted(errors), counted([error * 2.0**power for error in errors])
    assert one.doubts == other.doubts
    assert one.short == pytest.approx(other.short, abs=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_errors_about_nothing_are_never_doubted(seed: int) -> None:
    """Of 20,000 clicks that come as often as expected none is too much, whether most messages have one or few.

    Of normal errors a sum passes LIMIT within n lessons with a chance of about n * 2 * SLACK**2 * exp(-2 * SLACK *
    (LIMIT + 1.166)) (Siegmund, "Sequential Analysis", 1985, formula 2.57), less than 1e-7 here.
    """
    dice, chance = Random(seed), (0.8, 0.5, 0.2, 0.05, 0.001)[seed % 5]
    known = counted([chance - (dice.random() < chance) for _ in range(20_000)])
    assert known.doubts == 0


def test_messages_that_hardly_ever_earn_do_not_surprise_when_they_earn_nothing() -> None:
    """Where one in 2,000 earns something, a model that expects 0.002 for thousands in a row is off by next to nothing.

    Counted in the deviations of such errors alone, the first hundreds would be too much.
    """
    assert counted([0.0005] * 500 + [0.002] * 10_000).doubts == 0


def test_a_fall_is_noticed_within_the_lessons_that_it_takes() -> None:
    """Rewards that are a deviation short lead to a doubt after about LIMIT / (1 - SLACK) lessons, 57, not at once."""
    dice = Random(3)
    known = counted([dice.gauss(0, 0.4) for _ in range(1_000)])
    lessons = 0
    while not known.doubts:
        known, lessons = after(known, dice.gauss(0.4, 0.4)), lessons + 1
    assert LIMIT / MOST < lessons < 2 * LIMIT / (1 - SLACK)
    known = counted([dice.gauss(0.4, 0.4) for _ in range(BEGINNING)], known)
    assert (known.short, known.doubts) == (0.0, 1)  # one fall is not doubted twice before the model can have learned


SHARED, ACTIONS = "shared |X a", ("|A content=polo", "|A content=socks")


def heeded(model: Bandit, lessons: int, *, earning: bool) -> Bandit:
    """Let a model heed that every second message of one content earns something, and the other's none, or that none
    does.
    """
    for number in range(lessons):
        model.learn(SHARED, ACTIONS[number % 2], -float(earning and number % 4 == 0), 1, heeding=True)
    return model


def test_a_doubting_model_goes_on_from_a_part_of_what_it_knows_as_it_began() -> None:
    """What was best is best, by a part of the gap; how sure it is, and how it steps, is as of a model of no lessons."""
    model, fresh = heeded(Bandit(), 3_000, earning=True), Bandit()
    sure, lessons = model.asked(SHARED, ACTIONS)[0], 0
    while not model.kept.surprise.doubts:
        known = [model.expected_cost(SHARED, action) for action in ACTIONS]
        model.learn(SHARED, ACTIONS[0], 0.0, 1, heeding=True)
        lessons += 1
    assert model.kept == Kept(surprise=Surprise(doubts=1))
    assert model.tried is not None
    assert model.tried.lessons_of(ACTIONS) == [0.5, 0.0]  # the lesson after
    assert lessons < 2 * LIMIT
    assert sure[0] > 0.99
    fresh.learn(SHARED, ACTIONS[0], 0.0, 1)
    expected = [model.expected_cost(SHARED, action) for action in ACTIONS]
    assert expected[0] == pytest.approx(KEPT_IN_DOUBT * known[0], abs=0.1)  # the lesson after was a step like the first
    gap = abs(expected[0] - expected[1])
    assert min(model.asked(SHARED, ACTIONS)[0]) == pytest.approx(1 / (2 + gap), abs=1e-3)  # a gamma of 1
    assert fresh.asked(SHARED, ACTIONS)[0] == pytest.approx([0.5, 0.5])
    assert Bandit(model.saved()).asked(SHARED, ACTIONS)[0] == model.asked(SHARED, ACTIONS)[0]


def test_a_model_is_held_against_what_it_was_a_thousand_lessons_ago() -> None:
    """Its checkpoints move on with its lessons, and none but what it heeds counts."""
    model = heeded(Bandit(), EVERY - 1, earning=True)
    assert model.kept == Kept(lessons=EVERY - 1)
    stood = []
    for _ in range(3):
        stood.append(Checkpoint(parted(model.saved())[0], model.unit))
        heeded(model, 1, earning=True)
        assert model.kept.last == stood[-1]
        assert model.kept.before == stood[max(0, len(stood) - 2)]
        heeded(model, EVERY - 1, earning=True)
    before = model.kept
    model.learn(SHARED, ACTIONS[0], 0.0, 1)
    assert model.kept == before


@pytest.mark.parametrize("lessons", [0, 10, EVERY, EVERY + 700, 2 * EVERY + 300])
def test_a_saved_model_goes_on_heeding_where_it_stood(lessons: int) -> None:
    """Saved and loaded at any lesson it doubts at the same one later, and is the same to the last bit."""
    one = heeded(Bandit(), lessons, earning=True)
    other = Bandit(one.saved())
    for model in (one, other):
        heeded(heeded(model, 2 * EVERY, earning=True), 150, earning=False)
    assert one.kept == other.kept
    assert one.kept.surprise.doubts == 1
    assert one.saved() == other.saved()


def test_a_change_of_the_reward_unit_is_no_surprise() -> None:
    """What was expected in one unit is held against what comes in another as so much less."""
    model = heeded(Bandit(), 2 * EVERY, earning=True)
    before = model.kept.surprise
    model.measure_in(4.0)
    assert model.kept.surprise.square == pytest.approx(before.square / 16)
    for number in range(400):
        model.learn(SHARED, ACTIONS[number % 2], -float(number % 4 == 0) / 4, 1, heeding=True)
    assert model.kept.surprise.doubts == 0
    assert model.kept.surprise.short < LIMIT / 2


def test_what_is_kept_beside_a_model_and_broken_is_refused() -> None:
    """Bytes that cannot be read are a model that cannot be loaded, never one that forgot its checkpoints."""
    saved = heeded(Bandit(), EVERY, earning=True).saved()
    with pytest.raises(ModelFailed, match="cannot be read"):
        Bandit(saved[:-40])
    assert "cannot be read" in fault_in(saved[:-40])


def turned_over(engine: Engine) -> list[bool]:
    """Let what suits each segment change after a while, and return of each message whether it suited."""
    dice, asked = Random(5), iter(range(BEFORE + AFTER))
    return clicks.sent_what_suits(
        engine,
        dice,
        CUSTOMERS,
        BEFORE + AFTER,
        pace_s=60,
        suits=lambda customer, content: content == (customer % 4 + (3 if next(asked) >= BEFORE else 0)) % CONTENTS,
        context=lambda customer: Features(categories={"segment": f"s{customer % 4}"}),
    )


def test_an_engine_finds_its_way_again_where_the_world_turns_over(opened: Callable[..., Engine]) -> None:
    """What suits four segments changes after 2,000 messages: 2,000 later most get what suits now.

    Without surprise two of the last 500 did, fewer than the one in eight that is right by chance. Restarted, replayed
    and learned anew it is the same.
    """
    engine = opened(source=clicks.source(["any"] * CONTENTS))
    suited = turned_over(engine)
    assert sum(suited[BEFORE - JUDGED : BEFORE]) / JUDGED > 0.8
    assert sum(suited[-JUDGED:]) / JUDGED > 0.8
    kept = engine.state.models[CONTENT].kept
    assert kept.surprise.doubts == 1
    assert set(engine.take_doubting()) == {CONTENT, "clicks/router"}
    assert engine.take_doubting() == []
    engine.snapshot(NOON_US + (BEFORE + AFTER) * 60 * SECOND_US)
    engine = opened(source=None)
    assert engine.state.models[CONTENT].kept == kept
    assert engine.take_doubting() == []
    assert replay(engine.log.read(), past_of(engine.log)).different == ()
    anew = rebuilt_models(engine.log.read(), engine.log.decision, "clicks", 1)
    assert anew.models[CONTENT].kept.surprise.doubts == 1
    assert parted(anew.left().models[CONTENT])[1] == anew.models[CONTENT].kept


def test_an_engine_leaves_a_channel_that_has_died(opened: Callable[..., Engine]) -> None:
    """Of four channels the best earns hardly anything from one day on, and another what it did: that one is sent by.

    Without surprise the dead one was sent by for 4,000 messages more in five of six such worlds.
    """
    channels = ", ".join(f"ch{number}: {{send_windows: {{now: now}}, reward_window: 1 hour}}" for number in range(4))
    web = "web: {send_windows: {now: now}, reward_window: 1 hour}"
    engine = opened(source=clicks.source(["any"]).replace(web, channels) + "send_nothing: {allowed: false}\n")
    dice, best = Random(5), []
    for number in range(BEFORE + AFTER):
        now_us, alive = NOON_US + number * 60 * SECOND_US, "ch0" if number < BEFORE else "ch2"
        request = DecideRequest("clicks", f"customer-{dice.randrange(CUSTOMERS)}", request_id=f"asked-{number}")
        decision = engine.decide(request, now_us)
        best.append(decision.channel == alive)
        if dice.random() < (clicks.RIGHT if best[-1] else clicks.WRONG):
            engine.reward(RewardRequest(decision.decision_id, outcome="clicked"), now_us)
    assert sum(best[BEFORE - JUDGED : BEFORE]) / JUDGED > 0.9
    assert sum(best[-JUDGED:]) / JUDGED > 0.9
    assert engine.state.models["clicks/router"].kept.surprise.doubts == 1


def test_send_slots_are_not_heeded(opened: Callable[..., Engine]) -> None:
    """Their errors follow each other by hours, and would look as if the world had turned over."""
    source = clicks.source(["any"] * CONTENTS).replace("now: now", "now: now, evening: {from: 18:00, until: 21:00}")
    engine = opened(source=source)
    clicks.sent_what_suits(engine, Random(1), 5, 50, pace_s=7_200, suits=lambda *_: True)
    assert engine.state.models[CONTENT].kept.lessons > 0
    assert engine.state.models["clicks/router"].kept.lessons > 0
    assert engine.state.learned["clicks/web/send_slot"].lessons > 0
    assert engine.state.models["clicks/web/send_slot"].kept == NOTHING_KEPT


def test_what_is_learned_provisionally_is_not_heeded(opened: Callable[..., Engine]) -> None:
    """A mailing's clicks come first there and all that was not clicked comes last, in a row: that is no surprise."""
    engine = opened(source=clicks.source(["any"] * CONTENTS) + "learn: provisionally\n")
    clicks.sent_what_suits(engine, Random(1), 5, 50, pace_s=7_200, suits=lambda *_: True)
    assert engine.state.learned[CONTENT].lessons > 0
    assert engine.state.models[CONTENT].kept == NOTHING_KEPT
