"""Why what is not eligible is not: the same rules asked once more, for people. Never a decision, never a draw."""

from collections.abc import Generator, Iterator
from itertools import islice

from engine.campaign.catalogue import Catalogue, ChannelCatalogue
from engine.campaign.channels import Channel, MessageLimit
from engine.campaign.contents import Content
from engine.campaign.spec import Campaign
from engine.customers.message_limits import within_limits
from engine.customers.requests import PREFERRED_CHANNEL
from engine.eligibility.calendar import Calendar
from engine.eligibility.moment import Moment
from engine.eligibility.removals import Because, Removal
from engine.eligibility.rules import Bound, bound, channel_rule, content_rule, sending_rule, slot_rule
from engine.times import shown_time

MAX_REMOVALS = 5_000


def removals(catalogue: Catalogue, moment: Moment, calendar: Calendar) -> tuple[Removal, ...]:
    """Return what the rules remove for a customer at a moment: contents everywhere first, then channel by channel."""
    return tuple(islice(_removals(catalogue, moment, calendar), MAX_REMOVALS))


def _removals(catalogue: Catalogue, moment: Moment, calendar: Calendar) -> Iterator[Removal]:
    campaign = catalogue.campaign
    for content_id, content in campaign.contents.items():
        if because := content_rule(content_id, content, moment):
            yield Removal(because, content_id=content_id, detail=_content_detail(because, content, moment))
    usable = []
    for name, offer in catalogue.channels.items():
        if because := channel_rule(name, offer.channel, campaign, moment):
            yield Removal(because, name, detail=_channel_detail(because, offer.channel, campaign, moment))
        elif (yield from _within(name, offer, campaign, moment, calendar)):
            usable.append(name)
    preferred = moment.customer.attributes.get(PREFERRED_CHANNEL, "")
    for name in usable if preferred in usable else ():
        if name != preferred:
            yield Removal(Because.PREFERENCE, name, detail=f"she prefers {preferred}")


def _within(
    name: str, offer: ChannelCatalogue, campaign: Campaign, moment: Moment, calendar: Calendar
) -> Generator[Removal, None, bool]:
    """Yield what is removed of a channel that may be used as such; return whether anything is left of it."""
    limited = bound(name, offer.channel, campaign, moment)
    opened = {}
    for slot, intervals in offer.slot_intervals.items():
        time_us = calendar.send_time_us(intervals, moment.zone, moment.now_us)
        if because := slot_rule(time_us, limited):
            yield Removal(because, name, send_slot=slot, detail=_limit_detail(time_us, limited))
        else:
            opened[slot] = time_us
    if not opened:
        return False
    left = 0
    for content_id in offer.contents:
        if content_rule(content_id, offer.contents[content_id], moment) is None:
            left += yield from _sendings(name, content_id, campaign, opened, moment)
    if not left:
        yield Removal(Because.NO_CONTENT, name, detail="no content may be sent in an open slot")
    return left > 0


def _sendings(
    name: str, content_id: str, campaign: Campaign, opened: dict[str, int], moment: Moment
) -> Generator[Removal, None, int]:
    """Yield in which open slots a content may not be sent, at once where in none; return in how many it may."""
    content = campaign.contents[content_id]
    found = {
        slot: because
        for slot, time_us in opened.items()
        if (because := sending_rule(content_id, content, campaign, time_us, moment))
    }
    left = len(opened) - len(found)
    for slot, because in list(found.items()) if left else list(found.items())[:1]:
        detail = _sending_detail(because, content)
        yield Removal(because, name, content_id, slot if left else "", detail)
    return left


def _channel_detail(because: Because, channel: Channel, campaign: Campaign, moment: Moment) -> str:
    if because in (Because.CONSENT_REFUSED, Because.CONSENT_MISSING):
        return f"for the purpose {campaign.purpose}"
    if because is Because.NOT_REACHABLE:
        return f"needs an identity of type {' or '.join(channel.reached_by)}"
    if because is Because.AUDIENCE:
        audiences = (("campaign", campaign.audience), ("channel", channel.audience))
        return next(
            f"the {owner}'s audience {problem}"
            for owner, text in audiences
            if text and (problem := moment.facts.problem(text))
        )
    return "the request names other channels"


def _content_detail(because: Because, content: Content, moment: Moment) -> str:
    if because is Because.OUT_OF_STOCK:
        return f"nothing is left of {content.sku}"
    if because is Because.FAMILIARITY:
        return f"is for customers who are {content.familiarity}; she is {moment.customer.level.name.lower()}"
    if because is Because.AUDIENCE:
        return f"the content's audience {moment.facts.problem(content.audience or '')}"
    return "the request names other contents"


def _limit_detail(send_time_us: int, limited: Bound) -> str:
    """Name the limit that one more message would break."""
    broken: Iterator[MessageLimit] = (
        limit for _, times, limits in limited for limit in limits if not within_limits(times, send_time_us, (limit,))
    )
    limit = next(broken)
    return f"{limit.messages} per {limit.per}"


def _sending_detail(because: Because, content: Content) -> str:
    if because is Because.COOL_DOWN:
        return f"once in {content.cool_down}"
    first = "" if content.valid_from_us is None else f" from {shown_time(content.valid_from_us)}"
    end = "" if content.valid_until_us is None else f" before {shown_time(content.valid_until_us)}"
    return f"valid{first}{end}"
