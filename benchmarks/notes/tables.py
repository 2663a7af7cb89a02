"""Tables of figures, printed and noted in this folder's README, and where they were taken. Never a measurement."""

import platform
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

from rich.console import Console
from rich.table import Table

README = Path(__file__).parents[1] / "README.md"
Row = Sequence[str]
STUDENT_95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571}
"""Two-sided 95 % quantiles of Student's t by the number of differences."""


def taken(more: str) -> str:
    """Return when, from what commit and on what machine figures were taken, and what else is to be said of it."""
    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    return f"{datetime.now(UTC):%Y-%m-%d}, commit {git.stdout.strip()}, {machine}{more}"


def told(name: str, where: str, header: Row, rows: Sequence[Row], said: Sequence[str]) -> None:
    """Print a benchmark's table, and put it between its marks in the README where the command line said `--write`."""
    printed(Console(width=150), where, header, rows)
    if "--write" in said:
        note(name, f"{where}\n\n{markdown(header, rows)}")


def printed(console: Console, where: str, header: Row, rows: Iterable[Row]) -> None:
    """Print where figures were taken, and their table."""
    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    console.print(where)
    console.print(table)


def markdown(header: Row, rows: Iterable[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def marks(name: str) -> tuple[str, str]:
    """Return the marks between which a benchmark's figures stand in the README."""
    return f"<!-- {name} -->", f"<!-- end of {name} -->"


def note(name: str, text: str, readme: Path = README) -> None:
    """Put a text between the two marks of a benchmark in the README."""
    begin, end = marks(name)
    before, _, rest = readme.read_text().partition(begin)
    readme.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}")


def paired(differences: Sequence[float]) -> str:
    """Return the mean of paired differences with its 95 % interval (Student's t over the seeds)."""
    margin = STUDENT_95[len(differences)] * stdev(differences) / sqrt(len(differences))
    return f"{mean(differences):+.3f} ± {margin:.3f}"
