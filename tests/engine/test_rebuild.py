"""What a rebuild promises: the same models where nothing changed, hindsight where something did, nothing twice."""

from collections.abc import Callable

import numpy as np
import pytest

from engine import model_operations, taught_models
from engine.campaign.catalogue import catalogue, teaches_otherwise
from engine.engine import Engine
from engine.errors import NotPossible
from engine.events import RewardReceived
from engine.features import shared_text
from engine.history import past_of
from engine.log.sqlite import Log
from engine.rebuild import rebuilt_models
from engine.rebuild_process import rebuild
from engine.rebuilt_file import read_rebuilt, rebuilt_file
from engine.replay import replay
from engine.times import local_time, zone
from engine.types import DecideRequest, Features, RewardRequest
from engine.vowpal_wabbit import Bandit
from tests.wardrobe import CAMPAIGN, NOON_US, SECOND_US

HOUR_US = 3600 * SECOND_US
WINDOWED = CAMPAIGN.replace("{now: now}", "{now: now}\n    reward_window: 2 hours").replace("control_share: 0.2", "")
WINDOWED += "learn: provisionally\n"
ONLY_APP = ("app",)
AT_CLOSE = WINDOWED.replace("provisionally", "at_close")
REVALUED = AT_CLOSE.replace("clicked: 0.2", "clicked: 0.9")


def lived(engine: Engine, numbers: range, *, late_every: int = 0) -> None:
    """Let each numbered customer be asked about a minute apart, and most of them click half an hour later."""
    waiting: list[tuple[int, str, int]] = []
    for number in numbers:
        now_us = NOON_US + number * 60 * SECOND_US
        for due_us, decision_id, which in [one for one in waiting if one[0] <= now_us]:
            waiting.remove((due_us, decision_id, which))
            engine.reward(RewardRequest(decision_id, f"click-{which}", "clicked"), now_us)
        context = Features(categories={"city": ("Anytown", "Chicago")[number % 2]})
        request = DecideRequest("wardrobe", f"customer-{number}", context, f"q{number}", channels=ONLY_APP)
        decision = engine.decide(request, now_us)
        if decision.content_id and number % 3:
            delay_us = 5 * HOUR_US if late_every and number % late_every == 0 else HOUR_US // 2
            waiting.append((now_us + delay_us, decision.decision_id, number))


def same(one: dict[str, Bandit], other: dict[str, Bandit]) -> bool:
    """Tell whether models hold the same weights to the last bit."""
    return all(np.array_equal(model.weights(), other[name].weights()) for name, model in one.items())


def anew(engine: Engine, version: int) -> dict[str, Bandit]:
    """Learn the campaign's models anew from the whole log."""
    return rebuilt_models(engine.log.read(), engine.log.decision, "wardrobe", version).models


def finish(engine: Engine, version: int, now_us: int) -> None:
    """Let the rebuild under way learn what it has to, and swap its models in."""
    engine.commit()
    upto_seq = engine.state.rebuilds["wardrobe"].upto_seq
    rebuild(engine.log.folder, "wardrobe", version, upto_seq)
    model_operations.finish_rebuild(engine, "wardrobe", upto_seq, now_us)


@pytest.mark.parametrize("source", [AT_CLOSE, CAMPAIGN], ids=["windows", "no windows"])
def test_a_rebuild_under_the_same_settings_gives_the_models_that_serve(
    opened: Callable[..., Engine], source: str
) -> None:
    """Where nothing came late and nothing was changed, learning the log anew ends at the same weights."""
    engine = opened(source=source)
    lived(engine, range(400))
    assert same(anew(engine, 1), engine.state.models)


def test_a_rebuild_learns_what_came_too_late(opened: Callable[..., Engine]) -> None:
    """Outcomes after the window, which the serving models never learned, count in a rebuild."""
    engine = opened(source=AT_CLOSE)
    lived(engine, range(900), late_every=5)
    late = [one.event for one in engine.log.read() if isinstance(one.event, RewardReceived) and one.event.late]
    assert len(late) > 50
    assert engine.state.late_rewards == len(late)
    live, rebuilt = engine.state.models["wardrobe/app/content"], anew(engine, 1)["wardrobe/app/content"]
    line = engine.state.campaigns.catalogue("wardrobe").channels["app"].content_lines["polo"][0]
    assert rebuilt.expected_cost("shared |X", line) < live.expected_cost("shared |X", line)  # worth more than it seemed


def test_a_changed_reward_table_starts_a_rebuild_and_the_old_log_is_worth_what_it_says_now(
    opened: Callable[..., Engine],
) -> None:
    """After the swap an old click is worth its new value, and decisions keep the propensities they were drawn with."""
    engine = opened(source=AT_CLOSE)
    lived(engine, range(500))
    propensities = [getattr(one.event, "propensity", None) for one in engine.log.read()]
    engine.apply_campaign(REVALUED, NOON_US + 600 * 60 * SECOND_US)
    finish(engine, 2, NOON_US + 601 * 60 * SECOND_US)
    line = engine.state.campaigns.catalogue("wardrobe").channels["app"].content_lines["polo"][0]
    shared = shared_text(Features(categories={"city": "Chicago"}), None, local_time(NOON_US, zone("UTC")))
    cost = engine.state.models["wardrobe/app/content"].expected_cost(shared, line)
    assert cost < -0.2  # at 0.2 a click, no expectation could lie beyond it
    again = [getattr(one.event, "propensity", None) for one in engine.log.read()]
    assert again[: len(propensities)] == propensities


def test_the_swap_catches_up_with_what_was_taught_meanwhile(opened: Callable[..., Engine]) -> None:
    """Decided and rewarded during the rebuild, the swapped models are those of a rebuild up to the swap."""
    engine = opened(source=AT_CLOSE)
    lived(engine, range(300))
    model_operations.start_rebuild(engine, "wardrobe", NOON_US + 300 * 60 * SECOND_US)
    engine.commit()
    rebuild(engine.log.folder, "wardrobe", 1, engine.state.rebuilds["wardrobe"].upto_seq)
    lived(engine, range(300, 600))
    upto_seq = engine.state.rebuilds["wardrobe"].upto_seq
    assert read_rebuilt(rebuilt_file(engine.log.folder, "wardrobe", upto_seq))
    model_operations.finish_rebuild(engine, "wardrobe", upto_seq, NOON_US + 600 * 60 * SECOND_US)
    assert not engine.state.rebuilds
    assert same(anew(engine, 1), engine.state.models)


def test_a_decision_half_taught_before_a_rebuild_is_taught_whole_after_it(
    opened: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new models, which never heard the provisional half, get both halves of the final value."""
    engine = opened(source=WINDOWED)
    request = DecideRequest("wardrobe", "ann", request_id="q", channels=ONLY_APP, content_ids=("polo",))
    decision = engine.decide(request, NOON_US)
    while not decision.content_id:
        decision = engine.decide(DecideRequest("wardrobe", "ann", channels=ONLY_APP), NOON_US)
    engine.reward(RewardRequest(decision.decision_id, "r1", "clicked"), NOON_US + SECOND_US)
    model_operations.start_rebuild(engine, "wardrobe", NOON_US + 2 * SECOND_US)
    finish(engine, 1, NOON_US + 3 * SECOND_US)
    taught: list[tuple[float, float | None]] = []
    engine.learn(10)
    real = taught_models.teach
    monkeypatch.setattr(
        taught_models, "teach", lambda m, r, half, u: taught.append((half.value, half.learned)) or real(m, r, half, u)
    )
    engine.reward(RewardRequest(decision.decision_id, "r2", value=0.3), NOON_US + 4 * SECOND_US)
    engine.tick(NOON_US + 3 * HOUR_US)
    engine.learn(10)
    assert [(value, before) for value, before in taught if value == 0.5] == [(0.5, None), (0.5, 0.5)]


@pytest.mark.parametrize("kept", [True, False], ids=["file kept", "file lost"])
def test_a_log_with_a_rebuild_replays_to_the_same_decisions_and_weights(
    opened: Callable[..., Engine], kept: bool
) -> None:
    """A replay, and a restart in the middle of the rebuild, end where the service did, with or without the file."""
    engine = opened(source=WINDOWED)
    lived(engine, range(200), late_every=5)
    model_operations.start_rebuild(engine, "wardrobe", NOON_US + 200 * 60 * SECOND_US)
    engine.snapshot(NOON_US)
    engine = opened(source=None)
    rebuild(engine.log.folder, "wardrobe", 1, engine.state.rebuilds["wardrobe"].upto_seq)
    lived(engine, range(200, 300))
    upto_seq = engine.state.rebuilds["wardrobe"].upto_seq
    model_operations.finish_rebuild(engine, "wardrobe", upto_seq, NOON_US + 300 * 60 * SECOND_US)
    lived(engine, range(300, 400))
    engine.commit()
    if not kept:
        rebuilt_file(engine.log.folder, "wardrobe", upto_seq).unlink()
    again = replay(engine.log.read(), past_of(engine.log))
    assert again.different == ()
    assert same(engine.state.models, again.state.models)


def test_only_the_rebuild_under_way_can_be_finished(engine: Engine) -> None:
    """A rebuild that was given up for another changes nothing."""
    model_operations.start_rebuild(engine, "wardrobe", NOON_US)
    first = engine.state.rebuilds["wardrobe"].upto_seq
    model_operations.start_rebuild(engine, "wardrobe", NOON_US)
    with pytest.raises(NotPossible, match="under way"):
        model_operations.finish_rebuild(engine, "wardrobe", first, NOON_US)


@pytest.mark.parametrize(
    ("change", "due"),
    [
        (("clicked: 0.2", "clicked: 0.3"), True),
        (("price: 29,", "price: 19,"), True),
        (("price: 0.05", "price: 0.1"), True),
        (("campaign: wardrobe", "campaign: wardrobe\ncombine: max"), True),
        (("campaign: wardrobe", "campaign: wardrobe\nexploration: {greed: 50}"), False),
        (("campaign: wardrobe", "campaign: wardrobe\ndescription: the same"), False),
        (("price: 49}", "price: 49}\n  new: {category: polos}"), False),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_a_rebuild_is_due_exactly_where_lessons_would_read_otherwise(change: tuple[str, str], due: bool) -> None:
    """Worths, combinations and traits call for one; exploration, notes and new contents do not."""
    assert teaches_otherwise(catalogue(CAMPAIGN, 1), catalogue(CAMPAIGN.replace(*change), 2)) == due


def test_a_log_can_be_read_beside_the_process_that_owns_it(engine: Engine) -> None:
    """A reader sees what was committed, and takes no lock from the owner."""
    engine.commit()
    reader = Log.reading(engine.log.folder)
    assert [one.seq for one in reader.read()] == [1]
    reader.close()
    engine.apply_campaign(CAMPAIGN.replace("clicked: 0.2", "clicked: 0.3"), NOON_US)
    engine.commit()
