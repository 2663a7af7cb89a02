"""The log in SQLite, spoken in this folder alone. Never a fold, never JSON beyond `events.encode`.

One connection writes (`engine.log.connection`); readers open the file with `mode=ro`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlite_utils import Database

from engine.errors import LogUnavailable
from engine.events import DecisionTaken, Event, LoggedEvent, RewardReceived, decode
from engine.log.connection import Durability, connected, locked
from engine.log.migrations import migrations
from engine.log.remembered import RememberedDecisions
from engine.log.unwritten import Unwritten

_READ_ROWS = 1_000
_INSERT = "INSERT INTO events (seq, time_us, kind, key, decision_seq, body) VALUES (?, ?, ?, ?, ?, ?)"
_EVENT = "SELECT seq, time_us, body FROM events WHERE "


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
        self._lock, self._unwritten = locked(folder), Unwritten()
        try:
            self._connection = connected(folder / "log.db", durability)
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
