"""Learning: which models take which lesson from a rewarded decision.

Never a draw, never the log, never Vowpal Wabbit's own words beyond its Bandit.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from engine.campaign.catalogue import Catalogue
from engine.events import DecisionTaken
from engine.policy import content_name, router_name, slot_name
from engine.types import NOTHING
from engine.vowpal_wabbit import Bandit

OWN_WEIGHT, LENT_WEIGHT = 2, 1
"""A channel's own event counts twice what it counts for the other channels, which starve without each other's."""


class Lesson(Struct, frozen=True):
    """One model's update: the shared line, the chosen action's line, its cost in [-1, 1] and how much it counts."""

    model: str
    shared: str
    action: str
    cost: float
    weight: int


def lessons(
    decision: DecisionTaken, value: float, shared: str, taken: Catalogue, current: Catalogue
) -> Iterator[Lesson]:
    """Yield what a reward of this value teaches, under the campaign version `taken` then and the `current` one's scale.

    The router learns of every decision, in which the price of silence is taken from the value of sending nothing; a
    channel's content and send-slot models learn of their own decisions in full and of other channels' at half weight,
    where the content fits them. A control decision teaches nothing: the treated may not learn from their yardstick.
    """
    if decision.control:
        return
    campaign, name = current.campaign, decision.campaign
    paid = campaign.send_nothing.price if decision.channel == NOTHING else 0.0
    cost = cost_of(value - paid, campaign.reward.scale)
    yield Lesson(router_name(name), shared, taken.router_lines[decision.channel], cost, OWN_WEIGHT)
    if decision.channel == NOTHING:
        return
    offer = taken.channels[decision.channel]
    content_line, slot_line = offer.content_lines[decision.content_id], offer.slot_lines[decision.send_slot]
    for channel, other in current.channels.items():
        weight = OWN_WEIGHT if channel == decision.channel else LENT_WEIGHT
        if weight == OWN_WEIGHT or decision.content_id in other.contents:
            yield Lesson(content_name(name, channel), shared, content_line, cost, weight)
        yield Lesson(slot_name(name, channel), shared, slot_line, cost, weight)


def cost_of(value: float, scale: float) -> float:
    """Return Vowpal Wabbit's cost of a reward: its negative, in units of the campaign's scale, clipped to [-1, 1]."""
    return -max(-1.0, min(1.0, value / scale))


def learn(models: Mapping[str, Bandit], lesson: Lesson) -> None:
    """Apply one lesson; a model that this version of the campaign does not have has nothing to learn."""
    model = models.get(lesson.model)
    if model is not None:
        model.learn(lesson.shared, lesson.action, lesson.cost, lesson.weight)
