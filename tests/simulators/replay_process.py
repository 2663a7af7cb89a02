"""The replay tool as a process of its own, for tests that interrupt it or its server. Never a behaviour under test."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAND_STILL_SECONDS = 60.0
"""Time without progress after which a test gives up, on a machine that is busy with other things."""


def started_replay(*arguments: str | Path) -> "subprocess.Popen[str]":
    """Start `python -m simulators.replay` with its output kept, deaf to Ctrl-C no more than a terminal's would be.

    A background job's children inherit that they ignore SIGINT; a handler here makes the child start with the default.
    """
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "simulators.replay", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "protos")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, inherited)


def wait_for_lines(journal: Path, count: int, replay: "subprocess.Popen[str]") -> None:
    """Wait until the replay's journal has so many lines; the replay must not end before."""
    give_up_at = time.monotonic() + STAND_STILL_SECONDS
    while not journal.exists() or journal.read_bytes().count(b"\n") < count:
        assert replay.poll() is None, f"the replay ended too soon: {replay.communicate()}"
        assert time.monotonic() < give_up_at, "the replay stands still"
        time.sleep(0.001)
