"""What is measured over the wire: every cell of the plan, in turn, round after round. Never a target, never a table."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from statistics import median, quantiles

from msgspec import Struct

from benchmarks.decision_cost import load, servers, world
from benchmarks.decision_cost.http2 import framed
from benchmarks.decision_cost.servers import Running
from engine.events import DecisionTaken
from engine.log.sqlite import Log
from engine.opening import open_engine
from server import convert

ECHO, POWER, PROCESS, LARGE = "echo", "power", "process", "large"
DECIDE, BATCH, REWARD, MIXED = "Decide", "BatchDecide", "Reward", "Decide with rewards"
REFERENCE_CONTENTS = 24
REWARD_EVERY = 10
PATHS = {DECIDE: load.DECIDE, BATCH: load.BATCH, REWARD: load.REWARD, MIXED: load.DECIDE}


class Plan(Struct, frozen=True):
    """How much is measured: the defaults are the figures for the README, a test takes the least.

    `seconds` is how long a cell is measured in a round; `large` is a folder that `large_folder` made, None to go
    without.
    """

    rounds: int = 5
    seconds: float = 1.0
    concurrencies: tuple[int, ...] = (1, 8, 32, 128)
    batches: tuple[int, ...] = (10, 100, 1_000)
    contents: tuple[int, ...] = (6, 24, 100, 1_000)
    customers: int = 1_000
    large: Path | None = None
    large_customers: int = 0
    peers: bool = True


class Cell(Struct, frozen=True):
    """One way of asking: which server, which method, how many calls in flight, how many decisions a call."""

    server: str
    method: str
    concurrency: int
    batch: int = 1
    contents: int = REFERENCE_CONTENTS


class Round(Struct):
    """What a cell showed in one round; CPU and latencies in microseconds, CPU a call.

    `waited` is the share of the time that the server's threads were ready to run and had no core.
    """

    calls: int
    median_us: float
    p99_us: float
    calls_per_second: float
    server_cpu_us: float
    generator_cpu_us: float
    waited: float


class Wire(Struct):
    """All that was measured over the wire: rounds by cell, and by server what it took to start and to hold."""

    rounds: dict[Cell, list[Round]]
    fsync_us: list[float]
    memory_mb: dict[str, float]
    restart_seconds: dict[str, float]
    profile_features: dict[str, float]
    checks: dict[str, load.Checked]


def cells(plan: Plan) -> Iterator[Cell]:
    """Yield the cells in the order of a round: what is compared stands side by side."""
    for concurrency in plan.concurrencies:
        for server in (ECHO, PROCESS, POWER, *([LARGE] if plan.large else [])):
            yield Cell(server, DECIDE, concurrency)
    for contents in plan.contents:
        if contents != REFERENCE_CONTENTS:
            for concurrency in plan.concurrencies[::2]:
                yield Cell(name_of(contents), DECIDE, concurrency, contents=contents)
    for batch in plan.batches:
        for server in (ECHO, PROCESS, POWER):
            yield Cell(server, BATCH, 2, batch)  # one is decided while the other travels
    for server in (ECHO, PROCESS):
        yield Cell(server, REWARD, 1)
    for method in (DECIDE, MIXED) if 8 not in plan.concurrencies else (MIXED,):
        yield Cell(PROCESS, method, 8)


def name_of(contents: int) -> str:
    """Return the name of the server that decides over so many contents, with durability `process`."""
    return PROCESS if contents == REFERENCE_CONTENTS else f"{PROCESS}, {contents} contents"


def measure(plan: Plan, folder: Path) -> Wire:
    """Make the folders, start every server, and measure every cell in every round; the first round only warms up."""
    folders = {PROCESS: folder / "process", POWER: folder / "power"}
    folders |= {name_of(n): folder / f"contents-{n}" for n in plan.contents if n != REFERENCE_CONTENTS}
    for name, each in folders.items():
        contents = next((n for n in plan.contents if name_of(n) == name), REFERENCE_CONTENTS)
        world.warm_folder(each, contents, plan.customers, time.time_ns() // 1_000)
    answer = folder / "answer"
    answer.write_bytes(one_answer(folders[PROCESS]))
    if plan.large:
        folders[LARGE] = plan.large
    wire, asking = Wire({cell: [] for cell in cells(plan)}, [], {}, {}, {}, {}), Asking(plan)
    with ExitStack() as stack:
        running = {ECHO: stack.enter_context(servers.started(*servers.echo_server(answer)))}
        for name, each in folders.items():
            arguments = servers.engine_server(each, POWER if name == POWER else PROCESS)
            running[name] = stack.enter_context(servers.started(*arguments, killed=True))
        for number in range(plan.rounds + 1):
            for cell, found in wire.rounds.items():
                if cell == Cell(POWER, DECIDE, 1):  # beside it: what an fsync takes changes within seconds
                    wire.fsync_us.append(servers.fsync_us(folder, 30))
                measured = one_round(cell, plan, asking, running[cell.server], folders.get(cell.server))
                if number:
                    found.append(measured)
        wire.checks = checks(plan, running[ECHO])
        wire.memory_mb = {name: server.memory_mb() for name, server in running.items()}
    wire.restart_seconds = {name: restart_seconds(folders[name]) for name in (PROCESS, LARGE) if name in folders}
    wire.profile_features = {name: profile_features(folders[name]) for name in (PROCESS, LARGE) if name in folders}
    return wire


def one_answer(folder: Path) -> bytes:
    """Return a reply as the engine gives it, with all three stages, for the echo to repeat."""
    engine = open_engine(folder, durability="process")
    decisions = (engine.decide(world.question(n), time.time_ns() // 1_000) for n in range(100))
    sent = next(decision for decision in decisions if decision.content_id)
    engine.close()  # nothing of this was committed
    return convert.decide_response(sent).SerializeToString()


class Asking:
    """What each cell asks; who was asked about last is remembered, so that all customers have their turn."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._customers = {LARGE: Random(1).sample(range(plan.large_customers), min(plan.large_customers, 50_000))}
        self._turns: dict[tuple[str, bool, int], Iterator[load.Ask]] = {}

    def asks(self, cell: Cell, server: Running) -> Iterator[load.Ask]:
        """Return what a cell asks; decisions to be rewarded are taken before, each is rewarded once."""
        if cell.method == REWARD and cell.server == ECHO:
            return (load.reward(f"{number:032x}") for number in range(10**9))
        if cell.method == REWARD:
            decided = load.run(server.address, self._turn(cell), 8, self._plan.seconds)
            return iter([load.reward(decision_id) for decision_id in decided.decision_ids])
        return self._turn(cell)

    def _turn(self, cell: Cell) -> Iterator[load.Ask]:
        place = cell.server, cell.method == BATCH, cell.batch
        if place not in self._turns:
            customers = self._customers.get(cell.server, range(self._plan.customers))
            batched = cell.method == BATCH
            self._turns[place] = load.batches(customers, cell.batch) if batched else load.decides(customers)
        return self._turns[place]


def one_round(cell: Cell, plan: Plan, asking: Asking, server: Running, folder: Path | None) -> Round:
    """Measure a cell once; raises ValueError where a call failed or is not in the log."""
    asks = asking.asks(cell, server)
    before_seq, before_cpu, before_waited = last_seq(folder), server.cpu_seconds(), server.waited_seconds()
    every = REWARD_EVERY if cell.method == MIXED else 0
    found = load.run(server.address, asks, cell.concurrency, plan.seconds, reward_every=every)
    cpu, waited = server.cpu_seconds() - before_cpu, server.waited_seconds() - before_waited
    logged = last_seq(folder) - before_seq
    if found.failed or (folder and logged < found.calls * cell.batch):
        raise ValueError(f"{cell}: {found.failed} of {found.calls} calls failed, {logged} events were logged")
    latencies = found.latencies_us[PATHS[cell.method]]
    cuts = quantiles(latencies, n=100) if len(latencies) > 1 else latencies * 99
    return Round(
        calls=found.calls,
        median_us=median(latencies),
        p99_us=cuts[98],
        calls_per_second=found.calls / found.seconds,
        server_cpu_us=cpu / found.calls * 1e6,
        generator_cpu_us=found.generator_cpu_seconds / found.calls * 1e6,
        waited=waited / found.seconds,
    )


def last_seq(folder: Path | None) -> int:
    """Return the sequence number of a folder's newest event, 0 for no folder."""
    if folder is None:
        return 0
    with closing(Log.reading(folder)) as log:
        return log.last_seq


def restart_seconds(folder: Path) -> float:
    """Return how long a server that was killed takes to serve again."""
    with servers.started(*servers.engine_server(folder, PROCESS)) as server:
        return server.start_seconds


def profile_features(folder: Path) -> float:
    """Return the median number of profile features that the models saw in the last decisions."""
    with closing(Log.reading(folder)) as log:
        events = [logged.event for logged in log.read(after_seq=max(0, log.last_seq - 200))]
    profiles = [event.profile for event in events if isinstance(event, DecisionTaken)]
    seen = [len(profile.numbers) + len(profile.categories) for profile in profiles]
    return median(seen) if seen else 0.0


def checks(plan: Plan, echo: Running) -> dict[str, load.Checked]:
    """Ask the echo by h2load too, where it is installed, so that the generator here can be held against it."""
    body = framed(world.message(0).SerializeToString())
    found = {}
    for concurrency in plan.concurrencies:
        calls = max(int(plan.seconds * 3_000), concurrency)
        if checked := load.h2load(f"http://{echo.address}{load.DECIDE}", body, concurrency, calls):
            found[f"echo by h2load, {concurrency} in flight"] = checked
    return found
