"""Offered lines: what models read of the actions that may be chosen, each at the step at which it fits the customer.

Never a probability, never a rule about eligibility.
"""

from collections.abc import Iterable, Mapping, Sequence

from engine.eligibility import Eligible
from engine.fit import category_steps
from engine.types import NOTHING


def content_lines(options: Eligible, channel: str) -> dict[str, str]:
    """Return the line of each eligible content at the step at which it fits the customer."""
    offer = options.catalogue.channels[channel]
    steps, category_of = category_steps(options.moment.told, offer.categories), offer.category_of
    offered = options.content_lines(channel).items()
    return {content_id: lines[steps[category_of[content_id]]] for content_id, lines in offered}


def route_steps(options: Eligible, hours: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Return the step at which each of the router's actions fits the customer: that of the best of its open slots.

    `hours` are what `options.hours` gives; sending nothing fits nobody.
    """
    lively = options.moment.lively
    steps = {channel: max([lively[hour] for hour in each], default=0) for channel, each in hours.items()}
    if options.catalogue.campaign.send_nothing.allowed:
        steps[NOTHING] = 0
    return steps


def slot_lines(options: Eligible, channel: str, slots: Iterable[str], hours: Sequence[int]) -> dict[str, str]:
    """Return the line of each of these open slots at the step at which its hour fits the customer.

    `hours` are those of all the channel's open slots.
    """
    lively, lines = options.moment.lively, options.catalogue.channels[channel].slot_lines
    hour_of = dict(zip(options.openings[channel], hours, strict=True))
    return {slot: lines[slot][lively[hour_of[slot]]] for slot in slots}
