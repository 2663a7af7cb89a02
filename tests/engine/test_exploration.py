"""Laws of exploration: what comes out is a distribution, whatever a model says."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exploration import (
    LESSONS_BEFORE,
    UnsoundProbabilities,
    drawn,
    epsilon_greedy,
    floored,
    maillard,
    mixed,
    sound,
    squarecb,
)

weights = st.lists(st.floats(1e-6, 1), min_size=1, max_size=30)
distributions = weights.map(lambda found: [weight / sum(found) for weight in found])
floors = st.floats(0.001, 0.5)
costs_and_lessons = st.lists(st.tuples(st.floats(-32, 32), st.integers(0, 100_000)), min_size=1, max_size=30)
variances = st.floats(1e-4, 100)


@given(distributions, floors, st.floats(0.01, 1))
def test_probabilities_sum_to_one_and_none_is_below_its_floor(raw: list[float], floor: float, epsilon: float) -> None:
    """Every exploration gives a distribution in which each action keeps its even share of the floor."""
    greedy = [squarecb(raw, len(raw), greed, floor) for greed in (0.1, 1, 7.0)]
    for found in (*greedy, epsilon_greedy(raw, len(raw), epsilon, floor)):
        assert math.isclose(sum(found), 1, abs_tol=1e-9)
        assert min(found) >= floor / len(raw) - 1e-12


@given(distributions, floors)
def test_the_floor_keeps_the_order_of_actions(raw: list[float], floor: float) -> None:
    """Spreading a floor never makes a less probable action more probable than another."""
    found = floored(raw, floor)
    order = sorted(range(len(raw)), key=lambda index: (raw[index], index))
    assert all(found[a] <= found[b] + 1e-12 for a, b in pairwise(order))


@given(distributions, st.floats(0, 1, exclude_max=True))
def test_a_draw_lands_on_the_action_whose_interval_holds_the_number(raw: list[float], uniform: float) -> None:
    """The drawn action is possible, and the number lies between the probability before it and up to it."""
    index = drawn(raw, uniform)
    assert raw[index] > 0
    assert sum(raw[:index]) - 1e-9 <= uniform <= sum(raw[: index + 1]) + 1e-9


@pytest.mark.parametrize(
    "raw", [[math.nan, 1.0], [math.inf, 0.0], [0.5], [0.9, 0.9], [-0.5, 1.5], [0.0, 0.0], [0.0, 1.0], []], ids=str
)
def test_what_is_no_distribution_is_refused(raw: list[float]) -> None:
    """A model whose probabilities are not finite, missing, zero, or wrongly summed is never drawn from."""
    with pytest.raises(UnsoundProbabilities):
        sound(raw, 2)


def test_an_action_of_probability_zero_is_never_drawn() -> None:
    """The ends of the unit interval fall on possible actions, as rounding would have it otherwise."""
    assert drawn([0.0, 1.0, 0.0], 0.0) == 1
    assert drawn([0.0, 0.9999999999999999, 0.0], 0.99999999999999999) == 1


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20), st.floats(0.05, 50), st.floats(1, 500))
def test_greed_gives_what_squarecb_gives_with_that_much_more_gamma(
    costs: list[float], greed: float, gamma: float
) -> None:
    """Reading gamma·gap back from probabilities and weighting anew equals asking SquareCB with another gamma."""
    floor = 0.001
    expected = floored(inverse_gap_weighted(costs, gamma * greed), floor)
    assert squarecb(inverse_gap_weighted(costs, gamma), len(costs), greed, floor) == pytest.approx(expected, abs=1e-6)


def inverse_gap_weighted(costs: list[float], gamma: float) -> list[float]:
    """Return SquareCB's probabilities for these costs, as in the paper."""
    best = costs.index(min(costs))
    found = [1 / (len(costs) + gamma * (cost - costs[best])) for cost in costs]
    found[best] = 0.0
    found[best] = 1 - sum(found)
    return found


@given(costs_and_lessons, variances, st.floats(0.01, 1_000), floors)
def test_maillard_sampling_is_a_distribution_in_which_nothing_is_likelier_than_the_best(
    known: list[tuple[float, int]], variance: float, greed: float, floor: float
) -> None:
    """Whatever is expected and however often it was tried: alone and mixed it sums to one, the best is likeliest, and
    each keeps its even share of the floor.
    """
    costs, lessons = zip(*known, strict=True)
    likely = maillard(costs, lessons, variance, greed, floor)
    both = mixed(likely, squarecb(inverse_gap_weighted(list(costs), 50), len(costs), 1, floor))
    for found in (likely, both):
        assert math.isclose(sum(found), 1, abs_tol=1e-9)
        assert found[costs.index(min(costs))] == pytest.approx(max(found))
        assert min(found) >= floor / len(found) - 1e-12


@given(costs_and_lessons, variances)
def test_what_did_badly_with_most_is_still_tried_by_the_mixture(
    known: list[tuple[float, int]], variance: float
) -> None:
    """However often it was tried, an action keeps half of what inverse gap weighting gives it."""
    costs, lessons = zip(*known, strict=True)
    gaps = inverse_gap_weighted(list(costs), 1_000)
    found = mixed(maillard(costs, lessons, variance, 1, 0.001), gaps)
    assert all(one >= other / 2 for one, other in zip(found, gaps, strict=True))


@given(costs_and_lessons, variances, st.integers(0, 29), st.integers(1, 10_000))
def test_what_looks_worse_is_tried_the_less_the_more_often_it_was_tried(
    known: list[tuple[float, int]], variance: float, which: int, more: int
) -> None:
    """More lessons about one action never make it likelier, and leave the odds among the others as they were."""
    costs, lessons = zip(*known, strict=True)
    which %= len(known)
    taught = [number + more * (index == which) for index, number in enumerate(lessons)]
    before, after = (maillard(costs, each, variance, 1, 0) for each in (lessons, taught))
    assert after[which] <= before[which] + 1e-12
    assert all(b <= a + 1e-12 for index, (b, a) in enumerate(zip(before, after, strict=True)) if index != which)


@given(costs_and_lessons, variances, st.floats(0.01, 100), st.floats(0.03, 30))
def test_maillard_sampling_knows_no_unit_and_its_greed_is_more_lessons(
    known: list[tuple[float, int]], variance: float, greed: float, factor: float
) -> None:
    """Costs told in another unit change nothing, and so many times as greedy is so many times as many lessons."""
    costs, lessons = zip(*known, strict=True)
    found = maillard(costs, lessons, variance, greed, 0)
    told = maillard([cost * factor for cost in costs], lessons, variance * factor**2, greed, 0)
    as_many = [(number + LESSONS_BEFORE) * greed - LESSONS_BEFORE for number in lessons]
    assert told == pytest.approx(found, abs=1e-6)
    assert maillard(costs, as_many, variance, 1, 0) == pytest.approx(found, abs=1e-6)


def test_near_ties_are_told_apart_and_what_is_clearly_worse_is_left_alone() -> None:
    """After ten lessons each, half a deviation behind the best is still tried, three deviations no more."""
    near, far = (math.exp(-10 * gap**2 / 2) for gap in (0.5, 3.0))
    best, second, third = maillard([-4.0, -3.0, 2.0], [10 - LESSONS_BEFORE] * 3, 4.0, 1, 0)
    assert second / best == pytest.approx(near, rel=0.02)
    assert near > 0.1
    assert far < 1e-19
    assert third < far * 10


@pytest.mark.parametrize("cost", [math.nan, math.inf, -math.inf, 2e6, -1e30], ids=str)
def test_an_expected_cost_that_no_sound_model_has_is_refused(cost: float) -> None:
    """A model that expects what is no number, or beyond all reason, is never drawn from."""
    for costs in ([cost, 0.0], [0.0, cost], [cost]):
        with pytest.raises(UnsoundProbabilities):
            maillard(costs, [5] * len(costs), 0.1, 1, 0)
