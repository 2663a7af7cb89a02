"""The log's quarantined facts, read by place and reason without reading the rest. Never an append, never a verdict."""

from engine.events import FactQuarantined, LoggedEvent, decode
from engine.log.sqlite import Log

_HELD = """
    SELECT seq, time_us, body FROM events
    WHERE kind = 'fact_quarantined' AND seq < ? {reason}
      AND NOT EXISTS (SELECT 1 FROM events AS readmitted
                      WHERE readmitted.kind = 'fact_readmitted'
                        AND json_extract(readmitted.body, '$.quarantined_seq') = events.seq)
    ORDER BY seq DESC LIMIT ?
"""
_OF_REASON = "AND json_extract(body, '$.reason') = ?"


def held(log: Log, *, before_seq: int, reason: str, limit: int) -> list[LoggedEvent]:
    """Return the newest facts that are still put aside, of all reasons where it is empty; raises LogUnavailable."""
    query = _HELD.format(reason=_OF_REASON if reason else "")
    values = (before_seq, reason, limit) if reason else (before_seq, limit)
    return [LoggedEvent(seq, time_us, decode(body)) for seq, time_us, body in log.rows(query, values)]


def quarantined_at(log: Log, seq: int) -> FactQuarantined | None:
    """Return the fact that was put aside at a place in the log, None where there is none."""
    rows = log.rows("SELECT body FROM events WHERE kind = 'fact_quarantined' AND seq = ?", (seq,))
    event = decode(rows[0][0]) if rows else None
    return event if isinstance(event, FactQuarantined) else None
