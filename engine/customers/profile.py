"""The profile as features: what models are told of a customer, and on what terms. Never a raw identity, never a rule.

`FEATURES` is the one table of what there is; a test holds the README's to it.
"""

from collections.abc import Iterator
from functools import cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from engine.customers.familiarity import Familiarity
from engine.customers.memory import DAY_US, MEMORIES, Sums, worths
from engine.customers.person import Person, consent_key
from engine.times import local_time
from engine.types import Features

SERVICE, PERSONALISATION = "service", "personalisation"
"""Purposes: what a service cannot do without, which needs no consent, and what makes it personal, which may."""
ATTRIBUTES = ("city", "region", "country", "language", "loyalty_tier", "age_band", "time_zone")
"""Attributes that become features; `engine.customers.requests` says which others may be told."""
NAMES_KEPT = 6
SHRINKAGE = 1.0
"""Added to the total that a share is taken of, in events: what is thin is shrunk towards nothing."""
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
    _behaviour("category/NAME", "interest in a content category by habit", "share", "category", _ANYONE),
    _behaviour("category.lately/NAME", "interest in a content category lately", "share", "category.lately", _ANYONE),
    _behaviour("device/NAME", "use of a device by habit", "share", "device", _ANYONE),
    _behaviour("device.lately/NAME", "use of a device lately", "share", "device.lately", _ANYONE),
    _behaviour("channel/NAME", "use of a channel by habit", "share", "channel", _ANYONE),
    _behaviour("channel.lately/NAME", "use of a channel lately", "share", "channel.lately", _ANYONE),
    _behaviour("hours/FROM-UNTIL", "part of the day, on her clock, in which she comes", "share", "hour", _ANYONE),
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
_SHARED = ("category", "category.lately", "device", "device.lately", "channel", "channel.lately")
_COUNTED = ("visits", "purchases", "spend", "contacts")
_BY_FAMILY = {feature.name.partition("/")[0]: feature for feature in FEATURES}


def permitted(level: Familiarity, consents: dict[str, str], *, consent_required: bool) -> frozenset[str]:
    """Return which families of features a customer's level and consents permit.

    A feature for personalisation is out where she refused it, or, where consent is required, has not granted it.
    """
    word = consents.get(consent_key("", PERSONALISATION))
    return _permitted(level, word == "granted" if consent_required else word != "refused")


@cache
def _permitted(level: Familiarity, personal: bool) -> frozenset[str]:
    return frozenset(
        family
        for family, feature in _BY_FAMILY.items()
        if level >= feature.least and (personal or feature.purpose == SERVICE)
    )


def profile(person: Person | None, now_us: int, where: ZoneInfo, allowed: frozenset[str]) -> Features:
    """Return what models are told of a customer now, of the families allowed; nothing of one who was never seen."""
    if person is None:
        return Features()
    attributes = person.attributes
    categories = {name: attributes[name] for name in ATTRIBUTES if name in attributes and name in allowed}
    numbers = {name: round(number, 4) for name, number in _numbers(person, now_us, where, allowed)}
    return Features(numbers=numbers, categories=categories)


def _numbers(person: Person, now_us: int, where: ZoneInfo, allowed: frozenset[str]) -> Iterator[tuple[str, float]]:
    sums = person.sums
    for kind in _SHARED:
        if kind in allowed:
            yield from _shares(kind, worths(sums, kind, now_us))
    if "hours" in allowed:
        yield from _shares("hours", _hours(worths(sums, "hour", now_us), now_us, where))
    for kind in _COUNTED:
        if kind in allowed:
            for value in worths(sums, kind, now_us).values():
                yield kind, value
    for what in ("visit", "purchase", "contact"):
        if (family := f"days_since_{what}") in allowed and (last_us := person.last_us(what)) is not None:
            yield family, max(0, now_us - last_us) / DAY_US
    for place in ("channel", "category"):
        if f"earned.{place}" in allowed:
            yield from _responses(place, sums, now_us)


def _shares(family: str, weights: dict[str, float]) -> Iterator[tuple[str, float]]:
    """Yield the largest shares, shrunk where there is little to tell from."""
    total = SHRINKAGE + sum(weights.values())
    for less, name in sorted([(-weight, name) for name, weight in weights.items()])[:NAMES_KEPT]:
        if (share := -less / total) >= FAINT:
            yield f"{family}/{name}", share


def _hours(weights: dict[str, float], now_us: int, where: ZoneInfo) -> dict[str, float]:
    """Return the weights of UTC hours by the four-hour parts of the day on a customer's clock."""
    offset = local_time(now_us, where).utcoffset()
    shift = round(offset.total_seconds() / 3600) if offset else 0
    parts: dict[str, float] = {}
    for hour, weight in weights.items():
        start = (int(hour) + shift) % 24 // 4 * 4
        part = f"{start:02d}-{start + 4:02d}"
        parts[part] = parts.get(part, 0.0) + weight
    return parts


def _responses(place: str, sums: Sums, now_us: int) -> Iterator[tuple[str, float]]:
    """Yield the mean reward of the messages sent to a place, those without one counted as nothing, shrunk to 0."""
    sent, earned = worths(sums, f"sent.{place}", now_us), worths(sums, f"earned.{place}", now_us)
    for less, name in sorted([(-weight, name) for name, weight in sent.items()])[:NAMES_KEPT]:
        if -less >= FAINT:
            yield f"earned.{place}/{name}", earned.get(name, 0.0) / (RESPONSE_SHRINKAGE - less)
