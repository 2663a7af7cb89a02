"""What a tick does: it closes what has ended, never too much at once, and is logged only where something closes."""

from collections.abc import Callable

import pytest

from engine import engine as engine_module
from engine.engine import Engine
from engine.events import DecisionTaken, Tick
from engine.log.sqlite import Log
from engine.types import ActivateRequest, DecideRequest
from tests.engine.operated import assert_replays, events_of
from tests.wardrobe import CAMPAIGN, NOON_US, SECOND_US

Opened = Callable[..., Engine]
MINUTE_US = 60 * SECOND_US
WINDOWED = CAMPAIGN.replace("{now: now}", "{now: now}\n    reward_window: 10 minutes").replace("control_share: 0.2", "")
ACTIVATED = WINDOWED.replace("email:\n", "email:\n    reward_window: 10 minutes\n") + "activation: required\n"
ACTIVATED = ACTIVATED.replace("send_nothing: {allowed: true", "send_nothing: {allowed: false")


def sent(engine: Engine, now_us: int, number: int = 0) -> DecisionTaken:
    """Return the next decision that sends by the app."""
    while True:
        decision = engine.decide(DecideRequest("wardrobe", f"customer-{number}", channels=("app",)), now_us)
        if decision.content_id:
            return decision


def test_a_window_that_activation_has_moved_is_worth_no_tick(opened: Opened) -> None:
    """When it would have closed unmoved nothing closes, so that nothing is logged; at its new time it does."""
    engine = opened(source=ACTIVATED)
    decision = sent(engine, NOON_US)
    engine.activate(ActivateRequest(decision.decision_id), NOON_US + 5 * MINUTE_US)
    before = engine.log.last_seq
    assert not engine.tick(NOON_US + 11 * MINUTE_US)
    assert engine.log.last_seq == before
    assert engine.tick(NOON_US + 15 * MINUTE_US)
    assert not len(engine.state.open_decisions)
    assert not engine.tick(NOON_US + 99 * MINUTE_US)


def test_a_tick_after_a_long_stop_closes_only_so_many_windows(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tick is for the moment up to which it closes, in the order of the closes, and a replay does the same."""
    monkeypatch.setattr(engine_module, "CLOSED_AT_ONCE_MAX", 7)
    engine = opened(source=WINDOWED)
    for number in range(24):
        sent(engine, NOON_US + number * SECOND_US, number)
    left = [len(engine.state.open_decisions)]
    while engine.tick(NOON_US + 600 * MINUTE_US):
        left.append(len(engine.state.open_decisions))
    assert left == [24, 17, 10, 3, 0]
    assert len(events_of(engine, Tick)) == 4
    ticks = [logged.time_us for logged in engine.log.read() if isinstance(logged.event, Tick)]
    assert ticks == [NOON_US + 10 * MINUTE_US + number * SECOND_US for number in (6, 13, 20)] + [
        NOON_US + 600 * MINUTE_US
    ]
    assert_replays(engine)


def test_windows_that_end_at_one_moment_close_in_one_tick(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time cannot be divided further, however many they are."""
    monkeypatch.setattr(engine_module, "CLOSED_AT_ONCE_MAX", 2)
    engine = opened(source=WINDOWED)
    for number in range(9):
        sent(engine, NOON_US, number)
    assert engine.tick(NOON_US + 10 * MINUTE_US)
    assert not len(engine.state.open_decisions)


def test_a_decision_without_outcome_is_read_once_to_be_closed(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """It teaches both halves at its close, and those are one look into the log."""
    engine = opened(source=WINDOWED + "learn: provisionally\n")
    decision = sent(engine, NOON_US)
    engine.commit()
    read: list[int] = []
    real = Log.decision
    monkeypatch.setattr(Log, "decision", lambda log, seq: read.append(seq) or real(log, seq))  # type: ignore[func-returns-value]
    engine = opened(source=None)  # whose folds look into the log through the method as it is now
    read.clear()
    engine.tick(NOON_US + 10 * MINUTE_US)
    assert engine.state.learned["wardrobe/router"].lessons == 2
    assert read == [engine.log.find(bytes.fromhex(decision.decision_id)).seq]  # type: ignore[union-attr]
