"""What the log promises: one order, once per id, durable after commit and only then, append-only, readable by a
researcher.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from engine.engine import Engine
from engine.errors import DataInUse, LogUnavailable, WrongKey
from engine.events import CampaignPaused, StockSet
from engine.log.migrations import migrations
from engine.log.sqlite import Log
from engine.opening import open_engine
from engine.types import DecideRequest, RewardRequest
from tests.wardrobe import CAMPAIGN, KEY, NOON_US

Ask = Callable[..., DecideRequest]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """Open a log in a new folder."""
    log = Log(tmp_path, "process")
    yield log
    log.close()


def reader(folder: Path) -> closing[sqlite3.Connection]:
    """Open the log as a researcher does, beside the running service."""
    return closing(sqlite3.connect(f"file:{folder / 'log.db'}?mode=ro", uri=True))


def test_events_come_back_in_the_order_they_were_appended(log: Log) -> None:
    """Sequence numbers grow by one from one, and reading goes on after any of them."""
    events = [CampaignPaused(campaign=f"c{i}") for i in range(2_500)]
    assert [log.append(i, event).seq for i, event in enumerate(events)] == list(range(1, 2_501))
    log.commit()
    assert [logged.event for logged in log.read()] == events
    assert [logged.seq for logged in log.read(after_seq=2_498)] == [2_499, 2_500]


def test_what_was_not_committed_is_gone_after_a_stop_and_what_was_is_there(log: Log) -> None:
    """An event is durable exactly when the commit after it has returned."""
    log.append(1, CampaignPaused(campaign="kept"))
    log.commit()
    log.append(2, CampaignPaused(campaign="lost"))
    with reader(log.folder) as other:
        assert other.execute("SELECT count(*) FROM events").fetchone() == (1,)
    folder = log.folder
    log.close()
    with closing(Log(folder, "process")) as again:
        assert [logged.event for logged in again.read()] == [CampaignPaused(campaign="kept")]
        assert again.append(3, CampaignPaused(campaign="next")).seq == 2


def test_a_key_is_appended_once(log: Log) -> None:
    """The file itself refuses a second event under one key, whatever the engine thinks."""
    log.append(1, CampaignPaused(campaign="a"), b"k" * 16)
    assert log.find(b"k" * 16) is not None
    with pytest.raises(LogUnavailable, match="UNIQUE"):
        log.append(2, CampaignPaused(campaign="b"), b"k" * 16)
    assert log.last_seq == 0  # all since the last commit is undone


def test_the_log_cannot_be_changed_or_shortened(log: Log) -> None:
    """The file refuses updates and deletes from anyone who opens it."""
    log.append(1, CampaignPaused(campaign="a"))
    log.commit()
    for statement in ("UPDATE events SET body = '{}'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            log._connection.execute(statement)


def test_one_process_owns_the_folder(log: Log) -> None:
    """A second opener is told so at once, and nothing is written by it."""
    with pytest.raises(DataInUse, match="another process"):
        Log(log.folder, "process")


def test_a_folder_is_opened_only_with_the_key_it_was_begun_with(tmp_path: Path) -> None:
    """A changed secret key would give every customer a new pseudonym, so it is refused."""
    open_engine(tmp_path, durability="process", secret_key=KEY).close()
    with pytest.raises(WrongKey, match="another secret key"):
        open_engine(tmp_path, durability="process", secret_key=b"x" * 32)
    with pytest.raises(WrongKey, match="16 to 64"):
        open_engine(tmp_path / "new", durability="process", secret_key=b"short")
    open_engine(tmp_path, durability="process", secret_key=KEY).close()


def test_a_folder_without_a_given_key_makes_its_own_once(tmp_path: Path) -> None:
    """The key is made for its owner alone and used again."""
    open_engine(tmp_path, durability="process").close()
    made = (tmp_path / "secret.key").read_bytes()
    assert len(made) == 32
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
    open_engine(tmp_path, durability="process").close()
    assert (tmp_path / "secret.key").read_bytes() == made


def test_migrations_are_numbered_and_run_once(log: Log) -> None:
    """Opening again applies nothing, and names tell their order."""
    applied = [migration.name for migration in migrations.applied(Database(log._connection))]
    assert applied == sorted(applied)
    assert migrations.pending(Database(log._connection)) == []


def test_durability_power_asks_for_an_fsync_a_commit(tmp_path: Path) -> None:
    """`power` writes with synchronous FULL, `process` with NORMAL, both in WAL mode."""
    for durability, level in (("power", 2), ("process", 1)):
        (tmp_path / durability).mkdir()
        with closing(Log(tmp_path / durability, durability)) as log:  # type: ignore[arg-type]
            assert log._connection.execute("PRAGMA synchronous").fetchone() == (level,)
            assert log._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_researcher_reads_decisions_with_context_probabilities_and_reward(engine: Engine, asking: Ask) -> None:
    """The views hold what was answered, its distributions as JSON, and the sum of its rewards."""
    decision = engine.decide(asking(channels=("email",)), NOON_US)
    while not decision.content_id:
        decision = engine.decide(asking(channels=("email",)), NOON_US)
    engine.reward(RewardRequest(decision.decision_id, "r1", "clicked"), NOON_US)
    engine.reward(RewardRequest(decision.decision_id, "r2", value=0.5), NOON_US)
    engine.commit()
    with reader(engine.log.folder) as other:
        other.row_factory = sqlite3.Row
        (row,) = other.execute("SELECT * FROM logged_events WHERE decision_id = ?", (decision.decision_id,))
        rewards = other.execute("SELECT outcome, value FROM rewards ORDER BY seq").fetchall()
    assert (row["channel"], row["content_id"], row["propensity"]) == ("email", decision.content_id, decision.propensity)
    assert json.loads(row["content_probabilities"]) == decision.stages[1].probabilities
    assert json.loads(row["context"])["categories"] == {"city": "Anytown"}
    assert (row["reward_count"], row["reward"]) == (2, pytest.approx(0.7))
    assert [tuple(reward) for reward in rewards] == [("clicked", 0.2), ("", 0.5)]


class FullDisk:
    """Stands between a log and its SQLite connection and fails one kind of statement, as a full disk does."""

    def __init__(self, connection: sqlite3.Connection, statement: str) -> None:
        self.connection, self.statement, self.full = connection, statement, True

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        """Run a statement, or fail it."""
        self._fill(sql)
        return self.connection.execute(sql, *parameters)  # type: ignore[arg-type]

    def executemany(self, sql: str, rows: Iterable[Any]) -> sqlite3.Cursor:
        """Run a statement for each row, or fail it."""
        self._fill(sql)
        return self.connection.executemany(sql, rows)

    def _fill(self, sql: str) -> None:
        if self.full and sql.startswith(self.statement):
            raise sqlite3.OperationalError("database or disk is full")

    def __getattr__(self, name: str) -> object:
        """Hand everything else through."""
        return getattr(self.connection, name)


def decided_and_committed(engine: Engine, request: DecideRequest) -> None:
    """Decide and make it durable, either of which a full disk fails."""
    engine.decide(request, NOON_US)
    engine.commit()


@pytest.mark.parametrize("statement", ["INSERT INTO events", "COMMIT", "BEGIN"])
def test_a_full_disk_accepts_nothing_and_the_engine_goes_on_when_there_is_room(
    engine: Engine, asking: Ask, statement: str
) -> None:
    """What could not be made durable is not remembered either; afterwards the same ids are decided as new."""
    kept = engine.decide(asking(request_id="kept"), NOON_US)
    engine.commit()
    disk = FullDisk(engine.log._connection, statement)
    engine.log._connection = disk  # type: ignore[assignment]
    lost = asking(request_id="lost")
    for _ in range(3):
        with pytest.raises(LogUnavailable, match="full"):
            decided_and_committed(engine, lost)
    assert engine.epoch > 0  # whoever waited on the lost work can tell
    disk.full = False
    engine.decide(lost, NOON_US)
    engine.reward(RewardRequest(kept.decision_id, "r", "clicked"), NOON_US)
    engine.commit()
    assert [logged.seq for logged in engine.log.read()] == [1, 2, 3, 4]
    assert engine.state.seq == 4


def test_an_event_that_cannot_be_written_is_taken_back(engine: Engine, asking: Ask) -> None:
    """A mistake of ours in an event fails its commit loudly, and none after it."""
    engine.accept(NOON_US, StockSet("\ud800", 1))
    with pytest.raises(UnicodeEncodeError):
        engine.commit()
    assert engine.epoch == 1
    assert engine.decide(asking(), NOON_US)
    engine.commit()
    assert engine.state.tallies.stock == {}
    assert engine.log.last_seq == 2


def test_an_event_that_cannot_be_folded_is_not_kept(
    engine: Engine, asking: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours in a fold fails loudly and leaves no event that would fail every later start."""
    monkeypatch.setattr(type(engine.state), "fold", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        engine.decide(asking(), NOON_US)
    monkeypatch.undo()
    assert engine.log.last_seq == 1
    assert engine.decide(asking(), NOON_US)
    assert engine.apply_campaign(CAMPAIGN, NOON_US).version == 1
