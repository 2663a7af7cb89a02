"""Facts about one customer as tests tell them. Never a behaviour under test."""

from typing import Any

from engine.customers.types import TrackRequest
from engine.types import Features, Identity
from tests.wardrobe import NOON_US

SHE = Identity("customer_id", "ryan")


def tracked(event_type: str = "browse", said: dict[str, Any] | None = None, **fields: Any) -> TrackRequest:
    """Return an event with these properties, by default hers at noon, of a category where nothing is said."""
    properties = {"category": "polos"} if said is None else said
    numbers = {name: value for name, value in properties.items() if not isinstance(value, str)}
    texts = {name: value for name, value in properties.items() if isinstance(value, str)}
    given: dict[str, Any] = {"identity": SHE, "occur_time_us": NOON_US, "properties": Features(numbers, texts)}
    return TrackRequest(type=event_type, **given | fields)


def bought(order_id: str, amount: float = 29.0, **fields: Any) -> TrackRequest:
    """Return a purchase of a polo."""
    return tracked("purchase", {"category": "polos", "order_id": order_id, "amount": amount}, **fields)
