"""What is told of a run: one table, one JSON, in Markdown for the README. Never a measurement."""

import os
import platform
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from msgspec import json

from benchmarks.decision_cost.cells import Cell, Plan, Round
from benchmarks.decision_cost.servers import ROOT
from benchmarks.decision_cost.targets import Measured, Target, targets
from benchmarks.notes.tables import markdown, marks, note

Row = tuple[str, ...]


def where(plan: Plan) -> str:
    """Return when, from what and on what machine this was measured."""
    git = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    cores = os.cpu_count()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {git.stdout.strip()}, {platform.machine()}, {cores} cores "
        f"({processor()}), Python {platform.python_version()}; {plan.rounds} rounds of {plan.seconds:g} s a cell; "
        f"load averages at the end {load}."
    )


def processor() -> str:
    """Return what the machine's processor is called, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def target_rows(found: list[Target]) -> Iterator[Row]:
    """Yield a row for each target."""
    for target in found:
        sign = "at least" if target.at_least else "at most"
        measured = "not measured" if target.measured is None else f"{target.measured:,.2f}"
        verdict = {None: "", True: "met", False: "**not met**"}[target.met]
        yield target.words, measured, f"{sign} {target.bound:,.2f} {target.unit}", verdict


TARGET_HEADER = ("target", "measured", "bound", "")
CELL_HEADER = (
    "server", "method", "contents", "in flight", "batch", "median us", "rounds' min..max", "p99 us",
    "decisions/s", "server CPU us a decision", "generator CPU us a call", "waited for a core",
)  # fmt: skip


def cell_row(cell: Cell, rounds: list[Round]) -> Row:
    """Return the row of a cell: medians over the rounds, and their spread."""
    medians = [one.median_us for one in rounds]
    return (
        cell.server, cell.method, f"{cell.contents:,}", f"{cell.concurrency}", f"{cell.batch:,}",
        f"{median(medians):,.0f}",
        f"{min(medians):,.0f}..{max(medians):,.0f}",
        f"{median(one.p99_us for one in rounds):,.0f}",
        f"{median(one.calls_per_second for one in rounds) * cell.batch:,.0f}",
        f"{median(one.server_cpu_us for one in rounds) / cell.batch:,.0f}",
        f"{median(one.generator_cpu_us for one in rounds):,.0f}",
        f"{median(one.waited for one in rounds):.0%}",
    )  # fmt: skip


def other_rows(found: Measured) -> Iterator[Row]:
    """Yield rows for what has no cell: in process, peers, checks, fsync, memory, starts."""
    for way in [*found.engine, *found.peers]:
        spread = f"{min(way.median_us):,.0f}..{max(way.median_us):,.0f}"
        yield way.name, f"{way.median:,.0f} us", f"{spread} us; {way.per_core:,.0f} decisions a second of CPU"
    for service in found.services:
        figures = f"{median(service.calls_per_second):,.0f} calls/s, {median(service.server_cpu_us):,.0f} us CPU a call"
        yield f"{service.name}, 32 in flight, by h2load", f"{median(service.median_us):,.0f} us", figures
    for name, check in found.wire.checks.items():
        figures = f"{check.calls_per_second:,.0f} calls/s, h2load's own CPU {check.generator_us:,.0f} us a call"
        yield name, f"{check.median_us:,.0f} us", figures
    fsyncs = found.wire.fsync_us
    yield "fsync after 8 KB overwritten", f"{median(fsyncs):,.0f} us", f"{min(fsyncs):,.0f}..{max(fsyncs):,.0f} us"
    for name, memory_mb in found.wire.memory_mb.items():
        yield f"resident memory, server {name}", f"{memory_mb:,.0f} MB", ""
    for name, seconds in found.wire.restart_seconds.items():
        yield f"killed, serving again, server {name}", f"{seconds:.2f} s", ""
    for name, features in found.wire.profile_features.items():
        yield f"profile features the models saw, server {name}", f"{features:.0f}", "median of the last decisions"
    for line in found.skipped:
        yield line, "", ""


OTHER_HEADER = ("beside it", "median", "")


def tables(found: Measured) -> list[tuple[Row, list[Row]]]:
    """Return the three parts of the one table: targets, cells, and what stands beside them."""
    cells = [cell_row(cell, rounds) for cell, rounds in found.wire.rounds.items()]
    return [
        (TARGET_HEADER, list(target_rows(list(targets(found))))),
        (CELL_HEADER, cells),
        (OTHER_HEADER, list(other_rows(found))),
    ]


def as_json(found: Measured, told: str) -> bytes:
    """Return everything as JSON: medians, and every round of every cell."""
    wire = found.wire
    timed = [*found.engine, *found.peers]
    document = {
        "measured": told,
        "targets": [
            {"words": one.words, "measured": one.measured, "bound": one.bound, "unit": one.unit,
             "at_least": one.at_least, "met": one.met} for one in targets(found)
        ],
        "cells": [{"cell": cell, "rounds": rounds} for cell, rounds in wire.rounds.items()],
        "in_process": [{"name": one.name, "median_us": one.median_us, "cpu_us": one.cpu_us} for one in timed],
        "services": found.services,
        "checks": wire.checks,
        "fsync_us": wire.fsync_us,
        "memory_mb": wire.memory_mb,
        "restart_seconds": wire.restart_seconds,
        "profile_features": wire.profile_features,
        "skipped": found.skipped,
    }  # fmt: skip
    return json.format(json.encode(document), indent=1)


def write(folder: Path, found: Measured, told: str) -> None:
    """Write the JSON, and the tables between their marks where the folder has a README with them."""
    (folder / "decision_cost.json").write_bytes(as_json(found, told))
    readme = folder / "README.md"
    if readme.exists() and marks("decision_cost")[0] in readme.read_text():
        parts = [told, *(markdown(header, rows) for header, rows in tables(found))]
        note("decision_cost", "\n\n".join(parts), readme)
