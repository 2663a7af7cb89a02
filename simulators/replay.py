"""Replay: streams a recorded randomised experiment through a running service. Never a formula, never the server's code.

    python -m simulators.replay MAPPING.yaml --csv FILE --target HOST:PORT

Each row's customer is put to Decide. Where the decision is what she really got, what she really did is sent to Reward;
other rows are told nothing and teach nothing.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from random import Random

import grpc
import msgspec
from rich.console import Console

from engine.campaign.spec import Campaign
from simulators.client import DecisioningClient, ServiceError
from simulators.csv_rows import Row, file_digest, read_rows
from simulators.estimates import estimated
from simulators.experiment import Experiment, read_campaign, survey
from simulators.mapping_file import MappingError, MappingFile, load_mapping
from simulators.replay_options import parser
from simulators.replay_progress import progress_bar
from simulators.replay_report import choices_table, metric_table, sentences
from simulators.replay_stream import Acknowledged, Journal, Run, replayed
from simulators.replay_tally import ReplayFigures, Tally, count_row, overall, quarters

FINISHED, SERVICE_FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses; interrupted is what a shell expects after Ctrl-C."""


class Plan(msgspec.Struct, frozen=True):
    """A replay that is ready to run: what was read and checked, and how it will be sent."""

    csv: Path
    file: MappingFile
    source: str
    campaign: Campaign
    experiment: Experiment
    run: Run
    rows: int
    seed: int | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay as the command line says and return the exit status."""
    options = parser().parse_args(arguments)
    screen, notes = Console(width=None if sys.stdout.isatty() else 140), Console(stderr=True, soft_wrap=True)
    try:
        plan = _planned(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except MappingError as error:
        notes.print(str(error), style="red", markup=False, highlight=False)
        return REFUSED
    tally, started = Tally(planned_rows=plan.rows), time.monotonic()
    status, problem = _replay(plan, tally, options, notes)
    if problem:
        notes.print(problem, style="red", markup=False, highlight=False)
    figures = _figures(plan, tally, time.monotonic() - started)
    if tally.rows:
        _print_report(figures, screen)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    return status


def _replay(plan: Plan, tally: Tally, options: argparse.Namespace, notes: Console) -> tuple[int, str]:
    """Send the rows and count what comes back; return the exit status and what went wrong, if anything.

    Whatever ends it early, the tally holds exactly the rows that the service has acknowledged in full.
    """
    client = DecisioningClient(options.target, patience_seconds=options.patience_seconds)
    label = plan.file.mapping.label
    try:
        with closing(client), _journal(options.journal) as write:
            if not options.no_apply:
                client.apply_campaign(plan.source)
            with progress_bar(tally, plan.experiment, label, notes) as show:
                for counted in replayed(_ordered(plan), client, plan.run, write):
                    count_row(tally, counted)
                    show()
    except KeyboardInterrupt:
        return INTERRUPTED, ""
    except ServiceError as error:
        return SERVICE_FAILED, f"{error}{_hint(error, plan)}"
    except MappingError as error:  # the file was changed since the survey
        return REFUSED, str(error)
    return FINISHED, ""


def _planned(options: argparse.Namespace) -> Plan:
    """Read and check everything before the first row is sent; raises MappingError."""
    file = load_mapping(options.mapping)
    source, campaign = read_campaign(file)
    experiment = survey(read_rows(options.csv, file), file, campaign)
    run = Run(
        name=options.run or _default_run(campaign.name, options),
        campaign=campaign.name,
        mapping=file.mapping,
        rows_at_once=options.concurrency,
        start_time_s=options.start_time,
    )
    rows = min(options.rows or experiment.rows, experiment.rows)
    return Plan(options.csv, file, source, campaign, experiment, run, rows, options.seed)


def _default_run(campaign: str, options: argparse.Namespace) -> str:
    """Name the run after all that decides what is sent, so that the same command twice is one run."""
    parts = [campaign[:40], file_digest(options.csv)[:12]]
    if options.seed is not None:
        parts.append(f"seed {options.seed}")
    if options.start_time is not None:
        parts.append(f"from {options.start_time}")
    return " ".join(parts)


def _ordered(plan: Plan) -> Iterator[Row]:
    """Return the rows to send: in the file's order, or shuffled, which holds them all in memory."""
    rows = read_rows(plan.csv, plan.file)
    if plan.seed is not None:
        shuffled = list(rows)
        Random(plan.seed).shuffle(shuffled)
        rows = iter(shuffled)
    return islice(rows, plan.rows)


@contextmanager
def _journal(path: Path | None) -> Iterator[Journal]:
    """Give a function that writes down each acknowledged decision and reward as one JSON line, at once."""
    if path is None:
        yield lambda _: None
        return
    with path.open("ab", buffering=0) as file:

        def write(acknowledged: Acknowledged) -> None:
            file.write(msgspec.json.encode(acknowledged) + b"\n")

        yield write


def _figures(plan: Plan, tally: Tally, seconds: float) -> ReplayFigures:
    experiment = plan.experiment
    shares, rate = experiment.shares, experiment.rate
    return ReplayFigures(
        run=plan.run.name,
        campaign=plan.campaign.name,
        file=plan.csv.name,
        label=plan.file.mapping.label,
        rate=rate,
        file_rows=experiment.rows,
        planned_rows=plan.rows,
        rows=tally.rows,
        seconds=seconds,
        quarters=quarters(tally, experiment),
        overall=overall(tally, experiment),
        file_uniform=estimated(experiment.sample, shares, rate=rate),
        file_actions={
            action: estimated({action: moments}, shares, rate=rate) for action, moments in experiment.sample.items()
        },
        best_action=experiment.best_action,
        rewards=tally.rewards,
        duplicate_rewards=tally.duplicate_rewards,
        control_rows=tally.control_rows,
        reasons=dict(sorted(tally.reasons.items())),
    )


def _print_report(figures: ReplayFigures, screen: Console) -> None:
    heading = f"run {figures.run!r} of campaign {figures.campaign!r} over {figures.file}"
    screen.print(heading, markup=False, highlight=False)
    for table in (metric_table(figures), choices_table(figures)):
        screen.print(table)
    for sentence in sentences(figures):
        screen.print(f"- {sentence}", markup=False, highlight=False, soft_wrap=not screen.is_terminal)


def _hint(error: ServiceError, plan: Plan) -> str:
    if error.code != grpc.StatusCode.ALREADY_EXISTS:
        return ""
    return (
        f"\nThe run name {plan.run.name!r} was used with other rows, another mapping or another start time; "
        "give another --run to start afresh."
    )


if __name__ == "__main__":
    sys.exit(main())
