"""The gate: whether a fact about a customer can be true, so that it may be learned from. Never a fold, never a lookup.

Plain functions over a fact and what is known of her. What they stop is put aside with its reason, not lost and not an
error: whoever sends in bulk cannot mend row by row.
"""

from collections.abc import Sequence

from msgspec import Struct

from engine.campaign.time_zones import zone_named
from engine.customers.events import CustomerIdentified, EventTracked
from engine.customers.memory import DAY_US
from engine.customers.pace import Pace, exceeded, near_places
from engine.customers.person import Known, Person
from engine.customers.properties import Problem, Ranges, worst
from engine.customers.types import EventType, QuarantineReason
from engine.events import FactQuarantined, RewardReceived
from engine.features import shown
from engine.times import shown_time

YEAR_2000_US = 946_684_800_000_000
_SECOND_US = 1_000_000


class Gate(Struct, frozen=True):
    """Every threshold of the gate; times in microseconds.

    `test_accounts` are keyed hashes of identities. A tracked event may lie `skew_us` in the future, as clocks of phones
    do, and `age_max_us` in the past. A reward better than silence less than `fast_us` after the message (a sixtieth of
    its reward window where that is shorter) is a machine's. Paces hold for one identity: `paces` for tracked events
    with a time of their own, `arrival_paces` for those without, which networks may bunch, `reward_paces` for rewards
    with a time. `places_max` devices or channels and `cities_max` cities in an hour are still one person's; at most 15.
    """

    ranges: Ranges = Ranges()
    test_accounts: frozenset[str] = frozenset()
    skew_us: int = 60 * _SECOND_US
    age_max_us: int = 730 * DAY_US
    fast_us: int = _SECOND_US
    paces: tuple[Pace, ...] = (Pace(5, _SECOND_US), Pace(20, 10 * _SECOND_US), Pace(60, 60 * _SECOND_US))
    arrival_paces: tuple[Pace, ...] = (Pace(60, 60 * _SECOND_US),)
    reward_paces: tuple[Pace, ...] = (Pace(5, _SECOND_US), Pace(30, 60 * _SECOND_US))
    places_max: int = 8
    cities_max: int = 3


class Moment(Struct, frozen=True):
    """When a fact came, and whether its caller said when it happened."""

    now_us: int
    measured: bool


def tracked_or_aside(
    gate: Gate, fact: EventTracked, problems: list[Problem], person: Person | None, moment: Moment
) -> EventTracked | FactQuarantined:
    """Return a tracked event as it is logged: itself, or put aside; `problems` are those of its properties."""
    known = person.identities.get(fact.identity) if person else None
    problem = (
        test_account_problem(gate, fact.identity, person)
        or worst(problems)
        or _impossible_time(gate, fact.occur_time_us, moment.now_us, gate.age_max_us)
        or _duplicate_order(fact, person)
        or _tracked_too_often(gate, fact, known, measured=moment.measured)
        or _too_many_places(gate, fact, known)
    )
    return aside(problem, fact.identity, fact.identity_type, fact) if problem else fact


def identified_or_aside(
    gate: Gate, fact: CustomerIdentified, problems: list[Problem], person: Person | None, now_us: int
) -> CustomerIdentified | FactQuarantined:
    """Return what was told of a customer as it is logged: itself, or put aside; `problems` are its attributes'."""
    known = person.identities.get(fact.identity) if person else None
    problem = (
        test_account_problem(gate, fact.identity, person)
        or worst(problems)
        or _impossible_time(gate, fact.occur_time_us, now_us, now_us)
        or _too_many_cities(gate, fact, known)
    )
    return aside(problem, fact.identity, fact.identity_type, fact) if problem else fact


def aside(
    problem: Problem, identity: str, identity_type: str, fact: CustomerIdentified | EventTracked | RewardReceived
) -> FactQuarantined:
    """Return a fact put aside for a problem."""
    return FactQuarantined(problem.reason, problem.detail, identity, identity_type, fact)


def time_zone_problem(attributes: dict[str, str]) -> Problem | None:
    """Return what is wrong with the time zone among a customer's attributes."""
    name = attributes.get("time_zone")
    try:
        if name:
            zone_named(name)
    except ValueError:
        return Problem(QuarantineReason.TIME_ZONE, f"time_zone is {shown(name or '')}, no IANA time zone")
    return None


def reward_problem(
    gate: Gate,
    fact: RewardReceived,
    known: Known | None,
    *,
    sent_us: int | None,
    window_us: int | None,
    silence: float,
    earlier: Sequence[RewardReceived],
) -> Problem | None:
    """Return why a reward with a time of its own can hardly be a person's; `known` is her identity's.

    `sent_us` is when the message left, None where nothing was sent; `window_us` how long its outcomes are waited for;
    `silence` what its decision earns without one; `earlier` are the rewards that were taken for it.
    """
    fast_us = gate.fast_us if window_us is None else min(gate.fast_us, window_us // 60)
    return (
        _too_fast(fast_us, fact, sent_us, silence)
        or _duplicate_outcome(fact, earlier)
        or _rewarded_too_often(gate, fact, known)
    )


def test_account_problem(gate: Gate, identity: str, person: Person | None) -> Problem | None:
    """Return that an identity, or another of the same customer, is on the list of test accounts."""
    mine = {identity, *(person.identities if person else ())}
    if gate.test_accounts.isdisjoint(mine):
        return None
    return Problem(QuarantineReason.TEST_ACCOUNT, "the customer is on the list of test accounts")


def _impossible_time(gate: Gate, time_us: int, now_us: int, age_max_us: int) -> Problem | None:
    if time_us > now_us + gate.skew_us:
        what = f"after now ({shown_time(now_us)})"
    elif time_us < YEAR_2000_US:
        what = "before the year 2000"
    elif time_us < now_us - age_max_us:
        what = f"more than {age_max_us // DAY_US:,} days ago"
    else:
        return None
    return Problem(QuarantineReason.IMPOSSIBLE_TIME, f"occur_time is {shown_time(time_us)}, {what}")


def _duplicate_order(fact: EventTracked, person: Person | None) -> Problem | None:
    if fact.type != EventType.PURCHASE or not person:
        return None
    if any(fact.order in known.orders for known in person.identities.values()):
        return Problem(QuarantineReason.DUPLICATE_ORDER, "an event before it has the same order_id")
    return None


def _tracked_too_often(gate: Gate, fact: EventTracked, known: Known | None, *, measured: bool) -> Problem | None:
    if known is None:
        return None
    paces = gate.paces if measured else gate.arrival_paces
    return _too_often("events", exceeded(known.tracked_us, fact.occur_time_us, paces))


def _rewarded_too_often(gate: Gate, fact: RewardReceived, known: Known | None) -> Problem | None:
    if known is None:
        return None
    return _too_often("rewards", exceeded(known.rewarded_us, fact.occur_time_us, gate.reward_paces))


def _too_often(what: str, pace: Pace | None) -> Problem | None:
    if pace is None:
        return None
    detail = f"more than {pace.events} {what} within {pace.within_us / _SECOND_US:g} s"
    return Problem(QuarantineReason.INHUMAN_RATE, detail)


def _too_many_places(gate: Gate, fact: EventTracked, known: Known | None) -> Problem | None:
    for kind in ("device", "channel"):
        name = getattr(fact, kind)
        if known and name and len(known.places_us.get(kind, ())) >= gate.places_max:
            seen = near_places(known.places_us, kind, fact.occur_time_us).keys() | {name}
            if len(seen) > gate.places_max:
                detail = f"more than {gate.places_max} {kind}s within an hour"
                return Problem(QuarantineReason.SHARED_ACCOUNT, detail)
    return None


def _too_many_cities(gate: Gate, fact: CustomerIdentified, known: Known | None) -> Problem | None:
    city = fact.attributes.get("city")
    if known and city:
        seen = near_places(known.places_us, "city", fact.occur_time_us).keys() | {city}
        if len(seen) > gate.cities_max:
            return Problem(QuarantineReason.SHARED_ACCOUNT, f"more than {gate.cities_max} cities within an hour")
    return None


def _too_fast(fast_us: int, fact: RewardReceived, sent_us: int | None, silence: float) -> Problem | None:
    """Return that a message did its work too soon; a time equal to its sending is one that nobody measured."""
    if sent_us is None or fact.value <= silence or not sent_us < fact.occur_time_us < sent_us + fast_us:
        return None
    detail = f"{(fact.occur_time_us - sent_us) / _SECOND_US:.3f} s after the message was to be sent"
    return Problem(QuarantineReason.TOO_FAST, detail)


def _duplicate_outcome(fact: RewardReceived, earlier: Sequence[RewardReceived]) -> Problem | None:
    same = (fact.outcome, fact.occur_time_us, fact.value, fact.amount)
    if fact.outcome and same in [(one.outcome, one.occur_time_us, one.value, one.amount) for one in earlier]:
        return Problem(QuarantineReason.DUPLICATE_OUTCOME, "a reward before it has the same outcome at the same time")
    return None
