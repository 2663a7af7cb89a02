"""Hazards: what changes for many at once is believed of each sooner, and where nothing changes nothing is suspected."""

from collections.abc import Callable
from math import exp, log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack, structs

from engine.customer_operations import track
from engine.customers.drift import Belief, believed
from engine.customers.hazards import (
    AT_ANY_TIME,
    DAYS_TOLD,
    ON_ANY_DAY,
    UNKNOWN,
    Hazards,
    Look,
    Suspicion,
    before_each,
    favourite,
    suspicion,
)
from engine.customers.memory import DAY_US, HOUR_US
from engine.customers.suspected import Suspected, fold
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
gains = st.lists(st.floats(0.01, 100), min_size=32, max_size=32)


def hazards_of(each: list[tuple[float, float]]) -> Hazards:
    """Return hazards of these chances on the first days, of a change of life and of taste."""
    sums = [(0.0, 0.0)]
    for life, taste in each:
        sums.append((sums[-1][0] + life, sums[-1][1] + taste))
    return Hazards(first_day=FIRST_DAY, until_days=tuple(sums))


def looked_at(hazards: Hazards, day: int, flips: bool, *, asked_day: int | None = None) -> tuple[Belief, Look]:
    """Return what is believed of one who looks at polos daily until a day, and at suits since the flip.

    She is asked about at the end of that day, or of a later one on which she did nothing.
    """
    times_us = [NOON_US + at * DAY_US for at in range(day - 15, day + 1)]
    seen = [("suits" if flips and at >= CHANGED else "polos", 1.0) for at in range(day - 15, day + 1)]
    before = before_each(hazards, times_us)
    since = hazards.between(times_us[-1], NOON_US + (asked_day or day) * DAY_US + 6 * HOUR_US)
    turned_to = hazards.turned_to.get("polos", {})
    belief = believed({"category": {"polos": 20.0}}, {"category": seen}, before, since=since, turned_to=turned_to)
    return belief, Look(times_us, before, belief.likelier, belief.total, seen, "polos")


def lived(last_day: int, flips: bool, people: int = 20) -> Suspected:
    """Return what comes of looking at so many people like that, every day until one."""
    all_ = Suspected()
    for day in range(16, last_day + 1):
        for number in range(people):
            found = suspicion(all_.hazards, looked_at(all_.hazards, day, flips)[1])
            fold(all_, found, NOON_US + day * DAY_US + HOUR_US + number * 20 * 60_000_000)
    return all_


def on(hazards: Hazards, day: int) -> float:
    """Return the odds that tastes changed on a day."""
    return hazards.on(FIRST_DAY + day)[1]


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


def test_who_did_nothing_since_is_believed_to_have_changed_with_all_others() -> None:
    """What all others changed to is believed of one who was last seen before, and only since that day."""
    known = lived(CHANGED + 4, flips=True).hazards
    there, after = (looked_at(known, CHANGED - 3, flips=True, asked_day=day)[0] for day in (CHANGED - 2, CHANGED + 2))
    assert there.change < 0.1
    assert after.change > 0.6
    shares = after.shares["category"]
    assert shares["suits"] > shares["polos"]
    assert sum(shares.values()) < 1.0


def test_what_one_deed_tells_is_more_where_others_turned_to_the_same() -> None:
    """After a flip that many lived through one deed convinces that nobody lived through does not."""
    known = lived(CHANGED + 2, flips=True).hazards
    alone, among_all = (looked_at(hazards, CHANGED, flips=True)[0] for hazards in (UNKNOWN, known))
    assert alone.change < 0.5 < among_all.change
    assert among_all.shares["category"]["suits"] > 2 * alone.shares["category"]["suits"]


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
@given(days, times, gains)
def test_what_a_look_tells_of_a_day_is_how_much_likelier_it_makes_it(
    each: list[tuple[float, float]], times_us: list[int], drawn: list[float]
) -> None:
    """Every day's odds after a look are those before it times what it told, against all that may have been else."""
    hazards = hazards_of(each)
    before = before_each(hazards, times_us)
    ratios = [(drawn[2 * at], drawn[2 * at + 1]) for at in range(len(times_us))]
    after = [(life * one, taste * other) for (life, taste), (one, other) in zip(before, ratios, strict=True)]
    look = Look(times_us, before, ratios, 1.0 + sum(map(sum, after)), [("polos", 1.0)] * len(times_us), "polos")
    found = suspicion(hazards, look)
    assert (found.first_day, found.last_day) == (times_us[0] // DAY_US, times_us[-1] // DAY_US)
    start_us = times_us[0] - times_us[0] % DAY_US
    ends_us = (*times_us, (times_us[-1] // DAY_US + 1) * DAY_US)
    for day in range(max(found.last_day - DAYS_TOLD + 1, found.first_day), found.last_day + 1):
        for kind in (0, 1):
            likely, since_us = 0.0, start_us
            for end_us, ratio in zip(ends_us, (*ratios, (1.0, 1.0)), strict=True):
                part_us = min(end_us, (day + 1) * DAY_US) - max(since_us, day * DAY_US)
                likely += max(part_us, 0) / DAY_US * ratio[kind]
                since_us = end_us
            told = log2(likely / (look.total - hazards.on(day)[kind] * likely))
            assert found.on_days.get(day, (0.0, 0.0))[kind] == pytest.approx(min(max(told, -8.0), 8.0), abs=0.2501)
    put_down = [AT_ANY_TIME[kind] * sum(ratio[kind] for ratio in ratios) / look.total for kind in (0, 1)]
    assert found.at_any_time == pytest.approx(put_down, abs=0.00006)


@LAW
@given(st.floats(0.0, 500.0), st.floats(0.0, 500.0))
def test_whatever_she_did_can_be_told(life: float, taste: float) -> None:
    """Evidence beyond all reckoning is told as the most there is, and as a turn only where she may have changed."""
    times_us = [NOON_US + day * DAY_US for day in range(3)]
    before = before_each(UNKNOWN, times_us)
    likelier = [(exp(life), exp(taste))] * 3
    total = 1.0 + sum(
        one * odds for each, both in zip(likelier, before, strict=True) for one, odds in zip(each, both, strict=True)
    )
    look = Look(times_us, before, likelier, total, [("suits", 1.0), ("", 5.0), ("polos", 3.0)], "polos")
    found = suspicion(UNKNOWN, look)
    assert all(-8.0 <= told <= 8.0 for each in found.on_days.values() for told in each)
    assert found.turned is not None or look.total < 2
    if found.turned:
        assert 0.2 < sum(found.turned[1].values()) <= 1.01


def test_a_favourite_is_what_she_cared_for_before_her_last_deeds() -> None:
    """Habits and deeds count together but for the last four; of one of whom nothing is known it is nothing."""
    assert favourite({}, []) == ""
    assert favourite({"polos": 2.0}, [("suits", 5.0)] * 4) == "polos"
    assert favourite({"polos": 2.0}, [("suits", 5.0)] * 5) == "suits"
    assert favourite({}, [("", 1.0)] * 16) == ""


def test_few_looks_at_a_day_say_little() -> None:
    """One look does not make a day suspicious; fifty do, and ever more of them ever surer, never beyond all doubt."""
    found = Suspicion(3, FIRST_DAY, FIRST_DAY + 2, (0.0, 0.0), {FIRST_DAY + 1: (0.0, 1.5)})
    odds = []
    for count in (1, 10, 50, 1_000):
        all_ = Suspected()
        for hour in (0, 1):
            for _ in range(count):
                fold(all_, found, NOON_US + 2 * DAY_US + hour * HOUR_US)
        odds.append(on(all_.hazards, 1))
    assert odds == sorted(odds)
    assert odds[0] < 5 * ON_ANY_DAY[1]
    assert 1.0 < odds[2] < odds[3] < 20.0


def test_what_is_saved_goes_on_as_it_stood() -> None:
    """Saved and read between two looks, the same looks lead to the same hazards, to the last bit."""
    all_ = lived(CHANGED, flips=True)
    again = msgpack.decode(msgpack.encode(all_), type=Suspected)
    for one in (all_, again):
        found = suspicion(one.hazards, looked_at(one.hazards, CHANGED + 1, flips=True)[1])
        for hour in (1, 2, 100):
            fold(one, found, NOON_US + (CHANGED + 1) * DAY_US + hour * HOUR_US)
    assert msgpack.encode(all_) == msgpack.encode(again)


def test_what_was_long_ago_is_forgotten() -> None:
    """Months later nothing is left of a day, and what is kept does not grow."""
    all_ = lived(CHANGED + 1, flips=True)
    for day in range(100, 400):
        found = suspicion(all_.hazards, looked_at(all_.hazards, day, flips=False)[1])
        turned = (f"favourite-{day}", {f"name-{number}": 0.1 for number in range(100)})
        fold(all_, structs.replace(found, turned=turned), NOON_US + day * DAY_US)
    assert on(all_.hazards, CHANGED) == 0.0
    assert max(map(len, (all_.told, all_.odds, all_.turned, all_.hazards.until_days))) < 70
    assert max(map(len, all_.turned.values())) <= 100


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
    assert engine.state.tallies.suspected.deeds == 3
    assert replay(engine.log.read(), past_of(engine.log)).state.tallies.suspected == engine.state.tallies.suspected
    erase(engine, her, NOON_US + 2 * DAY_US, rebuild_models=False)
    assert replay(engine.log.read(), past_of(engine.log)).state.tallies.suspected == engine.state.tallies.suspected
