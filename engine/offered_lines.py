"""Offered lines: what models read of the actions that may be chosen, each at the step at which it fits the customer.

Never a probability, never a rule about eligibility.
"""

from collections.abc import Iterable, Sequence

from engine.eligibility import Eligible
from engine.fit import category_steps


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
    if not options.openings.get(channel):
        return 0
    return max([lively[hour] for hour in options.hours(channel).values()])


def slot_lines(options: Eligible, channel: str, slots: Iterable[str], lively: Sequence[int]) -> dict[str, str]:
    """Return the line of each of these open slots at the step at which its send time fits the customer."""
    hours, lines = options.hours(channel), options.catalogue.channels[channel].slot_lines
    return {slot: lines[slot][lively[hours[slot]]] for slot in slots}
