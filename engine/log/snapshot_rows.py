"""Snapshots as they lie in the log's file, written in the log's own transactions. Never a fold, never whether one is
sound.
"""

from collections.abc import Iterator

from msgspec import Struct

from engine.fault_points import FaultPoint, reached
from engine.log.sqlite import Log


class StoredSnapshot(Struct, frozen=True):
    """The folds and models at one sequence number as they lie in the file, with the folds' checksum; the folds hold
    the models'.
    """

    seq: int
    time_us: int
    folds: bytes
    sha256: bytes
    models: dict[str, bytes]


def save(log: Log, snapshot: StoredSnapshot, kept: int) -> None:
    """Save a snapshot in one transaction and drop all but the `kept` newest; commits what was appended before."""
    log.commit()
    store(log, snapshot, kept)
    reached(FaultPoint.IN_SNAPSHOT)
    log.commit()


def store(log: Log, snapshot: StoredSnapshot, kept: int) -> None:
    """Save a snapshot in the open transaction, or a new one, and drop all but the `kept` newest."""
    with log.writing() as connection:
        run = connection.execute
        log.begin()
        run("DELETE FROM snapshots WHERE seq = ?", (snapshot.seq,))
        run(
            "INSERT INTO snapshots (seq, time_us, folds, sha256) VALUES (?, ?, ?, ?)",
            (snapshot.seq, snapshot.time_us, snapshot.folds, snapshot.sha256),
        )
        connection.executemany(
            "INSERT INTO snapshot_models (seq, name, model) VALUES (?, ?, ?)",
            [(snapshot.seq, name, model) for name, model in snapshot.models.items()],
        )
        run("DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)", (kept,))


def stored(log: Log) -> Iterator[StoredSnapshot]:
    """Yield the stored snapshots, newest first, unchecked."""
    for seq, time_us, folds, sha256 in log.rows("SELECT seq, time_us, folds, sha256 FROM snapshots ORDER BY seq DESC"):
        models = log.rows("SELECT name, model FROM snapshot_models WHERE seq = ?", (seq,))
        yield StoredSnapshot(seq=seq, time_us=time_us, folds=folds, sha256=sha256, models=dict(models))
