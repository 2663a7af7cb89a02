"""A customer: her identities, what is known under each, and the links that make them one. Never a raw identity.

Every fact stays with the identity it came under, so that a link joins what both had and an unlink gives each its own.
"""

from bisect import insort
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from engine.customers.deeds import Deed
from engine.customers.memory import DAY_US, Sums, joined_sums

CONTACTS_HORIZON_US = 98 * DAY_US
"""The longest window a message limit may have, 90 days, and the week that a send slot may lie ahead."""
ORDERS_KEPT = 64

Written = tuple[str, int, int]
"""A value, the time it was written as of, and the sequence number it was written at."""


class Contact(Struct, frozen=True, order=True, array_like=True, gc=False):
    """One message: its send time in microseconds, its channel, campaign and content."""

    time_us: int
    channel: str
    campaign: str = ""
    content_id: str = ""


class Known(Struct, array_like=True, gc=False):
    """What is known under one identity, by the keyed hash that stands for it, since the event that first named it.

    `consents` are `granted` or `refused` by channel and purpose. `last_us` are the times of the last visit, purchase
    and so on. `deeds` are the last things she did, and of what she did `sums` have those before them.
    `orders` are keyed hashes of the ids of purchases' orders, newest last. What the gate looks at: `tracked_us` and
    `rewarded_us` are the times of what came within a minute of the last of them, stopped or not; `places_us` are when
    each device, channel and city was last seen in the hour around the last.
    """

    identity: str
    type: str
    first_seq: int
    first_time_us: int
    attributes: dict[str, Written] = {}
    consents: dict[str, Written] = {}
    sums: Sums = {}
    contacts: list[Contact] = []
    last_us: dict[str, int] = {}
    orders: list[str] = []
    tracked_us: list[int] = []
    rewarded_us: list[int] = []
    places_us: dict[str, dict[str, int]] = {}
    deeds: list[Deed] = []

    def contact(self, contact: Contact) -> None:
        """Count one message from the moment it is decided, and forget those that left the horizon before it."""
        insort(self.contacts, contact)
        horizon_us = contact.time_us - CONTACTS_HORIZON_US
        while self.contacts[0].time_us <= horizon_us:
            del self.contacts[0]

    def happened(self, what: str, time_us: int) -> None:
        """Note when something happened last."""
        self.last_us[what] = max(time_us, self.last_us.get(what, 0))


class Person(Struct, array_like=True, gc=False):
    """One customer: everything known under each of her identities, and the links between them, each way round once."""

    identities: dict[str, Known]
    links: list[tuple[str, str]] = []

    @property
    def root(self) -> str:
        """The identity she has been known by for longest; her control group goes by it."""
        if len(self.identities) == 1:
            return next(iter(self.identities))
        first = min(self.identities.values(), key=lambda known: (known.first_seq, known.identity))
        return first.identity

    @property
    def contacts(self) -> list[Contact]:
        """All messages to her, oldest first."""
        if len(self.identities) == 1:
            return next(iter(self.identities.values())).contacts
        return sorted(contact for known in self.identities.values() for contact in known.contacts)

    @property
    def attributes(self) -> dict[str, str]:
        """Each attribute's last value by event time; those taken back are left out."""
        return latest(known.attributes for known in self.identities.values())

    @property
    def consents(self) -> dict[str, str]:
        """The last word, `granted` or `refused`, for each channel and purpose (`consent_key`)."""
        return latest(known.consents for known in self.identities.values())

    def sums_of(self, kinds: Iterable[str]) -> Sums:
        """Return what is remembered under all identities, of these kinds at least; not to be changed."""
        if len(self.identities) == 1:
            return next(iter(self.identities.values())).sums
        each = [one.sums for one in self.identities.values()]
        return joined_sums({kind: own[kind] for kind in kinds if kind in own} for own in each)

    def last_us(self, what: str) -> int | None:
        """Return when something happened last, in microseconds; None where it never did."""
        times_us = [known.last_us[what] for known in self.identities.values() if what in known.last_us]
        return max(times_us) if times_us else None

    @property
    def identity_types(self) -> frozenset[str]:
        """The types of her identities."""
        return frozenset(known.type for known in self.identities.values())


@lru_cache(maxsize=4_096)
def consent_key(channel: str, purpose: str) -> str:
    """Return the name of a consent among a person's; an empty channel stands for every channel."""
    return f"{len(channel)}:{channel}{purpose}"


def consent_channel(key: str) -> tuple[str, str]:
    """Return the channel and the purpose of a consent by its name."""
    length, _, rest = key.partition(":")
    return rest[: int(length)], rest[int(length) :]


def joined(one: Person, other: Person, link: tuple[str, str]) -> Person:
    """Return the one customer that two are, by this link."""
    return Person(one.identities | other.identities, [*one.links, *other.links, link])


def components(person: Person) -> list[Person]:
    """Return the customers that a person's links really connect, the one with her root first."""
    left = dict(person.identities)
    found = []
    for root in sorted(left, key=lambda identity: (left[identity].first_seq, identity)):
        if root not in left:
            continue
        mine = _reached(root, person.links)
        links = [link for link in person.links if link[0] in mine]
        found.append(Person({identity: left.pop(identity) for identity in sorted(mine)}, links))
    return found


def _reached(root: str, links: list[tuple[str, str]]) -> set[str]:
    reached, before = {root}, 0
    while len(reached) > before:
        before = len(reached)
        for one, other in links:
            if one in reached or other in reached:
                reached |= {one, other}
    return reached


def latest(writings: Iterable[dict[str, Written]]) -> dict[str, str]:
    """Return the last value by event time of each thing that was written, sorted; what was taken back is left out."""
    newest: dict[str, Written] = {}
    for written in writings:
        for name, one in written.items():
            if name not in newest or one[1:] > newest[name][1:]:
                newest[name] = one
    return {name: value for name, (value, _, _) in sorted(newest.items()) if value}
