"""What a log remembers of decisions is what it holds, whatever was appended, undone, replaced or asked for before."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from engine.events import CampaignPaused, DecisionTaken, Event, LoggedEvent, Reason
from engine.log.erasing import replace_events
from engine.log.remembered import RememberedDecisions
from engine.log.sqlite import Log
from engine.log.unwritten import UNWRITTEN_MAX
from engine.tombstones import FactErased
from engine.types import Features

steps = st.lists(
    st.tuples(st.sampled_from(("decision", "pause", "commit", "undo", "replace")), st.integers(1, 6)), max_size=25
)


def event(kind: str, number: int) -> Event:
    """Return a numbered event, a decision or another."""
    if kind == "pause":
        return CampaignPaused(campaign=f"c{number}")
    return DecisionTaken(
        decision_id=f"{number:032x}", request_digest="", campaign="c", campaign_version=1, customer="hash",
        time_zone="UTC", context=Features(), reason=Reason.MODEL, channel="app", propensity=0.5, stages=(),
    )  # fmt: skip


def key(number: int) -> bytes:
    """Return the key of the numbered event."""
    return number.to_bytes(16, "big")


def taken(log: Log, kind: str, number: int) -> None:
    """Let a log take one step; a place in it that is not there is no step."""
    if kind == "commit":
        log.commit()
    elif kind == "undo":
        log.undo()
    elif kind == "replace":
        replace_events(log, [(number, FactErased("decision_taken"))], 0)
    elif log.find(key(number)) is None:
        log.append(number, event(kind, number), key(number))


def told(log: Log) -> list[LoggedEvent | None]:
    """Return what a log answers under every key and at every place."""
    found = [log.find(key(number)) for number in range(1, 8)]
    for seq in range(1, 8):
        with suppress(LookupError):
            found.append(log.decision(seq))
    return found


@given(steps)
def test_a_log_answers_from_memory_what_it_would_read(steps: list[tuple[str, int]]) -> None:
    """After every step a log that remembers three decisions answers as one that remembers none."""
    log, forgetful = Log.in_memory(), Log.in_memory()
    log.remembered, forgetful.remembered = RememberedDecisions(3), RememberedDecisions(0)
    for kind, number in steps:
        for one in (log, forgetful):
            taken(one, kind, number)
        assert told(log) == told(forgetful)
        assert told(log) == told(forgetful)  # what the first look remembered


@given(steps)
def test_a_log_answers_alike_whether_what_was_appended_is_written_or_waits(steps: list[tuple[str, int]]) -> None:
    """After every step a log answers as one that writes at each, and reads the same from its file in the end."""
    waiting, writing = Log.in_memory(), Log.in_memory()
    for kind, number in steps:
        for one in (waiting, writing):
            taken(one, kind, number)
        writing.rows("SELECT 1")
        assert told(waiting) == told(writing)
    assert list(waiting.read()) == list(writing.read())


def test_no_more_wait_to_be_written_than_a_commit_can_take() -> None:
    """Where nobody commits or reads, what was appended first is written once hundreds wait."""
    log = Log.in_memory()
    for number in range(UNWRITTEN_MAX + 10):
        log.append(number, event("pause", number))
    stored = log.rows_beside("SELECT count(*) FROM events")
    assert stored == [(UNWRITTEN_MAX + 1,)]


def test_no_more_are_remembered_than_asked_for() -> None:
    """The decision that was read first is forgotten for the next, and with it its key."""
    remembered = RememberedDecisions(2)
    for number in (1, 2, 3):
        remembered.add(LoggedEvent(seq=number, time_us=0, event=event("decision", number)), key(number))
    assert [remembered.at(number) is None for number in (1, 2, 3)] == [True, False, False]
    assert [remembered.under(key(number)) is None for number in (1, 2, 3)] == [True, False, False]
