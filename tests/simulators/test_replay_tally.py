"""The tally counts each row where it belongs, and its figures are right however few rows there are."""

import pytest

from simulators.estimates import Moments
from simulators.experiment import Experiment
from simulators.replay_tally import OTHER, CountedRow, Tally, count_row, overall, quarters, running_estimate

EXPERIMENT = Experiment(
    rows=1_000,
    sample={"red": Moments(500, 0.4, 120.0), "blue": Moments(500, 0.2, 80.0)},
    shares={"red": 0.5, "blue": 0.5},
    rate=True,
)


def row(
    given: str, chosen: str, metric: float = 0.0, *, control: bool = False, duplicate: bool | None = None
) -> CountedRow:
    """Return a row that a model decided, unless it fell into the control group."""
    return CountedRow(given, chosen, metric, "control" if control else "model", control, duplicate)


def tallied(rows: list[CountedRow], planned: int | None = None) -> Tally:
    """Return the tally of a stream that was planned to be so long."""
    tally = Tally(planned_rows=planned or len(rows))
    for each in rows:
        count_row(tally, each)
    return tally


@pytest.mark.parametrize(
    ("planned", "expected"),
    [(1, [1, 0, 0, 0]), (2, [1, 0, 1, 0]), (3, [1, 1, 1, 0]), (4, [1, 1, 1, 1]), (10, [3, 2, 3, 2]), (400, [100] * 4)],
)
def test_the_stream_is_cut_into_quarters_of_equal_length(planned: int, expected: list[int]) -> None:
    """Quarters differ by at most one row, and a stream shorter than four leaves some of them empty."""
    tally = tallied([row("red", "red")] * planned)
    assert [quarter.rows for quarter in quarters(tally, EXPERIMENT)] == expected


def test_only_rows_where_the_decision_is_what_she_got_count_for_the_service() -> None:
    """The service's metric is of matched rows; uniform choice and the best constant are of all rows given so."""
    rows = [row("red", "red", 1), row("red", "blue", 1), row("blue", "blue", 0), row("blue", "red", 1)]
    whole = overall(tallied(rows), EXPERIMENT)
    assert (whole.rows, whole.matched_rows) == (4, 2)
    assert whole.service.value == pytest.approx(0.5)
    assert whole.uniform.value == pytest.approx(0.75)
    assert whole.best_constant.value == pytest.approx(1.0)
    assert whole.best_constant.rows == 2
    assert whole.chosen_shares == {"red": 0.5, "blue": 0.5}
    assert whole.service_minus_uniform.value == pytest.approx(-0.25)


def test_without_a_match_there_is_no_estimate_and_no_failure() -> None:
    """A stream in which nothing matched has figures for the others and none for the service."""
    whole = overall(tallied([row("red", "blue", 1)]), EXPERIMENT)
    assert whole.service.value is None
    assert whole.service_minus_best.value is None
    assert whole.uniform.value == 1


def test_an_empty_tally_has_figures() -> None:
    """A replay that was stopped before its first row still has a report to write."""
    tally = tallied([], planned=10)
    whole = overall(tally, EXPERIMENT)
    assert (whole.rows, whole.chosen_shares, whole.uniform.value) == (0, {}, None)
    assert running_estimate(tally, EXPERIMENT).rows == 0


def test_a_control_customer_counts_as_a_row_but_not_for_the_service() -> None:
    """What the fallback rule chose says nothing of the models, so it is in no share and no matched metric."""
    tally = tallied([row("red", "red", 1, control=True), row("red", "red", 0)])
    whole = overall(tally, EXPERIMENT)
    assert tally.control_rows == 1
    assert (whole.rows, whole.matched_rows, whole.service.value) == (2, 1, 0)
    assert tally.reasons == {"control": 1, "model": 1}


def test_a_decision_that_no_action_value_means_matches_nothing_and_is_shown() -> None:
    """Where the campaign may choose more than the experiment tried, that share is told, under a name of its own."""
    whole = overall(tallied([row("red", OTHER, 1), row("red", "red", 1)]), EXPERIMENT)
    assert whole.matched_rows == 1
    assert whole.chosen_shares == {"red": 0.5, "blue": 0, OTHER: 0.5}


def test_quarters_together_are_the_whole() -> None:
    """Merging the quarters loses no row and no match."""
    rows = [row("red" if number % 3 else "blue", "red", number % 2) for number in range(41)]
    tally = tallied(rows)
    parts, whole = quarters(tally, EXPERIMENT), overall(tally, EXPERIMENT)
    assert sum(part.rows for part in parts) == whole.rows == 41
    assert sum(part.matched_rows for part in parts) == whole.matched_rows == sum(r.given == "red" for r in rows)
    assert whole.service == running_estimate(tally, EXPERIMENT)


def test_rewards_and_repeated_rewards_are_counted_apart() -> None:
    """Rows that sent no reward are in neither count."""
    tally = tallied([row("red", "red", duplicate=True), row("red", "red", duplicate=False), row("red", "blue")])
    assert (tally.rewards, tally.duplicate_rewards) == (2, 1)
