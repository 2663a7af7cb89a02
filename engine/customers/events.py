"""Facts about customers, as they stand in the log. Never a raw identity, never a fact that cannot be folded."""

from msgspec import Struct

from engine.customers.types import Consent
from engine.types import Features


class CustomerIdentified(Struct, frozen=True, tag="customer_identified", tag_field="kind", omit_defaults=True):
    """Something was told of a customer under one of her identities, here by its keyed hash."""

    identity: str
    identity_type: str
    occur_time_us: int
    request_digest: str
    attributes: dict[str, str] = {}
    consents: tuple[Consent, ...] = ()


class IdentitiesLinked(Struct, frozen=True, tag="identities_linked", tag_field="kind"):
    """Two identities, here by their keyed hashes, are one customer."""

    identity: str
    identity_type: str
    other: str
    other_type: str
    request_digest: str


class IdentitiesUnlinked(Struct, frozen=True, tag="identities_unlinked", tag_field="kind"):
    """The link between two identities, here by their keyed hashes, was wrong and is taken back."""

    identity: str
    other: str
    request_digest: str


class EventTracked(Struct, frozen=True, tag="event_tracked", tag_field="kind", omit_defaults=True):
    """Something a customer did by herself; `order` is the keyed hash of the order's id."""

    identity: str
    identity_type: str
    type: str
    occur_time_us: int
    request_digest: str
    device: str = ""
    channel: str = ""
    category: str = ""
    sku: str = ""
    order: str = ""
    amount: float | None = None
    quantity: float | None = None
    properties: Features = Features()
