"""What operators may do to models: freeze, switch off, roll back. All of it is in the log, and replayed."""

from collections.abc import Callable

import pytest

from engine import model_operations
from engine.engine import Engine
from engine.errors import EngineError, InvalidRequest, NotFound, NotPossible
from engine.events import Reason
from engine.folds import Learned
from engine.history import past_of
from engine.model_events import ChannelSwitched, ModelsRolledBack, Switch
from engine.policy import model_names
from engine.replay import replay
from tests.engine.operated import Ask, busy, changed, events_of, operated, sent, stage, weights
from tests.engine.test_replay import same_weights
from tests.wardrobe import CAMPAIGN, NOON_US

Opened = Callable[..., Engine]
NAMED = CAMPAIGN + "fallback: {channel: email, content: suit, send_window: evening}\n"
EVERY_CHANNEL = ("", "email", "app")


@pytest.mark.parametrize("channel", EVERY_CHANNEL)
def test_a_frozen_channel_learns_no_more_while_the_others_do(engine: Engine, asking: Ask, channel: str) -> None:
    """Freezing keeps exactly this channel's weights and counts as they are, until it is unfrozen."""
    busy(engine, asking, 20)
    names = set(model_names("wardrobe", channel))
    model_operations.switch(engine, "wardrobe", channel, Switch.FROZEN, NOON_US, on=True)
    before, learned = weights(engine), dict(engine.state.learned)
    busy(engine, asking, 20)
    assert changed(before, weights(engine)) == before.keys() - names
    assert all(engine.state.learned[name] == learned[name] for name in names)
    model_operations.switch(engine, "wardrobe", channel, Switch.FROZEN, NOON_US, on=False)
    busy(engine, asking, 20)
    assert changed(before, weights(engine)) == before.keys()


@pytest.mark.parametrize(("source", "policy"), [(CAMPAIGN, "uniform"), (NAMED, "named")])
def test_a_channel_on_fallback_is_drawn_by_the_rule(opened: Opened, asking: Ask, source: str, policy: str) -> None:
    """The campaign's rule gives the switched channel's probabilities, true ones that say why, until switched back."""
    engine = opened(source=source)
    busy(engine, asking, 20)
    model_operations.switch(engine, "wardrobe", "email", Switch.FALLBACK, NOON_US, on=True)
    decision = sent(engine, asking)
    content, slot = stage(decision, "content"), stage(decision, "send_slot")
    assert (decision.reason, content.policy, slot.policy) == (Reason.FALLBACK, policy, policy)
    assert "fallback" in content.problem
    even = policy == "uniform"
    assert list(content.probabilities.values()) == ([1 / 3] * 3 if even else [0.0, 1.0, 0.0])
    assert list(slot.probabilities.values()) == ([1 / 2] * 2 if even else [0.0, 1.0])
    assert decision.propensity == stage(decision, "router").propensity * content.propensity * slot.propensity
    assert stage(decision, "router").policy == "wardrobe/router"
    model_operations.switch(engine, "wardrobe", "email", Switch.FALLBACK, NOON_US, on=False)
    back = sent(engine, asking)
    assert (stage(back, "content").policy, stage(back, "content").problem) == ("wardrobe/email/content", "")


def test_the_router_is_switched_by_the_empty_channel(engine: Engine, asking: Ask) -> None:
    """With the router on fallback the rule chooses the channel, and the channels' own models the rest."""
    busy(engine, asking, 20)
    model_operations.switch(engine, "wardrobe", "", Switch.FALLBACK, NOON_US, on=True)
    decision = sent(engine, asking)
    assert stage(decision, "router").probabilities == {"email": 0.5, "nothing": 0.5}
    assert stage(decision, "content").policy == "wardrobe/email/content"
    assert decision.reason is Reason.FALLBACK


@pytest.mark.parametrize("channel", EVERY_CHANNEL)
def test_a_rolled_back_model_is_the_snapshots_and_learns_on(engine: Engine, asking: Ask, channel: str) -> None:
    """A rollback brings back this channel's weights and counts to the last bit, and learning goes on from there."""
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    names, before, learned = set(model_names("wardrobe", channel)), weights(engine), dict(engine.state.learned)
    busy(engine, asking, 20)
    model_operations.roll_back(engine, "wardrobe", channel, engine.snapshot_seq, NOON_US)
    assert changed(before, weights(engine)) == before.keys() - names
    assert {name for name in learned if engine.state.learned[name] == learned[name]} == names
    busy(engine, asking, 20)
    assert changed(before, weights(engine)) == before.keys()


def test_a_model_that_the_snapshot_does_not_have_becomes_empty(opened: Opened, asking: Ask) -> None:
    """Rolling a channel back to before it existed leaves it as it began."""
    engine = opened(source=CAMPAIGN.replace("  app:\n    send_windows: {now: now}\n", ""))
    engine.snapshot(NOON_US)
    engine.apply_campaign(CAMPAIGN, NOON_US)
    busy(engine, asking, 20)
    model_operations.roll_back(engine, "wardrobe", "app", engine.snapshot_seq, NOON_US)
    found = model_operations.models(engine, "wardrobe", "app")
    assert [status.learned for status in found] == [Learned(), Learned()]
    assert not any(len(engine.state.models[status.name].weights()) for status in found)


def test_a_log_with_operations_replays_to_the_same_decisions_and_weights(opened: Opened) -> None:
    """Freezes, switches and rollbacks are facts like any other, even when the snapshots rolled back to are gone."""
    engine = operated(opened(), lambda engine: engine)
    assert len(events_of(engine, ModelsRolledBack)) == 3
    assert len(events_of(engine, ChannelSwitched)) == 5
    again = replay(engine.log.read(), past_of(engine.log))
    assert (again.decisions, again.different) == (320, ())
    assert same_weights(engine.state, again.state)
    assert engine.state.campaigns == again.state.campaigns
    assert engine.state.learned == again.state.learned


def test_a_replay_over_many_rollbacks_does_not_fold_the_log_for_each_anew(engine: Engine, asking: Ask) -> None:
    """Twelve rollbacks to snapshots that are gone cost as many folds of the log; doubling would cost thousands."""
    for _ in range(12):
        busy(engine, asking, 1)
        engine.snapshot(NOON_US)
        busy(engine, asking, 2)
        model_operations.roll_back(engine, "wardrobe", "", engine.snapshot_seq, NOON_US)
    engine.commit()
    engine.log._connection.execute("DELETE FROM snapshots")
    again = replay(engine.log.read(), past_of(engine.log))
    assert again.different == ()
    assert same_weights(engine.state, again.state)


def test_restarts_between_operations_change_nothing(opened: Opened) -> None:
    """An engine that is stopped and started after each operation decides and learns as one that never was."""
    whole = operated(opened("whole"), lambda engine: engine)
    events = list(whole.log.read())
    broken = operated(opened("broken"), lambda _: opened("broken", source=None))
    assert list(broken.log.read()) == events
    assert same_weights(broken.state, whole.state)
    assert broken.state.campaigns == whole.state.campaigns
    assert broken.state.learned == whole.state.learned


@pytest.mark.parametrize("kind", Switch)
def test_the_same_switch_twice_is_one_event(engine: Engine, kind: Switch) -> None:
    """Switching what is switched already, either way, is not worth an event."""
    for on in (False, True, True, False, False):
        model_operations.switch(engine, "wardrobe", "email", kind, NOON_US, on=on)
    assert events_of(engine, ChannelSwitched) == [
        ChannelSwitched("wardrobe", "email", kind, on=True),
        ChannelSwitched("wardrobe", "email", kind, on=False),
    ]


def test_the_same_rollback_twice_is_one_event(engine: Engine, asking: Ask) -> None:
    """A rollback asked for again is not worth an event, though decisions came between; after a lesson it is."""
    busy(engine, asking, 20)
    engine.snapshot(NOON_US)
    rolled_back = []
    for rounds, decisions in ((0, 0), (20, 0), (0, 0), (0, 5), (1, 0)):
        busy(engine, asking, rounds)
        for _ in range(decisions):
            sent(engine, asking)
        model_operations.roll_back(engine, "wardrobe", "email", engine.snapshot_seq, NOON_US)
        rolled_back.append(len(events_of(engine, ModelsRolledBack)))
    assert rolled_back == [0, 1, 1, 1, 2]


def test_models_tell_how_much_they_learned_and_how_they_are_switched(engine: Engine, asking: Ask) -> None:
    """A channel has two models and the router one, each with its place in the log, lessons, checksum and switches."""
    (empty,) = model_operations.models(engine, "wardrobe", "")
    assert (empty.seq, empty.learned, empty.frozen, empty.fallback) == (1, Learned(), False, False)
    busy(engine, asking, 20)
    model_operations.switch(engine, "wardrobe", "app", Switch.FROZEN, NOON_US, on=True)
    (router,) = model_operations.models(engine, "wardrobe", "")
    assert (router.seq, router.learned) == (engine.log.last_seq, Learned(lessons=20, last_time_us=NOON_US, unit=1.0))
    assert router.sha256 != empty.sha256
    app = model_operations.models(engine, "wardrobe", "app")
    assert [(status.name, status.frozen, status.fallback) for status in app] == [
        ("wardrobe/app/content", True, False),
        ("wardrobe/app/send_slot", True, False),
    ]


def test_a_damaged_snapshot_is_told_and_never_rolled_back_to(engine: Engine, asking: Ask) -> None:
    """The list says what is wrong with a snapshot, and a rollback to it is refused and leaves no trace."""
    for _ in range(2):
        busy(engine, asking, 4)
        engine.snapshot(NOON_US)
    engine.log._connection.execute("UPDATE snapshots SET folds = zeroblob(9) WHERE seq = ?", (engine.snapshot_seq,))
    newest, older = model_operations.snapshots(engine)
    assert (newest.seq, bool(newest.problem)) == (engine.snapshot_seq, True)
    assert (older.problem, older.models) == ("", tuple(sorted(engine.state.models)))
    before = engine.log.last_seq
    with pytest.raises(NotPossible, match="damaged"):
        model_operations.roll_back(engine, "wardrobe", "email", newest.seq, NOON_US)
    assert engine.log.last_seq == before


@pytest.mark.parametrize(
    ("campaign", "channel", "kind"),
    [("spring", "email", NotFound), ("", "", InvalidRequest), ("wardrobe", "fax", InvalidRequest)],
)
def test_operations_name_a_campaign_and_a_channel_that_exist(
    engine: Engine, campaign: str, channel: str, kind: type[EngineError]
) -> None:
    """What is not there is neither shown, switched nor rolled back, and leaves no trace."""
    engine.snapshot(NOON_US)
    with pytest.raises(kind):
        model_operations.models(engine, campaign, channel)
    with pytest.raises(kind):
        model_operations.switch(engine, campaign, channel, Switch.FROZEN, NOON_US, on=True)
    with pytest.raises(kind):
        model_operations.roll_back(engine, campaign, channel, engine.snapshot_seq, NOON_US)
    assert engine.log.last_seq == engine.snapshot_seq


def test_a_snapshot_that_is_none_is_not_found(engine: Engine) -> None:
    """A rollback to a place in the log where no snapshot is kept is refused."""
    engine.snapshot(NOON_US)
    with pytest.raises(NotFound, match="no snapshot 7"):
        model_operations.roll_back(engine, "wardrobe", "email", 7, NOON_US)
