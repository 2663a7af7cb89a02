"""What may be chosen: the channels, their open slots and contents that no rule removes. Never why, never a model."""

from msgspec import Struct

from engine.campaign.catalogue import Catalogue, ChannelCatalogue
from engine.campaign.contents import Content
from engine.campaign.spec import Campaign
from engine.customers.requests import PREFERRED_CHANNEL
from engine.eligibility.calendar import Calendar
from engine.eligibility.moment import Moment
from engine.eligibility.rules import bound, channel_rule, content_rule, sending_rule, slot_rule
from engine.types import NOTHING


class Eligible(Struct, frozen=True):
    """What may be chosen at a moment: each usable channel's open slots with their send times."""

    campaign: Campaign
    moment: Moment
    send_times_us: dict[str, dict[str, int]]

    def contents(self, offer: ChannelCatalogue, channel: str) -> dict[str, tuple[str, ...]]:
        """Return the channel's eligible contents, each with the open slots that it may be sent in."""
        send_times_us = self.send_times_us[channel]
        wanted = self.moment.content_ids
        free = (content_id for content_id in offer.free if not wanted or content_id in wanted)
        found = dict.fromkeys(free, tuple(send_times_us))
        for content_id, content in offer.ruled.items():
            if slots := sendable(content_id, content, self.campaign, send_times_us, self.moment):
                found[content_id] = slots
        return found


def eligible(catalogue: Catalogue, moment: Moment, calendar: Calendar) -> Eligible:
    """Return what may be chosen for a customer at a moment.

    A slot is open where a message at its next send time keeps every limit. A channel is usable where no rule removes it
    and some content may be sent in one of its open slots. Of the usable channels only the one she prefers is left, if
    it is among them.
    """
    campaign = catalogue.campaign
    found = {}
    for name, offer in catalogue.channels.items():
        if channel_rule(name, offer.channel, campaign, moment) is None:
            send_times_us = open_slots(name, offer, campaign, moment, calendar)
            if send_times_us and _any_content(offer, campaign, send_times_us, moment):
                found[name] = send_times_us
    preferred = moment.customer.attributes.get(PREFERRED_CHANNEL, "")
    if preferred in found:
        found = {preferred: found[preferred]}
    return Eligible(campaign=campaign, moment=moment, send_times_us=found)


def open_slots(
    name: str, offer: ChannelCatalogue, campaign: Campaign, moment: Moment, calendar: Calendar
) -> dict[str, int]:
    """Return the send time of each slot in which one more message keeps every limit."""
    limited = bound(name, offer.channel, campaign, moment)
    found = {}
    for slot, intervals in offer.slot_intervals.items():
        send_time_us = calendar.send_time_us(intervals, moment.zone, moment.now_us)
        if slot_rule(send_time_us, limited) is None:
            found[slot] = send_time_us
    return found


def sendable(
    content_id: str, content: Content, campaign: Campaign, send_times_us: dict[str, int], moment: Moment
) -> tuple[str, ...]:
    """Return the open slots that a content may be sent in."""
    if content_rule(content_id, content, moment) is not None:
        return ()
    return tuple(
        slot
        for slot, time_us in send_times_us.items()
        if sending_rule(content_id, content, campaign, time_us, moment) is None
    )


def _any_content(offer: ChannelCatalogue, campaign: Campaign, send_times_us: dict[str, int], moment: Moment) -> bool:
    wanted = moment.content_ids
    if offer.free and (not wanted or not wanted.isdisjoint(offer.free)):
        return True
    return any(
        sendable(content_id, content, campaign, send_times_us, moment) for content_id, content in offer.ruled.items()
    )


def routes(options: Eligible, nothing_allowed: bool) -> tuple[str, ...]:
    """Return the router's eligible actions: the usable channels, and nothing where the campaign allows it."""
    return (*options.send_times_us, NOTHING) if nothing_allowed else tuple(options.send_times_us)
