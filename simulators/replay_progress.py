"""The progress bar of a replay, for whoever waits at a terminal. Never on a pipe, never a figure of its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from simulators.experiment import Experiment
from simulators.replay_tally import Tally, running_estimate

SHOWN_EVERY_SECONDS = 0.2


@contextmanager
def progress_bar(tally: Tally, experiment: Experiment, label: str, console: Console) -> Iterator[Callable[[], None]]:
    """Give a function to call after every row; it moves the bar a few times a second."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=tally.planned_rows)
        started = time.monotonic()
        due = started

        def show() -> None:
            nonlocal due
            now = time.monotonic()
            if now < due and tally.rows < tally.planned_rows:
                return
            due = now + SHOWN_EVERY_SECONDS
            running = running_estimate(tally, experiment)
            value = "–" if running.value is None else f"{running.value:.4g}"
            pace = tally.rows / (now - started) if now > started else 0.0
            text = f"{pace:,.0f} rows/s, {running.rows:,} matched, {label} {value}"
            progress.update(task, completed=tally.rows, description=text)

        yield show
