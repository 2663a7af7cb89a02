"""Hazards: what changes for many at once is believed of each sooner, and where nothing changes nothing is suspected."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack

from engine.customer_operations import track
from engine.customers.drift import Belief, believed
from engine.customers.hazards import (
    AT_ANY_TIME,
    ON_ANY_DAY,
    UNKNOWN,
    Hazards,
    Suspected,
    Suspicion,
    before_each,
    fold,
    suspicion,
)
from engine.customers.memory import DAY_US, HOUR_US
from engine.customers.types import TrackRequest
from engine.engine import Engine
from engine.erasure import erase
from engine.events import DecisionTaken
from engine.history import past_of
from engine.replay import replay
from engine.types import DecideRequest, Identity
from tests.wardrobe import NOON_US, TALKATIVE

LAW = settings(max_examples=200, deadline=None, derandomize=True)
FIRST_DAY = NOON_US // DAY_US
CHANGED = 30
times = st.lists(st.integers(0, 40 * DAY_US).map(lambda after_us: NOON_US + after_us), min_size=1, max_size=16).map(
    sorted
)
days = st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)), min_size=1, max_size=30)
parts = st.lists(st.floats(0, 1), min_size=32, max_size=32)


def hazards_of(each: list[tuple[float, float]]) -> Hazards:
    """Return hazards of these chances on the first days, of a change of life and of taste."""
    sums = [(0.0, 0.0)]
    for life, taste in each:
        sums.append((sums[-1][0] + life, sums[-1][1] + taste))
    return Hazards(first_day=FIRST_DAY, until_days=tuple(sums))


def looked_at(hazards: Hazards, day: int, flips: bool) -> tuple[Belief, list[int]]:
    """Return what is believed at the end of a day of one who looks at polos daily, and at suits since the flip."""
    times_us = [NOON_US + at * DAY_US for at in range(day - 15, day + 1)]
    seen = [("suits" if flips and at >= CHANGED else "polos", 1.0) for at in range(day - 15, day + 1)]
    belief = believed({"category": {"polos": 20.0}}, {"category": seen}, before_each(hazards, times_us))
    return belief, times_us


def counted(hazards: Hazards, times_us: list[int], chances: list[tuple[float, float]]) -> Suspicion:
    """Return what a look counts for at one who did something."""
    found = suspicion(hazards, times_us, before_each(hazards, times_us), chances)
    assert found is not None
    return found


def lived(last_day: int, flips: bool, people: int = 20) -> Suspected:
    """Return what comes of looking at so many people like that, every day until one."""
    all_ = Suspected()
    for day in range(16, last_day + 1):
        for number in range(people):
            belief, times_us = looked_at(all_.hazards, day, flips)
            found = counted(all_.hazards, times_us, belief.chances)
            fold(all_, found, times_us[-1] + HOUR_US + number * 20 * 60_000_000)
    return all_


def on(hazards: Hazards, day: int) -> float:
    """Return the chance that tastes changed on a day."""
    start_us = NOON_US // DAY_US * DAY_US + day * DAY_US
    return hazards.until(start_us + DAY_US)[1] - hazards.until(start_us)[1]


def test_where_nothing_changes_less_and_less_is_suspected() -> None:
    """The chance of a change before a deed falls, and no day stands out."""
    falling = [lived(day, flips=False).hazards for day in (20, 30, 45)]
    chances = [hazards.at_any_time[0] for hazards in (UNKNOWN, *falling)]
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] < AT_ANY_TIME[0] / 2
    assert max(on(falling[-1], day) for day in range(45)) < 2 * ON_ANY_DAY[0]


def test_a_day_on_which_all_changed_is_found_and_believed_of_each() -> None:
    """Two days on it is the likeliest by far; the one before reaches until the first deed after the change as well.

    One who did two things since is believed to have changed.
    """
    known = lived(CHANGED + 1, flips=True).hazards
    assert on(known, CHANGED) > 20 * max(on(known, day) for day in range(20, CHANGED - 1))
    alone, among_all = (looked_at(hazards, CHANGED + 1, flips=True)[0] for hazards in (UNKNOWN, known))
    assert among_all.change > 0.9
    assert among_all.change > alone.change


def test_who_did_nothing_since_is_believed_to_be_as_she_was() -> None:
    """That all others changed says nothing of one who was last seen before."""
    known = lived(CHANGED + 1, flips=True).hazards
    assert looked_at(known, CHANGED - 1, flips=True)[0].change < 0.1


@LAW
@given(days, times)
def test_chances_add_up_over_time(each: list[tuple[float, float]], times_us: list[int]) -> None:
    """Until a later time they are more; between deeds they are what lies between them, and that before any deed."""
    hazards = hazards_of(each)
    sums = [hazards.until(time_us) for time_us in times_us]
    for kind in (0, 1):
        assert [one[kind] for one in sums] == sorted(one[kind] for one in sums)
        found = sum(one[kind] for one in before_each(hazards, times_us))
        day_us = times_us[0] - times_us[0] % DAY_US
        between = sums[-1][kind] - hazards.until(day_us)[kind]
        assert found == pytest.approx(len(times_us) * AT_ANY_TIME[kind] + between)


@LAW
@given(days, times, parts)
def test_a_suspicion_is_put_down_to_its_causes_whole(
    each: list[tuple[float, float]], times_us: list[int], drawn: list[float]
) -> None:
    """What is put down to any time and to days is the chance of a change, but for days too faint to tell."""
    total = sum(drawn) + 1.0
    chances = [(drawn[2 * at] / total, drawn[2 * at + 1] / total) for at in range(len(times_us))]
    found = counted(hazards_of(each), times_us, chances)
    assert (found.first_day, found.last_day, found.deeds) == (
        times_us[0] // DAY_US,
        times_us[-1] // DAY_US,
        len(times_us),
    )
    for kind in (0, 1):
        told = found.at_any_time[kind] + sum(one[kind] for one in found.on_days.values())
        left_out = (len(range(found.first_day, found.last_day + 1)) - len(found.on_days)) * 0.001 + 0.0002 * len(
            times_us
        )
        rounding = 0.00005 * (len(found.on_days) + 1)
        assert told == pytest.approx(sum(one[kind] for one in chances), abs=left_out + rounding + 1e-9)


def test_what_is_saved_goes_on_as_it_stood() -> None:
    """Saved and read between two looks, the same looks lead to the same hazards, to the last bit."""
    all_ = lived(CHANGED, flips=True)
    again = msgpack.decode(msgpack.encode(all_), type=Suspected)
    for one in (all_, again):
        belief, times_us = looked_at(one.hazards, CHANGED + 1, flips=True)
        found = counted(one.hazards, times_us, belief.chances)
        for hour in (1, 2, 100):
            fold(one, found, times_us[-1] + hour * HOUR_US)
    assert msgpack.encode(all_) == msgpack.encode(again)


def test_what_was_long_ago_is_forgotten() -> None:
    """Months later nothing is left of a day, and what is kept does not grow."""
    all_ = lived(CHANGED + 1, flips=True)
    for day in range(100, 400):
        belief, times_us = looked_at(all_.hazards, day, flips=False)
        found = counted(all_.hazards, times_us, belief.chances)
        fold(all_, found, times_us[-1])
    assert on(all_.hazards, CHANGED) == 0.0
    assert max(map(len, (all_.begun, all_.ended, all_.on_days, all_.hazards.until_days))) < 70


def test_looks_that_reach_back_further_than_days_are_kept_count_on_the_days_that_are() -> None:
    """Seven weeks after a look at three weeks, its last days were looked at as often, whenever it is reckoned."""
    look = Suspicion(16, FIRST_DAY, FIRST_DAY + 20, (0.0, 0.0), {})
    late = Suspicion(1, FIRST_DAY + 70, FIRST_DAY + 70, (0.0, 0.0), {})
    all_ = Suspected()
    for _ in range(50):
        fold(all_, look, NOON_US + 20 * DAY_US)
    for hours in (0, 1):
        fold(all_, late, NOON_US + 70 * DAY_US + hours * HOUR_US)
        expected = ON_ANY_DAY[1] * 10 / (10 + 50 * (1.0 if hours == 0 else 0.5 ** (50 * 24 / 36)))
        assert on(all_.hazards, 15) == pytest.approx(expected)
        assert on(all_.hazards, 40) == pytest.approx(ON_ANY_DAY[1])


def test_an_engine_looks_once_at_what_she_did(opened: Callable[..., Engine]) -> None:
    """The first decision after she did something counts it, those after a message to her do not; replay does the same.

    What an erased customer counted for stays, without her.
    """
    engine = opened("hazards", source=TALKATIVE)
    her = Identity("customer_id", "her")
    for day in range(3):
        track(engine, TrackRequest(her, "browse", device="phone", occur_time_us=NOON_US - DAY_US * (3 - day)), NOON_US)
    first, second = (engine.decide(DecideRequest("talkative", "her"), NOON_US + after_us) for after_us in (0, DAY_US))
    engine.commit()
    events = [logged.event for logged in engine.log.read()]
    taken = {event.decision_id: event.suspicion for event in events if isinstance(event, DecisionTaken)}
    assert (found := taken[first.decision_id]) is not None
    assert (found.deeds, found.last_day - found.first_day) == (3, 2)
    assert taken[second.decision_id] is None
    assert engine.state.suspected.deeds == 3
    assert replay(engine.log.read(), past_of(engine.log)).state.suspected == engine.state.suspected
    erase(engine, her, NOON_US + 2 * DAY_US, rebuild_models=False)
    assert replay(engine.log.read(), past_of(engine.log)).state.suspected == engine.state.suspected
