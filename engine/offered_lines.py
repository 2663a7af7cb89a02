"""Offered lines: what models read of the actions that may be chosen, each at the step at which it fits the customer.

Never a probability, never a rule about eligibility.
"""

from collections.abc import Iterable, Sequence

from engine.eligibility import Eligible
from engine.fit import category_steps
from engine.times import hour_of_week
from engine.types import NOTHING


def content_lines(options: Eligible, channel: str) -> dict[str, str]:
    """Return the line of each eligible content at the step at which it fits the customer."""
    offer = options.catalogue.channels[channel]
    steps, category_of = category_steps(options.moment.told, offer.categories), offer.category_of
    offered = options.content_lines(channel).items()
    return {content_id: lines[steps[category_of[content_id]]] for content_id, lines in offered}


def route_steps(options: Eligible, lively: Sequence[int]) -> dict[str, int]:
    """Return the step at which each of the router's actions fits the customer: that of the best of its open slots.

    `lively` are the steps of her week's hours; sending nothing fits nobody.
    """
    now_us, now_hour = options.moment.now_us, hour_of_week(options.moment.local)
    steps = {
        channel: max([lively[one.hour if one.time_us > now_us else now_hour] for one in opens.values()], default=0)
        for channel, opens in options.openings.items()
    }
    if options.catalogue.campaign.send_nothing.allowed:
        steps[NOTHING] = 0
    return steps


def slot_lines(options: Eligible, channel: str, slots: Iterable[str], lively: Sequence[int]) -> dict[str, str]:
    """Return the line of each of these open slots at the step at which its send time fits the customer."""
    hours, lines = options.hours(channel), options.catalogue.channels[channel].slot_lines
    return {slot: lines[slot][lively[hours[slot]]] for slot in slots}
