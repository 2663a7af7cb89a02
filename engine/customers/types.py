"""The frozen records of what is told about customers, and what the engine answers. Never behaviour, never wire types.

Times are whole microseconds since 1970-01-01T00:00Z. Raw values stand here only on their way to the keyed hash.
"""

from enum import StrEnum

from msgspec import Struct

from engine.types import Features, Identity


class Consent(Struct, frozen=True):
    """Whether she lets a channel be used for a purpose; an empty channel means every channel."""

    purpose: str
    granted: bool
    channel: str = ""


class IdentifyRequest(Struct, frozen=True):
    """What is known of a customer: attributes and consents, as of `occur_time_us` (None means now).

    An attribute with an empty value is taken back. Of each attribute and each consent the last write by event time
    wins. `event_id` makes the request idempotent; empty means the caller does not care for that.
    """

    identity: Identity
    attributes: dict[str, str] = {}
    consents: tuple[Consent, ...] = ()
    event_id: str = ""
    occur_time_us: int | None = None


class LinkRequest(Struct, frozen=True):
    """Two identities are one customer; or, where it is asked to unlink, they are not linked to each other any more."""

    identity: Identity
    other: Identity
    event_id: str = ""
    occur_time_us: int | None = None


class EventType(StrEnum):
    """What a customer does by herself, as the Segment specification would track it."""

    BROWSE = "browse"
    SEARCH = "search"
    BASKET = "basket"
    PURCHASE = "purchase"
    APP_OPEN = "app_open"
    STORE_VISIT = "store_visit"


class TrackRequest(Struct, frozen=True):
    """Something a customer did by herself, at `occur_time_us` (None means now).

    `device` and `channel` say where she did it. `properties` the engine knows: the categories `category`, `sku`,
    `order_id`, and the numbers `amount` and `quantity`. `event_id` makes the request idempotent.
    """

    identity: Identity
    type: str
    event_id: str = ""
    occur_time_us: int | None = None
    device: str = ""
    channel: str = ""
    properties: Features = Features()


class QuarantineReason(StrEnum):
    """Why a fact was put aside; where several hold, the one that stands first here is named."""

    TEST_ACCOUNT = "test_account"  # she is on the operator's list of test accounts
    PERSONAL_DATA = "personal_data"  # a value looks like an e-mail address or telephone number; it is not kept
    SCHEMA = "schema"  # a property that its type of event needs is missing, or one is unknown or of the wrong kind
    OUT_OF_RANGE = "out_of_range"  # a number that is none, or beyond what is plausible
    TIME_ZONE = "time_zone"  # a declared time zone that is none
    IMPOSSIBLE_TIME = "impossible_time"  # it lies in the future, before 2000, or too long ago
    DUPLICATE_ORDER = "duplicate_order"  # the same order of the same customer came before, under another event
    DUPLICATE_OUTCOME = "duplicate_outcome"  # the same outcome of a decision, at the same time, under another id
    TOO_FAST = "too_fast"  # better than silence within a second of the message: a machine, no person
    INHUMAN_RATE = "inhuman_rate"  # more at once than a person can do
    SHARED_ACCOUNT = "shared_account"  # one identity in more devices, channels or cities at once than a person has


class Receipt(Struct, frozen=True):
    """What became of a fact about a customer.

    `duplicate` says that its event_id came before with the same content, so that nothing changed. `quarantined` says
    why it was put aside instead of learned from; empty where it was not. `seq` is its place in the log.
    """

    seq: int
    duplicate: bool = False
    quarantined: str = ""


class LinkReceipt(Struct, frozen=True):
    """What became of a link or its undoing: its place in the log, whether it changed nothing, whether they are one now.

    Two identities that are unlinked from each other are still one customer where others link them.
    """

    seq: int
    duplicate: bool
    one_customer: bool
