"""The progress of a simulation, for whoever waits at a terminal. Never on a pipe, never a figure of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from simulators.loop import Life
from simulators.measures import mean_reward, share_of

SHOWN_EVERY_SECONDS = 0.3


class Shown:
    """Bars of a simulation's runs, one after the other, with rate, reward and share of the oracle so far."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def run(self, life: Life, planned: int) -> Iterator[int]:
        """Live a run and show it; yield as it does."""
        task = self._progress.add_task(life.name, total=planned, figures="")
        started = due = monotonic()
        for decisions in life.lived():
            now = monotonic()
            if now >= due:
                due = now + SHOWN_EVERY_SECONDS
                self._progress.update(
                    task, completed=decisions, figures=_figures(life, decisions / max(now - started, 1e-9))
                )
            yield decisions
        figures = _figures(life, life.recorder.decisions / max(monotonic() - started, 1e-9))
        self._progress.update(task, completed=planned, figures=figures)


@contextmanager
def shown(console: Console) -> Iterator[Shown]:
    """Give what shows runs on a console, if that is a terminal."""
    columns = (
        TextColumn("{task.description:>18}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Shown(progress)


def _figures(life: Life, rate: float) -> str:
    bins = life.run().bins
    reward, share = mean_reward(bins), share_of(bins)
    if reward is None:
        return ""
    return f"{rate:,.0f}/s, reward {reward:+.4f}, share {'–' if share is None else f'{share:.2f}'}"
