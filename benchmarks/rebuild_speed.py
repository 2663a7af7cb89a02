"""How fast are models learned anew from a long log, and what does Decide feel of it meanwhile? Never a pass or fail.

`python -m benchmarks.rebuild_speed [EVENTS]` makes a log of so many events (1,000,000 by default; decisions and rewards
in turn), starts a server on it, applies the campaign with another reward table, and times the rebuild that follows
while a caller goes on deciding.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import grpc
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.campaign_service_pb2 import ApplyCampaignRequest
from decisioning.v1.campaign_service_pb2_grpc import CampaignServiceStub
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceStub
from msgspec import structs
from rich.console import Console
from rich.table import Table

from benchmarks.notes import tables
from engine.events import DecisionTaken, RewardReceived
from engine.opening import open_engine
from engine.types import DecideRequest, Features

CAMPAIGN = (Path(__file__).parents[1] / "simulators" / "campaigns" / "retail.yaml").read_text()
REVALUED = CAMPAIGN.replace("  clicked: 0.2", "  clicked: 0.25")
NAME = "autumn-wardrobe"
START_US = 1_772_000_000_000_000
TEMPLATES = 2_000
BEFORE_SECONDS = 20.0
PLAN_SECONDS_MAX = 3_600.0
LOOK_EVERY = 200  # decisions, some two seconds
PACE_SECONDS = 0.01  # some 90 decisions a second: traffic, not a load test


def make_log(folder: Path, events: int) -> None:
    """Fill a log with decisions of 30 features and their rewards: real decisions first, then the same under new ids.

    The snapshot at the end says that the log was folded, which it was not: the models that serve are left untaught, and
    the server starts at once. Only the rebuild reads the whole log.
    """
    engine = open_engine(folder, durability="process")
    engine.apply_campaign(CAMPAIGN, START_US)
    templates = [decided(engine.decide(question(number), START_US + number)) for number in range(TEMPLATES)]
    ids = count()
    while engine.log.last_seq < events:
        number = next(ids)
        template, now_us = templates[number % TEMPLATES], START_US + number * 1_000
        decision = structs.replace(template, decision_id=f"{number:032x}", customer=f"{number % 100_000:032x}")
        seq = engine.log.append(now_us, decision, number.to_bytes(16, "big")).seq
        engine.log.append(now_us, reward(decision, seq, number, now_us))
        if number % 1_000 == 0:
            engine.log.commit()
    engine.log.commit()
    engine.state.seq = engine.log.last_seq
    engine.snapshot(now_us)
    engine.close()


def question(number: int) -> DecideRequest:
    """Return the numbered request of a customer with 30 features."""
    numbers = {f"number_{i}": (number * i % 17) / 3 for i in range(15)}
    categories = {f"category_{i}": f"value_{(number + i) % 7}" for i in range(15)}
    return DecideRequest(NAME, f"customer-{number}", Features(numbers, categories))


def decided(decision: DecisionTaken) -> DecisionTaken:
    """Return the decision as one whose window closes soon after it, so that every decision of the log teaches."""
    sent_us = None if decision.send_time_us is None else START_US  # silence is sent at no time
    return structs.replace(decision, close_time_us=START_US, default_reward=0.0, control=False, send_time_us=sent_us)


def reward(decision: DecisionTaken, seq: int, number: int, now_us: int) -> RewardReceived:
    """Return a click for the decision, late for the models that served and heard by the rebuild."""
    outcome = ("ignored", "clicked")[number % 2]
    value = (0.0, 0.2)[number % 2]
    return RewardReceived(
        reward_id=str(number),
        decision_id=decision.decision_id,
        decision_seq=seq,
        request_digest="",
        campaign=NAME,
        value=value,
        occur_time_us=now_us,
        outcome=outcome,
        late=True,
        final_value=value,
    )


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run a server on the folder and yield its address and the file of its log."""
    lines = folder / "server.log"
    command = [sys.executable, "-m", "server", "--address", "127.0.0.1:0", "--data", str(folder)]
    with (
        lines.open("wb") as stream,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream, text=True) as process,  # noqa: S603  our own
    ):
        assert process.stdout  # noqa: S101  PIPE was asked for
        try:
            yield process.stdout.readline().split()[-1], lines
        finally:  # a failure here would wait for ever for the server to end
            process.terminate()


def deciding(service: DecisioningServiceStub, until: float, lines: Path | None, prefix: str) -> list[float]:
    """Decide one customer after the other, until a time or until the log says that the models were swapped."""
    latencies_ms = []
    for number in count():
        started = time.perf_counter()
        service.Decide(pb.DecideRequest(campaign=NAME, customer_id=f"{prefix}-{number}"))
        latencies_ms.append((time.perf_counter() - started) * 1e3)
        time.sleep(PACE_SECONDS)
        if time.monotonic() > until or (lines and number % LOOK_EVERY == 0 and said(lines, "rebuild_swapped")):
            return latencies_ms
    raise AssertionError("a count has no end")


def said(lines: Path, event: str) -> datetime | None:
    """Return when the server's log told of an event, None where it has not."""
    for line in lines.read_text().splitlines():
        entry = json.loads(line)
        if entry.get("event") == event:
            return datetime.fromisoformat(entry["timestamp"])
    return None


def row(name: str, latencies_ms: list[float]) -> tuple[str, ...]:
    """Return a row of a latency table."""
    cuts = quantiles(latencies_ms, n=100)
    return name, f"{len(latencies_ms):,}", f"{cuts[49]:.2f}", f"{cuts[98]:.2f}", f"{max(latencies_ms):.0f}"


def main() -> None:
    """Measure and print."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    console = Console(width=120)
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_log(folder, events)
        with served(folder) as (address, lines), grpc.insecure_channel(address) as channel:
            service = DecisioningServiceStub(channel)
            before = deciding(service, time.monotonic() + BEFORE_SECONDS, None, "before")
            CampaignServiceStub(channel).ApplyCampaign(ApplyCampaignRequest(source=REVALUED), timeout=600)
            during = deciding(service, time.monotonic() + PLAN_SECONDS_MAX, lines, "during")
            begun, swapped = said(lines, "rebuild_started"), said(lines, "rebuild_swapped")
    if begun is None or swapped is None:
        raise SystemExit("the rebuild did not end in time")
    seconds = (swapped - begun).total_seconds()
    console.print(tables.taken(""))
    console.print(f"rebuild of {events:,} events: {seconds:.0f} s, {events / seconds:,.0f} events/s")
    shown = Table("Decide", "calls", "median ms", "p99 ms", "longest ms")
    shown.add_row(*row("before", before))
    shown.add_row(*row("during the rebuild and its swap", during))
    console.print(shown)


if __name__ == "__main__":
    main()
