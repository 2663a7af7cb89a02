"""Familiarity: how well a brand may show that it knows a customer. Never a rule of one campaign, never a feature."""

from enum import IntEnum

from engine.customers.conduct import Conduct, conduct
from engine.customers.memory import worth
from engine.customers.person import Person

ANONYMOUS_TYPES = frozenset({"cookie", "device", "app"})
"""Identities that a machine has; every other type is one that a person gave."""
ENGAGED_VISITS = 2.5
"""What her visits must come to; each counts half after 30 days, so that three within eight days do."""
LOYAL_PURCHASES = 1.5
"""What her purchases must come to; each counts half after 90 days, so that two within 90 days do."""


class Familiarity(IntEnum):
    """How familiar the brand is with a customer; each level includes those before it.

    Known: she has given an identity of her own, such as an e-mail address. Engaged: she also came three times or more
    lately, older visits counting less. Loyal: she also bought twice or more lately.
    """

    ANONYMOUS = 0
    KNOWN = 1
    ENGAGED = 2
    LOYAL = 3


def level_of(identity_types: frozenset[str]) -> Familiarity:
    """Return how familiar the brand is with one of whom only the types of her identities are known."""
    return Familiarity.ANONYMOUS if identity_types <= ANONYMOUS_TYPES else Familiarity.KNOWN


def familiarity(person: Person, now_us: int) -> Familiarity:
    """Return how familiar the brand is with a customer now."""
    return familiarity_of(conduct(person), now_us)


def familiarity_of(known: Conduct, now_us: int) -> Familiarity:
    """Return how familiar the brand is now with one of this conduct."""
    if level_of(known.identity_types) == Familiarity.ANONYMOUS:
        return Familiarity.ANONYMOUS
    if worth(known.sums, "visits", now_us) < ENGAGED_VISITS:
        return Familiarity.KNOWN
    bought = worth(known.sums, "purchases", now_us)
    return Familiarity.LOYAL if bought >= LOYAL_PURCHASES else Familiarity.ENGAGED
