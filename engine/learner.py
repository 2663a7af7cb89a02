"""Learning: which models take which lesson from a rewarded decision.

Never a draw, never the log, never Vowpal Wabbit's own words beyond its Bandit.
"""

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct

from engine.campaign.catalogue import Catalogue, ChannelCatalogue
from engine.events import DecisionTaken, LoggedEvent
from engine.features import shared_text
from engine.fit import category_steps, hour_step
from engine.folds import Half
from engine.model_bytes import ModelFailed
from engine.policy import content_name, router_name, slot_name
from engine.reward_unit import LARGEST, RewardUnit, count_rewards
from engine.times import hour_of_week, local_minute, local_time
from engine.tried import FULL_WEIGHT
from engine.types import NOTHING
from engine.vowpal_wabbit import Bandit

OWN_WEIGHT, LENT_WEIGHT = FULL_WEIGHT, 1
"""A channel's own event counts twice what it counts for the other channels, which starve without each other's."""
HEEDED = ("/content", "/router")
"""Models that heed whether the world has turned over, in the lessons of their own messages and where these come in the
order in which messages were sent. Errors of send-slot models follow each other by hours and days, which looks like it;
so does what is learned provisionally: first all that was earned, and then all that was not."""


class Lesson(Struct, frozen=True):
    """One model's update: the shared line, the chosen action's line, its cost in reward units, how much it counts."""

    model: str
    shared: str
    action: str
    cost: float
    weight: int


class Rewarded(Struct, frozen=True):
    """A decision to learn from: its shared line, the campaign version it was taken under, and the current one."""

    decision: DecisionTaken
    shared: str
    taken: Catalogue
    current: Catalogue


def rewarded_decision(logged: LoggedEvent, decision: DecisionTaken, taken: Catalogue, current: Catalogue) -> Rewarded:
    """Return a logged decision as its models saw it, ready to learn from."""
    local = local_time(logged.time_us, ZoneInfo(decision.time_zone))
    shared = shared_text(decision.context, decision.context_told, local, decision.profile)
    return Rewarded(decision=decision, shared=shared, taken=taken, current=current)


def decision_in(logged: LoggedEvent) -> DecisionTaken:
    """Return the decision that an event is; raises TypeError where it is none."""
    if not isinstance(logged.event, DecisionTaken):
        raise TypeError(f"event {logged.seq} of the log is rewarded but is no decision")
    return logged.event


def count_taught(unit: RewardUnit, decision: DecisionTaken, halves: Sequence[Half]) -> float:
    """Count what a decision teaches in its campaign's unit, and return the size thereafter; a control's counts not."""
    return count_rewards(unit, () if decision.control else [half.value for half in halves])


def teach(models: Mapping[str, Bandit], rewarded: Rewarded, half: Half, unit: float) -> dict[str, bool]:
    """Let every model that a decision concerns learn its value, or its second half where the first was `learned`.

    What a model knows in another reward unit it knows in this one first.

    What is learned provisionally is a half: the second half mirrors the first in the value, so that their mean is the
    value, whatever was learned at once. Every decision of such a campaign teaches both halves, so that all weigh the
    same, and no half lies further from the value than the other: a correction cannot run away.

    Returns which models were taught, and whether they learned: where one fails the others still learn, and the same
    happens again at every replay. A model that is not given has nothing to learn.
    """
    before = None if half.learned is None else lessons(rewarded, half.learned, unit, noticed=half.noticed)
    heeding, taught = rewarded.current.campaign.learn == "at_close", {}
    for lesson in lessons(rewarded, half.value, unit, noticed=half.noticed):
        first_cost = next(before).cost if before else lesson.cost
        if model := models.get(lesson.model):
            taught[lesson.model] = _learned(model, lesson, 2 * lesson.cost - first_cost, unit, heeding=heeding)
    return taught


def _learned(model: Bandit, lesson: Lesson, cost: float, unit: float, *, heeding: bool) -> bool:
    try:
        model.measure_in(unit)
        heeded = heeding and lesson.weight == OWN_WEIGHT and lesson.model.endswith(HEEDED)
        model.learn(lesson.shared, lesson.action, cost, lesson.weight, heeding=heeded)
    except ModelFailed:
        return False
    return True


def lessons(rewarded: Rewarded, value: float, unit: float, *, noticed: bool | None = None) -> Iterator[Lesson]:
    """Yield what a decision of this value teaches, in parts of this reward unit.

    What a message earns is the chance that it is noticed times what it is worth once it is. Where a channel is told
    which messages were noticed, the two are learned apart, each without the other's luck: send-slot models learn
    whether one was, content models what those were worth that were. The router learns what both come to.

    The router learns of every decision, in which the price of silence is taken from the value of sending nothing; a
    channel's content and send-slot models learn of their own decisions in full and of other channels' at half weight,
    where the content fits them. A control decision teaches nothing: the treated may not learn from their yardstick.
    """
    decision, shared, taken, current = rewarded.decision, rewarded.shared, rewarded.taken, rewarded.current
    if decision.control:
        return
    campaign, name = current.campaign, decision.campaign
    paid = campaign.send_nothing.price if decision.channel == NOTHING else 0.0
    cost = cost_of(value - paid, unit)
    yield Lesson(router_name(name), shared, taken.router_lines[decision.channel][decision.route_fit], cost, OWN_WEIGHT)
    if decision.channel == NOTHING:
        return
    offer = taken.channels[decision.channel]
    content_line, slot_line = _chosen_lines(decision, offer)
    slot_cost = cost if noticed is None else -float(noticed)
    for channel, other in current.channels.items():
        weight = OWN_WEIGHT if channel == decision.channel else LENT_WEIGHT
        if noticed is not False and (weight == OWN_WEIGHT or decision.content_id in other.contents):
            yield Lesson(content_name(name, channel), shared, content_line, cost, weight)
        yield Lesson(slot_name(name, channel), shared, slot_line, slot_cost, weight)


def _chosen_lines(decision: DecisionTaken, offer: ChannelCatalogue) -> tuple[str, str]:
    """Return the lines of the chosen content and slot as their models saw them, at the steps at which they fitted."""
    told, category = decision.profile, offer.contents[decision.content_id].category
    sent_us = decision.send_time_us
    if sent_us is None:
        raise ValueError("a decision that sends something has a send time")
    hour = hour_of_week(local_minute(sent_us, ZoneInfo(decision.time_zone)))
    content_step = category_steps(told, offer.categories)[category]
    slot_step = hour_step(told, hour)
    return offer.content_lines[decision.content_id][content_step], offer.slot_lines[decision.send_slot][slot_step]


def cost_of(value: float, unit: float) -> float:
    """Return Vowpal Wabbit's cost of a reward: its negative in reward units, clipped to the largest that counts."""
    return -max(-LARGEST, min(LARGEST, value / unit))
