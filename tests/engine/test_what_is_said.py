"""What callers say of a moment, and customers of themselves, weighs enough to be learned from, and not more."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.customer_operations import identify
from engine.customers.types import IdentifyRequest
from engine.engine import Engine
from engine.features import CONTEXT_TOGETHER, PROFILE_WEIGHT, context_weight, profile_text
from engine.types import CUSTOMER_ID, DecideRequest, Features, Identity, RewardRequest
from tests.wardrobe import NOON_US

SEGMENTS, CONTENTS, CUSTOMERS = 4, 8, 60
DECISIONS, JUDGED = 1_000, 300
RIGHT, WRONG = 0.5, 0.1
"""Chances of a click on the content that suits a segment, and on any other."""
SOURCE = f"""
campaign: told
reward: {{lowest: 0, highest: 1}}
outcomes: {{clicked: 1}}
channels: {{web: {{send_windows: {{now: now}}, reward_window: 1 hour}}}}
contents: {{{", ".join(f"k{n}: {{category: any}}" for n in range(CONTENTS))}}}
"""
Said = Callable[[Engine, int, int], Features]
"""Tells the engine a customer's segment, at a time in microseconds, or returns the context that says it."""


def in_context(_engine: Engine, segment: int, _customer: int) -> Features:
    """Say the segment with every request."""
    return Features(categories={"segment": f"s{segment}"})


def declared(engine: Engine, segment: int, customer: int) -> Features:
    """Say the segment as something that the customer declared, where she did not before."""
    request = IdentifyRequest(Identity(CUSTOMER_ID, f"customer-{customer}"), {"city": f"s{segment}"})
    identify(engine, request, NOON_US)
    return Features()


def suited(engine: Engine, said: Said) -> float:
    """Return which part of the last decisions sent the content that suits the segment, of those that suit any."""
    dice, right = Random(7), 0
    known: set[int] = set()
    for number in range(DECISIONS):
        customer, now_us = dice.randrange(CUSTOMERS), NOON_US + number * 60_000_000
        segment = customer % SEGMENTS
        new = said is in_context or customer not in known
        context = said(engine, segment, customer) if new else Features()
        known.add(customer)
        decision = engine.decide(DecideRequest("told", f"customer-{customer}", context, f"asked-{number}"), now_us)
        suits = decision.content_id == f"k{segment}"
        right += suits and number >= DECISIONS - JUDGED
        if dice.random() < (RIGHT if suits else WRONG):
            engine.reward(RewardRequest(decision.decision_id, outcome="clicked"), now_us)
    return right / JUDGED


@pytest.mark.parametrize("said", [in_context, declared])
def test_a_segment_that_is_said_is_learned_within_some_hundred_messages(
    opened: Callable[..., Engine], said: Said
) -> None:
    """Each of four segments gets the one of eight contents that suits it, most of the time, after 700 messages.

    One draw in eight would be right by chance; at a tenth of their weights, 0.3 to 0.5 were.
    """
    assert suited(opened(source=SOURCE), said) > 0.7


@given(st.integers(1, 256))
def test_no_context_weighs_more_than_it_may(count: int) -> None:
    """No feature of a context weighs more than one of an action, and all together no more than four of these."""
    weight = context_weight(count)
    assert 0 < weight <= 1
    assert weight**2 * count <= CONTEXT_TOGETHER + 1e-9
    assert context_weight(count + 1) <= weight


def test_what_she_declared_weighs_the_less_the_more_is_seen_of_her() -> None:
    """It weighs as an action's feature where nothing was seen, and at last less than what was seen."""

    def weight(visits: float) -> float:
        text = profile_text({"city": "Anytown"}, {"visits": visits})
        return PROFILE_WEIGHT * float(text.split()[0].partition(":")[2])

    weights = [weight(visits) for visits in (0.0, 1.0, 3.0, 10.0, 30.0)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == pytest.approx(1.0)
    assert weights[-1] < PROFILE_WEIGHT
