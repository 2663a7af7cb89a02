"""Estimates and their intervals, from streams of numbers kept as three figures each. Never rows, services or printing.

A sample is a stream split by the action that was given, because a randomised experiment may have given some actions
more often than others: an action given with share s counts 1/s (Horvitz and Thompson, JASA 1952; Hájek's ratio form).
With equal shares every formula below is the textbook's for a plain mean.
"""

from collections.abc import Mapping
from math import sqrt

from msgspec import Struct

Z = 1.959963984540054
"""Quantile of the normal distribution for a two-sided 95 % interval."""


class Moments(Struct, frozen=True):
    """What is kept of a stream of numbers: how many, their mean, and the sum of their squared distances from it."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0


NONE_YET = Moments()

Sample = Mapping[str, Moments]
"""A stream split by the action that was given."""


class Estimate(Struct, frozen=True):
    """An estimate from so many rows, with its 95 % interval.

    `value` is None where there are no rows; `low` and `high` are None where the rows say nothing of their own spread.
    """

    rows: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


def with_value(moments: Moments, value: float) -> Moments:
    """Return the moments of a stream that one more number was added to (Welford, Technometrics 1962)."""
    count = moments.count + 1
    step = value - moments.mean
    mean = moments.mean + step / count
    return Moments(count, mean, moments.squares + step * (value - mean))


def merged(first: Moments, second: Moments) -> Moments:
    """Return the moments of two streams taken together (Chan, Golub and LeVeque, Stanford STAN-CS-79-773, 1979)."""
    if not first.count:
        return second
    count = first.count + second.count
    step = second.mean - first.mean
    mean = first.mean + step * second.count / count
    return Moments(count, mean, first.squares + second.squares + step * step * first.count * second.count / count)


def merged_samples(first: Sample, second: Sample) -> dict[str, Moments]:
    """Return two samples taken together, action by action."""
    return {action: merged(first.get(action, NONE_YET), second.get(action, NONE_YET)) for action in {**first, **second}}


def estimated(sample: Sample, shares: Mapping[str, float], *, rate: bool) -> Estimate:
    """Return the mean that the sample would have had if every action had been given equally often.

    `shares` are the probabilities, in (0, 1], with which the experiment gave each action. A `rate` is a mean of zeros
    and ones and gets Wilson's interval, at Kish's effective number of rows; any other mean gets the normal one, which
    needs two rows that differ.
    """
    rows = sum(moments.count for moments in sample.values())
    if rows == 0:
        return Estimate(rows=0)
    total = _weight(sample, shares)
    mean = _mean(sample, shares)
    effective = total * total / sum(m.count / shares[a] ** 2 for a, m in sample.items())  # Kish, Survey Sampling, 1965
    if rate:
        low, high = wilson_interval(mean, effective)
        return Estimate(rows, mean, low, high)
    scatter = _cross_scatter(sample, shares, mean, mean) / total**2
    if effective <= 1 or scatter <= 0:
        return Estimate(rows, mean)
    half = Z * sqrt(scatter * effective / (effective - 1))
    return Estimate(rows, mean, mean - half, mean + half)


def wilson_interval(rate: float, count: float) -> tuple[float, float]:
    """Return the 95 % score interval of a rate seen over `count` trials, more than 0 (Wilson, JASA 1927)."""
    shrink = 1 + Z * Z / count
    middle = (rate + Z * Z / (2 * count)) / shrink
    half = Z * sqrt(max(0.0, rate * (1 - rate)) / count + Z * Z / (4 * count * count)) / shrink
    return max(0.0, min(rate, middle - half)), min(1.0, max(rate, middle + half))


def difference(ours: Sample, theirs: Sample, both: Sample, shares: Mapping[str, float], *, rate: bool) -> Estimate:
    """Return our mean minus theirs, where `both` holds the rows that stand in both samples.

    The interval joins the two means' own intervals (Zou, Psychological Methods 2007, "MOVER"), with the correlation
    that the common rows cause; it is None where either mean has none.
    """
    first, second = estimated(ours, shares, rate=rate), estimated(theirs, shares, rate=rate)
    if first.value is None or second.value is None:
        return Estimate(rows=first.rows)
    value = first.value - second.value
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return Estimate(first.rows, value)
    tie = _correlation(ours, theirs, both, shares)
    below = _joined(first.value - first.low, second.high - second.value, tie)
    above = _joined(first.high - first.value, second.value - second.low, tie)
    return Estimate(first.rows, value, value - below, value + above)


def _joined(first: float, second: float, correlation: float) -> float:
    return sqrt(max(0.0, first * first + second * second - 2 * correlation * first * second))


def _correlation(ours: Sample, theirs: Sample, both: Sample, shares: Mapping[str, float]) -> float:
    """Return how far two means move together because they share rows, in [0, 1]."""
    first, second = _mean(ours, shares), _mean(theirs, shares)
    spread = _cross_scatter(ours, shares, first, first) * _cross_scatter(theirs, shares, second, second)
    shared = _cross_scatter(both, shares, first, second)
    return max(0.0, min(1.0, shared / sqrt(spread))) if spread > 0 else 0.0


def _weight(sample: Sample, shares: Mapping[str, float]) -> float:
    return sum(moments.count / shares[action] for action, moments in sample.items())


def _mean(sample: Sample, shares: Mapping[str, float]) -> float:
    total = _weight(sample, shares)
    return sum(m.count / shares[action] * m.mean for action, m in sample.items()) / total


def _cross_scatter(sample: Sample, shares: Mapping[str, float], first: float, second: float) -> float:
    """Return the weighted sum of (x - first)(x - second) over the sample's numbers."""
    return sum(
        (m.squares + m.count * (m.mean - first) * (m.mean - second)) / shares[action] ** 2
        for action, m in sample.items()
    )
