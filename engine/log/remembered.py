"""Decisions that were read of late, in memory beside the log: a reward asks for its own several times. Never a write.

What is remembered was read from the log, in which an event never changes, so that it cannot be out of date but where
the log takes events back: `forget` is called by its `undo`, and by `erasing`, which alone puts other events in their
places. A log that is only read remembers nothing, since another process may erase in it.
"""

from engine.events import DecisionTaken, LoggedEvent

DECISIONS_REMEMBERED = 256
"""Some 10 KB each with dozens of contents, 100 KB with a thousand."""


class RememberedDecisions:
    """The decisions that were read last, by place in the log and by key."""

    def __init__(self, most: int = DECISIONS_REMEMBERED) -> None:
        self._most = most
        self.forget()

    def forget(self) -> None:
        """Remember nothing any more."""
        self._by_seq: dict[int, tuple[LoggedEvent, bytes | None]] = {}
        self._seqs: dict[bytes, int] = {}

    def add(self, logged: LoggedEvent, key: bytes | None) -> None:
        """Remember an event that was read, if it is a decision, and the key it was found by, if it was."""
        if not isinstance(logged.event, DecisionTaken) or not self._most:
            return
        if len(self._by_seq) >= self._most:
            _, oldest = self._by_seq.pop(next(iter(self._by_seq)))
            self._seqs.pop(oldest or b"", None)
        self._by_seq[logged.seq] = logged, key
        if key is not None:
            self._seqs[key] = logged.seq

    def at(self, seq: int) -> LoggedEvent | None:
        """Return the decision at a place in the log, if it is remembered."""
        found = self._by_seq.get(seq)
        return found[0] if found else None

    def under(self, key: bytes) -> LoggedEvent | None:
        """Return the decision that was appended under a key, if it is remembered."""
        seq = self._seqs.get(key)
        return None if seq is None else self._by_seq[seq][0]
