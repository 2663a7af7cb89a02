"""The report says in words what the figures mean, and no more than they can carry."""

from io import StringIO
from random import Random

import pytest
from msgspec import structs
from rich.console import Console

from simulators.estimates import NONE_YET, estimated, with_value
from simulators.experiment import Experiment
from simulators.replay_report import choices_table, metric_table, sentences
from simulators.replay_tally import CountedRow, ReplayFigures, Tally, count_row, overall, quarters


def figures(
    rows: list[CountedRow], *, planned: int = 0, rate: bool = True, actions: tuple[str, str] = ("red", "blue")
) -> ReplayFigures:
    """Return the figures of a stream that is also the whole file, of two actions given equally often."""
    tally = Tally(planned_rows=planned or len(rows))
    sample = dict.fromkeys(actions, NONE_YET)
    for each in rows:
        count_row(tally, each)
        sample[each.given] = with_value(sample[each.given], each.metric)
    experiment = Experiment(rows=len(rows), sample=sample, shares=dict.fromkeys(actions, 0.5), rate=rate)
    return ReplayFigures(
        run="first",
        campaign="colours",
        file="colours.csv",
        label="visit rate",
        rate=rate,
        file_rows=len(rows),
        planned_rows=tally.planned_rows,
        rows=tally.rows,
        seconds=2.0,
        quarters=quarters(tally, experiment),
        overall=overall(tally, experiment),
        file_uniform=estimated(sample, experiment.shares, rate=rate),
        file_actions={
            action: estimated({action: part}, experiment.shares, rate=rate) for action, part in sample.items()
        },
        best_action=experiment.best_action,
        rewards=tally.rewards,
        duplicate_rewards=tally.duplicate_rewards,
        control_rows=tally.control_rows,
        reasons=dict(tally.reasons),
    )


def stream(count: int, red_share: float, *, duplicate: bool = False, seed: int = 5) -> list[CountedRow]:
    """Return rows in which red is worth 0.6 and blue 0.2, and the service chooses red so often."""
    draw, rows = Random(seed), []
    for _ in range(count):
        given = draw.choice(["red", "blue"])
        chosen = "red" if draw.random() < red_share else "blue"
        metric = float(draw.random() < (0.6 if given == "red" else 0.2))
        rows.append(CountedRow(given, chosen, metric, "model", duplicate=duplicate if chosen == given else None))
    return rows


def words(found: ReplayFigures) -> str:
    """Return the report's sentences as one text."""
    return "\n".join(sentences(found))


def test_a_service_that_learned_is_said_to_beat_uniform_and_to_reach_the_best() -> None:
    """Choosing the better action 97 times in 100 is above uniform, level with the best constant, and dominant."""
    said = words(figures(stream(4_000, 0.97)))
    assert "the service beat it, by +0." in said
    assert "'red' for everyone (picked with hindsight from the whole file)" in said
    assert "is within noise" in said.split("The best constant")[1]
    assert "'red' dominates: 9" in said


def test_a_service_that_chooses_the_worse_action_is_said_to_be_worse() -> None:
    """Choosing the worse action nearly always is below uniform and far from the best, and is said so."""
    said = words(figures(stream(4_000, 0.03)))
    assert "the service was worse, by -0." in said
    assert "the service is still short of it, by -0." in said
    assert "'blue' dominates" in said


def test_a_service_that_chooses_at_random_is_said_to_be_within_noise() -> None:
    """Half and half is uniform choice, and no action dominates."""
    said = words(figures(stream(4_000, 0.5)))
    assert "is within noise" in said.split("The best constant")[0]
    assert "No action dominates" in said


@pytest.mark.parametrize("rate", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_a_handful_of_rows_carries_no_verdict(count: int, rate: bool) -> None:
    """With a few matched rows nothing is said of a difference, and both tables can still be drawn."""
    found = figures(stream(count, 0.9, seed=3), rate=rate)
    said = words(found)
    assert found.overall.matched_rows > 0
    assert "nothing can be said of the difference" in said
    assert "beat" not in said
    assert "visit rate" in drawn(found)


def test_no_match_at_all_is_said() -> None:
    """Without a single matched row the words stop after saying so."""
    said = words(figures([CountedRow("red", "blue", 1, "model"), CountedRow("blue", "red", 0, "model")]))
    assert said.endswith("nothing can be said of the service's choices.")


def test_a_stopped_replay_judges_the_last_quarter_it_reached() -> None:
    """After Ctrl-C the figures are of the rows that were done, and the report says of how many."""
    found = figures(stream(300, 0.9), planned=1_000)
    said = words(found)
    assert "Stopped after 300 of 1,000 rows" in said
    assert "in quarter 2 was" in said
    assert "–" in drawn(found)


def test_a_run_that_was_all_repeated_says_that_nothing_was_learned_twice() -> None:
    """Re-running under the same name is told as what it is, with the way to start afresh."""
    said = words(figures(stream(200, 0.9, duplicate=True)))
    assert "Every reward had been received before under the run name 'first'" in said
    assert "nothing was learned twice. Give another --run to start afresh." in said


def test_a_run_that_was_partly_repeated_counts_the_repeats() -> None:
    """A continued run says how many rewards had come before."""
    said = words(figures([*stream(40, 1.0, duplicate=True), *stream(400, 1.0)]))
    assert "rewards had been received before, from a run that stopped part way" in said
    assert "Every reward" not in said


def test_control_rows_and_failed_models_are_told() -> None:
    """Whatever was not the models' choice is counted aloud."""
    found = structs.replace(figures(stream(100, 0.9)), control_rows=7, reasons={"fallback": 3, "model": 97})
    said = words(found)
    assert "7 rows fell into the control group" in said
    assert "In 3 decisions a model failed" in said


def test_the_tables_show_every_part_of_the_stream() -> None:
    """The metric and the choices are shown for four quarters and the whole, the yardsticks for the whole file too."""
    text = drawn(figures(stream(400, 0.9)))
    assert [text.count(name) for name in ("quarter 1", "quarter 4", "all rows", "whole file")] == [2, 2, 2, 1]
    assert "always red" in text


def test_names_from_the_file_are_shown_as_they_are() -> None:
    """What looks like the terminal's markup in an action's name or a label is shown and not obeyed."""
    rows = [CountedRow("[bold]", "[bold]", 1, "model"), CountedRow("[/]", "[/]", 0, "model")] * 4
    text = drawn(structs.replace(figures(rows, actions=("[bold]", "[/]")), label="[red]rate"))
    assert all(name in text for name in ("always [bold]", "[/]", "[red]rate"))


def drawn(found: ReplayFigures) -> str:
    """Return both tables as text."""
    screen = Console(file=StringIO(), width=140)
    screen.print(metric_table(found), choices_table(found))
    assert isinstance(screen.file, StringIO)
    return screen.file.getvalue()
