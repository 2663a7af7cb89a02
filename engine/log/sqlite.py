"""The log in SQLite, spoken here and in the migrations beside it. Never a fold, never JSON beyond `events.encode`.

One connection writes (SQLite before 3.51.3 can lose committed rows when two connections write and checkpoint), so one
process owns the folder, held by a file lock. Readers open the file with `mode=ro`.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

from msgspec import Struct
from sqlite_utils import Database

from engine.errors import DataInUse, LogUnavailable
from engine.events import DecisionTaken, Event, LoggedEvent, RewardReceived, decode
from engine.fault_points import FaultPoint, reached
from engine.log.migrations import migrations
from engine.log.remembered import RememberedDecisions
from engine.log.unwritten import Unwritten

Durability = Literal["power", "process"]
_READ_ROWS = 1_000
_PAGES_KEPT_KIB = 65_536
"""Pages of the file kept in memory, at most: a customer of long ago is found over pages that all others are found over
too. With SQLite's own 2 MB a decision of one in a million took 1,670 to 1,980 us of CPU, with these 1,460."""
_CHECKPOINT_PAGES = 16_000
"""Pages in the write-ahead log (64 MB) before they are put in their places, for which everybody waits, some 5 us a page
and the disk's time for two fsyncs. After 4,000, which are 850 decisions, eight callers at a time met it once in a
hundred calls each; now once in four hundred."""
_INSERT = "INSERT INTO events (seq, time_us, kind, key, decision_seq, body) VALUES (?, ?, ?, ?, ?, ?)"
_EVENT = "SELECT seq, time_us, body FROM events WHERE "


class StoredSnapshot(Struct, frozen=True):
    """The folds and models at one sequence number as they lie in the file, with the folds' checksum; the folds hold
    the models'.
    """

    seq: int
    time_us: int
    folds: bytes
    sha256: bytes
    models: dict[str, bytes]


class LoggedReward(Struct, frozen=True):
    """A reward with its place in the log."""

    seq: int
    event: RewardReceived


class Log:
    """The append-only log of one data folder; `reading` opens one that another process owns.

    `power` durability survives a power cut (an fsync a commit), `process` survives a killed process only. Appends are
    seen by `find` and `read` at once, written when something else is or is read, and durable after `commit`; whatever
    fails is undone back to the last commit and raised as LogUnavailable. For one thread at a time, reading included,
    since a read writes what waits.
    """

    def __init__(self, folder: Path, durability: Durability) -> None:
        self.folder = folder
        self._lock, self._unwritten = _locked(folder), Unwritten()
        try:
            self._connection = _connected(folder / "log.db", durability)
            self._next_seq = self._last_stored() + 1
            self.remembered = RememberedDecisions()
        except Exception:
            self._lock.close()
            raise

    @classmethod
    def reading(cls, folder: Path) -> "Log":
        """Open the log of a folder to read only, beside the process that owns it; it ends where that one ends now."""
        log = cls.__new__(cls)
        log.folder, log._lock, log._unwritten = folder, (folder / "lock").open("rb"), Unwritten()
        uri = f"{(folder / 'log.db').absolute().as_uri()}?mode=ro"
        log._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        log._next_seq = log._last_stored() + 1
        log.remembered = RememberedDecisions(0)
        return log

    @classmethod
    def in_memory(cls) -> "Log":
        """Return an empty log in memory that nothing outlives, for folds kept aside."""
        log = cls.__new__(cls)
        log._connection, log._unwritten = sqlite3.connect(":memory:", isolation_level=None), Unwritten()
        migrations.apply(Database(log._connection))
        log._next_seq = 1
        log.remembered = RememberedDecisions()
        return log

    @property
    def last_seq(self) -> int:
        """The newest event's sequence number, committed or not; 0 where the log is empty."""
        return self._next_seq - 1

    def append(self, time_us: int, event: Event, key: bytes | None = None) -> LoggedEvent:
        """Append one event to what the next commit makes durable; `key` must be new, and makes the event findable."""
        logged = LoggedEvent(seq=self._next_seq, time_us=time_us, event=event)
        self._next_seq += 1
        if self._unwritten.add(logged, key):
            self._write()
        return logged

    def begin(self) -> None:
        """Open a transaction where none is open, and write what was appended; within `writing`."""
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")
        if self._unwritten:
            self._connection.executemany(_INSERT, self._unwritten.rows())
            self._unwritten.forget()

    def _write(self) -> None:
        with self.writing():
            self.begin()

    def commit(self) -> None:
        """Make everything appended durable."""
        if self._unwritten or self._connection.in_transaction:
            with self.writing():
                self.begin()
                self._connection.execute("COMMIT")

    def undo(self) -> None:
        """Forget what was appended since the last commit."""
        self._unwritten.forget()
        self.remembered.forget()
        if self._connection.in_transaction:
            self._connection.rollback()
        self._next_seq = self._last_stored() + 1

    def find(self, key: bytes) -> LoggedEvent | None:
        """Return the event that was appended under this key."""
        if known := self._unwritten.under(key) or self.remembered.under(key):
            return known
        rows = self.rows_beside(_EVENT + "key = ?", (key,))
        if not rows:
            return None
        found = _logged(rows[0])
        self.remembered.add(found, key)
        return found

    def decision(self, seq: int) -> LoggedEvent:
        """Return the decision at this sequence number; raises LookupError where another kind of event is there."""
        if remembered := self.remembered.at(seq):
            return remembered
        found = self._unwritten.at(seq)
        if found is None:
            rows = self.rows_beside(_EVENT + "seq = ?", (seq,))
            found = _logged(rows[0]) if rows else None
        if found is None or not isinstance(found.event, DecisionTaken):
            raise LookupError(f"event {seq} of the log is no decision")
        self.remembered.add(found, None)
        return found

    def rewards(self, decision_seq: int) -> list[LoggedReward]:
        """Return every reward of a decision, in the order in which they were received."""
        logged = map(_logged, self.rows(_EVENT + "decision_seq = ? ORDER BY seq", (decision_seq,)))
        return [LoggedReward(one.seq, one.event) for one in logged if isinstance(one.event, RewardReceived)]

    def seqs_about(self, decision_seq: int) -> list[int]:
        """Return where a decision's rewards and its activation are, in order."""
        return [row[0] for row in self.rows("SELECT seq FROM events WHERE decision_seq = ?", (decision_seq,))]

    def events(self, seqs: list[int]) -> list[LoggedEvent]:
        """Return the events at these sequence numbers, at most some hundreds, in order."""
        marks = ", ".join("?" * len(seqs))
        return [_logged(row) for row in self.rows(f"{_EVENT}seq IN ({marks}) ORDER BY seq", tuple(seqs))]

    def read(self, after_seq: int = 0) -> Iterator[LoggedEvent]:
        """Yield every event after a sequence number, in order, in constant memory."""
        while rows := self.rows(_EVENT + "seq > ? ORDER BY seq LIMIT ?", (after_seq, _READ_ROWS)):
            yield from map(_logged, rows)
            after_seq = rows[-1][0]

    def save_snapshot(self, snapshot: StoredSnapshot, kept: int) -> None:
        """Save a snapshot in one transaction and drop all but the `kept` newest; commits what was appended before."""
        self.commit()
        self.store_snapshot(snapshot, kept)
        reached(FaultPoint.IN_SNAPSHOT)
        self.commit()

    def store_snapshot(self, snapshot: StoredSnapshot, kept: int) -> None:
        """Save a snapshot in the open transaction, or a new one, and drop all but the `kept` newest."""
        with self.writing():
            run = self._connection.execute
            self.begin()
            run("DELETE FROM snapshots WHERE seq = ?", (snapshot.seq,))
            run(
                "INSERT INTO snapshots (seq, time_us, folds, sha256) VALUES (?, ?, ?, ?)",
                (snapshot.seq, snapshot.time_us, snapshot.folds, snapshot.sha256),
            )
            self._connection.executemany(
                "INSERT INTO snapshot_models (seq, name, model) VALUES (?, ?, ?)",
                [(snapshot.seq, name, model) for name, model in snapshot.models.items()],
            )
            run("DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)", (kept,))

    def snapshots(self) -> Iterator[StoredSnapshot]:
        """Yield the stored snapshots, newest first, unchecked."""
        for seq, time_us, folds, sha256 in self.rows(
            "SELECT seq, time_us, folds, sha256 FROM snapshots ORDER BY seq DESC"
        ):
            models = self.rows("SELECT name, model FROM snapshot_models WHERE seq = ?", (seq,))
            yield StoredSnapshot(seq=seq, time_us=time_us, folds=folds, sha256=sha256, models=dict(models))

    def identify(self, key_fingerprint: bytes) -> bool:
        """Tell whether the log was begun with this secret key; a new log is begun with it now."""
        with self.writing():
            row = self._connection.execute("SELECT key_fingerprint FROM identity").fetchone()
            if row is None:
                self._connection.execute("INSERT INTO identity (key_fingerprint) VALUES (?)", (key_fingerprint,))
        return row is None or row[0] == key_fingerprint

    def check_writable(self) -> None:
        """Raise LogUnavailable unless a write can be committed now; what was appended and not committed is lost."""
        self.undo()
        with self.writing():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("PRAGMA user_version = 1")
            self._connection.execute("COMMIT")

    def rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Return what a query of this package finds; raises LogUnavailable."""
        if self._unwritten:
            self._write()
        return self.rows_beside(query, values)

    def rows_beside(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds that no event appended since the last write could answer; raises LogUnavailable."""
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise LogUnavailable(f"the log cannot be read: {error}") from error

    def close(self) -> None:
        """Undo what was not committed and give the folder free; closing again does nothing."""
        if not self._lock.closed:
            self.undo()
            self._connection.close()
            self._lock.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to write with; a failure undoes what was not committed and is LogUnavailable."""
        try:
            yield self._connection
        except (sqlite3.Error, sqlite3.Warning) as error:
            self.undo()
            raise _unwritable(error) from error

    def _last_stored(self) -> int:
        return int(self.rows_beside("SELECT coalesce(max(seq), 0) FROM events")[0][0])


def _unwritable(error: Exception) -> LogUnavailable:
    return LogUnavailable(f"the log cannot be written: {error}")


def _logged(row: tuple[int, int, str]) -> LoggedEvent:
    seq, time_us, body = row
    return LoggedEvent(seq=seq, time_us=time_us, event=decode(body))


def _locked(folder: Path) -> IO[bytes]:
    lock = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise DataInUse(f"another process uses {folder}; stop it or give this one another folder") from error
    return lock


def _connected(path: Path, durability: Durability) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'power' else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # deleted rows are overwritten; `erasing` sees to the rest
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute(f"PRAGMA cache_size = -{_PAGES_KEPT_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        migrations.apply(Database(connection))
    except sqlite3.Error as error:
        raise LogUnavailable(f"{path} cannot be opened: {error}") from error
    return connection
