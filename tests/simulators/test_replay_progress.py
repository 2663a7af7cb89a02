"""The progress bar tells whoever waits how it goes, and says nothing where nobody does."""

from io import StringIO

import pytest
from rich.console import Console

from simulators.estimates import Moments
from simulators.experiment import Experiment
from simulators.replay_progress import progress_bar
from simulators.replay_tally import CountedRow, Tally, count_row

EXPERIMENT = Experiment(
    rows=8, sample={"a": Moments(4, 0.5, 1.0), "b": Moments(4, 0.5, 1.0)}, shares={"a": 0.5, "b": 0.5}, rate=True
)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_for_terminals_only(terminal: bool) -> None:
    """A terminal sees rows, pace, matches and the running metric; a pipe gets not one byte."""
    screen = StringIO()
    console = Console(file=screen, force_terminal=terminal, width=120)
    tally = Tally(planned_rows=8)
    with progress_bar(tally, EXPERIMENT, "visit [rate]", console) as show:
        for number in range(8):
            count_row(tally, CountedRow("a", "a" if number < 4 else "b", number % 2, "model"))
            show()
    shown = screen.getvalue()
    if terminal:
        assert "8/8" in shown
        assert "rows/s, 4 matched, visit [rate] 0.5" in shown
    else:
        assert shown == ""
