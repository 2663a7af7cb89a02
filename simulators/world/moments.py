"""Moments: what may be chosen for a batch of customers, and what was chosen. Never a hidden taste: all may see it."""

from msgspec import Struct

from simulators.world.arrays import Bools, Ints


class Moments(Struct, frozen=True):
    """B decisions to take at one time, and what may be chosen for each by the campaign's rules.

    `index` (B,) numbers them over the whole run, `who` (B,) are customers, all different. `city` (B,) is the city whose
    clock she is contacted by, as far as the shop knows it; `hour` and `weekend` (B,) are what that clock shows. `open`
    (B, P, K) says which slots and contents go together now, `send_us` (B, P) when each slot sends. `channels` (B, C)
    are those she has not refused, `in_stock` (K,) the contents there are. Sending nothing is always possible.
    """

    now_us: int
    index: Ints
    who: Ints
    city: Ints
    hour: Ints
    weekend: Bools
    open: Bools
    send_us: Ints
    channels: Bools
    in_stock: Bools

    @property
    def count(self) -> int:
        """How many decisions."""
        return len(self.who)


class Chosen(Struct, frozen=True):
    """What was chosen for B moments: slot and content by number, both -1 where nothing is sent.

    `explored` says that a less probable or less promising choice was made so as to learn.
    """

    slot: Ints
    content: Ints
    explored: Bools


class Outcome(Struct, frozen=True, order=True):
    """Something that came of a message, in the order of time; `number` tells outcomes of one decision apart.

    `index` numbers the decision, `name` is the campaign's word for it. `who` is the customer, `slot` and `content` what
    she was sent.
    """

    time_us: int
    index: int
    number: int
    name: str
    who: int
    slot: int
    content: int


class Told(Struct, frozen=True):
    """Attributes that a customer declared, at a moment."""

    time_us: int
    who: int
    attributes: dict[str, str]
