"""What the engine does with a model that is unfit to decide: it steps down the ladder, never errs, and says so."""

from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest

from engine import model_operations
from engine.engine import Engine
from engine.errors import LogUnavailable
from engine.events import Reason
from engine.exploration import UnsoundProbabilities
from engine.folds import Learned
from engine.log import snapshot_rows
from engine.log.sqlite import Log
from engine.model_bytes import ModelFailed
from engine.model_events import ModelsRolledBack, Switch
from engine.policy import content_name, model_names, router_name, slot_name
from engine.vowpal_wabbit import Bandit
from tests.engine.operated import Ask, assert_replays, busy, changed, events_of, ruin, sent, stage, weights
from tests.wardrobe import CAMPAIGN, NOON_US

Opened = Callable[..., Engine]
EMAIL, SLOT = content_name("wardrobe", "email"), slot_name("wardrobe", "email")
UNSOUND = "an expected cost is not a number within a million reward units"
NO_NUMBER = "a weight is not a finite number"
FEWER = CAMPAIGN.replace("  app:\n    send_windows: {now: now}\n", "")


def test_a_refused_model_goes_back_to_the_last_good_snapshot_in_the_same_decision(engine: Engine, asking: Ask) -> None:
    """The very decision that finds it unfit comes from the snapshot's weights, says so, and the log holds the step."""
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    good = weights(engine)
    busy(engine, asking, 4)
    others = weights(engine)
    ruin(engine, EMAIL)
    decision = sent(engine, asking)
    assert events_of(engine, ModelsRolledBack) == [
        ModelsRolledBack("wardrobe", "email", engine.snapshot_seq, UNSOUND, EMAIL)
    ]
    content = stage(decision, "content")
    assert (decision.reason, content.policy) == (Reason.PREVIOUS_SNAPSHOT, EMAIL)
    assert f"event {engine.snapshot_seq}" in content.problem
    assert len(set(content.probabilities.values())) > 1
    assert np.array_equal(engine.state.models[EMAIL].weights(), good[EMAIL])
    assert changed(others, weights(engine)) == {EMAIL}
    assert sent(engine, asking).reason is Reason.PREVIOUS_SNAPSHOT
    busy(engine, asking, 1)
    assert sent(engine, asking).reason in {Reason.MODEL, Reason.EXPLORED}
    assert_replays(engine)


@pytest.mark.parametrize("exploration", ["mixed", "squarecb", "epsilon_greedy"])
def test_a_refused_model_that_no_snapshot_has_is_uniform_until_it_learns(
    opened: Opened, asking: Ask, exploration: str
) -> None:
    """It begins anew: exactly uniform, whatever the exploration makes of an empty model, until it is rewarded."""
    engine = opened(source=f"{CAMPAIGN}exploration: {{method: {exploration}}}\n")
    busy(engine, asking, 20)
    ruin(engine, EMAIL)
    decision = sent(engine, asking)
    content = stage(decision, "content")
    assert (decision.reason, content.policy, bool(content.problem)) == (Reason.UNIFORM, "uniform", True)
    assert list(content.probabilities.values()) == [1 / 3] * 3
    others = stage(decision, "router").propensity * stage(decision, "send_slot").propensity
    assert decision.propensity == pytest.approx(others / 3, rel=1e-12)
    assert engine.state.learned[EMAIL] == Learned()
    assert sent(engine, asking).reason is Reason.UNIFORM
    assert len(events_of(engine, ModelsRolledBack)) == 1
    busy(engine, asking, 1)
    assert stage(sent(engine, asking), "content").policy == EMAIL
    assert_replays(engine)


def test_a_missing_model_is_put_back_too(engine: Engine, asking: Ask) -> None:
    """A model that is not there is taken from the last good snapshot; nobody sees an error."""
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    del engine.state.models[EMAIL]
    assert sent(engine, asking).reason is Reason.PREVIOUS_SNAPSHOT
    assert "no model" in events_of(engine, ModelsRolledBack)[0].why  # type: ignore[union-attr]
    assert_replays(engine)


def test_every_model_of_a_decision_can_be_refused_at_once(engine: Engine, asking: Ask) -> None:
    """With all models ruined each goes back once, as soon as a decision asks it, and each decision is answered."""
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    for name in engine.state.models:
        ruin(engine, name)
    for channel in ("email", "app", "email"):
        assert sent(engine, asking, channel).reason is Reason.PREVIOUS_SNAPSHOT
    refused = [event.model for event in events_of(engine, ModelsRolledBack) if isinstance(event, ModelsRolledBack)]
    assert set(refused) == {router_name("wardrobe"), EMAIL, SLOT, content_name("wardrobe", "app")}  # app has one slot
    assert len(refused) == 4
    engine.snapshot(NOON_US)  # which puts back the one that nobody asked
    assert_replays(engine)


def test_a_model_that_is_unfit_again_begins_anew_and_is_not_asked(engine: Engine, asking: Ask) -> None:
    """Ruined again before it has learned, it goes down to uniform; there are two steps in the log and no third."""
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    reasons = []
    for _ in range(3):
        ruin(engine, EMAIL)
        reasons.append(sent(engine, asking).reason)
    assert reasons == [Reason.PREVIOUS_SNAPSHOT, Reason.UNIFORM, Reason.UNIFORM]
    assert len(events_of(engine, ModelsRolledBack)) == 2
    assert_replays(engine)


def test_snapshots_that_cannot_be_read_leave_uniform(
    engine: Engine, asking: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where even looking for a good snapshot fails the choice is uniform, the answer is given, and the log says why."""
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    ruin(engine, EMAIL)

    def unreadable(_: Log) -> None:
        raise LogUnavailable("the disk says no")

    with monkeypatch.context() as patched:
        patched.setattr(snapshot_rows, "stored", unreadable)
        decision = sent(engine, asking)
    assert decision.reason is Reason.UNIFORM
    assert "the disk says no" in stage(decision, "content").problem
    assert_replays(engine)


def test_a_damaged_snapshot_is_stepped_over(engine: Engine, asking: Ask) -> None:
    """The model goes back to the newest snapshot whose checksums hold."""
    for _ in range(3):
        busy(engine, asking, 6)
        engine.snapshot(NOON_US)
    newest, middle, oldest = (snapshot.seq for snapshot in snapshot_rows.stored(engine.log))
    run = engine.log._connection.execute
    run("UPDATE snapshots SET folds = zeroblob(9) WHERE seq = ?", (newest,))
    run("UPDATE snapshot_models SET model = zeroblob(9) WHERE seq = ? AND name = ?", (middle, SLOT))
    ruin(engine, EMAIL)
    sent(engine, asking)
    assert [event.to_seq for event in events_of(engine, ModelsRolledBack)] == [oldest]  # type: ignore[union-attr]
    assert_replays(engine)


@pytest.mark.parametrize(
    ("method", "answer"),
    [("squarecb", [0.5, 0.5, 0.0]), ("squarecb", [1.5, -0.5, 0.0]), ("squarecb", [float("nan")] * 3),
     ("squarecb", [0.2, 0.2, 0.2]), ("squarecb", [0.5, 0.5]), ("squarecb", []),
     ("mixed", [float("nan")] * 3), ("mixed", [0.0, float("inf"), 0.0]), ("mixed", [0.0, -1e9, 0.0]),
     ("mixed", [0.5, 0.5]), ("mixed", [])],
    ids=str,
)  # fmt: skip
def test_a_collapsed_model_is_refused(
    opened: Opened, asking: Ask, monkeypatch: pytest.MonkeyPatch, method: str, answer: list[float]
) -> None:
    """Whatever inverse gap weights or expected costs cannot be is never drawn from: the stage is uniform and says what
    was wrong.
    """
    engine = opened(source=f"{CAMPAIGN}exploration: {{method: {method}}}\n")
    busy(engine, asking, 4)
    asked = (answer, [0.0] * 3) if method == "squarecb" else ([0.4, 0.3, 0.3], answer)
    monkeypatch.setattr(engine.state.models[EMAIL], "asked", lambda *_: asked)
    decision = sent(engine, asking)
    assert decision.reason is Reason.UNIFORM
    assert list(stage(decision, "content").probabilities.values()) == [1 / 3] * 3
    assert_replays(engine)


@pytest.mark.parametrize("error", [ModelFailed("prediction failed"), UnsoundProbabilities("no")], ids=str)
def test_a_model_that_fails_in_any_way_is_refused(
    engine: Engine, asking: Ask, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A failing library is a fault like another."""

    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(engine.state.models[EMAIL], "asked", failing)
    assert sent(engine, asking).reason is Reason.UNIFORM
    assert_replays(engine)


def test_a_sound_model_writes_nothing_into_the_log(engine: Engine, asking: Ask) -> None:
    """Decisions of fit models are one event each, and no weight is looked at for them."""
    busy(engine, asking, 10)
    before = engine.log.last_seq
    for _ in range(20):
        engine.decide(asking(), NOON_US)
    assert engine.log.last_seq == before + 20
    assert not engine.state.put_back


@pytest.mark.parametrize("weight", [float("nan"), float("-inf"), 1e38])
def test_a_faulty_model_is_put_back_before_a_snapshot_is_saved(engine: Engine, asking: Ask, weight: float) -> None:
    """Though nobody decided with it since, no snapshot holds it, and the next start believes that snapshot."""
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    good = weights(engine)
    busy(engine, asking, 4)
    ruin(engine, EMAIL, weight)
    engine.snapshot(NOON_US)
    assert np.array_equal(engine.state.models[EMAIL].weights(), good[EMAIL])
    assert_snapshot_is_good(engine)
    assert_replays(engine)


@pytest.mark.parametrize(
    "name", [content_name("wardrobe", "app"), slot_name("gone", "fax"), "no known shape/of/a/name"]
)
def test_a_faulty_model_that_no_campaign_has_any_more_keeps_no_snapshot_from_being_good(
    opened: Opened, asking: Ask, name: str
) -> None:
    """The models of a dropped channel, or of any name, are put back like the others."""
    engine = opened()
    busy(engine, asking, 20)
    engine.apply_campaign(FEWER, NOON_US)
    model = engine.state.models.setdefault(name, Bandit())
    model.learn("shared |X a", "|A b", 0.5, 1)
    ruin(engine, name)
    engine.snapshot(NOON_US)
    assert [event.model for event in events_of(engine, ModelsRolledBack)] == [name]  # type: ignore[union-attr]
    assert_snapshot_is_good(engine)


def assert_snapshot_is_good(engine: Engine) -> None:
    """A start takes the newest snapshot, with no fold to do and nothing refused."""
    again = Engine(engine.log, engine.keyed_hash, engine.new_id, 3, 100, gate=None)
    assert (again.refused_snapshots, again.events_since_snapshot) == ((), 0)


def test_a_put_back_model_is_remembered_over_a_restart(opened: Opened, asking: Ask) -> None:
    """A snapshot holds which models have not learned since they were refused."""
    engine = opened()
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    ruin(engine, EMAIL)
    sent(engine, asking)
    engine.snapshot(NOON_US)
    before = engine.state.put_back
    engine = opened(source=None)
    assert engine.state.put_back == before != {}
    (content, slot) = model_operations.models(engine, "wardrobe", "email")
    assert ("was refused" in content.problem, slot.problem) == (True, "")
    assert sent(engine, asking).reason is Reason.PREVIOUS_SNAPSHOT


def test_an_operators_rollback_ends_the_degraded_state(engine: Engine, asking: Ask) -> None:
    """Rolled back by hand, to where it stands already even, a model decides as itself again."""
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    ruin(engine, EMAIL)
    sent(engine, asking)
    for _ in range(2):
        model_operations.roll_back(engine, "wardrobe", "email", engine.snapshot_seq, NOON_US)
    assert len(events_of(engine, ModelsRolledBack)) == 2
    assert sent(engine, asking).reason in {Reason.MODEL, Reason.EXPLORED}
    assert_replays(engine)


def test_a_frozen_model_stays_where_it_was_put_back(engine: Engine, asking: Ask) -> None:
    """It does not learn, so its decisions go on to come from the snapshot."""
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    model_operations.switch(engine, "wardrobe", "email", Switch.FROZEN, NOON_US, on=True)
    ruin(engine, EMAIL)
    sent(engine, asking)
    busy(engine, asking, 4)
    assert sent(engine, asking).reason is Reason.PREVIOUS_SNAPSHOT


def test_putting_a_model_back_does_not_move_the_logs_time(engine: Engine, asking: Ask) -> None:
    """The log's own time may be simulated, so a snapshot taken by the machine's clock must not end its windows."""
    busy(engine, asking, 4)
    ruin(engine, EMAIL)
    engine.snapshot(NOON_US + 10**15)
    assert len(events_of(engine, ModelsRolledBack)) == 1
    assert engine.state.clock_us == NOON_US


def test_the_models_of_a_start_are_fit(opened: Opened, asking: Ask) -> None:
    """Ruin is in memory only: a start folds the log, and nothing of the fault is left."""
    engine = opened()
    busy(engine, asking, 10)
    for name in model_names("wardrobe", "email"):
        ruin(engine, name)
    engine = opened(source=None)
    with closing(engine):
        assert sent(engine, asking).reason in {Reason.MODEL, Reason.EXPLORED}
        assert NO_NUMBER not in {model.fault() for model in engine.state.models.values()}
