"""What tests of several rooms share: the service as a process of its own. Never a behaviour under test."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
START_SECONDS_MAX = 60


@dataclass(frozen=True)
class StartedServer:
    """A server that answers at `address`, its process, and the file that its log (stderr) goes to."""

    address: str
    process: subprocess.Popen[str]
    log: Path

    def stop(self) -> int:
        """Ask the server to stop (SIGTERM) and return its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)


def server_environment(**changes: str) -> dict[str, str]:
    """Return this process's environment with the repository on Python's path and without settings of a server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DECISIONING_")}
    return kept | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos'}"} | changes


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., StartedServer]]:
    """Start servers with the given flags, each on a free port; all are killed after the test."""
    with ExitStack() as stack:

        def start(*flags: str | Path, address: str = "127.0.0.1:0") -> StartedServer:
            log = tmp_path / "server.log"
            with log.open("ab") as stream:
                process = subprocess.Popen(
                    [sys.executable, "-m", "server", "--address", address, *map(str, flags)],
                    stdout=subprocess.PIPE,
                    stderr=stream,
                    text=True,
                    env=server_environment(),
                    cwd=tmp_path,
                )
            stack.enter_context(process)
            stack.callback(process.kill)
            watchdog = threading.Timer(START_SECONDS_MAX, process.kill)
            watchdog.start()
            assert process.stdout is not None
            line = process.stdout.readline()
            watchdog.cancel()
            assert line.startswith("serving on "), log.read_text()
            return StartedServer(line.removeprefix("serving on ").strip(), process, log)

        yield start
