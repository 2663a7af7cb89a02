"""The rules: each tells why something may not be chosen, or None where it may. Never a text, never an order of choice.

Whoever asks what may be chosen, and whoever explains what may not, asks the same rules.
"""

from bisect import bisect_right

from engine.campaign.channels import Channel, MessageLimit
from engine.campaign.contents import Content
from engine.campaign.spec import Campaign
from engine.customers.familiarity import Familiarity
from engine.customers.message_limits import within_limits
from engine.eligibility.moment import Moment
from engine.eligibility.removals import Because

LEVELS = {level.name.lower(): level for level in Familiarity}

Bound = tuple[tuple[Because, list[int], tuple[MessageLimit, ...]], ...]
"""The limits on a channel's messages that could bind: why, the send times they count, and the limits."""


def channel_rule(name: str, channel: Channel, campaign: Campaign, moment: Moment) -> Because | None:
    """Tell why a channel may not be used, whatever is sent on it and when."""
    if moment.channels and name not in moment.channels:
        return Because.NOT_REQUESTED
    customer = moment.customer
    if customer.consents or channel.consent == "required":
        word = customer.consent(name, campaign.purpose)
        if word == "refused":
            return Because.CONSENT_REFUSED
        if not word and channel.consent == "required":
            return Because.CONSENT_MISSING
    if channel.reached_by and customer.identity_types.isdisjoint(channel.reached_by):
        return Because.NOT_REACHABLE
    if any(text and moment.facts.problem(text) for text in (campaign.audience, channel.audience)):
        return Because.AUDIENCE
    return None


def bound(name: str, channel: Channel, campaign: Campaign, moment: Moment) -> Bound:
    """Return the limits that one more message on a channel could break: lately there were as many as they allow."""
    found: list[tuple[Because, list[int], tuple[MessageLimit, ...]]] = []
    if _near(channel.message_limits, moment):
        found.append((Because.CHANNEL_LIMIT, moment.customer.times(name), channel.message_limits))
    if _near(campaign.message_limits, moment):
        times = [contact.time_us for contact in moment.customer.contacts if contact.campaign == campaign.name]
        found.append((Because.CAMPAIGN_LIMIT, times, campaign.message_limits))
    if _near(moment.overall_limits, moment):
        found.append((Because.OVERALL_LIMIT, moment.send_times_us, moment.overall_limits))
    if not found:
        return ()
    now_us = moment.now_us
    reached = ((because, times, _reached(limits, times, now_us)) for because, times, limits in found)
    return tuple(one for one in reached if one[2])


def _near(limits: tuple[MessageLimit, ...], moment: Moment) -> bool:
    """Tell whether all messages to her together come up to a limit; few ever do, so that this is asked first."""
    if not limits:
        return False
    messages = len(moment.customer.contacts)
    few = [limit for limit in limits if limit.messages <= messages]
    return bool(few) and bool(_reached(tuple(few), moment.send_times_us, moment.now_us))


def _reached(limits: tuple[MessageLimit, ...], times: list[int], now_us: int) -> tuple[MessageLimit, ...]:
    """Return the limits that have as many messages, of those since their stretch before now, as they allow."""
    count = len(times)
    return tuple(limit for limit in limits if limit.messages <= count - bisect_right(times, now_us - limit.per_us))


def slot_rule(send_time_us: int, limited: Bound) -> Because | None:
    """Tell why nothing may be sent on a channel at a time."""
    for because, times, limits in limited:
        if not within_limits(times, send_time_us, limits):
            return because
    return None


def content_rule(content_id: str, content: Content, moment: Moment) -> Because | None:
    """Tell why a content may not be sent to the customer, wherever and whenever."""
    if moment.content_ids and content_id not in moment.content_ids:
        return Because.NOT_REQUESTED
    if content.sku is not None and (stock := moment.stock.get(content.sku)) is not None and stock.units <= 0:
        return Because.OUT_OF_STOCK
    if moment.customer.level < LEVELS[content.familiarity]:
        return Because.FAMILIARITY
    if content.audience and moment.facts.problem(content.audience):
        return Because.AUDIENCE
    return None


def sending_rule(
    content_id: str, content: Content, campaign: Campaign, send_time_us: int, moment: Moment
) -> Because | None:
    """Tell why a content may not be sent to the customer at a time."""
    if send_time_us < (content.valid_from_us or 0):
        return Because.NOT_VALID
    if content.valid_until_us is not None and send_time_us >= content.valid_until_us:
        return Because.NOT_VALID
    if content.cool_down_us and any(
        contact.content_id == content_id
        and contact.campaign == campaign.name
        and abs(contact.time_us - send_time_us) < content.cool_down_us
        for contact in moment.customer.contacts
    ):
        return Because.COOL_DOWN
    return None
