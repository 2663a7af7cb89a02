"""The service as a process that dies as planned and comes back on the same data. Never the calls, never a check."""

import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

import grpc
from decisioning.v1.campaign_service_pb2_grpc import CampaignServiceStub
from decisioning.v1.customer_service_pb2_grpc import CustomerServiceStub
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceStub
from decisioning.v1.model_service_pb2_grpc import ModelServiceStub

from engine.fault_points import FaultPoint
from server import fault_option
from tests.conftest import server_environment
from tests.end_to_end.kill_workload import SWITCHES, Call, Workload
from tests.wardrobe import KEY

ANYWHERE = "anywhere"
SECONDS_MAX = 60
JITTER_SECONDS = 0.003  # so that a kill may land in any step of a call
START_SECONDS = 0.8  # roughly what a start takes
UNFINISHED = "SELECT coalesce(sum((kind = 'rebuild_started') - (kind = 'models_rebuilt')), 0) FROM events"
STARTS = 5  # one random kill in so many comes while the service starts


@dataclass(frozen=True)
class Kill:
    """How one life of the service ends: the `times`-th time it reaches a point, or `seconds` after the `times`-th call.

    Anywhere and after no call, it is `seconds` after the process began.
    """

    where: FaultPoint | str
    times: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Answered:
    """A call with its answer, or with the code it was refused with; `retried` where the service died over it."""

    call: Call
    answer: Any
    retried: bool


def planned(per_point: int, anywhere: int, reached_max: int, snapshots_max: int, seed: int) -> list[Kill]:
    """Return so many kills at each point and anywhere, in random order, each after a random number of times."""
    rng = random.Random(seed)
    kills = [
        Kill(point, rng.randint(1, snapshots_max if "snapshot" in point else reached_max))
        for point in FaultPoint
        for _ in range(per_point)
    ]
    for number in range(anywhere):
        starting = number % STARTS == 0
        seconds = rng.uniform(0, START_SECONDS if starting else JITTER_SECONDS)
        kills.append(Kill(ANYWHERE, 0 if starting else rng.randint(1, reached_max), seconds))
    rng.shuffle(kills)
    return kills


class KilledService:
    """Answers calls, however often it is killed over them; `died` counts the kills by where they came."""

    def __init__(self, data: Path, flags: Sequence[str], kills: Iterable[Kill]) -> None:
        self.died: Counter[str] = Counter()
        self._data = data
        self._flags = ["--address", "127.0.0.1:0", "--data", str(data), "--secret-key", KEY.decode(), *flags]
        self._log = data.with_suffix(".log").open("ab")
        self._kills = iter(kills)
        self._begin()

    @property
    def kills_left(self) -> bool:
        """Tell whether some planned kill has not come yet."""
        return self._kill is not None

    def answers(self, calls: Sequence[Call]) -> list[Answered]:
        """Make calls all at once, and those again with the same ids over which the service died."""
        waiting, done, retried = dict(enumerate(calls)), {}, set[int]()
        while True:
            self._calls += 1
            if self._kill and self._kill.where == ANYWHERE and self._calls == self._kill.times:
                self._kill_after(self._kill.seconds)
            under_way = {place: self._stub(call).future(call.message, timeout=60) for place, call in waiting.items()}
            for place, future in under_way.items():
                failure = future.exception()
                answer = future.result() if failure is None else failure.code()
                if answer != grpc.StatusCode.UNAVAILABLE:
                    done[place] = Answered(waiting.pop(place), answer, place in retried)
            if not waiting:
                return [done[place] for place in range(len(calls))]
            self._buried()
            self._begin()
            retried |= waiting.keys()

    def _stub(self, call: Call) -> Any:
        return getattr(self._stubs[call.method], call.method)

    def wait_for_rebuilds(self) -> None:
        """Wait until every rebuild that began has been swapped in, however often the service is killed over it."""
        give_up_at = time.monotonic() + SECONDS_MAX
        with closing(sqlite3.connect(f"file:{self._data / 'log.db'}?mode=ro", uri=True)) as log:
            while log.execute(UNFINISHED).fetchone()[0]:
                assert time.monotonic() < give_up_at, "the rebuild does not come to an end"
                time.sleep(0.01)
                if self._process.poll() is not None:
                    self._buried()
                    self._begin()

    def stop(self) -> None:
        """Ask the service to stop; it must do so by itself, all its kills behind it."""
        assert self._kill is None, f"the calls ended before the kills: {self._kill} and {len(list(self._kills))} more"
        self._process.terminate()
        assert self._process.wait(SECONDS_MAX) == 0

    def close(self) -> None:
        """End whatever still runs."""
        self._channel.close()
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def _begin(self) -> None:
        """Start the service, once more for every time it is killed while it starts."""
        while True:
            self._kill, self._calls = next(self._kills, None), 0
            self._spawn()
            line = self._process.stdout.readline() if self._process.stdout else ""
            if line.startswith("serving on "):
                return self._connect(line.removeprefix("serving on ").strip())
            self._buried()

    def _spawn(self) -> None:
        kill = self._kill
        fault = {fault_option.VARIABLE: f"{kill.where}:{kill.times}"} if kill and kill.where != ANYWHERE else {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "server", *self._flags],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=server_environment(**fault),
        )
        if kill and kill.where == ANYWHERE and not kill.times:
            self._kill_after(kill.seconds)

    def _connect(self, address: str) -> None:
        with suppress(AttributeError):  # the first life has none before it
            self._channel.close()
        self._channel = grpc.insecure_channel(address)
        campaigns, decisioning = CampaignServiceStub(self._channel), DecisioningServiceStub(self._channel)
        self._stubs = dict.fromkeys(("ApplyCampaign", "PauseCampaign", "ResumeCampaign"), campaigns)
        self._stubs |= dict.fromkeys(("Decide", "BatchDecide", "Reward", "Activate"), decisioning)
        self._stubs |= dict.fromkeys(("Identify", "EraseCustomer"), CustomerServiceStub(self._channel))
        models = ModelServiceStub(self._channel)
        self._stubs |= dict.fromkeys((*SWITCHES, "Rollback", "RebuildModels", "ListSnapshots", "ListRebuilds"), models)

    def _kill_after(self, seconds: float) -> None:
        threading.Timer(seconds, self._process.kill).start()

    def _buried(self) -> None:
        """See that the process has died of its planned kill and of nothing else."""
        assert self._process.wait(SECONDS_MAX) == -SIGKILL
        assert self._kill is not None, "the service died though no kill was planned"
        self.died[self._kill.where] += 1
        self._process.communicate()


def calls_answered(service: KilledService, workload: Workload, count: int) -> Iterator[Answered]:
    """Yield every call of a workload with its answer."""
    for call in workload.calls(count):
        (answered,) = service.answers([call])
        refused = isinstance(answered.answer, grpc.StatusCode)
        assert not (refused and call.method == "ApplyCampaign"), "a campaign of the workload breaks a rule"
        if not refused:
            workload.note(call, answered.answer)
        if call.method == "ApplyCampaign":  # so that what follows is decided by the new models in every run
            service.wait_for_rebuilds()
        yield answered


@contextmanager
def killed_service(data: Path, flags: Sequence[str], kills: Iterable[Kill]) -> Iterator[KilledService]:
    """Run a service for the length of the block; it must outlive the block's end."""
    service = KilledService(data, flags, kills)
    try:
        yield service
        service.stop()
    finally:
        service.close()
