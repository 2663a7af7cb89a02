"""Erasure in the face of stops, readers and full disks: all of it or nothing, and clean files in the end."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from engine import fault_points
from engine.engine import Engine
from engine.erasure import erase, scrubbed
from engine.errors import LogUnavailable
from engine.fault_points import ErasurePoint
from engine.log import snapshot_rows
from engine.log.sqlite import Log
from tests.engine.crowd import live, remains
from tests.engine.erasing import Town, gone, totals
from tests.engine.test_replay import everyone


class Stopped(Exception):
    """The process ends here."""


@pytest.fixture
def stopping() -> Iterator[Callable[[ErasurePoint], None]]:
    """End what reaches a point; nothing is armed afterwards."""

    def at(where: ErasurePoint) -> None:
        def stop(point: fault_points.Point) -> None:
            if point == where:
                raise Stopped

        fault_points.arm(stop)

    yield at
    fault_points.arm(None)


@pytest.mark.parametrize("where", list(ErasurePoint))
def test_an_erasure_cut_short_is_whole_or_has_not_been(
    town: Town,
    opened: Callable[..., Engine],
    stopping: Callable[[ErasurePoint], None],
    where: ErasurePoint,
) -> None:
    """Stopped before its commit nothing was erased; stopped after, the next start removes what is left in the file."""
    engine, members = town(40)
    marks = list(members[2].marks(engine))
    before, people = totals(engine), everyone(engine.customers)
    stopping(where)
    with pytest.raises(Stopped):
        erase(engine, members[2].identities[0], engine.state.clock_us, rebuild_models=False)
    fault_points.arm(None)
    if where == ErasurePoint.IN_ERASURE:
        assert engine.campaigns()  # the engine goes back to the log by itself
        assert everyone(engine.customers) == people
    engine = opened(source=None)
    assert totals(engine) == before
    left = remains(engine.log.folder, marks)
    assert bool(left) == (where == ErasurePoint.IN_ERASURE)
    assert (everyone(engine.customers) == people) == (where == ErasurePoint.IN_ERASURE)


def test_a_reader_puts_the_cleaning_off_and_no_more(town: Town) -> None:
    """While another process reads the state before, the file is not clean, and says so; the next snapshot cleans it."""
    engine, members = town(12)
    marks = list(members[2].marks(engine))
    with closing(Log.reading(engine.log.folder)) as reader:
        reader._connection.execute("BEGIN")
        assert reader.rows("SELECT count(*) FROM events") != [(0,)]
        erase(engine, members[2].identities[0], engine.state.clock_us, rebuild_models=False)
        assert not scrubbed(engine)
        assert remains(engine.log.folder, marks)
        live(engine, members[3:4], 2)  # the service goes on
    engine.snapshot(engine.state.clock_us)
    assert remains(engine.log.folder, marks) == {}


def test_an_erasure_that_the_log_refuses_has_not_been(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log cannot be written the caller hears it, and everything is as it was."""
    engine, members = town(12)
    people = everyone(engine.customers)

    def full(*_: object, **__: object) -> None:
        raise LogUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(snapshot_rows, "store", full)
        with pytest.raises(LogUnavailable):
            erase(engine, members[2].identities[0], engine.state.clock_us, rebuild_models=False)
    assert engine.campaigns()
    assert everyone(engine.customers) == people
    gone(engine, [members[2]])


def test_the_log_stays_append_only_after_an_erasure(town: Town) -> None:
    """What lets an erasure replace events is gone with it."""
    engine, members = town(4)
    gone(engine, members[:1])
    with pytest.raises(LogUnavailable, match="append-only"), engine.log.writing() as connection:
        connection.execute("UPDATE events SET body = '{}'")
