"""What was set as close to the limit, each target beside what was measured. Never a measurement."""

from collections.abc import Callable, Iterator
from statistics import median

from msgspec import Struct

from benchmarks.decision_cost.cells import BATCH, DECIDE, ECHO, LARGE, MIXED, POWER, PROCESS, REWARD, Cell, Round, Wire
from benchmarks.decision_cost.in_process import Timed
from benchmarks.decision_cost.peers import Served

RESTART_SECONDS_MAX = 5.0
IN_PROCESS_US_MAX = 60.0
MB_A_CUSTOMER = 0.01


class Target(Struct):
    """One thing to be reached: in words, what was measured, the bound, and whether it is met; None where not measured.

    `bound` holds from below where `at_least`, else from above.
    """

    words: str
    measured: float | None
    bound: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Return whether the target is met; None where nothing was measured."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


class Measured(Struct):
    """Everything that one run measured, in the order in which it is told."""

    wire: Wire
    engine: list[Timed]
    peers: list[Timed]
    services: list[Served]
    skipped: list[str]
    customers_in_memory: int


def of(wire: Wire, cell: Cell, figure: Callable[[Round], float]) -> float | None:
    """Return the median over rounds of a cell's figure, None where it was not measured."""
    rounds = wire.rounds.get(cell)
    return median(map(figure, rounds)) if rounds else None


def ratio(one: float | None, other: float | None) -> float | None:
    """Return one divided by the other, None where either was not measured."""
    return one / other if one is not None and other else None


def _median(one: Round) -> float:
    return one.median_us


def _p99(one: Round) -> float:
    return one.p99_us


def _rate(one: Round) -> float:
    return one.calls_per_second


def targets(found: Measured) -> Iterator[Target]:
    """Yield every target of the issue."""
    yield from _unary(found.wire)
    yield from _in_process(found)
    yield from _batches(found.wire)
    yield from _large(found)
    yield from _rewards(found.wire)
    yield from _peers(found)


def _unary(wire: Wire) -> Iterator[Target]:
    one = Cell(ECHO, DECIDE, 1)
    echo_us, fsync_us = of(wire, one, _median), median(wire.fsync_us)
    quick = ratio(of(wire, Cell(PROCESS, DECIDE, 1), _median), echo_us)
    yield Target("median, 1 in flight, process, of echo's", quick, 1.5, "times")
    safe = of(wire, Cell(POWER, DECIDE, 1), _median)
    bound_us = 1.5 * (echo_us or 0.0) + 1.5 * fsync_us
    yield Target("median, 1 in flight, power, against 1.5 echo + 1.5 fsync", safe, bound_us, "us")
    for server, share in ((POWER, 0.6), (PROCESS, 0.7)):
        rates = [of(wire, Cell(name, DECIDE, 32), _rate) for name in (server, ECHO)]
        yield Target(f"calls a second, 32 in flight, {server}, of echo's", ratio(*rates), share, "times", at_least=True)
    for concurrency in sorted({cell.concurrency for cell in wire.rounds if cell.method == DECIDE}):
        for server in (PROCESS, POWER):
            p99 = [of(wire, Cell(name, DECIDE, concurrency), _p99) for name in (server, ECHO)]
            yield Target(f"p99, {concurrency} in flight, {server}, of echo's", ratio(*p99), 2.0, "times")


def _in_process(found: Measured) -> Iterator[Target]:
    few, *more = found.engine
    yield Target(few.name + ", median", few.median, IN_PROCESS_US_MAX, "us")
    for way in more:
        if "1000 contents" in way.name and "without" in way.name:
            yield Target("1,000 contents, of 24 contents in process", way.median / few.median, 8.0, "times")


def _batches(wire: Wire) -> Iterator[Target]:
    batch = of(wire, Cell(PROCESS, BATCH, 2, 100), _rate)
    decisions = None if batch is None else batch * 100
    unary, echo = (of(wire, Cell(name, DECIDE, 32), _rate) for name in (PROCESS, ECHO))
    cpu = of(wire, Cell(PROCESS, DECIDE, 32), lambda one: one.server_cpu_us)
    batch_cpu = of(wire, Cell(PROCESS, BATCH, 2, 100), lambda one: one.server_cpu_us)
    per_core = ratio(cpu, None if batch_cpu is None else batch_cpu / 100)
    yield Target("BatchDecide of 100, decisions a second of CPU, of Decide's", per_core, 10.0, "times", at_least=True)
    yield Target(
        "BatchDecide of 100, decisions a second, of Decide's", ratio(decisions, unary), 10.0, "times", at_least=True
    )
    yield Target(
        "BatchDecide of 100, decisions a second, of echo's Decides", ratio(decisions, echo), 3.0, "times", at_least=True
    )


def _large(found: Measured) -> Iterator[Target]:
    wire = found.wire
    for concurrency in (1, 32):
        medians = [of(wire, Cell(name, DECIDE, concurrency), _median) for name in (LARGE, PROCESS)]
        yield Target(f"median, {concurrency} in flight, full log, of an empty log's", ratio(*medians), 1.2, "times")
    yield Target("full log, killed, serving again", wire.restart_seconds.get(LARGE), RESTART_SECONDS_MAX, "s")
    full, empty = wire.memory_mb.get(LARGE), wire.memory_mb.get(PROCESS)
    more = None if full is None or empty is None else full - empty
    allowed = found.customers_in_memory * MB_A_CUSTOMER
    yield Target("full log, memory beyond an empty log's, within its customers'", more, allowed, "MB")


def _rewards(wire: Wire) -> Iterator[Target]:
    medians = [of(wire, Cell(name, REWARD, 1), _median) for name in (PROCESS, ECHO)]
    yield Target("Reward, median, 1 in flight, process, of echo's", ratio(*medians), 1.5, "times")
    p99 = [of(wire, Cell(PROCESS, method, 8), _p99) for method in (MIXED, DECIDE)]
    yield Target("Decide's p99 with a reward for every tenth, of that without", ratio(*p99), 1.5, "times")


def _peers(found: Measured) -> Iterator[Target]:
    ours = found.engine[0].per_core
    for way in found.peers:
        words = f"decisions a second of CPU, no log, beside {way.name.partition(',')[0]}"
        yield Target(words, ours / way.per_core, 1.0, "times", at_least=True)
    logged = of(found.wire, Cell(PROCESS, DECIDE, 32), lambda one: one.server_cpu_us)
    for service in found.services[1:]:  # the first keeps nothing, and we have no server that does
        words = f"calls a second of CPU, process, beside {service.name}"
        yield Target(words, ratio(median(service.server_cpu_us), logged), 1.0, "times", at_least=True)
