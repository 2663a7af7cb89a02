"""Erasing in the log's file: events replaced in their places, and every byte of what stood there. Never a customer.

SQLite keeps stale bytes of deleted rows: in free pages, and, whatever `secure_delete` says, in the gaps of pages that
were split while the row was alive (6 keys in 10,000). Only writing the file anew from its rows removes them all.
"""

import sqlite3
from collections.abc import Iterable

from engine.errors import LogUnavailable
from engine.events import Event, encode
from engine.log.sqlite import Log

_APPEND_ONLY = "events_no_update"
_READER_WAIT_MS, _WAIT_MS = 200, 5_000


def replace_events(log: Log, tombstones: Iterable[tuple[int, Event]], now_us: int) -> None:
    """Put other events in the places of those at the given sequence numbers, in the open transaction.

    An event of another kind has no key any more. Until `scrub` has run, bytes of what stood there may be in the file.
    """
    log.remembered.forget()
    with log.writing() as connection:
        log.begin()
        (trigger,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (_APPEND_ONLY,)).fetchone()
        connection.execute(f"DROP TRIGGER {_APPEND_ONLY}")
        connection.executemany(
            "UPDATE events SET key = CASE WHEN kind = :kind THEN key END,"
            " kind = :kind, decision_seq = :decision_seq, body = :body WHERE seq = :seq",
            (_row(seq, event) for seq, event in tombstones),
        )
        connection.execute(trigger)
        connection.execute("INSERT INTO scrub_due (since_us) VALUES (?)", (now_us,))


def scrub(log: Log) -> bool:
    """Write the file anew where something was replaced in it, and tell whether every byte of that is gone.

    It is not while another process reads an older state of the log, or where the disk has no room for the log's rows
    once more; then it is still due. Takes about 4 s a GB, in which nothing else is done; nothing may be uncommitted.
    """
    if not log.rows("SELECT 1 FROM scrub_due LIMIT 1"):
        return True
    try:
        with log.writing() as connection:
            if not _emptied(connection):  # before the work, so that a reader who stays does not cost it each time
                return False
            connection.execute("VACUUM")
            clean = _emptied(connection)
            if clean:
                connection.execute("DELETE FROM scrub_due")
    except LogUnavailable:
        return False
    return clean


def _emptied(connection: sqlite3.Connection) -> bool:
    """Write everything from the write-ahead log into the file, and tell whether nobody kept it from being emptied."""
    connection.execute(f"PRAGMA busy_timeout = {_READER_WAIT_MS}")
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
    return not busy


def _row(seq: int, event: Event) -> dict[str, object]:
    return {
        "seq": seq,
        "kind": type(event).__struct_config__.tag,
        "decision_seq": getattr(event, "decision_seq", None),
        "body": encode(event).decode(),
    }
