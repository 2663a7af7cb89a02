"""The gate: dirty facts are put aside with the reason that fits, and what people really do passes."""

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from engine.customer_operations import identify, link, track
from engine.customers.events import EventTracked
from engine.customers.memory import MEMORIES
from engine.customers.types import Consent, IdentifyRequest, LinkRequest, TrackRequest
from engine.engine import Engine
from engine.errors import InvalidRequest
from engine.events import FactQuarantined
from engine.opening import open_engine
from engine.types import DecideRequest, Features, Identity, RewardRequest
from tests.engine.told import SHE, bought, tracked
from tests.wardrobe import CAMPAIGN, KEY, NOON_US, SECOND_US

DAY_US, HOUR_US, MINUTE_US = 86_400 * SECOND_US, 3_600 * SECOND_US, 60 * SECOND_US
LONG = "x" * 300

DIRTY: list[tuple[TrackRequest, str, str]] = [
    (tracked("purchase", {"order_id": "o1"}), "schema", "needs amount"),
    (tracked("purchase", {"amount": 29.0}), "schema", "needs order_id"),
    (tracked("basket", {}), "schema", "needs category or sku"),
    (tracked("basket", {}, device="phone"), "schema", "needs category or sku"),
    (tracked("browse", {}), "schema", "needs category or sku or device or channel"),
    (tracked("search", {"amount": 5.0}), "schema", "needs category or sku or device or channel"),
    (tracked(said={"category": ""}), "schema", "category is empty"),
    (tracked(said={"category": LONG}), "schema", "category is too long"),
    (tracked(said={"category": "polos", "colour": "blue"}), "schema", "'colour' is no property"),
    (tracked(said={"category": "polos", "price": 3.0}), "schema", "'price' is no property"),
    (tracked("purchase", {"order_id": "o1", "amount": "29,90 EUR"}), "schema", "'amount' is no property"),
    (tracked(properties=Features({"amount": "29"}, {"category": "polos"})), "schema", "amount is no number"),  # type: ignore[dict-item]
    (tracked(properties=Features({}, {"category": 5})), "schema", "category is no text"),  # type: ignore[dict-item]
    (bought("o1", nan), "out_of_range", "amount is nan"),
    (bought("o1", inf), "out_of_range", "amount is inf"),
    (bought("o1", -5.0), "out_of_range", "amount is -5"),
    (bought("o1", 1e300), "out_of_range", "amount is 1e+300"),
    (bought("o1", 1_000_001.0), "out_of_range", "plausible is 0 to 1,000,000"),
    (tracked("basket", {"sku": "a", "quantity": 1.5}), "out_of_range", "pieces come whole"),
    (tracked("basket", {"sku": "a", "quantity": 0.0}), "out_of_range", "at least one"),
    (tracked("basket", {"sku": "a", "quantity": 1_001.0}), "out_of_range", "plausible is 0 to 1,000"),
    (tracked(said={"category": "ryan@example.com"}), "personal_data", "category looks like"),
    (tracked(said={"category": "polos", "sku": "for ryan@example.com"}), "personal_data", "sku looks like"),
    (tracked(said={"category": "+1 312 555 0100"}), "personal_data", "category looks like"),
    (tracked(device="ryan@example.com"), "personal_data", "device looks like"),
    (tracked(said={"ryan@example.com": "x", "category": "polos"}), "schema", "a name that looks personal"),
    (tracked(occur_time_us=NOON_US + 61 * SECOND_US), "impossible_time", "after now"),
    (tracked(occur_time_us=NOON_US + 365 * DAY_US), "impossible_time", "after now"),
    (tracked(occur_time_us=0), "impossible_time", "before the year 2000"),
    (tracked(occur_time_us=NOON_US - 731 * DAY_US), "impossible_time", "more than 730 days ago"),
]
CLEAN = [
    tracked(),
    tracked(occur_time_us=None),
    tracked(occur_time_us=NOON_US + 60 * SECOND_US),
    tracked(occur_time_us=NOON_US - 729 * DAY_US),
    tracked("basket", {"sku": "4006381333931", "quantity": 2.0, "amount": 58.0}),
    tracked("browse", {}, device="phone"),
    tracked("search", {"sku": "4006381333931"}),
    tracked("app_open", {}, device="phone", channel="app"),
    tracked("store_visit", {}),
    bought("2026-11-22-0001"),
    bought("0", 0.0),
]


def events_of(engine: Engine, kind: type[Any]) -> list[Any]:
    """Return the log's events of one kind."""
    return [logged.event for logged in engine.log.read() if isinstance(logged.event, kind)]


@pytest.mark.parametrize(("request_", "reason", "words"), DIRTY, ids=lambda case: str(case)[-40:])
def test_a_dirty_event_is_put_aside_with_its_reason(
    engine: Engine, request_: TrackRequest, reason: str, words: str
) -> None:
    """It is accepted, logged as put aside with what is odd in words, and changes nothing that models are told."""
    assert track(engine, request_, NOON_US).quarantined == reason
    (logged,) = events_of(engine, FactQuarantined)
    assert logged.reason == reason
    assert words in logged.detail
    person = engine.customers.find(engine.keyed_hash.identity(SHE))
    assert person is not None
    assert not person.sums_of(MEMORIES)
    assert not events_of(engine, EventTracked)


@pytest.mark.parametrize("request_", CLEAN, ids=lambda case: str(case)[-40:])
def test_a_clean_event_passes(engine: Engine, request_: TrackRequest) -> None:
    """What people really do is tracked."""
    assert track(engine, request_, NOON_US).quarantined == ""
    assert len(events_of(engine, EventTracked)) == 1


def test_nothing_that_looks_personal_is_kept(engine: Engine) -> None:
    """No body in the log holds an address or a number that came where a category belongs."""
    for said in ({"category": "ryan@example.com"}, {"category": "+1 312 555 0100"}, {"ryan@example.com": "polos"}):
        track(engine, tracked(said=said), NOON_US)
    bodies = " ".join(row[0] for row in engine.log.rows("SELECT body FROM events"))
    assert "example.com" not in bodies
    assert "555" not in bodies


def test_what_cannot_be_attributed_is_still_refused(engine: Engine) -> None:
    """Without an identity or a known type there is nobody's event to put aside, and no row."""
    for request in (tracked(identity=Identity("cookie", "")), tracked("danced"), tracked(said={"category": "\ud800"})):
        with pytest.raises(InvalidRequest):
            track(engine, request, NOON_US)
    assert not events_of(engine, FactQuarantined)


def test_an_order_counts_once(engine: Engine) -> None:
    """The same order under another event, even under another identity of hers, is a duplicate; another order is not."""
    cookie = Identity("cookie", "c1")
    link(engine, LinkRequest(SHE, cookie), NOON_US)
    times = [NOON_US + number * MINUTE_US for number in range(4)]
    requests = [bought("o1"), bought("o1"), bought("o1", identity=cookie), bought("o2")]
    found = [track(engine, request, now_us).quarantined for request, now_us in zip(requests, times, strict=True)]
    assert found == ["", "duplicate_order", "duplicate_order", ""]


def test_an_order_in_a_basket_first_is_no_duplicate(engine: Engine) -> None:
    """Only purchases use an order up."""
    track(engine, tracked("basket", {"sku": "a", "order_id": "o1"}), NOON_US)
    assert track(engine, bought("o1"), NOON_US).quarantined == ""


@pytest.mark.parametrize(("apart_us", "passing"), [(1_000, 5), (450_000, 20), (700_000, 60), (2 * SECOND_US, 100)])
def test_a_burst_is_stopped_where_no_person_is_so_fast(engine: Engine, apart_us: int, passing: int) -> None:
    """At most 5 a second, 20 in ten and 60 a minute pass, and nothing more while it goes on; a person's pace does."""
    times = [NOON_US + number * apart_us for number in range(100)]
    reasons = [track(engine, tracked(occur_time_us=time_us), time_us).quarantined for time_us in times]
    assert reasons == [""] * passing + ["inhuman_rate"] * (100 - passing)
    assert track(engine, tracked(occur_time_us=times[-1] + MINUTE_US), times[-1] + MINUTE_US).quarantined == ""


def test_a_burst_is_stopped_in_any_order_of_arrival(engine: Engine) -> None:
    """Events a millisecond apart that come last first are as inhuman."""
    times = [NOON_US - number * 1_000 for number in range(20)]
    reasons = [track(engine, tracked(occur_time_us=time_us), NOON_US).quarantined for time_us in times]
    assert reasons == [""] * 5 + ["inhuman_rate"] * 15


def test_events_without_a_time_of_their_own_may_come_bunched(engine: Engine) -> None:
    """A phone that was offline delivers at once; only more than 60 within a minute are too many."""
    reasons = [track(engine, tracked(occur_time_us=None), NOON_US).quarantined for _ in range(70)]
    assert reasons == [""] * 60 + ["inhuman_rate"] * 10


def test_an_identity_in_too_many_places_is_nobodys(engine: Engine) -> None:
    """The ninth device within an hour is stopped, and so is the fourth city; an hour later she is one person again."""
    minutes = [NOON_US + number * MINUTE_US for number in range(10)]
    devices = [tracked(occur_time_us=at_us, device=f"device-{at_us}") for at_us in minutes]
    assert [track(engine, request, minutes[-1]).quarantined for request in devices] == [""] * 8 + ["shared_account"] * 2
    later_us = NOON_US + 2 * HOUR_US
    assert track(engine, tracked(occur_time_us=later_us, device="phone"), later_us).quarantined == ""
    cities = ("Anytown", "Chicago", "Berlin", "Lima")
    told = [identify(engine, IdentifyRequest(SHE, {"city": city}), NOON_US).quarantined for city in cities]
    assert told == ["", "", "", "shared_account"]


def test_a_test_account_teaches_nothing(tmp_path: Path) -> None:
    """Whatever is told of a listed identity, or of one linked with it, is put aside, whichever way it came."""
    tester = Identity("email", "tester@example.com")
    engine = open_engine(tmp_path, durability="process", secret_key=KEY, test_accounts=[tester])
    engine.apply_campaign(CAMPAIGN, NOON_US)
    link(engine, LinkRequest(tester, SHE), NOON_US)
    reward = RewardRequest(engine.decide(DecideRequest("wardrobe", "ryan"), NOON_US).decision_id, value=1.0)
    assert {
        track(engine, tracked(), NOON_US).quarantined,
        identify(engine, IdentifyRequest(tester, {"city": "Chicago"}), NOON_US).quarantined,
        engine.reward(reward, NOON_US).quarantined,
    } == {"test_account"}
    assert track(engine, tracked(identity=Identity("cookie", "c1")), NOON_US).quarantined == ""
    engine.close()


@pytest.mark.parametrize(("name", "reason"), [("Chicago/America", "time_zone"), ("America/Chicago", "")])
def test_an_unknown_time_zone_is_put_aside(engine: Engine, name: str, reason: str) -> None:
    """It never becomes hers, so that the next decision has a clock to read."""
    request = IdentifyRequest(SHE, {"city": "Chicago", "time_zone": name})
    assert identify(engine, request, NOON_US).quarantined == reason
    assert engine.decide(DecideRequest("wardrobe", "ryan"), NOON_US).time_zone == (name if not reason else "UTC")


def test_a_refusal_of_consent_holds_though_the_rest_is_put_aside(engine: Engine) -> None:
    """Dirt beside it cannot undo a refusal; a grant waits, and a refusal from the future is not stronger than now."""
    consents = (Consent("marketing", granted=False, channel="email"), Consent("marketing", granted=True, channel="app"))
    dirty = IdentifyRequest(SHE, {}, consents, occur_time_us=NOON_US + DAY_US)
    assert identify(engine, dirty, NOON_US).quarantined == "impossible_time"
    person = engine.customers.find(engine.keyed_hash.identity(SHE))
    assert person is not None
    assert person.consents == {"5:emailmarketing": "refused"}
    identify(engine, IdentifyRequest(SHE, {}, (Consent("marketing", granted=True, channel="email"),)), NOON_US + 1)
    assert person.consents == {"5:emailmarketing": "granted"}


def test_without_a_gate_what_can_be_read_is_learned(tmp_path: Path) -> None:
    """Switched off, for measurement, nothing is put aside; what no number can be is left out all the same."""
    engine = open_engine(tmp_path / "off", durability="process", secret_key=KEY, gate=None)
    for request, _, _ in DIRTY:
        assert track(engine, request, NOON_US).quarantined == ""
    assert len(events_of(engine, EventTracked)) == len(DIRTY)
    engine.close()
