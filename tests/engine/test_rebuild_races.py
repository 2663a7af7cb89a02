"""What happens to models while they are being learned anew: rollback, freeze, switch, new version, fault, catching up.

Never what a rebuild learns, which test_rebuild.py looks at.
"""

import random
from collections.abc import Callable

import numpy as np
import pytest

from engine import model_operations
from engine.engine import Engine
from engine.errors import NotPossible
from engine.events import Reason
from engine.folds import PutBack
from engine.model_events import ModelsRebuilt, ModelsRolledBack, Switch
from engine.policy import model_names
from engine.rebuild_process import rebuild
from engine.rebuilt_file import rebuilt_file
from engine.types import DecideRequest
from engine.vowpal_wabbit import Bandit
from tests.engine.operated import Weights, assert_replays, changed, events_of, ruin, weights
from tests.engine.test_rebuild import WINDOWED, finish, lived
from tests.wardrobe import NOON_US, SECOND_US

Opened = Callable[..., Engine]
MINUTE_US = 60 * SECOND_US
WITH_WEB = WINDOWED.replace("contents:", "  web: {send_windows: {now: now}, reward_window: 2 hours}\ncontents:")
APP, ROUTER = set(model_names("wardrobe", "app")), set(model_names("wardrobe", ""))


def rebuilding(opened: Opened, source: str = WINDOWED) -> Engine:
    """Return an engine that has lived, saved a snapshot, lived on, and is learning its models anew."""
    engine = opened(source=source)
    lived(engine, range(150), late_every=2)
    engine.snapshot(NOON_US)
    lived(engine, range(150, 250), late_every=2)
    model_operations.start_rebuild(engine, "wardrobe", NOON_US + 250 * MINUTE_US)
    return engine


def swapped(engine: Engine) -> Weights:
    """Let the rebuild end at the log's present moment, so that no window closes, and return the weights before it."""
    before = weights(engine)
    finish(engine, 1, engine.state.clock_us)
    return before


def roll_back(engine: Engine, channel: str) -> None:
    """Roll a channel back to the newest snapshot."""
    model_operations.roll_back(engine, "wardrobe", channel, engine.snapshot_seq, engine.state.clock_us)


def test_a_channel_that_is_rolled_back_meanwhile_keeps_its_models(opened: Opened) -> None:
    """The swap leaves what an operator put back, and what it learned since; the other channels get their new models."""
    engine = rebuilding(opened)
    roll_back(engine, "app")
    lived(engine, range(250, 300))
    before = swapped(engine)
    assert changed(before, weights(engine)) >= ROUTER
    assert not changed(before, weights(engine)) & APP
    lived(engine, range(300, 400))
    assert changed(before, weights(engine)) >= APP
    assert_replays(engine)


def test_a_rollback_to_where_a_channel_stands_keeps_it_from_the_swap_too(opened: Opened) -> None:
    """It changes no weight, but it is asked for: it is an event once, and the swap leaves the channel where it is."""
    engine = rebuilding(opened)
    engine.snapshot(engine.state.clock_us)
    for _ in range(2):
        roll_back(engine, "app")
    assert len(events_of(engine, ModelsRolledBack)) == 1
    before = swapped(engine)
    assert not changed(before, weights(engine)) & APP
    assert_replays(engine)


def test_a_rollback_before_a_rebuild_does_not_keep_a_channel_from_it(opened: Opened) -> None:
    """Who asks for a rebuild after a rollback wants the channel learned anew."""
    engine = rebuilding(opened)
    roll_back(engine, "app")
    model_operations.start_rebuild(engine, "wardrobe", engine.state.clock_us)
    assert changed(swapped(engine), weights(engine)) >= APP


def test_a_channel_that_is_frozen_at_the_swap_keeps_its_models(opened: Opened) -> None:
    """Frozen is frozen: neither lessons nor a swap change its weights, and it learns on once it is unfrozen."""
    engine = rebuilding(opened)
    model_operations.switch(engine, "wardrobe", "app", Switch.FROZEN, engine.state.clock_us, on=True)
    before = weights(engine)
    lived(engine, range(250, 300))
    swapped(engine)
    assert not changed(before, weights(engine)) & APP
    assert changed(before, weights(engine)) >= ROUTER
    model_operations.switch(engine, "wardrobe", "app", Switch.FROZEN, engine.state.clock_us, on=False)
    lived(engine, range(300, 400))
    assert changed(before, weights(engine)) >= APP
    assert_replays(engine)


def test_a_channel_that_was_frozen_and_set_free_meanwhile_is_swapped(opened: Opened) -> None:
    """What counts is the moment of the swap."""
    engine = rebuilding(opened)
    for on in (True, False):
        model_operations.switch(engine, "wardrobe", "app", Switch.FROZEN, engine.state.clock_us, on=on)
    assert changed(swapped(engine), weights(engine)) >= APP


def test_the_kill_switch_holds_over_a_swap(opened: Opened) -> None:
    """New models change nothing about who decides: the rule goes on until an operator switches back."""
    engine = rebuilding(opened)
    model_operations.switch(engine, "wardrobe", "", Switch.FALLBACK, engine.state.clock_us, on=True)
    assert changed(swapped(engine), weights(engine)) >= ROUTER
    decision = engine.decide(DecideRequest("wardrobe", "ann"), engine.state.clock_us)
    assert decision.reason is Reason.FALLBACK
    assert_replays(engine)


def test_a_channel_that_is_new_meanwhile_learns_each_reward_once(opened: Opened) -> None:
    """A version that calls for no rebuild goes into force; the new channel's models are none of the swap's business."""
    engine = rebuilding(opened)
    engine.apply_campaign(WITH_WEB, engine.state.clock_us)
    lived(engine, range(250, 300))
    before = swapped(engine)
    assert changed(before, weights(engine)).isdisjoint(model_names("wardrobe", "web"))
    assert len(before["wardrobe/web/send_slot"])
    assert_replays(engine)


def test_a_version_that_teaches_otherwise_begins_the_rebuild_anew(opened: Opened) -> None:
    """The rebuild under the old worths is given up: it cannot be swapped in any more."""
    engine = rebuilding(opened)
    upto_seq = engine.state.rebuilds["wardrobe"].upto_seq
    engine.apply_campaign(WINDOWED.replace("clicked: 0.2", "clicked: 0.5"), engine.state.clock_us)
    with pytest.raises(NotPossible, match="under way"):
        model_operations.finish_rebuild(engine, "wardrobe", upto_seq, engine.state.clock_us)
    finish(engine, 2, engine.state.clock_us)
    assert [event.version for event in events_of(engine, ModelsRebuilt)] == [2]  # type: ignore[union-attr]
    assert_replays(engine)


def test_a_model_that_was_put_back_as_unfit_is_replaced_by_the_swap(opened: Opened) -> None:
    """What the log teaches is better than where a fault threw it back, so that it decides as itself again."""
    engine = rebuilding(opened)
    ruin(engine, "wardrobe/router")
    degraded = engine.decide(DecideRequest("wardrobe", "ann", channels=("app",)), engine.state.clock_us)
    assert degraded.reason is Reason.PREVIOUS_SNAPSHOT
    swapped(engine)
    assert not engine.state.put_back
    again = engine.decide(DecideRequest("wardrobe", "ann", channels=("app",)), engine.state.clock_us)
    assert again.reason is not Reason.PREVIOUS_SNAPSHOT
    assert_replays(engine)


def test_a_rebuilt_model_that_is_unfit_is_refused(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that serves goes on in its place, put back or not; the swap says which, and the others are swapped."""
    engine = rebuilding(opened)
    engine.state.put_back["wardrobe/router"] = kept = PutBack(1, "for this test")
    before = weights(engine)
    routers = (model for model in ("", "a weight is not a finite number", *[""] * 20))  # the router comes first
    with monkeypatch.context() as patched:
        patched.setattr(Bandit, "fault", lambda _: next(routers))
        next(routers)
        swapped(engine)
    (event,) = events_of(engine, ModelsRebuilt)
    assert event == ModelsRebuilt("wardrobe", 1, event.upto_seq, ("wardrobe/router",))  # type: ignore[union-attr]
    assert changed(before, weights(engine)) == APP | set(model_names("wardrobe", "email"))
    assert engine.state.put_back == {"wardrobe/router": kept}
    del engine.state.put_back["wardrobe/router"]
    assert_replays(engine)


@pytest.mark.parametrize("damage", [b"", b"damaged"], ids=["missing", "damaged"])
def test_models_that_were_not_left_whole_are_not_swapped_in(opened: Opened, damage: bytes) -> None:
    """The swap is refused rather than learned on the spot, and the models that serve stay as they are."""
    engine = rebuilding(opened)
    engine.commit()
    upto_seq, before = engine.state.rebuilds["wardrobe"].upto_seq, weights(engine)
    if damage:
        rebuild(engine.log.folder, "wardrobe", 1, upto_seq)
        path = rebuilt_file(engine.log.folder, "wardrobe", upto_seq)
        path.write_bytes(path.read_bytes()[: -len(damage)] + damage)
    with pytest.raises(NotPossible, match="missing or damaged"):
        model_operations.finish_rebuild(engine, "wardrobe", upto_seq, engine.state.clock_us)
    assert not changed(before, weights(engine))
    assert engine.rebuilds


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_during_rebuilds_a_replay_ends_at_the_same(opened: Opened, seed: int) -> None:
    """Operations, faults, versions, restarts and snapshots in random order around swaps are one fold of the log."""
    engine, rng, number = opened(source=WINDOWED), random.Random(seed), 0
    for step in range(24):
        lived(engine, range(number, number + 20), late_every=3)
        number += 20
        now_us = engine.state.clock_us
        channel = rng.choice(["", "app", "email"])
        match rng.randrange(9):
            case 0 | 1:
                model_operations.start_rebuild(engine, "wardrobe", now_us)
            case 2 | 3 if rebuild_under_way := engine.rebuilds.get("wardrobe"):
                finish(engine, rebuild_under_way.version, now_us)
            case 4 if engine.snapshot_seq:
                roll_back(engine, channel)
            case 5:
                model_operations.switch(engine, "wardrobe", channel, Switch.FROZEN, now_us, on=step % 2 == 0)
            case 6:
                ruin(engine, rng.choice(sorted(engine.state.models)))
                engine.snapshot(now_us)
            case 7:
                engine.apply_campaign(rng.choice([WITH_WEB, WINDOWED]), now_us)
            case _:
                engine.commit()
                engine = opened(source=None)
    assert_replays(engine)
    before = {name: model.weights() for name, model in engine.state.models.items()}
    engine.commit()
    engine = opened(source=None)
    assert all(np.array_equal(weight, engine.state.models[name].weights()) for name, weight in before.items())
