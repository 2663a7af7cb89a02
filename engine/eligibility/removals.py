"""Why something may not be chosen. Never a text that costs time where nobody asked for it."""

from enum import StrEnum

from msgspec import Struct


class Because(StrEnum):
    """The rule that took something out of the choice."""

    NOT_REQUESTED = "not_requested"  # the request names others
    CONSENT_REFUSED = "consent_refused"  # she refused the channel for the campaign's purpose
    CONSENT_MISSING = "consent_missing"  # the channel needs her consent for the purpose, and she has not given it
    NOT_REACHABLE = "not_reachable"  # she has no identity that the channel could reach her by
    AUDIENCE = "audience"  # she does not belong to the audience of the campaign, the channel or the content
    CHANNEL_LIMIT = "channel_limit"  # one more message would break a limit of the channel
    CAMPAIGN_LIMIT = "campaign_limit"  # one more message would break a limit of the campaign
    OVERALL_LIMIT = "overall_limit"  # one more message would break a limit on all messages
    OUT_OF_STOCK = "out_of_stock"  # nothing is left of the content's SKU
    FAMILIARITY = "familiarity"  # the brand is not familiar enough with her for the content
    NOT_VALID = "not_valid"  # the content is not valid at the send time
    COOL_DOWN = "cool_down"  # she got the content too short a time before or after
    NO_CONTENT = "no_content"  # no content is left for the channel
    PREFERENCE = "preference"  # she prefers another channel, which may be used


class Removal(Struct, frozen=True):
    """Something that may not be chosen: a channel, a content or a send slot, alone or together, and why.

    An empty field means all: a content without a channel may be sent on none. `detail` says more for people.
    """

    because: Because
    channel: str = ""
    content_id: str = ""
    send_slot: str = ""
    detail: str = ""
