"""What may be chosen: the channels, their open slots and contents that no rule removes. Never why, never a model."""

from collections.abc import Mapping
from functools import lru_cache
from math import inf

from msgspec import Struct

from engine.campaign.catalogue import Catalogue, ChannelCatalogue, Lines
from engine.campaign.contents import Content
from engine.campaign.spec import Campaign
from engine.customers.requests import PREFERRED_CHANNEL
from engine.eligibility.calendar import Calendar, Opening, Openings
from engine.eligibility.moment import Moment
from engine.eligibility.rules import Bound, bound, channel_rule, content_rule, sending_rule, slot_rule
from engine.times import hour_of_week


class Eligible(Struct, frozen=True):
    """What may be chosen at a moment: each usable channel's open slots, with when they open or have opened."""

    catalogue: Catalogue
    moment: Moment
    openings: Openings

    def content_lines(self, channel: str) -> Mapping[str, Lines]:
        """Return the lines of the channel's eligible contents, those without a rule of their own first."""
        offer, wanted = self.catalogue.channels[channel], self.moment.content_ids
        free = offer.free_lines
        if wanted:
            free = {content_id: line for content_id, line in free.items() if content_id in wanted}
        if not offer.ruled:
            return free
        campaign, times_us = self.catalogue.campaign, _send_times_us(self.openings[channel], self.moment)
        return free | {
            content_id: offer.content_lines[content_id]
            for content_id, content in offer.ruled.items()
            if sendable(content_id, content, campaign, times_us, self.moment)
        }

    def hours(self) -> dict[str, list[int]]:
        """Return the hour of her week at which a message would leave in each open slot, by channel, in their order."""
        now_us, now_hour = self.moment.now_us, hour_of_week(self.moment.local)
        return {
            channel: [one.hour if one.time_us > now_us else now_hour for one in opens.values()]
            for channel, opens in self.openings.items()
        }

    def send_times_us(self, channel: str, content_id: str) -> dict[str, int]:
        """Return the open slots that an eligible content may be sent in, or one with rules of its own, and when."""
        send_times_us = _send_times_us(self.openings[channel], self.moment)
        content = self.catalogue.channels[channel].ruled.get(content_id)
        if content is None:
            return send_times_us
        return sendable(content_id, content, self.catalogue.campaign, send_times_us, self.moment)


def eligible(catalogue: Catalogue, moment: Moment, calendar: Calendar) -> Eligible:
    """Return what may be chosen for a customer at a moment.

    A slot is open where a message at its next send time keeps every limit. A channel is usable where no rule removes it
    and some content may be sent in one of its open slots. Of the usable channels only the one she prefers is left, if
    it is among them.
    """
    openings = calendar.openings(catalogue, moment.zone, moment.now_us)
    near = _near_a_limit(catalogue, moment)
    found = openings if _unruled(catalogue, moment) and not near else _usable(catalogue, moment, openings, near=near)
    preferred = moment.customer.attributes.get(PREFERRED_CHANNEL, "")
    if preferred in found:
        found = {preferred: found[preferred]}
    return Eligible(catalogue, moment, found)


def _unruled(catalogue: Catalogue, moment: Moment) -> bool:
    """Tell whether no rule can remove a channel: nothing is asked for, she said nothing, and each is for everybody."""
    if moment.channels or moment.content_ids or moment.customer.consents:
        return False
    return _terms(catalogue)[0]


def _near_a_limit(catalogue: Catalogue, moment: Moment) -> bool:
    """Tell whether she was ever sent as many messages as some limit allows; for most no limit need be looked at."""
    messages = len(moment.customer.contacts)
    return messages >= _terms(catalogue)[1] or any(messages >= limit.messages for limit in moment.overall_limits)


@lru_cache(maxsize=256)
def _terms(catalogue: Catalogue) -> tuple[bool, float]:
    """Return whether every channel is for everybody, with a content that is, and the fewest messages of any limit."""
    offers = catalogue.channels.values()
    limits = (catalogue.campaign.message_limits, *(offer.channel.message_limits for offer in offers))
    open_to_all = all(offer.for_all and offer.free_lines for offer in offers)
    return open_to_all, min((limit.messages for each in limits for limit in each), default=inf)


def _usable(catalogue: Catalogue, moment: Moment, openings: Openings, *, near: bool) -> Openings:
    """Return the open slots of each channel that no rule removes and that has a content for one of them."""
    campaign = catalogue.campaign
    unconditional = not moment.channels and not moment.customer.consents
    found = {}
    for name, offer in catalogue.channels.items():
        if (unconditional and offer.for_all) or channel_rule(name, offer.channel, campaign, moment) is None:
            limited = bound(name, offer.channel, campaign, moment) if near else ()
            opens = _open_slots(openings[name], limited, moment.now_us)
            if opens and _any_content(offer, campaign, opens, moment):
                found[name] = opens
    return found


def _open_slots(opens: dict[str, Opening], limited: Bound, now_us: int) -> dict[str, Opening]:
    """Return the slots in which one more message keeps every limit that could bind: all, where none could."""
    if not limited:
        return opens
    return {slot: one for slot, one in opens.items() if slot_rule(max(now_us, one.time_us), limited) is None}


def _send_times_us(opens: dict[str, Opening], moment: Moment) -> dict[str, int]:
    """Return when a message would leave in each slot: when it opens, or now where it is open."""
    now_us = moment.now_us
    return {slot: one.time_us if one.time_us > now_us else now_us for slot, one in opens.items()}


def sendable(
    content_id: str, content: Content, campaign: Campaign, send_times_us: dict[str, int], moment: Moment
) -> dict[str, int]:
    """Return the open slots that a content may be sent in, and when."""
    if content_rule(content_id, content, moment) is not None:
        return {}
    return {
        slot: time_us
        for slot, time_us in send_times_us.items()
        if sending_rule(content_id, content, campaign, time_us, moment) is None
    }


def _any_content(offer: ChannelCatalogue, campaign: Campaign, opens: dict[str, Opening], moment: Moment) -> bool:
    wanted = moment.content_ids
    if offer.free_lines and (not wanted or not wanted.isdisjoint(offer.free_lines)):
        return True
    send_times_us = _send_times_us(opens, moment)
    return any(
        sendable(content_id, content, campaign, send_times_us, moment) for content_id, content in offer.ruled.items()
    )
