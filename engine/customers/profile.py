"""The profile as features: what models are told of a customer, and on what terms. Never a raw identity, never a rule.

`FEATURES` is the one table of what there is; a test holds the README's to it.
"""

from functools import cache, lru_cache
from math import floor
from zoneinfo import ZoneInfo

from msgspec import Struct

from engine.customers import conduct as conducts
from engine.customers.beliefs import SHARED, belief
from engine.customers.conduct import Conduct, conduct
from engine.customers.drift import Belief
from engine.customers.familiarity import Familiarity
from engine.customers.hazards import UNKNOWN, Hazards, Look, Suspicion, suspicion
from engine.customers.memory import DAY_US, HOUR_US, MEMORIES, Sums, worth, worths
from engine.customers.person import Person, consent_key
from engine.features import NOTHING_KNOWN, conduct_text, numbers_told, responses_text
from engine.fit import NO_HOURS, hour_steps
from engine.types import Features

SERVICE, PERSONALISATION = "service", "personalisation"
"""Purposes: what a service cannot do without, which needs no consent, and what makes it personal, which may."""
ATTRIBUTES = ("city", "region", "country", "language", "loyalty_tier", "age_band", "time_zone")
"""Attributes that become features; `engine.customers.requests` says which others may be told."""
NAMES_KEPT = 6
_PERSONAL = consent_key("", PERSONALISATION)
RESPONSE_SHRINKAGE = 2.0
FAINT = 0.02


class ProfileFeature(Struct, frozen=True):
    """One family of features: what it tells, its unit and half-life, and on what terms models may be told it."""

    name: str
    meaning: str
    unit: str
    half_life_days: float | None
    purpose: str
    least: Familiarity


def _behaviour(name: str, meaning: str, unit: str, memory: str, least: Familiarity) -> ProfileFeature:
    return ProfileFeature(name, meaning, unit, MEMORIES[memory].half_life_days, PERSONALISATION, least)


_ANYONE, _KNOWN = Familiarity.ANONYMOUS, Familiarity.KNOWN
FEATURES = (
    ProfileFeature("time_zone", "time zone she declared", "category", None, SERVICE, _ANYONE),
    *(
        ProfileFeature(name, f"{name.replace('_', ' ')} she declared", "category", None, PERSONALISATION, _KNOWN)
        for name in ATTRIBUTES[:-1]
    ),
    _behaviour("category/NAME", "interest in a content category", "share", "category", _ANYONE),
    _behaviour("device/NAME", "use of a device", "share", "device", _ANYONE),
    _behaviour("channel/NAME", "use of a channel", "share", "channel", _ANYONE),
    _behaviour(
        "hours/FROM-UNTIL", "part of the day, on her clock, in which she comes on weekdays", "share", "hour", _ANYONE
    ),
    _behaviour("weekend/FROM-UNTIL", "the same at the weekend", "share", "hour", _ANYONE),
    ProfileFeature("change", "how likely her life has changed of late", "0 to 1", None, PERSONALISATION, _ANYONE),
    _behaviour("visits", "how often she comes", "decayed count", "visits", _ANYONE),
    ProfileFeature("days_since_visit", "since she came last", "days", None, PERSONALISATION, _ANYONE),
    _behaviour("purchases", "how often she buys", "decayed count", "purchases", _KNOWN),
    _behaviour("spend", "what she buys for", "decayed sum of amounts", "spend", _KNOWN),
    ProfileFeature("days_since_purchase", "since she bought last", "days", None, PERSONALISATION, _KNOWN),
    _behaviour("contacts", "messages she was sent", "decayed count", "contacts", _ANYONE),
    ProfileFeature("days_since_contact", "since she was written to last", "days", None, SERVICE, _ANYONE),
    _behaviour("earned.channel/NAME", "reward of a message on a channel", "mean reward", "sent.channel", _ANYONE),
    _behaviour("earned.category/NAME", "reward of a message of a category", "mean reward", "sent.category", _KNOWN),
)
_BELIEVED = {*SHARED, "hours", "weekend", "change"}
_COUNTED = ("visits", "purchases", "spend")
_FROM_MESSAGES = ("contacts", "sent.channel", "earned.channel", "sent.category", "earned.category")
_KEPT = 4_096  # some 4 KB each
_BY_FAMILY = {feature.name.partition("/")[0]: feature for feature in FEATURES}


def permitted(level: Familiarity, consents: dict[str, str], *, consent_required: bool) -> frozenset[str]:
    """Return which families of features a customer's level and consents permit.

    A feature for personalisation is out where she refused it, or, where consent is required, has not granted it.
    """
    word = consents.get(_PERSONAL) if consents else None
    return _permitted(level, word == "granted" if consent_required else word != "refused")


@cache
def _permitted(level: Familiarity, personal: bool) -> frozenset[str]:
    return frozenset(
        family
        for family, feature in _BY_FAMILY.items()
        if level >= feature.least and (personal or feature.purpose == SERVICE)
    )


class Told(Struct, frozen=True, gc=False):
    """What models are told of a customer, the same as they read it, and how lively her week's hours are, in steps.

    `count` is how many numbers the text tells of her conduct, `suspicion` what this look at her counts for
    (`engine.customers.hazards`).
    """

    features: Features
    text: str
    lively: tuple[int, ...] = NO_HOURS
    count: int = 0
    suspicion: Suspicion | None = None


NOTHING_TOLD = Told(NOTHING_KNOWN, "")


def profile(
    person: Person | None, now_us: int, where: ZoneInfo, allowed: frozenset[str], *, hazards: Hazards = UNKNOWN
) -> Features:
    """Return what models are told of a customer now, of the families allowed; nothing of one who was never seen."""
    if person is None:
        return NOTHING_KNOWN
    return told(person, conduct(person), now_us, where, allowed, hazards=hazards).features


def told(
    person: Person,
    known: Conduct,
    now_us: int,
    where: ZoneInfo,
    allowed: frozenset[str],
    *,
    hazards: Hazards = UNKNOWN,
) -> Told:
    """Return what models are told of a customer whose conduct this is, of the families allowed.

    Everything is as of the beginning of the hour, and what came since counts in full. So it stays the same for an hour
    but for what happens to her, and what follows from her conduct alone is kept.
    """
    as_of_us = now_us - now_us % HOUR_US
    herself, look = _herself(known, as_of_us, where, allowed, hazards)
    numbers = _rounded(_of_messages(person, as_of_us, allowed))
    text = " ".join(filter(None, (herself.text, responses_text(numbers, herself.count))))
    features = Features(numbers=herself.features.numbers | numbers, categories=herself.features.categories)
    found = suspicion(hazards, look) if look and _did_something_since(person, look) else None
    return Told(features, text, herself.lively, suspicion=found)


def _did_something_since(person: Person, look: Look) -> bool:
    """Tell whether she did something since she was sent something last; what she did before that was counted."""
    return bool(look.times_us) and look.times_us[-1] > (person.last_us("contact") or 0)


def forget() -> None:
    """Drop everything that is kept of customers, conducts too: one who is erased leaves the memory."""
    _herself.cache_clear()
    conducts.forget()


@lru_cache(maxsize=_KEPT)
def _herself(
    known: Conduct, as_of_us: int, where: ZoneInfo, allowed: frozenset[str], hazards: Hazards
) -> tuple[Told, Look | None]:
    """Return what is told of her conduct, which all of these say: another conduct, hour, zone or consent asks anew.

    With it comes what was found by looking at her, None where nothing of that may be told.
    """
    attributes = known.attributes
    categories = {name: attributes[name] for name in ATTRIBUTES if name in attributes and name in allowed}
    believed, look = None, None
    if not allowed.isdisjoint(_BELIEVED):
        believed, look = belief(known, as_of_us, where, hazards)
    numbers = _rounded(_of_conduct(known, believed, as_of_us, allowed))
    features = Features(numbers=numbers, categories=categories)
    text = conduct_text(categories, numbers)
    return Told(features, text, hour_steps(features), count=numbers_told(numbers)), look


def _rounded(numbers: dict[str, float]) -> dict[str, float]:
    """Return numbers of four decimals, so that a logged profile is short."""
    return {name: floor(number * 10_000 + 0.5) / 10_000 for name, number in numbers.items()}


def _of_conduct(known: Conduct, believed: Belief | None, now_us: int, allowed: frozenset[str]) -> dict[str, float]:
    sums, found = known.sums, dict[str, float]()
    if believed:
        for kind in SHARED:
            if kind in allowed:
                found |= _named(kind, believed.shares[kind])
        found |= {
            name: share
            for name, share in sorted(believed.shares["hours"].items())
            if _of(name, allowed) and share >= FAINT
        }
        if "change" in allowed and believed.change >= FAINT:
            found["change"] = believed.change
    for kind in _COUNTED:
        if kind in allowed and kind in sums:
            found[kind] = worth(sums, kind, now_us)
    for what, last_us in known.last_us.items():
        if (family := f"days_since_{what}") in allowed:
            found[family] = max(0, now_us - last_us) / DAY_US
    return found


def _of_messages(person: Person, now_us: int, allowed: frozenset[str]) -> dict[str, float]:
    sums, found = person.sums_of(_FROM_MESSAGES), dict[str, float]()
    if "contacts" in allowed and "contacts" in sums:
        found["contacts"] = worth(sums, "contacts", now_us)
    if "days_since_contact" in allowed and (last_us := person.last_us("contact")) is not None:
        found["days_since_contact"] = max(0, now_us - last_us) / DAY_US
    for sent, earned in (("sent.channel", "earned.channel"), ("sent.category", "earned.category")):
        if earned in allowed and sent in sums:
            found |= _responses(sums, sent, earned, now_us)
    return found


def _of(name: str, allowed: frozenset[str]) -> bool:
    return name.partition("/")[0] in allowed


def _named(family: str, shares: dict[str, float]) -> dict[str, float]:
    """Return the largest shares under their features' names."""
    return {f"{family}/{name}": share for share, name in _largest(shares) if share >= FAINT}


def _largest(weights: dict[str, float]) -> list[tuple[float, str]]:
    """Return the largest weights, equal ones by name."""
    found = sorted([(-weight, name) for name, weight in weights.items()])
    return [(-less, name) for less, name in found[:NAMES_KEPT]]


def _responses(sums: Sums, sent: str, earned: str, now_us: int) -> dict[str, float]:
    """Return the mean reward of the messages sent to a place, those without one counted as nothing, shrunk to 0."""
    earnings = worths(sums, earned, now_us)
    return {
        f"{earned}/{name}": earnings.get(name, 0.0) / (RESPONSE_SHRINKAGE + weight)
        for weight, name in _largest(worths(sums, sent, now_us))
        if weight >= FAINT
    }
