"""Facts about customers as events of a log, registers that fold them, and what they come to. Never a behaviour."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from engine.customers.events import CustomerIdentified, EventTracked, IdentitiesLinked, IdentitiesUnlinked
from engine.customers.familiarity import familiarity
from engine.customers.person import Person
from engine.customers.profile import permitted, profile
from engine.customers.register import CustomerRegister
from engine.customers.types import Consent
from engine.events import DecisionTaken, Event, LoggedEvent
from engine.log.customers_table import CustomersTable
from engine.log.sqlite import Log
from engine.types import Features
from tests.wardrobe import NOON_US

MINUTE_US = 60_000_000
LATER_US = NOON_US + 40_000 * MINUTE_US
TYPES = ("cookie", "email", "phone", "app", "customer_id", "device")
NAMES = tuple(f"{number:032x}" for number in range(len(TYPES)))
"""The keyed hashes of six identities, each of its own type."""

numbers = st.integers(0, len(NAMES) - 1)
minutes = st.integers(0, 90_000)


def tracked(number: int, minute: int, device: str = "phone", category: str = "suits", type_: str = "browse") -> Event:
    """Return something done under an identity."""
    time_us = NOON_US + minute * MINUTE_US
    return EventTracked(NAMES[number], TYPES[number], type_, time_us, "", device, "web", category, amount=10.0)


def identified(number: int, minute: int, city: str, granted: bool) -> Event:
    """Return what was said of the customer of an identity."""
    consents = (Consent("marketing", granted, "email"),)
    time_us = NOON_US + minute * MINUTE_US
    return CustomerIdentified(NAMES[number], TYPES[number], time_us, "", {"city": city}, consents)


def linked(one: int, other: int) -> Event:
    """Return that two identities are one customer."""
    return IdentitiesLinked(NAMES[one], TYPES[one], NAMES[other], TYPES[other], "")


def unlinked(one: int, other: int) -> Event:
    """Return that two identities are not linked to each other any more."""
    return IdentitiesUnlinked(NAMES[one], NAMES[other], "")


pairs = st.tuples(numbers, numbers).filter(lambda pair: pair[0] != pair[1])
facts = st.one_of(
    st.builds(
        tracked,
        numbers,
        minutes,
        st.sampled_from(["phone", "desktop", ""]),
        st.sampled_from(["suits", "polos", "jeans", ""]),
        st.sampled_from(["browse", "purchase", "basket"]),
    ),
    st.builds(identified, numbers, minutes, st.sampled_from(["Anytown", "Chicago", ""]), st.booleans()),
)
links = pairs.map(lambda pair: linked(*pair))
unlinks = pairs.map(lambda pair: unlinked(*pair))


def new_register(in_memory: int = 1_000) -> CustomerRegister:
    """Return an empty register that holds so many customers in memory."""
    return CustomerRegister(CustomersTable(Log.in_memory()), _no_category, _no_decision, in_memory)


def fold(register: CustomerRegister, events: Iterable[Event], *, save_every: int = 1) -> CustomerRegister:
    """Fold more events into a register, saving after every few; the last are saved as well."""
    for seq, event in enumerate(events, start=register.seq + 1):
        register.fold(LoggedEvent(seq, NOON_US + seq, event))
        if seq % save_every == 0:
            register.save()
    register.save()
    return register


def person(register: CustomerRegister, number: int) -> Person:
    """Return the customer of an identity, who has to be known."""
    found = register.find(NAMES[number])
    assert found is not None
    return found


def everyone(register: CustomerRegister) -> dict[str, tuple[object, object]]:
    """Return all that a saved register holds: each customer's identities with what is known, and her links, by root."""
    return {one.root: (one.identities, sorted(one.links)) for one in register.all()}


def features(one: Person) -> Features:
    """Return her features at a moment after everything."""
    level = familiarity(one, LATER_US)
    allowed = permitted(level, one.consents, consent_required=False)
    return profile(one, LATER_US, ZoneInfo("America/Chicago"), allowed)


def _no_category(_decision: DecisionTaken) -> str:
    raise AssertionError("no decision is folded here")


def _no_decision(_seq: int) -> DecisionTaken:
    raise AssertionError("no decision is folded here")
