"""The law of corrections: what was learned provisionally and corrected is worth what the final value alone is.

Everyone clicks at once, worth 0.5, and three in ten send back what they bought, worth -1.25 more. A model that learns
at the close and one that learns the click and corrects it come to the truth; one that never hears of returns does not.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from math import sqrt

import pytest

from engine.engine import Engine
from engine.features import action_text, shared_text
from engine.types import DecideRequest, Features, RewardRequest
from engine.vowpal_wabbit import Bandit
from tests.rewarded_histories import windowed
from tests.wardrobe import NOON_US, SECOND_US

Opened = Callable[..., Engine]
CLICK, RETURN, RETURNED_SHARE = 0.5, -1.25, 0.3
TRUTH = CLICK + RETURNED_SHARE * RETURN
DEVIATION = abs(RETURN) * sqrt(RETURNED_SHARE * (1 - RETURNED_SHARE))
CONTEXT = Features(categories={"city": "Anytown"})
ROUNDS = 4_000


def in_seconds(window_s: int, learn: str) -> str:
    """Return the campaign with another window, in which returns may count beyond the range's lower end."""
    source = windowed(learn=learn).replace("reward_window: 10 minutes", f"reward_window: {window_s} seconds")
    return source.replace("returned: -1", f"returned: {RETURN}").replace("-1, highest: 1", "-2, highest: 2")


def message(engine: Engine, number: int, now_us: int, *, told: bool, back: bool) -> None:
    """Send one message that is clicked at once; its return follows where the engine is `told` of returns."""
    channel = "app" if told else "web"
    decision = engine.decide(DecideRequest("wardrobe", f"customer-{number}", CONTEXT, channels=(channel,)), now_us)
    engine.reward(RewardRequest(decision.decision_id, "", "", CLICK), now_us)
    if told and back:
        engine.reward(RewardRequest(decision.decision_id, "", "returned"), now_us)


def lived(engine: Engine, seed: int, *, pace_us: int, told: bool = True, rounds: int = ROUNDS) -> Bandit:
    """Send messages at this pace and return the router's model as it stands at the last one."""
    generator = random.Random(seed)
    for number in range(rounds):
        back = generator.random() < RETURNED_SHARE
        message(engine, number, NOON_US + number * pace_us, told=told, back=back)
    return engine.state.models["wardrobe/router"]


def router_line(channel: str) -> str:
    """Return the line of a channel as the router reads it."""
    return action_text({"channel": channel}, {})


def expected(model: Bandit, channel: str = "app") -> float:
    """Return the reward that a router expects of a channel, in the campaign's units."""
    noon = datetime.fromtimestamp(NOON_US / SECOND_US, UTC)
    return -model.unit * model.expected_cost(shared_text(CONTEXT, {}, noon), router_line(channel))


def margin(model: Bandit) -> float:
    """Return three deviations of the difference of two such models.

    A regression with step s (the share of its error that a lesson takes away) averages the last 1/s lessons: it stays
    within DEVIATION * sqrt(s / (2 - s)) of the mean. The step is tried on a copy, by one lesson.
    """
    copy, noon = Bandit(model.saved(), model.unit), datetime.fromtimestamp(NOON_US / SECOND_US, UTC)
    before = expected(copy)
    copy.learn(shared_text(CONTEXT, {}, noon), router_line("app"), -(before + 0.5) / model.unit, 2)
    step = (expected(copy) - before) / 0.5
    return 3 * sqrt(2) * DEVIATION * sqrt(step / (2 - step))


@pytest.mark.parametrize("window_s", [1, 10, 30])
def test_corrected_lessons_come_to_what_the_final_values_teach(opened: Opened, window_s: int) -> None:
    """While messages flow, models corrected a window later agree with those that waited for the close."""
    waited = lived(opened("waited", source=in_seconds(window_s, "at_close")), 1, pace_us=SECOND_US)
    at_close, near = expected(waited), margin(waited)
    corrected = expected(lived(opened("mended", source=in_seconds(window_s, "provisionally")), 1, pace_us=SECOND_US))
    assert near < (CLICK - TRUTH) / 2  # else the test could not tell corrected from uncorrected
    assert abs(corrected - at_close) < near
    assert abs(corrected - TRUTH) < near


def test_uncorrected_lessons_stay_wrong(opened: Opened) -> None:
    """A model that never hears of returns goes on believing in the click, so that the law above says something."""
    model = lived(opened(source=in_seconds(10, "provisionally")), 1, pace_us=SECOND_US, told=False)
    assert expected(model, "web") == pytest.approx(CLICK, abs=0.02)


@pytest.mark.parametrize("messages", [100, 1_000])
def test_a_blast_whose_windows_close_together_ends_near_the_truth(opened: Opened, messages: int) -> None:
    """Messages that all leave before the first window closes teach what they earned, whichever way they are learned."""
    ends = []
    for learn in ("at_close", "provisionally"):
        engine = opened(learn, source=in_seconds(600, learn))
        lived(engine, 1, pace_us=1, rounds=messages)
        while engine.tick(NOON_US + 700 * SECOND_US):
            pass  # each closes only so many
        ends.append(expected(engine.state.models["wardrobe/router"]))
    at_close, corrected = ends
    assert abs(corrected - TRUTH) < CLICK - TRUTH  # no further off than never having heard
    assert abs(at_close - TRUTH) < CLICK - TRUTH
