"""The servers that are measured, each a process of its own, and what the operating system says of them. Never load."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
PYTHON_PATH = f"{ROOT}{os.pathsep}{ROOT / 'protos'}"
TICKS = os.sysconf("SC_CLK_TCK")
WRITTEN_BYTES = 8_192


class Running(Struct):
    """A server that answers at `address`, and how long it took to say so."""

    address: str
    process: subprocess.Popen[str]
    start_seconds: float

    def cpu_seconds(self) -> float:
        """Return the CPU time it has used, all threads, by the operating system's accounting; 0 where it keeps none."""
        times = 0.0
        for thread in Path(f"/proc/{self.process.pid}/task").glob("*"):
            try:
                times += int((thread / "schedstat").read_text().split()[0]) / 1e9
            except (OSError, IndexError):  # the thread has ended, or the kernel keeps only ticks
                times += _ticks(thread) / TICKS
        return times

    def waited_seconds(self) -> float:
        """Return how long its threads were ready to run and had no core: the noise of a busy machine; 0 if unknown."""
        waited = 0.0
        for thread in Path(f"/proc/{self.process.pid}/task").glob("*"):
            with suppress(OSError, IndexError):
                waited += int((thread / "schedstat").read_text().split()[1]) / 1e9
        return waited

    def memory_mb(self) -> float:
        """Return its resident memory in MB, 0 where the system does not say."""
        try:
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        except OSError:
            return 0.0
        return next((int(line.split()[1]) / 1_000 for line in lines if line.startswith("VmRSS")), 0.0)


def _ticks(thread: Path) -> int:
    try:
        fields = (thread / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


@contextmanager
def started(*arguments: str, killed: bool = False, environment: dict[str, str] | None = None) -> Iterator[Running]:
    """Run a Python module that says "serving on ADDRESS", and stop it afterwards, or kill it as a crash would."""
    path = os.pathsep.join(filter(None, [PYTHON_PATH, os.environ.get("PYTHONPATH", "")]))
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  our own modules only
        [sys.executable, "-m", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path} | (environment or {}),
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("serving on "):
            raise RuntimeError(f"{' '.join(arguments)} did not start")
        yield Running(line.removeprefix("serving on ").strip(), process, time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGKILL if killed else signal.SIGTERM)
        process.communicate(timeout=120)


def engine_server(folder: Path, durability: str) -> tuple[str, ...]:
    """Return the arguments that serve a folder; its log says errors only, and goes to where ours goes."""
    address = ("--address", "127.0.0.1:0")
    return "server", *address, "--data", str(folder), "--durability", durability, "--log-level", "error"


def echo_server(answer: Path) -> tuple[str, ...]:
    """Return the arguments that serve the reply in a file."""
    return "benchmarks.decision_cost.echo_server", str(answer)


def fsync_us(folder: Path, times: int) -> float:
    """Return the median time of one fsync after 8 KB were overwritten in a file there, in microseconds.

    So does a write-ahead log, which goes round in its file; at the end of a growing file an fsync costs several times
    as much, and a bound that rests on it would be met by anything.
    """
    sync = getattr(os, "fdatasync", os.fsync)  # as SQLite does
    file = folder / "fsync"
    file.write_bytes(bytes(WRITTEN_BYTES * times))
    found = []
    with file.open("r+b", buffering=0) as stream:
        os.fsync(stream.fileno())
        for number in range(times):
            stream.seek(WRITTEN_BYTES * number)
            stream.write(number.to_bytes(2, "big") * (WRITTEN_BYTES // 2))
            began_ns = time.perf_counter_ns()
            sync(stream.fileno())
            found.append((time.perf_counter_ns() - began_ns) / 1_000)
    file.unlink()
    return sorted(found)[len(found) // 2]
