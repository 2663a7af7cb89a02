"""Laws of the estimates and their intervals: whatever the numbers, merging, containing and shrinking hold."""

from math import isclose

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.estimates import (
    NONE_YET,
    Estimate,
    Moments,
    difference,
    estimated,
    merged,
    merged_samples,
    wilson_interval,
    with_value,
)

numbers = st.lists(st.floats(-1e6, 1e6), max_size=40)
rates = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=40)
THREE = {"a": 0.5, "b": 0.3, "c": 0.2}
HALVES = {"a": 0.5, "b": 0.5}

lawful = settings(derandomize=True, deadline=None)  # the same inputs every time, and no complaint of a busy machine


def moments_of(values: list[float]) -> Moments:
    """Return the moments of a stream, one number at a time."""
    found = NONE_YET
    for value in values:
        found = with_value(found, value)
    return found


def near(first: Moments, second: Moments) -> bool:
    """Tell whether two moments agree up to rounding."""
    scale = 1 + abs(first.mean) + abs(second.mean)
    return (
        first.count == second.count
        and isclose(first.mean, second.mean, abs_tol=1e-9 * scale)
        and isclose(first.squares, second.squares, rel_tol=1e-7, abs_tol=1e-3)
    )


@lawful
@given(numbers)
def test_moments_are_those_of_the_whole_list(values: list[float]) -> None:
    """Counting number by number gives the mean and the squared distances that numpy computes at once."""
    found = moments_of(values)
    assert found.count == len(values)
    if values:
        assert found.mean == pytest.approx(np.mean(values), rel=1e-9, abs=1e-6)
        assert found.squares == pytest.approx(np.var(values) * len(values), rel=1e-7, abs=1e-3)


@lawful
@given(numbers, numbers)
def test_merging_equals_counting_in_one_go(first: list[float], second: list[float]) -> None:
    """Two halves of a stream merged are the stream counted whole, in either order."""
    whole = moments_of(first + second)
    assert near(merged(moments_of(first), moments_of(second)), whole)
    assert near(merged(moments_of(second), moments_of(first)), whole)


@lawful
@given(numbers, numbers, numbers)
def test_merging_does_not_depend_on_the_grouping(a: list[float], b: list[float], c: list[float]) -> None:
    """Merging is associative, so quarters can be put together in any way."""
    one, two, three = moments_of(a), moments_of(b), moments_of(c)
    assert near(merged(merged(one, two), three), merged(one, merged(two, three)))


@lawful
@given(numbers)
def test_merging_with_nothing_changes_nothing(values: list[float]) -> None:
    """An empty stream is the neutral element, on either side."""
    found = moments_of(values)
    assert merged(found, NONE_YET) == found == merged(NONE_YET, found)


def test_merged_samples_keep_every_action() -> None:
    """An action that only one of two samples has is in both together."""
    together = merged_samples({"a": moments_of([1, 2])}, {"a": moments_of([6]), "b": moments_of([4])})
    assert together["a"].count == 3
    assert together["a"].mean == pytest.approx(3)
    assert together["b"] == moments_of([4])


@lawful
@given(st.dictionaries(st.sampled_from("abc"), rates, min_size=1))
def test_a_rate_lies_in_its_interval_and_the_interval_in_0_to_1(lists: dict[str, list[float]]) -> None:
    """Whatever was seen, and however unequal the shares, 0 <= low <= rate <= high <= 1."""
    found = estimated({action: moments_of(values) for action, values in lists.items()}, THREE, rate=True)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


@lawful
@given(st.dictionaries(st.sampled_from("abc"), numbers, min_size=1))
def test_a_mean_lies_in_its_interval_and_among_its_numbers(lists: dict[str, list[float]]) -> None:
    """A mean is never outside the numbers it is of, and its interval, where there is one, holds it."""
    values = [value for part in lists.values() for value in part]
    found = estimated({action: moments_of(part) for action, part in lists.items()}, THREE, rate=False)
    assert found.rows == len(values)
    if not values:
        assert found == Estimate(rows=0)
        return
    assert found.value is not None
    assert min(values) - 1e-3 <= found.value <= max(values) + 1e-3
    if len(set(values)) == 1 or len(values) == 1:
        assert found.low is None or found.low == pytest.approx(found.value, abs=1e-3)
    if found.low is not None and found.high is not None:
        assert found.low <= found.value <= found.high


@lawful
@given(rates, st.integers(2, 50))
def test_an_interval_of_a_rate_shrinks_with_more_of_the_same_rows(values: list[float], times: int) -> None:
    """Seeing the same proportion in more rows makes the interval narrower."""
    few = estimated({"a": moments_of(values)}, HALVES, rate=True)
    many = estimated({"a": moments_of(values * times)}, HALVES, rate=True)
    assert many.value == pytest.approx(few.value)
    assert width(many) < width(few)


@lawful
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20), st.integers(2, 20))
def test_an_interval_of_a_mean_shrinks_with_more_of_the_same_rows(values: list[float], times: int) -> None:
    """Seeing the same numbers more often makes the interval narrower."""
    values = [*values, min(values) + 1 + max(values)]
    few = estimated({"a": moments_of(values)}, HALVES, rate=False)
    many = estimated({"a": moments_of(values * times)}, HALVES, rate=False)
    if len(set(values)) > 1:
        assert width(many) < width(few)


def width(estimate: Estimate) -> float:
    """Return the width of an interval that must be there."""
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.high - estimate.low


def test_wilson_interval_is_the_textbooks() -> None:
    """Brown, Cai and DasGupta's formula at 10 of 50, computed by hand to four digits: 0.1124 to 0.3304."""
    low, high = wilson_interval(10 / 50, 50)
    assert (round(low, 4), round(high, 4)) == (0.1124, 0.3304)


def test_with_equal_shares_the_estimate_is_the_plain_mean() -> None:
    """Where every action was given equally often, weighting changes nothing."""
    sample = {"a": moments_of([1, 0, 0, 1, 1]), "b": moments_of([0])}
    assert estimated(sample, HALVES, rate=True).value == pytest.approx(3 / 6)


def test_unequal_shares_are_made_up_for() -> None:
    """An action given four times as often as another does not weigh four times as much."""
    shares = {"a": 0.8, "b": 0.2}
    sample = {"a": moments_of([1.0] * 80), "b": moments_of([0.0] * 20)}
    assert estimated(sample, shares, rate=True).value == pytest.approx(0.5)


def test_a_sample_compared_with_itself_does_not_differ() -> None:
    """The same rows on both sides differ by 0, with a far narrower interval than rows that only look alike."""
    sample = {"a": moments_of([1.0, 0.0, 0.0, 1.0] * 25), "b": moments_of([0.0, 0.0, 1.0] * 30)}
    same = difference(sample, sample, sample, HALVES, rate=True)
    apart = difference(sample, sample, {}, HALVES, rate=True)
    assert same.value == 0
    assert same.low is not None
    assert same.high is not None
    assert same.low <= 0 <= same.high
    assert width(same) < width(apart) / 5


def test_a_difference_needs_an_interval_on_both_sides() -> None:
    """One row of a mean says nothing of its spread, so its difference from anything has no interval either."""
    lone, many = {"a": moments_of([5.0])}, {"b": moments_of([1.0, 2.0, 3.0])}
    assert difference(lone, many, {}, HALVES, rate=False) == Estimate(rows=1, value=pytest.approx(3.0))
    assert difference({}, many, {}, HALVES, rate=False).value is None


@pytest.mark.parametrize("rate", [True, False])
def test_intervals_hold_the_truth_nineteen_times_in_twenty(rate: bool) -> None:
    """Over 2,000 matched samples of one experiment, either kind of interval covers the true difference in 95 %."""
    random = np.random.default_rng(20_260_101)
    means, policy = {"a": 0.30, "b": 0.15}, {"a": 0.8, "b": 0.2}
    truth = 0.8 * 0.30 + 0.2 * 0.15 - (0.30 + 0.15) / 2
    covered = 0
    for _ in range(2_000):
        sample, matched = {}, {}
        for action, mean in means.items():
            seen = random.binomial(1, mean, 150) if rate else random.normal(mean, 0.5, 150)
            kept = seen[random.random(150) < policy[action]]
            sample[action], matched[action] = batch(seen), batch(kept)
        found = difference(matched, sample, matched, HALVES, rate=rate)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= truth <= found.high
    assert 0.935 <= covered / 2_000 <= 0.975


def batch(values: np.ndarray) -> Moments:
    """Return the moments of an array."""
    return Moments(len(values), float(values.mean()), float(((values - values.mean()) ** 2).sum()))
