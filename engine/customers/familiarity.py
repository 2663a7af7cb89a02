"""Familiarity: how well a brand may show that it knows a customer. Never a rule of one campaign, never a feature."""

from enum import IntEnum

from engine.customers.memory import worths
from engine.customers.person import Person

ANONYMOUS_TYPES = frozenset({"cookie", "device", "app"})
"""Identities that a machine has; every other type is one that a person gave."""
ENGAGED_VISITS = 3.0
LOYAL_PURCHASES = 2.0


class Familiarity(IntEnum):
    """How familiar the brand is with a customer; each level includes those before it.

    Known: she has given an identity of her own, such as an e-mail address. Engaged: she also came at least three times,
    with a half-life of 30 days. Loyal: she also bought at least twice, with a half-life of 90 days.
    """

    ANONYMOUS = 0
    KNOWN = 1
    ENGAGED = 2
    LOYAL = 3


def familiarity(person: Person | None, now_us: int) -> Familiarity:
    """Return how familiar the brand is with a customer now; one who was never seen is anonymous."""
    if person is None or person.identity_types <= ANONYMOUS_TYPES:
        return Familiarity.ANONYMOUS
    sums = person.sums
    if worths(sums, "visits", now_us).get("", 0.0) < ENGAGED_VISITS:
        return Familiarity.KNOWN
    bought = worths(sums, "purchases", now_us).get("", 0.0)
    return Familiarity.LOYAL if bought >= LOYAL_PURCHASES else Familiarity.ENGAGED
