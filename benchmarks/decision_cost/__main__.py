"""The command: `python -m benchmarks.decision_cost` (`make bench`). Never more than the order of what is measured."""

import argparse
import inspect
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.decision_cost import cells, in_process, peers, report
from benchmarks.decision_cost.cells import REFERENCE_CONTENTS, Plan
from benchmarks.decision_cost.chart import chart
from benchmarks.decision_cost.in_process import Timed
from benchmarks.decision_cost.peers import Served
from benchmarks.decision_cost.targets import Measured
from engine.opening import open_engine

OUTPUT = Path(__file__).parents[1]


def measured(plan: Plan, folder: Path) -> Measured:
    """Measure over the wire, then in process, then the peers; nothing runs beside what is measured."""
    wire = cells.measure(plan, folder)
    skipped = [] if plan.large else ["a full log is not measured: make one (large_folder) and give it as --large"]
    if not wire.checks:
        skipped.append("h2load is not installed (Debian: nghttp2-client), so nothing holds the generator to account")
    engine = [
        in_process.without_log(folder / "bare", REFERENCE_CONTENTS, plan.customers),
        in_process.with_log(folder / "logged", REFERENCE_CONTENTS, plan.customers),
    ]
    if 1_000 in plan.contents:
        engine.append(in_process.without_log(folder / "wide", 1_000, min(plan.customers, 100)))
    others, services = list[Timed](), list[Served]()
    if plan.peers:
        others, gone = peers.in_process(folder / "process", REFERENCE_CONTENTS)
        services, gone_too = peers.fastapi(folder, peers.known(folder / "process"), plan.rounds, plan.seconds)
        skipped += gone + gone_too
    in_process.measure([*engine, *others], plan.rounds, plan.seconds)
    kept = inspect.signature(open_engine).parameters["customers_in_memory"].default
    return Measured(wire, engine, others, services, skipped, kept)


def run(plan: Plan, output: Path) -> Measured:
    """Measure, print the table, and write the JSON, the chart and the README's table to a folder."""
    output.mkdir(parents=True, exist_ok=True)  # before minutes of measuring, not after them
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(dir=plan.large.parent if plan.large else None)))
        found = measured(plan, folder)
    told = report.where(plan)
    report.write(output, found, told)
    (output / "decision_cost.svg").write_text(chart(found, told))
    console = Console(width=180)
    console.print(told, highlight=False)
    for header, rows in report.tables(found):
        table = Table(*header)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    return found


def planned(arguments: list[str]) -> tuple[Plan, Path]:
    """Return what the command line asks for, and where the results go."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decision_cost", description=__doc__)
    parser.add_argument("--rounds", type=int, default=Plan().rounds, help="rounds that count, after one that warms up")
    parser.add_argument("--seconds", type=float, default=Plan().seconds, help="seconds a cell is measured in a round")
    parser.add_argument("--large", type=Path, help="a folder made by benchmarks.decision_cost.large_folder")
    parser.add_argument(
        "--large-customers", type=int, default=1_000_000, help="how many customers were asked for there"
    )
    parser.add_argument("--no-peers", action="store_true", help="leave out what one would pick instead")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder of the results")
    told = parser.parse_args(arguments)
    plan = Plan(
        rounds=told.rounds,
        seconds=told.seconds,
        large=told.large,
        large_customers=told.large_customers,
        peers=not told.no_peers,
    )
    return plan, told.output


if __name__ == "__main__":
    run(*planned(sys.argv[1:]))
