"""How the log's file is opened: the lock of its folder, and the connection with its settings. Never a row.

SQLite before 3.51.3 can lose committed rows when two connections write and checkpoint, so that one process owns the
folder, held by a file lock, and one connection writes.
"""

import fcntl
import sqlite3
from pathlib import Path
from typing import IO, Literal

from sqlite_utils import Database

from engine.errors import DataInUse, LogUnavailable
from engine.log.migrations import migrations

Durability = Literal["power", "process"]
_PAGES_KEPT_KIB = 65_536
"""Pages of the file kept in memory, at most: a customer of long ago is found over pages that all others are found over
too. With SQLite's own 2 MB a decision of one in a million took 1,670 to 1,980 us of CPU, with these 1,460."""
_CHECKPOINT_PAGES = 16_000
"""Pages in the write-ahead log (64 MB) before they are put in their places, for which everybody waits, some 5 us a page
and the disk's time for two fsyncs. After 4,000, which are 850 decisions, eight callers at a time met it once in a
hundred calls each; now once in four hundred."""


def locked(folder: Path) -> IO[bytes]:
    """Return a folder's lock, held until it is closed; raises DataInUse where another process holds it."""
    lock = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise DataInUse(f"another process uses {folder}; stop it or give this one another folder") from error
    return lock


def connected(path: Path, durability: Durability) -> sqlite3.Connection:
    """Return the one connection that writes a log's file, migrated; raises LogUnavailable where it cannot be opened."""
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
