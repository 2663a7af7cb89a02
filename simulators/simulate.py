"""Simulate: lets the engine and its peers live through a scenario, and reports. Never a choice, never server code.

    python -m simulators.simulate SCENARIO [--target HOST:PORT] [--json FILE]

Without a target the engine runs in process. Over gRPC it takes a server of its own for every seed, started with
--simulated-time and the secret key of `simulators.target`; the same seed then gets the same decisions.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console

from simulators.client import ServiceError
from simulators.engine_target import EngineTarget
from simulators.loop import Life
from simulators.mapping_file import MappingError
from simulators.policies import Setup, missing, policies_of, policy
from simulators.progress import Shown, shown
from simulators.results import Report, Run, Settings, Timing
from simulators.service_target import ServiceTarget
from simulators.simulate_options import read_options
from simulators.simulation_table import print_report
from simulators.target import Target
from simulators.world.people import Mixture
from simulators.world.personas import load_personas
from simulators.world.scenarios import SCENARIOS, Scenario, customers_for
from simulators.world.world import World

FINISHED, SERVICE_FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses; interrupted is what a shell expects after Ctrl-C."""


class Plan(msgspec.Struct, frozen=True):
    """A simulation that is ready to run."""

    scenario: Scenario
    mixture: Mixture
    settings: Settings
    left_out: dict[str, str]

    def world(self, seed: int) -> World:
        """Return a fresh world."""
        return World(self.scenario, self.mixture, seed, self.settings.customers)

    def target(self) -> Target:
        """Return a new target."""
        return ServiceTarget(self.settings.target) if self.settings.target else EngineTarget()


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate as the command line says and return the exit status."""
    options = read_options(arguments)
    screen, notes = Console(width=None if sys.stdout.isatty() else 150), Console(stderr=True, soft_wrap=True)
    try:
        plan = planned(options)
    except MappingError as error:
        notes.print(str(error), style="red", markup=False, highlight=False)
        return REFUSED
    runs: list[tuple[Run, Timing]] = []
    status = FINISHED
    try:
        with shown(notes) as show:
            for run in simulated(plan, runs, show):
                runs.append(run)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except ServiceError as error:
        notes.print(str(error), style="red", markup=False, highlight=False)
        status = SERVICE_FAILED
    report = Report(
        description=plan.scenario.description,
        settings=plan.settings,
        commit=_commit(),
        interrupted=status != FINISHED,
        runs=tuple(run for run, _ in runs),
        timings=tuple(timing for _, timing in runs),
        left_out=plan.left_out,
    )
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    print_report(report, screen)
    return status


def simulated(plan: Plan, unfinished: list[tuple[Run, Timing]], show: Shown) -> Iterator[tuple[Run, Timing]]:
    """Yield each finished run; one that is cut short by an error or Ctrl-C is put among the `unfinished`."""
    for seed in plan.settings.seeds:
        for name in plan.settings.policies:
            yield lived(plan, seed, name, unfinished, show)


def lived(plan: Plan, seed: int, name: str, unfinished: list[tuple[Run, Timing]], show: Shown) -> tuple[Run, Timing]:
    """Return the run of one policy under one seed."""
    decisions = plan.settings.decisions
    world = plan.world(seed)
    setup = Setup(partial(plan.world, seed), decisions, plan.target)
    life = Life(world, policy(name, world, setup), name, decisions)
    try:
        for _ in show.run(life, decisions):
            pass
    except (KeyboardInterrupt, ServiceError):
        unfinished.append((life.run(), life.clock.timing(name, seed)))
        raise
    finally:
        life.policy.close()
    return life.run(), life.clock.timing(name, seed)


def planned(options: argparse.Namespace) -> Plan:
    """Check what was asked for; raises MappingError for a personas file that cannot be used."""
    scenario = SCENARIOS[options.scenario]
    mixture = Mixture(load_personas(options.personas), scenario.quirk)
    wanted = tuple(options.policies or policies_of(scenario.id))
    left_out = missing(wanted)
    settings = Settings(
        scenario=scenario.id,
        decisions=options.decisions,
        customers=customers_for(scenario, options.decisions),
        days=scenario.days,
        seeds=tuple(options.seeds),
        policies=tuple(name for name in wanted if name not in left_out),
        target=options.target,
        personas=options.personas.name,
    )
    return Plan(scenario, mixture, settings, dict(left_out))


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    with suppress(OSError):
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    return ""


if __name__ == "__main__":
    sys.exit(main())
