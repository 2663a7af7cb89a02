"""The quarantine: rewards no person gave, what is told of them, listing, re-admission, and the same at every replay."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine import quarantine
from engine.customer_operations import identify, track
from engine.customers.memory import MEMORIES
from engine.customers.types import Consent, IdentifyRequest, QuarantineReason
from engine.engine import Engine
from engine.erasure import erase
from engine.errors import IdReused, InvalidRequest, LogUnavailable, NotFound, NotPossible
from engine.events import DecisionTaken, FactQuarantined, FactReadmitted, LoggedEvent, RewardReceived
from engine.folds import Aside
from engine.history import past_of
from engine.log.sqlite import Log
from engine.replay import replay
from engine.types import ActivateRequest, DecideRequest, RewardRequest
from tests.engine.test_gate import DIRTY, events_of
from tests.engine.test_replay import everyone, lived, same_weights
from tests.engine.told import SHE, bought, tracked
from tests.rewarded_histories import MINUTE_US, windowed
from tests.wardrobe import NOON_US, SECOND_US, TALKATIVE

Opened = Callable[..., Engine]
DAY_US = 86_400 * SECOND_US


def decided(engine: Engine, channel: str = "app", now_us: int = NOON_US) -> DecisionTaken:
    """Return a decision that sends to her on a channel."""
    return engine.decide(DecideRequest("wardrobe", "ryan", channels=(channel,)), now_us)


def rewarded(engine: Engine, decision: DecisionTaken, after_us: int | None, **fields: Any) -> str:
    """Reward a decision so long after its message, or without a time; return why it was put aside."""
    sent_us = decision.send_time_us or NOON_US
    occur_us = None if after_us is None else sent_us + after_us
    request = RewardRequest(decision.decision_id, occur_time_us=occur_us, **{"outcome": "clicked"} | fields)
    return engine.reward(request, sent_us + (after_us or 0)).quarantined


def weights(engine: Engine) -> dict[str, np.ndarray]:
    """Return every model's weights."""
    return {name: model.weights() for name, model in engine.state.models.items()}


@pytest.mark.parametrize("channel", ["app", "email", "web"])
@pytest.mark.parametrize(
    ("after_us", "fields", "reason"),
    [
        (1, {}, "too_fast"),
        (300_000, {}, "too_fast"),
        (999_999, {"outcome": "", "value": 0.1}, "too_fast"),
        (1_000_000, {}, ""),
        (60_000_000, {}, ""),
        (300_000, {"outcome": "returned"}, ""),
        (300_000, {"outcome": "", "value": 0.0}, ""),
        (0, {}, ""),
        (None, {}, ""),
    ],
)
def test_a_click_within_a_second_of_its_message_is_a_machines(
    opened: Opened, channel: str, after_us: int | None, fields: dict[str, Any], reason: str
) -> None:
    """Better than silence sooner than a person can see it is put aside; bounces, and times nobody measured, are not."""
    engine = opened(source=windowed())
    assert rewarded(engine, decided(engine, channel), after_us, **fields) == reason


def test_an_activated_message_is_timed_from_its_activation(opened: Opened) -> None:
    """Where it is told when a message really left, that is what a click is too fast after."""

    engine = opened(source=windowed(activation="required"))
    decision = decided(engine)
    left_us = NOON_US + MINUTE_US
    engine.activate(ActivateRequest(decision.decision_id, left_us), left_us)
    assert rewarded(engine, decision, MINUTE_US + 200_000) == "too_fast"
    assert rewarded(engine, decision, MINUTE_US + 2 * SECOND_US) == ""


def test_a_window_for_machines_is_not_measured_by_people(opened: Opened) -> None:
    """Where outcomes are waited for a few seconds only, a sixtieth of the window is too fast, not a second."""
    engine = opened(source=windowed().replace("reward_window: 10 minutes", "reward_window: 6 seconds"))
    assert rewarded(engine, decided(engine), 99_999) == "too_fast"
    assert rewarded(engine, decided(engine), 100_000) == ""


def test_the_same_outcome_at_the_same_time_counts_once(opened: Opened) -> None:
    """Under another id it is a copy; another time, amount or outcome is another outcome."""
    engine = opened(source=windowed())
    decision = decided(engine)
    found = [
        rewarded(engine, decision, MINUTE_US, outcome="spent", amount=50.0),
        rewarded(engine, decision, MINUTE_US, outcome="spent", amount=50.0),
        rewarded(engine, decision, MINUTE_US, outcome="spent", amount=20.0),
        rewarded(engine, decision, MINUTE_US),
        rewarded(engine, decision, MINUTE_US + 1, outcome="spent", amount=50.0),
    ]
    assert found == ["", "duplicate_outcome", "", "", ""]


def test_rewards_faster_than_a_person_are_put_aside(opened: Opened) -> None:
    """Of ten clicks on ten messages within a second five pass."""
    engine = opened(source=windowed())
    decisions = [decided(engine) for _ in range(10)]
    found = [rewarded(engine, decision, MINUTE_US + number) for number, decision in enumerate(decisions)]
    assert found == [""] * 5 + ["inhuman_rate"] * 5


@pytest.mark.parametrize("channel", ["app", "web"])
def test_no_model_learns_a_reward_that_was_put_aside(opened: Opened, channel: str) -> None:
    """Weights stay as they were, and the answer says what the decision earns without it."""
    engine = opened(source=windowed())
    decision = decided(engine, channel)
    before = weights(engine)
    request = RewardRequest(decision.decision_id, "r1", "clicked", occur_time_us=NOON_US + 500_000)
    receipt = engine.reward(request, NOON_US + SECOND_US)
    assert (receipt.quarantined, receipt.value, receipt.duplicate) == ("too_fast", 0.25, False)
    assert receipt.final_value == (0.0 if channel == "app" else 0.25)
    assert all(np.array_equal(weight, before[name]) for name, weight in weights(engine).items())
    again = engine.reward(request, NOON_US + MINUTE_US)
    assert (again.quarantined, again.duplicate, again.final_value) == ("too_fast", True, receipt.final_value)
    with pytest.raises(IdReused):
        engine.reward(RewardRequest(decision.decision_id, "r1", "purchased"), NOON_US + MINUTE_US)


def test_the_same_event_again_gets_the_same_answer(engine: Engine) -> None:
    """Put aside or not, an event_id counts once, even after it was let in."""
    requests = [bought("o1", event_id="e1"), bought("o1", event_id="e2")]
    first = [track(engine, request, NOON_US) for request in requests]
    assert [receipt.quarantined for receipt in first] == ["", "duplicate_order"]
    quarantine.readmit(engine, first[1].seq, NOON_US)
    again = [track(engine, request, NOON_US + DAY_US) for request in requests]
    assert [(one.seq, one.quarantined, one.duplicate) for one in again] == [
        (one.seq, one.quarantined, True) for one in first
    ]
    with pytest.raises(IdReused):
        track(engine, bought("o3", event_id="e2"), NOON_US)


def test_everything_put_aside_is_listed_with_its_reason(engine: Engine) -> None:
    """The list is newest first, in pages, by reason, and the counts are the list's."""
    for request, _, _ in DIRTY:
        track(engine, request, NOON_US)
    found = quarantine.quarantined(engine)
    assert [one.reason for one in reversed(found)] == [reason for _, reason, _ in DIRTY]
    assert all(one.detail and one.kind == "event_tracked" and one.time_us == NOON_US for one in found)
    assert {one.identity for one in found} == {engine.keyed_hash.identity(SHE)}
    pages = [quarantine.quarantined(engine, limit=10)]
    while page := quarantine.quarantined(engine, before_seq=pages[-1][-1].seq, limit=10):
        pages.append(page)
    assert [one for page in pages for one in page] == found
    for reason, aside in quarantine.counts(engine).items():
        assert len(quarantine.quarantined(engine, reason=reason)) == aside.quarantined
    with pytest.raises(InvalidRequest, match="reason"):
        quarantine.quarantined(engine, reason="ugly")


def test_what_it_held_is_shown_without_a_raw_identity(engine: Engine) -> None:
    """An operator sees enough to judge by."""
    track(engine, bought("o1", 2_000_000.0, device="phone"), NOON_US)
    identify(engine, IdentifyRequest(SHE, {"city": "Chicago", "time_zone": "?"}, (Consent("news", False),)), NOON_US)
    told, bought_ = quarantine.quarantined(engine)
    assert bought_.held == {
        "type": "purchase",
        "device": "phone",
        "category": "polos",
        "order": engine.keyed_hash.digest("order", "o1").hex(),
        "amount": "2000000.0",
    }
    assert told.held == {"attributes.city": "Chicago", "consents.every channel.news": "refused"}


def test_a_readmitted_event_counts_from_when_it_happened(engine: Engine) -> None:
    """It is in her profile as if it had never been stopped, leaves the list, and is let in once."""
    seq = track(engine, bought("o1", 2_000_000.0), NOON_US).seq
    first = quarantine.readmit(engine, seq, NOON_US + DAY_US)
    person = engine.customers.find(engine.keyed_hash.identity(SHE))
    assert person is not None
    assert person.sums_of(MEMORIES)["spend"] == {"": (2_000_000.0, NOON_US)}
    assert quarantine.quarantined(engine) == []
    assert quarantine.counts(engine) == {QuarantineReason.OUT_OF_RANGE: Aside(1, 1)}
    again = quarantine.readmit(engine, seq, NOON_US + 2 * DAY_US)
    assert (again.seq, again.duplicate) == (first.seq, True)
    assert person.sums_of(MEMORIES)["purchases"] == {"": (1.0, NOON_US)}


@pytest.mark.parametrize(("after_us", "late"), [(MINUTE_US, False), (DAY_US, True)])
def test_a_readmitted_reward_teaches_what_it_would_have(opened: Opened, after_us: int, late: bool) -> None:
    """Let in while its window is open it is learned as any other; after that it is late as any other."""
    engine = opened("one", source=windowed())
    decision = decided(engine)
    rewarded(engine, decision, 500_000)
    (held,) = quarantine.quarantined(engine)
    engine.tick(NOON_US + after_us)
    before = weights(engine)
    quarantine.readmit(engine, held.seq, NOON_US + after_us)
    (reward,) = events_of(engine, RewardReceived)
    assert (reward.late, reward.value, reward.final_value) == (late, 0.25, 0.25)
    learned = [name for name, weight in weights(engine).items() if not np.array_equal(weight, before[name])]
    assert bool(learned) is not late


def test_only_what_waits_and_has_happened_can_be_let_in(engine: Engine) -> None:
    """A place that holds nothing put aside is not found; a fact of tomorrow waits for tomorrow."""
    seq = track(engine, tracked(occur_time_us=NOON_US + DAY_US), NOON_US).seq
    with pytest.raises(NotPossible, match="yet to come"):
        quarantine.readmit(engine, seq, NOON_US)
    for wrong in (0, seq - 1, seq + 1, 2**62):
        with pytest.raises(NotFound, match="ListQuarantine"):
            quarantine.readmit(engine, wrong, NOON_US)
    assert quarantine.readmit(engine, seq, NOON_US + DAY_US).duplicate is False


def dirty_life(engine: Engine) -> None:
    """Live with dirt of every kind, snapshots and re-admissions, and always a message to be clicked too soon."""
    engine.apply_campaign(TALKATIVE, NOON_US)
    for number in range(4):
        lived(engine, 25, 25 * number)
        now_us = engine.state.clock_us
        for request, _, _ in DIRTY:
            track(engine, request, NOON_US + number)
        for tick in range(12):
            track(engine, tracked(occur_time_us=now_us + tick, device=f"device-{tick}"), now_us)
        decision = engine.decide(DecideRequest("talkative", "ryan", channels=("app",)), now_us)
        occur_us = now_us + 500_000
        engine.reward(RewardRequest(decision.decision_id, "", "clicked", occur_time_us=occur_us), occur_us)
        held = [one for one in quarantine.quarantined(engine) if one.occur_time_us <= now_us + SECOND_US]
        for one in held[:: 3 + number]:
            quarantine.readmit(engine, one.seq, occur_us)
        engine.commit()
        if number == 1:
            engine.snapshot(now_us)


def test_a_log_with_a_quarantine_replays_to_the_same(opened: Opened) -> None:
    """Weights, what the gate remembers of customers, and counts are the same, after a start too."""
    engine = opened()
    dirty_life(engine)
    replayed = replay(engine.log.read(), past_of(engine.log))
    assert replayed.different == ()
    assert same_weights(engine.state, replayed.state)
    assert replayed.state.tallies.aside == engine.state.tallies.aside
    assert everyone(replayed.customers) == everyone(engine.customers)
    counts, people = quarantine.counts(engine), everyone(engine.customers)
    assert counts[QuarantineReason.TOO_FAST].readmitted > 0
    engine = opened(source=None)
    assert quarantine.counts(engine) == counts
    assert everyone(engine.customers) == people


def test_what_was_put_aside_of_an_erased_customer_is_gone(engine: Engine) -> None:
    """Nothing of it stands in the log, nobody can let it in, and the counts stay right, after a replay too."""
    seqs = [track(engine, request, NOON_US).seq for request, _, _ in DIRTY]
    quarantine.readmit(engine, seqs[0], NOON_US)
    counts = quarantine.counts(engine)
    erase(engine, SHE, NOON_US, rebuild_models=False)
    assert quarantine.quarantined(engine) == []
    with pytest.raises(NotFound):
        quarantine.readmit(engine, seqs[1], NOON_US)
    assert engine.keyed_hash.identity(SHE) not in str(engine.log.rows("SELECT body FROM events"))
    assert quarantine.counts(engine) == counts
    assert replay(engine.log.read(), past_of(engine.log)).state.tallies.aside == engine.state.tallies.aside


def test_a_readmission_is_whole_or_not_at_all(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log fails between its two events neither stays, and it can be asked for again."""
    seq = track(engine, bought("o1", 2_000_000.0), NOON_US).seq
    engine.commit()
    append, left = Log.append, iter([True, False])

    def failing(log: Log, *arguments: Any) -> LoggedEvent:
        if not next(left):
            raise LogUnavailable("the disk is full")
        return append(log, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Log, "append", failing)
        with pytest.raises(LogUnavailable):
            quarantine.readmit(engine, seq, NOON_US)
    assert len(quarantine.quarantined(engine)) == 1
    assert not events_of(engine, FactReadmitted)
    assert quarantine.readmit(engine, seq, NOON_US).duplicate is False


def test_the_view_tells_what_is_put_aside(engine: Engine) -> None:
    """A researcher reads reason, kind and time of every row, and whether it was let in."""
    seqs = [track(engine, request, NOON_US).seq for request, _, _ in DIRTY]
    quarantine.readmit(engine, seqs[0], NOON_US)
    rows = engine.log.rows("SELECT seq, reason, kind, receive_time, readmitted FROM quarantine ORDER BY seq")
    assert [tuple(row) for row in rows] == [
        (seq, reason, "event_tracked", "2026-07-02T12:00:00.000Z", int(seq == seqs[0]))
        for seq, (_, reason, _) in zip(seqs, DIRTY, strict=True)
    ]
    assert len(events_of(engine, FactQuarantined)) == len(DIRTY)
