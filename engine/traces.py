"""Traces: where in the log anything of a customer is. Never a change, never what an event means."""

from collections.abc import Iterator
from itertools import islice

from engine.customers.folding import asked_under
from engine.customers.register import CustomerRegister
from engine.events import DecisionTaken, LoggedEvent
from engine.log.sqlite import Log

_SEQS_AT_ONCE = 500


def traces(log: Log, customers: CustomerRegister, hers: frozenset[str]) -> list[int]:
    """Return where in the log anything of these identities is, in order: what names them, and what tells of those of
    the decisions that were asked for under them.
    """
    customers.save()
    found: set[int] = set()
    for logged in events_at(log, customers.seqs_of(hers)):
        found.add(logged.seq)
        if is_hers(logged, hers):
            found.update(log.seqs_about(logged.seq))
    return sorted(found)


def decisions_of(log: Log, customers: CustomerRegister, hers: frozenset[str], newest: int) -> list[LoggedEvent]:
    """Return the decisions among the newest events that name these identities, newest first."""
    customers.save()
    seqs = customers.seqs_of(hers)[-newest:]
    return [logged for logged in events_at(log, seqs) if is_hers(logged, hers)][::-1]


def is_hers(logged: LoggedEvent, hers: frozenset[str]) -> bool:
    """Tell whether an event is a decision that was asked for under one of these identities."""
    return isinstance(logged.event, DecisionTaken) and asked_under(logged.event)[0] in hers


def events_at(log: Log, seqs: list[int]) -> Iterator[LoggedEvent]:
    """Yield the events at these places in the log, which are in order, some hundreds in memory at a time."""
    rest = iter(seqs)
    while some := list(islice(rest, _SEQS_AT_ONCE)):
        yield from log.events(some)
