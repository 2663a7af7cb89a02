"""A world in which each customer clicks most on what suits her, and in which nothing else happens. Never a behaviour
under test.
"""

from collections.abc import Callable, Sequence
from random import Random

from engine.engine import Engine
from engine.types import DecideRequest, Features, RewardRequest
from tests.wardrobe import NOON_US, SECOND_US

RIGHT, WRONG = 0.5, 0.1
"""Chances of a click on a content that suits a customer, and on any other."""


def source(categories: Sequence[str]) -> str:
    """Return a campaign of contents k0, k1 and so on of these categories, on one channel that is always open."""
    contents = ", ".join(f"k{number}: {{category: {category}}}" for number, category in enumerate(categories))
    return f"""
campaign: clicks
reward: {{lowest: 0, highest: 1}}
outcomes: {{clicked: 1}}
channels: {{web: {{send_windows: {{now: now}}, reward_window: 1 hour}}}}
contents: {{{contents}}}
"""


def sent_what_suits(
    engine: Engine,
    dice: Random,
    customers: int,
    messages: int,
    *,
    pace_s: int,
    suits: Callable[[int, int], bool],
    context: Callable[[int], Features] = lambda _: Features(),
) -> list[bool]:
    """Return of each message whether it suited its customer, who clicks on it or not at once.

    `suits` tells of a customer and a content whether it does, `context` what is said of a customer with a request.
    """
    suited = []
    for number in range(messages):
        customer, now_us = dice.randrange(customers), NOON_US + number * pace_s * SECOND_US
        request = DecideRequest("clicks", f"customer-{customer}", context(customer), f"asked-{number}")
        decision = engine.decide(request, now_us)
        suited.append(suits(customer, int(decision.content_id[1:])))
        if dice.random() < (RIGHT if suited[-1] else WRONG):
            engine.reward(RewardRequest(decision.decision_id, outcome="clicked"), now_us)
    return suited
