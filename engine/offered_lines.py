"""Offered lines: what models read of the actions that may be chosen, each at the step at which it fits the customer.

Never a probability, never a rule about eligibility.
"""

from collections.abc import Mapping, Sequence

from engine.eligibility import Eligible
from engine.fit import category_steps, hour_of_week
from engine.times import local_minute


def content_lines(options: Eligible, channel: str) -> dict[str, str]:
    """Return the line of each eligible content at the step at which it fits the customer."""
    offer = options.catalogue.channels[channel]
    steps, category_of = category_steps(options.moment.told, offer.categories), offer.category_of
    offered = options.content_lines(channel).items()
    return {content_id: lines[steps[category_of[content_id]]] for content_id, lines in offered}


def route_step(options: Eligible, channel: str, lively: Sequence[int]) -> int:
    """Return the step at which a channel fits the customer: that of the best of its open slots.

    `lively` are the steps of her week's hours.
    """
    opens_us = options.openings.get(channel)
    if not opens_us:
        return 0
    where, now_us = options.moment.zone, options.moment.now_us
    return max(lively[hour_of_week(local_minute(max(now_us, time_us), where))] for time_us in opens_us.values())


def slot_lines(
    options: Eligible, channel: str, send_times_us: Mapping[str, int], lively: Sequence[int]
) -> dict[str, str]:
    """Return the line of each open slot at the step at which its send time fits the customer."""
    where, lines = options.moment.zone, options.catalogue.channels[channel].slot_lines
    return {
        slot: lines[slot][lively[hour_of_week(local_minute(time_us, where))]] for slot, time_us in send_times_us.items()
    }
