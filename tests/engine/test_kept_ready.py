"""What decisions keep ready is what they would compute anew, whatever happened in between."""

from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine.campaign.catalogue import catalogue
from engine.campaign.send_windows import next_occurrence
from engine.customer_operations import identify
from engine.customers import conduct as kept_conduct
from engine.customers import profile as kept_profile
from engine.customers.familiarity import Familiarity
from engine.customers.memory import HOUR_US
from engine.customers.person import Person
from engine.customers.profile import Told, forget, permitted, told
from engine.customers.types import IdentifyRequest
from engine.eligibility import Calendar
from engine.engine import Engine
from engine.erasure import erase
from engine.events import Event
from engine.features import profile_text
from engine.times import LATEST_TIME_US, hour_of_week, local_minute, local_time
from engine.types import DecideRequest, Identity
from tests.engine.told_of_customers import (
    LATER_US,
    NAMES,
    facts,
    fold,
    linked,
    links,
    new_register,
    person,
    tracked,
    unlinks,
)
from tests.ruled import AUTUMN, OUTLET
from tests.wardrobe import NOON_US

LAW = settings(max_examples=60, deadline=None, derandomize=True)
ZONES = ("UTC", "America/Chicago", "Asia/Kathmandu", "Australia/Lord_Howe")
CHICAGO = ZoneInfo("America/Chicago")
CATALOGUES = tuple(catalogue(source, 1) for source in (AUTUMN, OUTLET))
BEGINNING_US = 1_772_323_200_000_000  # 2026-03-01, before clocks change in Chicago
moments = st.integers(BEGINNING_US, BEGINNING_US + 60 * 24 * HOUR_US)


def what_is_told(one: Person, now_us: int, where: ZoneInfo = CHICAGO) -> Told:
    """Return what models are told of a customer at a moment."""
    known = kept_conduct.conduct(one)
    allowed = permitted(Familiarity.LOYAL, known.consents, consent_required=False)
    return told(one, known, now_us, where, allowed)


@LAW
@given(st.lists(st.tuples(moments, st.sampled_from(ZONES), st.sampled_from(CATALOGUES)), max_size=30))
def test_a_timetable_tells_each_slots_own_next_occurrence(asked: list[tuple[int, str, object]]) -> None:
    """In whatever order moments, zones and campaigns come, each slot's send time is that of its window alone, and its
    hour of the week is that of the customer's clock then.
    """
    calendar = Calendar()
    for now_us, zone, offered in asked:
        where = ZoneInfo(zone)
        openings = calendar.openings(offered, where, now_us)  # type: ignore[arg-type]
        for channel, offer in offered.channels.items():  # type: ignore[attr-defined]
            alone = {slot: next_occurrence(each, where, now_us) for slot, each in offer.slot_intervals.items()}
            send_times_us = {slot: max(now_us, opening.time_us) for slot, opening in openings[channel].items()}
            assert send_times_us == {slot: occurrence.start_us for slot, occurrence in alone.items()}
            for opening in openings[channel].values():
                assert opening.hour == hour_of_week(local_time(opening.time_us, where))


@LAW
@given(st.lists(st.one_of(facts, links, unlinks), min_size=1, max_size=15), st.sampled_from(ZONES))
def test_what_is_kept_of_a_customer_is_what_would_be_read_anew(events: list[Event], zone: str) -> None:
    """After every event models are told, bit by bit and in the same order, what they would be with nothing kept."""
    register = fold(new_register(), [tracked(number, 0) for number in range(len(NAMES))])
    for event in events:
        fold(register, [event])
        for number in range(len(NAMES)):
            one = person(register, number)
            kept, standing = what_is_told(one, LATER_US, ZoneInfo(zone)), kept_conduct.conduct(one)
            met = register.meet(NAMES[number])
            forget()
            assert met is not None
            assert structs.asdict(met[1]) == structs.asdict(kept_conduct.conduct(met[0]))
            anew = what_is_told(one, LATER_US, ZoneInfo(zone))
            assert (kept.text, list(kept.features.numbers.items())) == (anew.text, list(anew.features.numbers.items()))
            assert kept.features == anew.features
            assert (standing.attributes, standing.consents) == (one.attributes, one.consents)
            assert standing.identity_types == one.identity_types


def test_nothing_is_kept_of_a_customer_who_is_erased(engine: Engine) -> None:
    """What was kept ready of her goes with her."""
    cookie = Identity("cookie", "ryans")
    identify(engine, IdentifyRequest(cookie, {"city": "Anytown"}), NOON_US)
    engine.decide(DecideRequest("wardrobe", identity=cookie), NOON_US)
    assert kept_conduct._read.cache_info().currsize
    assert kept_profile._herself.cache_info().currsize
    erase(engine, cookie, NOON_US, rebuild_models=False)
    assert not kept_conduct._read.cache_info().currsize
    assert not kept_profile._herself.cache_info().currsize


@LAW
@given(st.lists(facts, min_size=1, max_size=15), st.integers(0, HOUR_US - 1), st.integers(0, HOUR_US - 1))
def test_a_profile_stays_as_it_is_for_an_hour(events: list[Event], one_us: int, other_us: int) -> None:
    """Where nothing happens models are told the same at any two moments of an hour."""
    known = person(fold(new_register(), [tracked(0, 0), *events]), 0)
    hour_us = LATER_US - LATER_US % HOUR_US
    assert what_is_told(known, hour_us + one_us) == what_is_told(known, hour_us + other_us)


def test_what_happens_is_told_at_once_and_in_full() -> None:
    """The next decision in the same hour knows of a visit, which counts in full, and no time has passed since."""
    register = fold(new_register(), [tracked(0, 30)])
    before = what_is_told(person(register, 0), NOON_US + 31 * 60_000_000).features.numbers
    fold(register, [tracked(0, 32)])
    after = what_is_told(person(register, 0), NOON_US + 33 * 60_000_000).features.numbers
    assert after["visits"] == pytest.approx(before["visits"] + 1, abs=1e-3)
    assert after["days_since_visit"] == 0


def test_a_link_is_told_at_once() -> None:
    """What either identity did is told of the customer that both are."""
    register = fold(new_register(), [tracked(0, 0, category="suits"), tracked(1, 0, category="polos")])
    apart = what_is_told(person(register, 0), LATER_US).features.numbers
    fold(register, [linked(0, 1)])
    together = what_is_told(person(register, 1), LATER_US).features.numbers
    assert "category/polos" not in apart
    assert {"category/polos", "category/suits"} <= together.keys()


@LAW
@given(st.lists(facts, min_size=1, max_size=15))
def test_the_line_that_was_decided_from_is_the_line_that_is_learned_from(events: list[Event]) -> None:
    """The text that models read of a profile is made of nothing but the features that are logged, in their order."""
    found = what_is_told(person(fold(new_register(), [tracked(0, 0), *events]), 0), LATER_US)
    assert found.text == profile_text(found.features.categories, found.features.numbers)


def test_the_local_minute_is_the_local_time_without_its_seconds() -> None:
    """In every zone there is, at any moment since 1972, the wall clock shows the same minute."""
    dice, since_us = Random(5), int(datetime(1972, 2, 1, tzinfo=UTC).timestamp()) * 1_000_000
    for name in sorted(available_timezones() - {"localtime"}):
        for _ in range(20):
            time_us = dice.randrange(since_us, LATEST_TIME_US)
            exact = local_time(time_us, ZoneInfo(name)).replace(second=0, microsecond=0)
            assert local_minute(time_us, ZoneInfo(name)) == exact, (name, time_us)
