"""How load is made: calls in flight on one connection, each customer in her turn. Never what is concluded from it.

The next call leaves when one has ended, so the offered rate is what the server carries (a closed loop). Calls that fail
are counted; a run with any is worth nothing.
"""

import gc
import itertools
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from decisioning.v1 import decisioning_service_pb2 as pb
from msgspec import Struct

from benchmarks.decision_cost import world
from benchmarks.decision_cost.http2 import Connection, framed

SERVICE = "/decisioning.v1.DecisioningService"
DECIDE, BATCH, REWARD = f"{SERVICE}/Decide", f"{SERVICE}/BatchDecide", f"{SERVICE}/Reward"
ID_AT = slice(7, 39)
"""Where a framed DecideResponse has its decision_id: after the frame's 5 bytes, the field's tag and its length."""

Ask = tuple[str, bytes]
"""A method's path and a framed message."""


class Run(Struct):
    """What one run of load saw: the latencies of its calls by method, in microseconds, and what making it cost."""

    latencies_us: dict[str, list[float]]
    seconds: float
    failed: int
    generator_cpu_seconds: float
    reply_bytes: int
    decision_ids: list[str]

    @property
    def calls(self) -> int:
        """How many calls were answered."""
        return sum(map(len, self.latencies_us.values()))


def decides(customers: Sequence[int]) -> Iterator[Ask]:
    """Return a Decide for each customer in turn, for ever; made now, so that no run waits for it."""
    return itertools.cycle([(DECIDE, framed(world.message(n).SerializeToString())) for n in customers])


def batches(customers: Sequence[int], size: int) -> Iterator[Ask]:
    """Return BatchDecides of this size over the customers in turn, for ever; made now, so that no run waits."""
    turn = itertools.cycle(customers)
    made = []
    for _ in range(max(1, len(customers) // size)):
        batch = pb.BatchDecideRequest(requests=[world.message(n) for n in itertools.islice(turn, size)])
        made.append((BATCH, framed(batch.SerializeToString())))
    return itertools.cycle(made)


def reward(decision_id: str) -> Ask:
    """Return a click's Reward for a decision."""
    return REWARD, framed(pb.RewardRequest(decision_id=decision_id, outcome="clicked").SerializeToString())


def run(address: str, asks: Iterator[Ask], concurrency: int, seconds: float, reward_every: int = 0) -> Run:
    """Keep so many calls in flight for a time, or until the asks are used up.

    With `reward_every` the decisions taken are rewarded, one in so many, by calls among the others.
    """
    connection = Connection(address)
    found = Run({}, 0.0, 0, 0.0, 0, [])
    gc.collect()
    gc.disable()
    began_ns, began_cpu = time.perf_counter_ns(), time.process_time()
    until_ns = began_ns + int(seconds * 1e9)
    try:
        asks = _rewarding(asks, found.decision_ids, reward_every)
        _converse(connection, asks, concurrency, until_ns, found)
    finally:
        gc.enable()
        connection.close()
    found.seconds = (time.perf_counter_ns() - began_ns) / 1e9
    found.generator_cpu_seconds = time.process_time() - began_cpu
    return found


def _rewarding(asks: Iterator[Ask], decision_ids: list[str], every: int) -> Iterator[Ask]:
    """Yield the asks, and after every so many a reward of a decision of this run, where there is one."""
    rewarded = 0
    for number, ask in enumerate(asks, start=1):
        yield ask
        if every and number % every == 0 and rewarded < len(decision_ids):
            yield reward(decision_ids[rewarded])
            rewarded += 1


def _converse(connection: Connection, asks: Iterator[Ask], concurrency: int, until_ns: int, found: Run) -> None:
    now_ns: Callable[[], int] = time.perf_counter_ns
    asked: dict[int, tuple[str, int]] = {}
    for path, body in itertools.islice(asks, concurrency):
        asked[connection.call(path, body)] = path, now_ns()
    while asked:
        for reply in connection.replies():
            path, asked_ns = asked.pop(reply.stream)
            replied_ns = now_ns()
            if not reply.body:
                found.failed += 1
                continue
            found.latencies_us.setdefault(path, []).append((replied_ns - asked_ns) / 1_000)
            found.reply_bytes += len(reply.body)
            if path == DECIDE:
                found.decision_ids.append(reply.body[ID_AT].decode())
            if replied_ns < until_ns and (ask := next(asks, None)):
                asked[connection.call(*ask)] = ask[0], now_ns()


class Checked(Struct):
    """What h2load saw: median latency in microseconds, calls a second, and its own CPU a call in microseconds."""

    median_us: float
    calls_per_second: float
    generator_us: float


def h2load(url: str, body: bytes, concurrency: int, calls: int, *, http1: bool = False) -> Checked | None:
    """Make calls with h2load, the same one again and again; None where it is not installed.

    It holds the generator here to account, and speaks HTTP/1.1 to the peer that needs it, one connection a call in
    flight. Raises ValueError where a call failed.
    """
    if not shutil.which("h2load"):
        return None
    streams = ["--h1", "-c", str(concurrency)] if http1 else ["-c", "1", "-m", str(concurrency)]
    kind = "application/json" if http1 else "application/grpc"
    with TemporaryDirectory() as folder:
        data, log = Path(folder, "body"), Path(folder, "log")
        data.write_bytes(body)
        command = ["h2load", *streams, "-n", str(calls), "-d", str(data), f"--log-file={log}"]
        command += ["-H", f"content-type: {kind}", *([] if http1 else ["-H", "te: trailers"]), url]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, capture_output=True, check=True)  # noqa: S603  our own words only
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        lines = [line.split("\t") for line in log.read_text().splitlines()]
    if len(lines) < calls or any(line[1] != "200" for line in lines):
        raise ValueError(f"h2load: {calls - sum(line[1] == '200' for line in lines)} of {calls} calls failed")
    latencies = sorted(int(line[2]) for line in lines)
    starts = [int(line[0]) for line in lines]
    seconds = (max(start + int(line[2]) for start, line in zip(starts, lines, strict=True)) - min(starts)) / 1e6
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Checked(float(latencies[len(latencies) // 2]), calls / seconds, cpu / calls * 1e6)
