"""Fault points: in production they do nothing; armed, they tell every step in the order in which it comes."""

from collections.abc import Callable, Iterator

import pytest

from engine import fault_points
from engine.engine import Engine
from engine.fault_points import FaultPoint
from tests.wardrobe import CAMPAIGN, NOON_US


@pytest.fixture
def told() -> Iterator[list[FaultPoint]]:
    """Return the points as they are reached; nothing is armed afterwards."""
    points: list[FaultPoint] = []
    fault_points.arm(points.append)
    yield points
    fault_points.arm(None)


def test_a_point_that_nobody_armed_does_nothing() -> None:
    """In production no hook is there to be called."""
    for point in FaultPoint:
        fault_points.reached(point)


def test_the_points_are_reached_in_the_order_of_the_steps(
    opened: Callable[..., Engine], told: list[FaultPoint]
) -> None:
    """A fact is appended, folded, made durable; a snapshot commits first, and is told of before it is durable."""
    engine = opened(source=None)
    engine.apply_campaign(CAMPAIGN, NOON_US)
    assert told == ["before_append", "after_append", "after_fold"]
    told.clear()
    engine.commit()
    assert told == ["before_commit", "after_commit"]
    told.clear()
    engine.snapshot(NOON_US)
    assert told == ["before_commit", "after_commit", "before_snapshot", "in_snapshot", "after_snapshot"]


def test_between_its_steps_a_fact_is_where_the_point_says(opened: Callable[..., Engine]) -> None:
    """After the append no fold knows of it; after the fold, one does; before the snapshot's commit none is stored."""
    engine = opened(source=None)
    seen: list[tuple[FaultPoint, int, int, int]] = []

    def look(point: FaultPoint) -> None:
        seen.append((point, engine.log.last_seq, engine.state.seq, engine.snapshot_seq))

    fault_points.arm(look)
    try:
        engine.apply_campaign(CAMPAIGN, NOON_US)
        engine.snapshot(NOON_US)
    finally:
        fault_points.arm(None)
    assert seen[0] == (FaultPoint.BEFORE_APPEND, 0, 0, 0)
    assert seen[1] == (FaultPoint.AFTER_APPEND, 1, 0, 0)
    assert seen[2:] == [(point, 1, 1, 0) for point in FaultPoint if point not in list(FaultPoint)[:2]]
