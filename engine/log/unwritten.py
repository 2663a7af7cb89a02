"""Events that were appended and are not yet in the file. Never a write.

After a decision SQLite's code and pages have left the processor's caches; written one behind the other with the others
of its commit, an event takes half the time. Whoever reads the log sees these events too.
"""

from collections.abc import Iterator

from engine.events import LoggedEvent, encode

UNWRITTEN_MAX = 256
"""Events that wait at most, some 1 MB; a stream brings thousands between two commits."""

Row = tuple[int, int, str, bytes | None, int | None, str]
"""An event as it is stored: its place, time, kind, key, the decision that it tells of, and its text."""


class Unwritten:
    """The events appended last, by place and by key."""

    def __init__(self) -> None:
        self._by_seq: dict[int, tuple[LoggedEvent, bytes | None]] = {}
        self._by_key: dict[bytes, LoggedEvent] = {}

    def __len__(self) -> int:
        """Return how many wait to be written."""
        return len(self._by_seq)

    def add(self, logged: LoggedEvent, key: bytes | None) -> bool:
        """Let an event wait; tell whether it has to be written now, since too many wait, or one under its key."""
        due = len(self._by_seq) >= UNWRITTEN_MAX or key in self._by_key
        self._by_seq[logged.seq] = logged, key
        if key is not None:
            self._by_key[key] = logged
        return due

    def forget(self) -> None:
        """Let none wait any more: they were written, or taken back."""
        self._by_seq.clear()
        self._by_key.clear()

    def at(self, seq: int) -> LoggedEvent | None:
        """Return the event at a place in the log, if it waits."""
        found = self._by_seq.get(seq)
        return found[0] if found else None

    def under(self, key: bytes) -> LoggedEvent | None:
        """Return the event that was appended under a key, if it waits."""
        return self._by_key.get(key)

    def rows(self) -> Iterator[Row]:
        """Yield the events as they are stored, in their order."""
        for seq, (logged, key) in self._by_seq.items():
            event = logged.event
            kind = str(type(event).__struct_config__.tag)
            yield seq, logged.time_us, kind, key, getattr(event, "decision_seq", None), encode(event).decode()
