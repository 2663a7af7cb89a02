"""How many customers can one process hold, how fast are they told of, what does deciding for one cost? Never a verdict.

`python -m benchmarks.customer_scale [CUSTOMERS]` (1,000,000 by default) starts a server, streams so many new customers
into it and then as many events of theirs again in random order, and decides for customers it does not have in memory,
for customers it has, for strangers, and for customers while another stream is under way. `--durability` goes to the
server. Where others use the machine, the events a second of the server's own processor time say more than those by the
clock.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import grpc
from decisioning.v1 import customer_service_pb2 as customer_pb
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.customer_service_pb2_grpc import CustomerServiceStub
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceStub
from decisioning.v1.features_pb2 import Features
from decisioning.v1.identity_pb2 import Identity
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from benchmarks.notes import tables

CAMPAIGN = Path(__file__).parents[1] / "simulators" / "campaigns" / "retail.yaml"
NAME = "autumn-wardrobe"
EVENTS_PER_MESSAGE = 500
WARM_UP, CALLS = 200, 2_000
STREAMED_MEANWHILE = 30_000
TICKS = os.sysconf("SC_CLK_TCK")
KINDS = ("browse", "search", "basket", "purchase")
DEVICES, PLACES = ("phone", "desktop"), ("web", "app")
CATEGORIES = ("polos", "suits", "ties", "jeans", "house-music")


class Served(Struct, frozen=True):
    """A running server: a channel to it, its process id and its folder."""

    channel: grpc.Channel
    process_id: int
    folder: Path


@contextmanager
def served(durability: str) -> Iterator[Served]:
    """Run a server with the shipped campaign on a new folder."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "server", "--address", "127.0.0.1:0", "--data", folder, "--log-level", "error"]
        command += ["--durability", durability, "--campaign", str(CAMPAIGN)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  our own server
            assert process.stdout  # noqa: S101  PIPE was asked for
            try:
                with grpc.insecure_channel(process.stdout.readline().split()[-1]) as channel:
                    yield Served(channel, process.pid, Path(folder))
            finally:  # a failure here would wait for ever for the server to end
                process.terminate()


def who(number: int) -> Identity:
    """Return a customer's identity."""
    return Identity(type="cookie", value=f"cookie-{number}")


def event(event_id: str, customer: int, generator: random.Random) -> customer_pb.TrackRequest:
    """Return something that a customer did."""
    kind = generator.choice(KINDS)
    about = Features(categories={"category": generator.choice(CATEGORIES), "sku": f"sku-{customer % 1000}"})
    if kind == "purchase":
        about.categories["order_id"], about.numbers["amount"] = event_id, 49.9
    return customer_pb.TrackRequest(
        event_id=event_id,
        identity=who(customer),
        type=kind,
        device=generator.choice(DEVICES),
        channel=generator.choice(PLACES),
        properties=about,
    )


def messages(events: Iterator[customer_pb.TrackRequest]) -> Iterator[customer_pb.TrackStreamRequest]:
    """Yield the messages of a stream."""
    while some := list(islice(events, EVENTS_PER_MESSAGE)):
        yield customer_pb.TrackStreamRequest(events=some)


def streamed(service: CustomerServiceStub, events: Iterator[customer_pb.TrackRequest]) -> tuple[int, float]:
    """Stream the events and return how many were accepted, and in how many seconds."""
    started = time.perf_counter()
    answer = service.TrackStream(messages(events))
    return answer.accepted, time.perf_counter() - started


def latencies_ms(service: DecisioningServiceStub, customers: list[int]) -> list[float]:
    """Decide for each customer in turn and return how long each call took."""
    found = []
    for customer in customers:
        request = pb.DecideRequest(campaign=NAME, identity=who(customer))
        started_ns = time.perf_counter_ns()
        service.Decide(request)
        found.append((time.perf_counter_ns() - started_ns) / 1e6)
    return found


def cpu_seconds(process_id: int) -> float:
    """Return the processor time that a process has taken so far (Linux)."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(process_id: int) -> float:
    """Return the resident memory of a process in MiB (Linux)."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def loaded(server: Served, customers: int, generator: random.Random, table: Table) -> None:
    """Tell of new customers, then of the same in random order; note how fast that went and what memory it left."""
    service = CustomerServiceStub(server.channel)
    again = (event(f"again-{n}", generator.randrange(customers), generator) for n in range(customers))
    new = (event(f"new-{n}", n, generator) for n in range(customers))
    table.add_row("at the start", "", "", "", f"{memory_mib(server.process_id):.0f}", "")
    for name, events in (("new customers", new), ("known customers, in random order", again)):
        before = cpu_seconds(server.process_id)
        accepted, seconds = streamed(service, events)
        taken = max(cpu_seconds(server.process_id) - before, 1 / TICKS)  # it is counted in ticks
        rates = [f"{accepted / each:,.0f}" for each in (seconds, taken)]
        size_mib = sum(file.stat().st_size for file in server.folder.glob("log.db*")) / 2**20
        table.add_row(name, f"{accepted:,}", *rates, f"{memory_mib(server.process_id):.0f}", f"{size_mib:.0f}")


def decided(server: Served, customers: int, generator: random.Random, table: Table) -> None:
    """Decide for three kinds of customers and note what the calls cost."""
    service = DecisioningServiceStub(server.channel)
    cold = generator.sample(range(customers), min(CALLS + WARM_UP, customers))
    strangers = list(range(customers, customers + CALLS))
    latencies_ms(service, cold[:WARM_UP])
    for name, numbers in (
        ("not in memory", cold[WARM_UP:]),
        ("in memory", cold[WARM_UP:]),
        ("never seen", strangers),
    ):
        table.add_row(name, *shown(latencies_ms(service, numbers)))


def decided_during_a_stream(server: Served, customers: int, generator: random.Random, table: Table) -> None:
    """Decide while a stream is taken as fast as this same process can send it, and note what the calls cost."""
    service, found = DecisioningServiceStub(server.channel), []
    more = (event(f"more-{n}", generator.randrange(customers), generator) for n in range(STREAMED_MEANWHILE))
    stream = CustomerServiceStub(server.channel).TrackStream.future(messages(more))
    while not stream.done():
        found += latencies_ms(service, [generator.randrange(customers)])
    table.add_row("while a stream is taken", *shown(found))


def shown(found: list[float]) -> tuple[str, ...]:
    """Return how many calls there were, their median, their 99th percentile and the longest."""
    cuts = quantiles(found, n=100)
    return f"{len(found):,}", f"{cuts[49]:.2f}", f"{cuts[98]:.2f}", f"{max(found):.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("customers", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--durability", choices=("power", "process"), default="power")
    options = parser.parse_args()
    events = Table("events", "accepted", "events/s", "events/s of its CPU time", "memory MiB", "data MiB")
    decisions = Table("Decide for a customer", "calls", "median ms", "p99 ms", "longest ms")
    generator = random.Random(1)
    with served(options.durability) as server:
        loaded(server, options.customers, generator, events)
        decided(server, options.customers, generator, decisions)
        decided_during_a_stream(server, options.customers, generator, decisions)
        left = memory_mib(server.process_id)
    console = Console(width=120)
    console.print(tables.taken(f", durability {options.durability}, {options.customers:,} customers"))
    console.print(events)
    console.print(decisions)
    console.print(f"memory at the end: {left:.0f} MiB")


if __name__ == "__main__":
    main()
