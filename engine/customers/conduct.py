"""Conduct: what a customer said and did by herself, under all her identities. Never a message to her, never a feature.

It changes with what she does and not with what is sent to her, so that what follows from it is worth keeping.
"""

from functools import lru_cache

from msgspec import Struct, msgpack

from engine.customers.deeds import HABITS, Deed, joined_deeds
from engine.customers.memory import Sums
from engine.customers.person import Person, Written, latest

KINDS = (*HABITS, "visits", "purchases", "spend")
"""The memories of what she did by herself; the others are of messages."""
LAST = ("visit", "purchase")
_KEPT = 4_096  # some 5 KB each


class Conduct(Struct, frozen=True, eq=False, gc=False):
    """What she declared, the types of her identities, and what is remembered of her doings; not to be changed.

    `last_us` are the times of her last visit and purchase, `deeds` the last things she did, which `sums` leave out.
    Each conduct is equal to itself alone, and as long as it is kept the same facts give the same one.
    """

    attributes: dict[str, str] = {}
    consents: dict[str, str] = {}
    identity_types: frozenset[str] = frozenset()
    sums: Sums = {}
    last_us: dict[str, int] = {}
    deeds: list[Deed] = []


class _Part(Struct, array_like=True):
    """What came under one identity."""

    type: str
    attributes: dict[str, Written]
    consents: dict[str, Written]
    sums: list[dict[str, tuple[float, int]] | None]
    last_us: list[int | None]
    deeds: list[Deed]


_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(list[_Part]).decode


def conduct(person: Person) -> Conduct:
    """Return a customer's conduct, the one that was kept where the same is known of her as then."""
    parts = [
        (
            *(one.type, one.attributes, one.consents, list(map(one.sums.get, KINDS))),
            *(list(map(one.last_us.get, LAST)), one.deeds),
        )
        for one in person.identities.values()
    ]
    return _read(_encode(parts))


def forget() -> None:
    """Drop every conduct that is kept: one who is erased leaves the memory too."""
    _read.cache_clear()


@lru_cache(maxsize=_KEPT)
def _read(encoded: bytes) -> Conduct:
    """Return the conduct that these bytes tell, and they alone: whatever changes in it makes other bytes."""
    parts = _decode(encoded)
    known = [(one.deeds, {kind: own for kind, own in zip(KINDS, one.sums, strict=True) if own}) for one in parts]
    deeds, sums = known[0] if len(known) == 1 else joined_deeds(known)
    times = zip(LAST, zip(*(part.last_us for part in parts), strict=True), strict=True)
    return Conduct(
        attributes=latest(part.attributes for part in parts),
        consents=latest(part.consents for part in parts),
        identity_types=frozenset(part.type for part in parts),
        sums=sums,
        deeds=deeds,
        last_us={what: max(found) for what, each in times if (found := [time for time in each if time is not None])},
    )
