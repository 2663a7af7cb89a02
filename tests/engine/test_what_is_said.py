"""What callers say of a moment, and customers of themselves, weighs enough to be learned from, and not more."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.customer_operations import identify
from engine.customers.types import IdentifyRequest
from engine.engine import Engine
from engine.features import (
    CONTEXT_MOST,
    CONTEXT_TOGETHER,
    PROFILE_WEIGHT,
    RESPONSES_ALONE,
    context_weight,
    profile_text,
    response_weight,
)
from engine.types import CUSTOMER_ID, Features, Identity
from tests.engine import clicks
from tests.wardrobe import NOON_US

SEGMENTS, CONTENTS, CUSTOMERS = 4, 8, 60
MESSAGES, JUDGED = 1_000, 300


@pytest.mark.parametrize("declared", [False, True])
def test_a_segment_that_is_said_is_learned_within_some_hundred_messages(
    opened: Callable[..., Engine], *, declared: bool
) -> None:
    """Each of four segments gets the one of eight contents that suits it, most of the time, after 700 messages.

    One draw in eight would be right by chance; at a tenth of their weights, 0.3 to 0.5 were. It is said by the context
    of every request, or as something that each customer declared once.
    """
    engine = opened(source=clicks.source(["any"] * CONTENTS))
    for customer in range(CUSTOMERS if declared else 0):
        said = {"city": f"s{customer % SEGMENTS}"}
        identify(engine, IdentifyRequest(Identity(CUSTOMER_ID, f"customer-{customer}"), said), NOON_US)
    suited = clicks.sent_what_suits(
        engine,
        Random(7),
        CUSTOMERS,
        MESSAGES,
        pace_s=60,
        suits=lambda customer, content: content == customer % SEGMENTS,
        context=lambda customer: Features(categories={} if declared else {"segment": f"s{customer % SEGMENTS}"}),
    )
    assert sum(suited[-JUDGED:]) / JUDGED > 0.7


@given(st.integers(1, 256))
def test_no_context_weighs_more_than_it_may(count: int) -> None:
    """No feature of a context weighs more than two of an action, and all together no more than six of these."""
    weight = context_weight(count)
    assert 0 < weight <= CONTEXT_MOST
    assert weight**2 * count <= CONTEXT_TOGETHER + 1e-9
    assert context_weight(count + 1) <= weight


@given(st.integers(1, 256))
def test_what_messages_earned_weighs_more_where_little_else_is_known(count: int) -> None:
    """At most half of an action's feature, the less the more is told of her, and never less than what she did."""
    weight = response_weight(count)
    assert PROFILE_WEIGHT <= weight <= RESPONSES_ALONE
    assert response_weight(count + 1) <= weight


def test_what_messages_earned_is_told_apart() -> None:
    """Under the weight for all that is told, what she did and where she comes from as they were."""
    numbers = {"visits": 2.0, "category/polos": 0.5, "hours/08-10": 1.0, "contacts": 3.0, "earned.channel/app": 0.25}
    declared, *told = profile_text({"city": "Anytown"}, numbers).split()
    assert declared.startswith("@declared/city=Anytown:")
    assert [one.partition(":")[0] for one in told] == [
        "@visits",
        "@category%2Fpolos",
        "|X",
        "@contacts",
        "@earned.channel%2Fapp",
    ]
    assert told[2] == f"|X:{response_weight(4):.3g}"


def test_a_large_reward_drowns_nothing() -> None:
    """A mean reward within 1 is told as it is, a larger one as little more, and more for more."""
    worths = [0.5, 1.0, 1.5, 30.0, 1e6]
    told = [float(profile_text({}, {"earned.channel/app": worth}).rpartition(":")[2]) for worth in worths]
    assert told == sorted(told)
    assert (told[0], told[1]) == (0.5, 1.0)
    assert told[-1] < 20


def test_what_she_declared_weighs_the_less_the_more_is_seen_of_her() -> None:
    """It weighs as an action's feature where nothing was seen, and at last less than what was seen."""

    def weight(visits: float) -> float:
        text = profile_text({"city": "Anytown"}, {"visits": visits})
        return PROFILE_WEIGHT * float(text.split()[0].partition(":")[2])

    weights = [weight(visits) for visits in (0.0, 1.0, 3.0, 10.0, 30.0)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == pytest.approx(1.0)
    assert weights[-1] < PROFILE_WEIGHT
