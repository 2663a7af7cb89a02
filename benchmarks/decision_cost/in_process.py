"""What a decision costs in process: the engine alone, without and with its log. Never a wire."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, cast

from msgspec import Struct

from benchmarks.decision_cost import world
from engine.engine import Engine
from engine.events import Event, LoggedEvent
from engine.log.sqlite import Log
from engine.opening import open_engine

COMMIT_EVERY = 16


class Timed(Struct):
    """One way of deciding in process: median latency and CPU of a decision by round, in microseconds."""

    name: str
    decide: Callable[[int], object]
    commit: Callable[[], object] | None = None
    close: Callable[[], object] | None = None
    median_us: list[float] = []
    cpu_us: list[float] = []

    @property
    def median(self) -> float:
        """Return the median of the rounds' medians, in microseconds."""
        return median(self.median_us)

    @property
    def per_core(self) -> float:
        """Return decisions a second of CPU time."""
        return 1e6 / median(self.cpu_us)


class NoLog:
    """Stands in for an engine's log and keeps nothing, so that the decision is left; reads go to the real one."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.last_seq = log.last_seq

    def append(self, time_us: int, event: Event, _key: bytes | None = None) -> LoggedEvent:
        """Number the event."""
        self.last_seq += 1
        return LoggedEvent(seq=self.last_seq, time_us=time_us, event=event)

    def __getattr__(self, name: str) -> Any:
        """Return what the real log has."""
        return getattr(self._log, name)


def engine_on(folder: Path, contents: int, customers: int) -> Engine:
    """Return an engine on a new folder with warm customers, all of them in memory."""
    world.warm_folder(folder, contents, customers, time.time_ns() // 1_000)
    engine = open_engine(folder, durability="process")
    for number in range(customers):
        engine.decide(world.question(number), time.time_ns() // 1_000)
    return engine


def without_log(folder: Path, contents: int, customers: int) -> Timed:
    """Return `Engine.decide` with nothing kept: rules, profile, models, draws and folds."""
    engine = engine_on(folder, contents, customers)
    engine.log = cast(Log, NoLog(engine.log))
    return Timed(f"Engine.decide without the log, {contents} contents", deciding(engine, customers), close=engine.close)


def with_log(folder: Path, contents: int, customers: int) -> Timed:
    """Return `Engine.decide` with durability `process`, one commit for every 16 decisions."""
    engine = engine_on(folder, contents, customers)
    name = f"Engine.decide with its log, {contents} contents"
    return Timed(name, deciding(engine, customers), engine.commit, engine.close)


def deciding(engine: Engine, customers: int) -> Callable[[int], object]:
    """Return what takes the numbered decision."""
    questions = [world.question(number) for number in range(customers)]
    return lambda number: engine.decide(questions[number % customers], time.time_ns() // 1_000)


def measure(ways: list[Timed], rounds: int, seconds: float) -> None:
    """Decide every way in turn, round after round, and close them; the first round warms up."""
    for turn in range(rounds + 1):
        for way in ways:
            latencies, cpu_seconds = one_round(way, seconds, turn * 100_000)
            if turn:
                way.median_us.append(median(latencies))
                way.cpu_us.append(cpu_seconds / len(latencies) * 1e6)
    for way in ways:
        if way.close:
            way.close()


def one_round(way: Timed, seconds: float, first: int) -> tuple[list[float], float]:
    """Return the latencies of decisions taken one after the other for a time, and the CPU they took, commits too."""
    now_ns, latencies = time.perf_counter_ns, list[float]()
    until_ns, began_cpu = now_ns() + int(seconds * 1e9), time.process_time()
    while not latencies or now_ns() < until_ns:
        began_ns = now_ns()
        way.decide(first + len(latencies))
        latencies.append((now_ns() - began_ns) / 1_000)
        if way.commit and len(latencies) % COMMIT_EVERY == 0:
            way.commit()
    return latencies, time.process_time() - began_cpu
