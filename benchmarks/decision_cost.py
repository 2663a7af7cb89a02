"""What does a decision cost, in process and over the wire, beside a call that does nothing? Never a pass or fail.

`python -m benchmarks.decision_cost` prints a table of medians with their spread over rounds, measured A B A B in one
run: a health check (a call through the same server that decides nothing), `Decide` with each durability, `BatchDecide`,
and the engine alone.
"""

import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import grpc
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceStub
from decisioning.v1.features_pb2 import Features as FeaturesMessage
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from engine.opening import open_engine
from engine.types import DecideRequest, Features

CAMPAIGN = Path(__file__).parents[1] / "simulators" / "campaigns" / "retail.yaml"
ROUNDS, CALLS, BATCH = 7, 400, 100
NUMBERS = {f"number_{i}": i / 3 for i in range(15)}
CATEGORIES = {f"category_{i}": f"value_{i}" for i in range(15)}
START_US = 1_782_993_600_000_000

Call = Callable[[int], object]


class Measured(Struct):
    """One way of asking: how many decisions a call takes, and the median latency of each round in microseconds."""

    name: str
    call: Call
    decisions: int
    round_us: list[float]


@contextmanager
def served(durability: str) -> Iterator[grpc.Channel]:
    """Run a server on a new folder and yield a channel to it."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "server", "--address", "127.0.0.1:0", "--data", folder, "--log-level", "error"]
        command += ["--durability", durability, "--campaign", str(CAMPAIGN)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  our own server
            assert process.stdout  # noqa: S101  PIPE was asked for
            address = process.stdout.readline().split()[-1]
            with grpc.insecure_channel(address) as channel:
                yield channel
            process.terminate()


def question(number: int, campaign: str) -> pb.DecideRequest:
    """Return the numbered request of a customer with 30 features."""
    context = FeaturesMessage(numbers=NUMBERS, categories=CATEGORIES)
    return pb.DecideRequest(campaign=campaign, customer_id=f"customer-{number}", context=context)


def over_the_wire(stack: ExitStack, campaign: str) -> list[Measured]:
    """Start both servers and return the calls to measure on them."""
    power = stack.enter_context(served("power"))
    process = stack.enter_context(served("process"))
    health, deciding, quick = HealthStub(power), DecisioningServiceStub(power), DecisioningServiceStub(process)
    batch = pb.BatchDecideRequest(requests=[question(number, campaign) for number in range(BATCH)])
    return [
        Measured("health check (decides nothing)", lambda _: health.Check(HealthCheckRequest()), 1, []),
        Measured("Decide, durability power", lambda n: deciding.Decide(question(n, campaign)), 1, []),
        Measured("Decide, durability process", lambda n: quick.Decide(question(n, campaign)), 1, []),
        Measured(f"BatchDecide of {BATCH}, power", lambda _: deciding.BatchDecide(batch), BATCH, []),
    ]


def in_process(stack: ExitStack) -> Measured:
    """Return the engine alone, committing every 16 decisions."""
    folder = stack.enter_context(TemporaryDirectory())
    engine = open_engine(Path(folder), durability="process")
    stack.callback(engine.close)
    name = engine.apply_campaign(CAMPAIGN.read_text(), START_US).name
    context = Features(numbers=NUMBERS, categories=CATEGORIES)

    def decide(number: int) -> None:
        engine.decide(DecideRequest(name, f"customer-{number}", context), START_US + number * 1_000)
        if number % 16 == 0:
            engine.commit()

    return Measured("engine in process", decide, 1, [])


def measure(ways: list[Measured]) -> None:
    """Ask every way in turn, round after round; the first round warms up and is not kept."""
    for turn in range(ROUNDS + 1):
        for way in ways:
            calls = max(CALLS // way.decisions, 8)
            latencies = [latency_us(way.call, turn * CALLS + number) for number in range(calls)]
            if turn:
                way.round_us.append(median(latencies))


def latency_us(call: Call, number: int) -> float:
    """Return how long one call takes in microseconds."""
    started_ns = time.perf_counter_ns()
    call(number)
    return (time.perf_counter_ns() - started_ns) / 1_000


def table(ways: list[Measured]) -> Table:
    """Return the medians with their spread over rounds, and each as a multiple of the first."""
    shown = Table("", "median us", "rounds' min..max", "us a decision", "of a call that does nothing")
    nothing_us = median(ways[0].round_us)
    for way in ways:
        middle = median(way.round_us)
        spread = f"{min(way.round_us):.0f}..{max(way.round_us):.0f}"
        shown.add_row(way.name, f"{middle:.0f}", spread, f"{middle / way.decisions:.0f}", f"{middle / nothing_us:.2f}")
    return shown


def main() -> None:
    """Measure and print."""
    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    console = Console(width=130)
    with ExitStack() as stack:
        ways = [*over_the_wire(stack, "autumn-wardrobe"), in_process(stack)]
        measure(ways)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, commit {git.stdout.strip()}, {platform.machine()}, ", end="")
    console.print(f"Python {platform.python_version()}")
    console.print(table(ways))


if __name__ == "__main__":
    main()
