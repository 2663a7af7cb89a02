"""Laws of exploration: what comes out is a distribution, whatever a model says."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exploration import UnsoundProbabilities, drawn, epsilon_greedy, floored, sound, squarecb

weights = st.lists(st.floats(1e-6, 1), min_size=1, max_size=30)
distributions = weights.map(lambda found: [weight / sum(found) for weight in found])
floors = st.floats(0.001, 0.5)


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
