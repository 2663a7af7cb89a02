"""How many campaigns can one process hold, and what does each cost? Never a pass or fail.

`python -m benchmarks.many_campaigns [CAMPAIGNS ...]` (1, 10 and 50) applies so many campaigns of five channels and 24
contents each, in a process of its own, asks each for 60 decisions, of which some earn a reward, and looks at the
memory that is resident, at what a decision takes, and at how long a snapshot takes, the next one after 60 decisions of
one campaign alone, and a start. `--write` puts the table into this folder's README.
"""

import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.decision_cost import world
from benchmarks.long_lives import timed
from benchmarks.notes import tables
from engine.engine import Engine
from engine.opening import open_engine
from engine.types import DecideRequest, RewardRequest

CAMPAIGNS = (1, 10, 50)
CONTENTS, CUSTOMERS, DECISIONS = 24, 500, 60
START_US, STEP_US = 1_782_993_600_000_000, 1_000_000


def resident_mb() -> float:
    """Return how much memory of this process is resident, at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def lived(engine: Engine, names: list[str], dice: Random) -> list[float]:
    """Ask for some decisions of each campaign, and return how long each took, in seconds."""
    took, begin_us = [], engine.state.clock_us
    for number in range(DECISIONS * len(names)):
        request = DecideRequest(dice.choice(names), f"customer-{dice.randrange(CUSTOMERS)}")
        now_us = begin_us + (number + 1) * STEP_US
        started = time.perf_counter()
        decision = engine.decide(request, now_us)
        took.append(time.perf_counter() - started)
        if decision.content_id and dice.random() < 0.3:
            engine.reward(RewardRequest(decision.decision_id, outcome="clicked"), now_us + STEP_US // 2)
        if number % 16 == 0:
            engine.commit()
    closed_us = engine.state.clock_us + 4 * world.DAY_US
    while engine.tick(closed_us):  # every reward window closes, and models learn what came
        engine.commit()
    return took


def row(campaigns: int) -> list[str]:
    """Return the line of so many campaigns."""
    names, dice = [f"campaign-{number}" for number in range(campaigns)], Random(1)
    with TemporaryDirectory() as folder:
        engine = open_engine(Path(folder), durability="process")
        before_mb = resident_mb()
        for name in names:
            engine.apply_campaign(
                world.campaign(CONTENTS).replace(f"campaign: {world.NAME}", f"campaign: {name}"), START_US
            )
        took = lived(engine, names, dice)
        whole = timed(engine.snapshot, engine.state.clock_us) / 1e6
        lived(engine, names[:1], dice)
        part = timed(engine.snapshot, engine.state.clock_us) / 1e6
        each_mb = (resident_mb() - before_mb) / campaigns
        engine.close()
        start = timed(lambda: open_engine(Path(folder), durability="process").close()) / 1e6
    figures = (f"{each_mb:,.0f}", f"{1e6 * median(took):,.0f}", f"{whole:.2f}", f"{part:.2f}", f"{start:.2f}")
    return [str(campaigns), *figures]


HEADER = ("campaigns", "memory of each, MB", "Decide, us", "snapshot of all, s", "snapshot after one, s", "start, s")


def main() -> None:
    """Measure each number of campaigns in a process of its own, print, and write where that is asked for."""
    asked = [int(argument) for argument in sys.argv[1:] if argument != "--write"] or CAMPAIGNS
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        found = list(processes.map(row, asked))
    where = tables.taken(f"; {CONTENTS} contents, 5 channels, {DECISIONS} decisions of each campaign.")
    tables.told("many_campaigns", where, HEADER, found, sys.argv)


if __name__ == "__main__":
    main()
