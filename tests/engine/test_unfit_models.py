"""What the engine does with a model that is unfit to decide: it degrades the choice, never the answer, and says so."""

import numpy as np
import pytest

from engine.engine import Engine
from engine.events import ModelsRolledBack, Reason
from engine.history import past_of
from engine.policy import content_name, model_names
from engine.replay import replay
from tests.engine.operated import Ask, busy, events_of, sent, stage, weights
from tests.engine.test_replay import same_weights
from tests.wardrobe import NOON_US


def ruin(engine: Engine, name: str) -> None:
    """Make every weight that a model has learned NaN, as broken memory might."""
    model = engine.state.models[name]
    for index in model.weights()[:, 0]:
        model._workspace.set_weight(int(index), 0, float("nan"))


@pytest.mark.parametrize("saved", [True, False], ids=["snapshot", "none"])
def test_a_model_with_a_weight_that_is_no_number_is_drawn_uniformly_and_replaced(
    engine: Engine, asking: Ask, saved: bool
) -> None:
    """It is uniform at once, and the next snapshot puts back the last good one, or an empty one; the log says so."""
    busy(engine, asking, 20)
    if saved:
        engine.snapshot(NOON_US)
    good_seq, good = engine.snapshot_seq, weights(engine)
    busy(engine, asking, 4)
    ruin(engine, content_name("wardrobe", "email"))
    degraded = sent(engine, asking)
    content = stage(degraded, "content")
    assert (degraded.reason, content.policy, bool(content.problem)) == (Reason.FALLBACK, "uniform", True)
    assert list(content.probabilities.values()) == [1 / 3] * 3
    others = stage(degraded, "router").propensity * stage(degraded, "send_slot").propensity
    assert degraded.propensity == pytest.approx(others / 3, rel=1e-12)
    engine.snapshot(NOON_US)
    (replaced,) = events_of(engine, ModelsRolledBack)
    assert replaced == ModelsRolledBack("wardrobe", "email", good_seq, "a weight is not a finite number")
    for name in model_names("wardrobe", "email"):
        model = engine.state.models[name]
        assert np.array_equal(model.weights(), good[name]) if saved else not len(model.weights())
    assert stage(sent(engine, asking), "content").policy == "wardrobe/email/content"
    assert same_weights(engine.state, replay(engine.log.read(), past_of(engine.log)).state)


def test_putting_a_model_back_does_not_move_the_logs_time(engine: Engine, asking: Ask) -> None:
    """The log's own time may be simulated, so a snapshot taken by the machine's clock must not end its windows."""
    busy(engine, asking, 4)
    ruin(engine, content_name("wardrobe", "email"))
    engine.snapshot(NOON_US + 10**15)
    assert len(events_of(engine, ModelsRolledBack)) == 1
    assert engine.state.clock_us == NOON_US
