"""An engine whose models are operated on, and what tests ask of it. Never a behaviour under test."""

from collections.abc import Callable

import numpy as np

from engine import model_operations
from engine.engine import Engine
from engine.events import DecisionTaken, Event, Stage
from engine.history import past_of
from engine.model_events import Switch
from engine.replay import replay
from engine.types import DecideRequest, RewardRequest
from tests.engine.test_replay import lived, same_weights
from tests.wardrobe import NOON_US

Ask = Callable[..., DecideRequest]
Weights = dict[str, np.ndarray]


def weights(engine: Engine) -> Weights:
    """Return every model's weights as they stand."""
    return {name: model.weights() for name, model in engine.state.models.items()}


def changed(before: Weights, after: Weights) -> set[str]:
    """Return the names of the models whose weights are not the same to the last bit."""
    return {name for name in before if not np.array_equal(before[name], after[name])}


def sent(engine: Engine, ask: Ask, channel: str = "email") -> DecisionTaken:
    """Return the next decision that sends on a channel to a customer outside the control group."""
    while True:
        decision = engine.decide(ask(channels=(channel,)), NOON_US)
        if decision.channel == channel and not decision.control:
            return decision


def busy(engine: Engine, ask: Ask, rounds: int) -> None:
    """Send and reward so often that every model learns."""
    for number in range(rounds):
        decision = sent(engine, ask, ("email", "app")[number % 2])
        engine.reward(RewardRequest(decision.decision_id, value=(0.4, -0.3, 0.7)[number % 3]), NOON_US)
    engine.commit()


def ruin(engine: Engine, name: str, weight: float = float("nan")) -> None:
    """Make every weight that a model has learned this one, as a lesson gone wrong might."""
    model = engine.state.models[name]
    model._saved = None
    for index, *_ in model.weights():
        model._workspace.set_weight(int(index), 0, weight)


def assert_replays(engine: Engine) -> None:
    """Taking every decision of the log again gives the same decisions, and the same weights."""
    again = replay(engine.log.read(), past_of(engine.log))
    assert again.different == ()
    assert same_weights(engine.state, again.state)
    assert engine.state.put_back == again.state.put_back


def stage(decision: DecisionTaken, name: str) -> Stage:
    """Return one stage of a decision."""
    (found,) = (stage for stage in decision.stages if stage.name == name)
    return found


def events_of(engine: Engine, kind: type[Event]) -> list[Event]:
    """Return the log's events of one kind."""
    return [logged.event for logged in engine.log.read() if isinstance(logged.event, kind)]


def operated(engine: Engine, between: Callable[[Engine], Engine]) -> Engine:
    """Let an engine live with everything an operator does, so that the snapshots rolled back to are dropped by then."""

    def switch(channel: str, kind: Switch, *, on: bool) -> None:
        model_operations.switch(engine, "wardrobe", channel, kind, engine.state.clock_us, on=on)

    saved: list[int] = []
    steps: list[Callable[[], None]] = [
        lambda: switch("email", Switch.FROZEN, on=True),
        lambda: switch("app", Switch.FALLBACK, on=True),
        lambda: model_operations.roll_back(engine, "wardrobe", "app", saved[0], engine.state.clock_us),
        lambda: switch("email", Switch.FROZEN, on=False),
        lambda: model_operations.roll_back(engine, "wardrobe", "", saved[2], engine.state.clock_us),
        lambda: switch("", Switch.FALLBACK, on=True),
        lambda: model_operations.roll_back(engine, "wardrobe", "email", saved[4], engine.state.clock_us),
        lambda: switch("app", Switch.FALLBACK, on=False),
    ]
    for number, step in enumerate(steps):
        lived(engine, 30, 30 * number)
        engine.snapshot(engine.state.clock_us)
        saved.append(engine.snapshot_seq)
        lived(engine, 10, 10_000 + 10 * number)
        step()
        engine.commit()
        engine = between(engine)
    assert not set(saved[:5]) & {status.seq for status in model_operations.snapshots(engine)}
    return engine
