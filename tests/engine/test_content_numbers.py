"""What numbers of contents promise: they are learned from alike, however large they happen to be."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.campaign.catalogue import catalogue, teaches_otherwise
from engine.campaign.content_numbers import MOST, UsualAmongContents, numbers_of, usual_among
from engine.campaign.contents import Content
from engine.vowpal_wabbit import Bandit
from tests.engine import clicks

NUMBERS = st.floats(-1e6, 1e6)
CONTENTS, LESSONS = 20, 300


def rated(*ratings: float | None) -> list[Content]:
    """Return contents with a marketer's own number each, or none."""
    return [Content(category="polos", features={} if rating is None else {"rating": rating}) for rating in ratings]


def usual_of(*values: float | None) -> UsualAmongContents:
    """Return what is usual of that number among them."""
    return usual_among(rated(*values))["features/rating"]


def priced(prices: list[float]) -> str:
    """Return a campaign of contents k0, k1 and so on of these prices."""
    contents = ", ".join(f"k{number}: {{category: any, price: {price:.2f}}}" for number, price in enumerate(prices))
    return clicks.source(["any"]).replace("k0: {category: any}", contents)


@given(st.lists(NUMBERS, min_size=1, max_size=30), NUMBERS, NUMBERS)
def test_a_number_is_told_within_bounds_and_more_is_never_told_as_less(
    values: list[float], one: float, other: float
) -> None:
    """Whatever the contents are, a number is told within three deviations and in the order in which numbers are."""
    usual = usual_of(*values)
    assert -MOST <= usual.told(min(one, other)) <= usual.told(max(one, other)) <= MOST


@given(st.lists(NUMBERS, min_size=2, max_size=30))
def test_what_contents_are_told_lies_around_nothing(values: list[float]) -> None:
    """Steps leave the mean of all within a deviation of 0, and nobody's number is told louder than by half again."""
    usual = usual_of(*values)
    told = [usual.told(value) for value in values]
    assert abs(sum(told)) / len(told) <= 1.0 + 1e-6
    assert sum(one * one for one in told) / len(told) <= 2.0 + 1.0 + 1e-6  # (√2)² about a mean of at most 1


@given(NUMBERS, st.integers(1, 30))
def test_what_all_contents_have_alike_is_not_told(value: float, count: int) -> None:
    """A number that tells no content from another says nothing, whatever else is asked about it."""
    usual = usual_of(*[value] * count)
    assert usual.told(value) == usual.told(value + 1.0) == 0.0


def test_a_content_without_the_number_is_neither_counted_nor_told() -> None:
    """What has no price is neither cheap nor dear."""
    assert usual_of(1.0, None, 3.0) == usual_of(1.0, 3.0)
    assert numbers_of(rated(None)[0]) == {}


def test_a_price_is_no_marketers_own_number_of_that_name() -> None:
    """A feature called price stands beside the price, each with what is usual of its own."""
    content = Content(category="polos", price=30, features={"price": 5.0, "colour": "red"})
    assert numbers_of(content) == {"price": 30, "features/price": 5.0}


def test_a_content_more_hardly_ever_changes_what_is_told_of_the_others() -> None:
    """What is usual is known in steps, so that a content like the others seldom makes a rebuild due: one time in six
    at most, of 200 catalogues of 24 prices.
    """
    dice, changed = Random(5), 0
    for _ in range(200):
        prices = [dice.lognormvariate(4, 0.5) for _ in range(25)]
        before, after = (catalogue(priced(some), 1) for some in (prices[:24], prices))
        changed += teaches_otherwise(before, after)
    assert changed <= 200 / 6


@pytest.mark.parametrize("middle", [3.0, 40.0, 9_000.0])
def test_a_price_tells_what_to_expect_of_contents_that_nobody_has_seen(middle: float) -> None:
    """Taught which of twenty contents one segment likes, the dear ones, and another, the cheap ones, a model knows it
    of twenty others.

    Told as they are, compressed, prices had told it of eleven, as chance would.
    """
    dice, model = Random(7), Bandit()
    prices = [middle * dice.uniform(0.6, 1.4) for _ in range(2 * CONTENTS)]
    lines = [lines[0] for lines in catalogue(priced(prices), 1).channels["web"].content_lines.values()]
    dear = [price > sorted(prices)[CONTENTS] for price in prices]
    shared = [f"shared |X:2 +segment={name}" for name in ("thrifty", "lavish")]
    for _ in range(LESSONS):
        content, segment = dice.randrange(CONTENTS), dice.randrange(2)
        model.learn(shared[segment], lines[content], -float(dear[content] == bool(segment)), 2)
    unseen = range(CONTENTS, 2 * CONTENTS)
    lavish = [model.expected_cost(shared[1], lines[one]) < model.expected_cost(shared[0], lines[one]) for one in unseen]
    right = sum(found == dear[one] for found, one in zip(lavish, unseen, strict=True))
    assert right >= 17
