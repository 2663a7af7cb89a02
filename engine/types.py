"""The frozen records that travel: what is asked of the engine and what it answers. Never behaviour, never wire types.

Times are whole microseconds since 1970-01-01T00:00Z and end in `_time_us`.
"""

from msgspec import Struct, field

NOTHING = "nothing"
"""The router's action that sends no message; no channel may have this name."""


class Features(Struct, frozen=True, omit_defaults=True, gc=False):
    """Numbers and categories known about a customer or a moment; names are free, values are limited by `features`."""

    numbers: dict[str, float] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)


CUSTOMER_ID = "customer_id"
"""The type of the identity that is the caller's own key for a customer."""


class Identity(Struct, frozen=True):
    """A key a customer is known by: its type, such as cookie, email, phone or app, and its value."""

    type: str
    value: str


class DecideRequest(Struct, frozen=True):
    """One customer, one moment: what may be said to her, where and when?

    `request_id` makes the request idempotent; empty means the caller does not care for that. Empty `channels` and
    `content_ids` mean all that the campaign has. `time_zone` is an IANA name; empty means her own where it is known,
    else the campaign's. The customer is named by `customer_id`, or by an `identity` of another type in its place.
    """

    campaign: str
    customer_id: str = ""
    context: Features = Features()
    request_id: str = ""
    channels: tuple[str, ...] = ()
    content_ids: tuple[str, ...] = ()
    time_zone: str = ""
    identity: Identity | None = None

    @property
    def who(self) -> Identity:
        """The identity that names the customer."""
        return self.identity or Identity(CUSTOMER_ID, self.customer_id)


class RewardRequest(Struct, frozen=True):
    """What came of a decision: a declared outcome, an explicit value in the campaign's reward range, or both.

    `value` given together with `outcome` replaces what the campaign says the outcome is worth. `occur_time_us` is when
    it happened; None means now. `amount` is what an outcome's formula is over, such as the money of a purchase.
    """

    decision_id: str
    reward_id: str = ""
    outcome: str = ""
    value: float | None = None
    occur_time_us: int | None = None
    amount: float | None = None


class RewardReceipt(Struct, frozen=True):
    """What the engine made of a reward: the value it logged, and whether this very reward had been received before.

    `late` says that it came after the decision's window had closed: it is logged and counted, and the models that serve
    do not learn it.
    `final_value` is the decision's reward with all its outcomes so far. `quarantined` says why the gate put the reward
    aside, so that nothing learns it and `final_value` is without it; empty where it did not.
    """

    reward_id: str
    decision_id: str
    value: float
    duplicate: bool
    late: bool
    final_value: float
    quarantined: str = ""


class ActivateRequest(Struct, frozen=True):
    """A decision was carried out: its message left, at `activate_time_us` (None means now)."""

    decision_id: str
    activate_time_us: int | None = None


class ActivateReceipt(Struct, frozen=True):
    """Whether the decision had been activated before, and when its reward window closes; None where it has none."""

    decision_id: str
    duplicate: bool
    close_time_us: int | None


class CampaignStatus(Struct, frozen=True):
    """A campaign as it stands: its latest applied version, that version's YAML text, and whether it is paused."""

    name: str
    version: int
    source: str
    applied_time_us: int
    paused: bool
