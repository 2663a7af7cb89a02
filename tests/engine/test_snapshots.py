"""What snapshots promise: never believed when damaged, never needed, newest good one first."""

import random
from collections.abc import Callable

import pytest

from engine.customer_operations import track
from engine.customers.types import EventType, TrackRequest
from engine.engine import Engine
from engine.history import past_of
from engine.log import snapshot_rows
from engine.log.snapshot_rows import StoredSnapshot
from engine.replay import replay
from engine.snapshots import Damaged, checked, saved_models, taken
from engine.types import DecideRequest, Identity, RewardRequest
from tests.wardrobe import NOON_US

Ask = Callable[..., DecideRequest]


def busy(engine: Engine, ask: Ask, rounds: int) -> None:
    """Decide and reward a few times."""
    for _ in range(rounds):
        decision = engine.decide(ask(), NOON_US)
        engine.reward(RewardRequest(decision.decision_id, value=0.3), NOON_US)
    engine.commit()


def damaged(snapshot: StoredSnapshot, generator: random.Random) -> StoredSnapshot:
    """Truncate one part of a snapshot, or flip one of its bits."""
    parts = {"folds": snapshot.folds, **snapshot.models}
    name = generator.choice(sorted(parts))
    whole = bytearray(parts[name])
    place = generator.randrange(len(whole))
    if generator.random() < 0.3:
        del whole[place:]
    else:
        whole[place] ^= 1 << generator.randrange(8)
    parts[name] = bytes(whole)
    return StoredSnapshot(snapshot.seq, NOON_US, parts.pop("folds"), snapshot.sha256, parts)


def test_every_truncated_or_flipped_snapshot_is_refused(engine: Engine, asking: Ask) -> None:
    """Of 700 damaged snapshots none is believed, while the sound one is."""
    busy(engine, asking, 30)
    sound = taken(engine.state, saved_models(engine.state), NOON_US)
    assert checked(sound).seq == engine.state.seq
    generator = random.Random(7)
    for _ in range(700):
        with pytest.raises(Damaged):
            checked(damaged(sound, generator))


def test_a_snapshot_without_one_of_its_models_is_refused(engine: Engine) -> None:
    """A missing model is noticed, not replaced by an empty one."""
    sound = taken(engine.state, saved_models(engine.state), NOON_US)
    fewer = dict(list(sound.models.items())[1:])
    with pytest.raises(Damaged, match="checksum of model"):
        checked(StoredSnapshot(sound.seq, NOON_US, sound.folds, sound.sha256, fewer))


@pytest.mark.parametrize("bad", [1, 3])
def test_the_newest_good_snapshot_is_used_and_the_tail_folded(
    opened: Callable[..., Engine], asking: Ask, bad: int
) -> None:
    """Damage costs folding time, never a fact: an older snapshot or none at all gives the same state."""
    engine = opened()
    for _ in range(3):
        busy(engine, asking, 10)
        engine.snapshot(NOON_US)
    busy(engine, asking, 5)
    seq = engine.state.seq
    engine.log._connection.execute(
        "UPDATE snapshots SET folds = zeroblob(9) WHERE seq IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)",
        (bad,),
    )
    engine = opened(source=None)
    assert len(engine.refused_snapshots) == bad
    assert engine.state.seq == seq
    assert (engine.snapshot_seq > 0) == (bad < 3)
    again = replay(engine.log.read(), past_of(engine.log)).state
    for name, model in engine.state.models.items():
        assert (model.weights() == again.models[name].weights()).all()


def test_only_the_newest_snapshots_are_kept(engine: Engine, asking: Ask) -> None:
    """Old snapshots leave the file with their models."""
    for _ in range(5):
        busy(engine, asking, 2)
        engine.snapshot(NOON_US)
    assert len(list(snapshot_rows.stored(engine.log))) == 3
    (models,) = engine.log._connection.execute("SELECT count(DISTINCT seq) FROM snapshot_models").fetchone()
    assert models == 3
    assert engine.events_since_snapshot == 0


def test_events_that_teach_models_nothing_hardly_call_for_a_snapshot(
    engine: Engine, opened: Callable[..., Engine]
) -> None:
    """A thousand tracked events weigh as fifty decisions, before a start and after it, and nothing after a snapshot."""
    before = engine.events_since_snapshot
    for number in range(1_000):
        track(engine, TrackRequest(Identity("cookie", f"c{number}"), EventType.APP_OPEN), NOON_US)
    engine.commit()
    assert engine.events_since_snapshot == before + 50
    engine = opened(source=None)
    assert engine.events_since_snapshot == before + 50
    engine.snapshot(NOON_US)
    assert engine.events_since_snapshot == 0
