"""What do late rewards cost, learned provisionally or at the close of their window? Never a pass or fail.

`python -m benchmarks.reward_delays` lives through a world with a known answer, in simulated time, once for each delay
and each way to learn: clicks come within a minute, purchases minutes, hours or days later, and the content that is
clicked most is not the one that sells. Midway the tastes flip. `--write` puts the table into this folder's README.
"""

import random
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import track

from benchmarks.notes import tables
from engine.campaign.catalogue import catalogue
from engine.engine import Engine
from engine.features import shared_text
from engine.opening import open_engine
from engine.policy import content_name
from engine.times import local_time
from engine.types import DecideRequest, Features, RewardRequest
from simulators.target import SECRET_KEY

START_US = 1_782_993_600_000_000
MINUTE_US = 60_000_000
DELAYS = {"minutes": (10, "30 minutes"), "hours": (8 * 60, "1 day"), "days": (24 * 60, "3 days")}
"""Mean minutes from a click to its purchase, and the reward window."""
MODES = ("provisionally", "at_close")
SEEDS = (1, 2, 3)
BEFORE, AFTER, ROLLING = 8_000, 14_000, 500
CLICK, PURCHASE = 0.2, 0.8
CONTENTS = {"flashy": (0.60, 0.05), "honest": (0.30, 0.80), "plain": (0.30, 0.30), "dull": (0.10, 0.50)}
"""Probability of a click, and of a purchase after one. The flip gives each content its opposite's numbers."""
FLIPPED = dict(zip(CONTENTS, [CONTENTS[name] for name in ("honest", "flashy", "dull", "plain")], strict=True))
CAMPAIGN = """
campaign: delays
reward: {{lowest: 0, highest: 1}}
outcomes: {{clicked: 0.2, purchased: 0.8}}
learn: {learn}
channels:
  app: {{send_windows: {{now: now}}, reward_window: {window}}}
contents: {{{contents}}}
"""


@dataclass
class Life:
    """One run: what was sent and what was expected of it, and the rewards still on their way."""

    engine: Engine
    delay_minutes: float
    generator: random.Random
    source: str
    sent: list[str] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    coming: list[tuple[int, str, str]] = field(default_factory=list)


def worth(chances: tuple[float, float]) -> float:
    """Return what sending a content truly earns on average."""
    clicked, bought = chances
    return clicked * (CLICK + PURCHASE * bought)


def lived(delay: str, learn: str, seed: int) -> Life:
    """Live through the world once, one decision a minute."""
    minutes, window = DELAYS[delay]
    contents = ", ".join(f"{name}: {{category: {name}}}" for name in CONTENTS)
    source = CAMPAIGN.format(learn=learn, window=window, contents=contents)
    with TemporaryDirectory() as folder:
        engine = open_engine(Path(folder), durability="process", secret_key=SECRET_KEY.encode())
        engine.apply_campaign(source, START_US)
        life = Life(engine, minutes, random.Random(seed), source)
        for number in range(BEFORE + AFTER):
            minute(life, number)
        engine.close()
    return life


def minute(life: Life, number: int) -> None:
    """Let one minute pass: rewards that are due come in, and one customer is sent a content."""
    now_us, engine = START_US + number * MINUTE_US, life.engine
    while life.coming and life.coming[0][0] <= now_us:
        time_us, decision_id, outcome = heappop(life.coming)
        engine.reward(RewardRequest(decision_id, "", outcome), time_us)
    context = Features(categories={"city": ("Anytown", "Chicago")[number % 2]})
    decision = engine.decide(DecideRequest("delays", f"customer-{number}", context, f"seed-q{number}"), now_us)
    chances = (CONTENTS if number < BEFORE else FLIPPED)[decision.content_id]
    life.sent.append(decision.content_id)
    if number % 10 == 0:
        life.errors.append(expected(life, decision.content_id, context, now_us) - worth(chances))
    for time_us, outcome in outcomes(life, chances, now_us):
        heappush(life.coming, (time_us, decision.decision_id, outcome))
    if number % 100 == 0:
        engine.commit()


def outcomes(life: Life, chances: tuple[float, float], now_us: int) -> Iterator[tuple[int, str]]:
    """Yield what comes of a message and when: a click within a minute, a purchase after the world's delay."""
    clicked, bought = chances
    if life.generator.random() >= clicked:
        return
    click_us = now_us + life.generator.randrange(MINUTE_US)
    yield click_us, "clicked"
    if life.generator.random() < bought:
        yield click_us + int(life.generator.expovariate(1 / life.delay_minutes) * MINUTE_US), "purchased"


def expected(life: Life, content_id: str, context: Features, now_us: int) -> float:
    """Return the reward that the content's model expects now."""
    line = catalogue(life.source, 1).channels["app"].content_lines[content_id][0]
    shared = shared_text(context, None, local_time(now_us, ZoneInfo("UTC")))
    return -life.engine.state.models[content_name("delays", "app")].expected_cost(shared, line)


def mean_error(life: Life, start: int, end: int) -> float:
    """Return the mean error of the expected reward of what was sent, over the decisions that were looked at."""
    looked_at = life.errors[start // 10 : end // 10]
    return sum(looked_at) / len(looked_at)


def adapted_after(life: Life) -> int | None:
    """Return the decisions from the flip until the newly best content has 90 % of the old best one's share."""
    best, best_after = (max(world, key=lambda name: worth(world[name])) for world in (CONTENTS, FLIPPED))
    share = life.sent[BEFORE - 2_000 : BEFORE].count(best) / 2_000
    recent: deque[bool] = deque(maxlen=ROLLING)
    for number, content_id in enumerate(life.sent[BEFORE:], start=1):
        recent.append(content_id == best_after)
        if number >= ROLLING and sum(recent) / ROLLING >= 0.9 * share:
            return number
    return None


def row(delay: str, learn: str, lives: list[Life]) -> list[str]:
    """Return the line of a table for some runs that differ in their seed."""
    best = max(CONTENTS, key=lambda name: worth(CONTENTS[name]))
    share = sum(life.sent[BEFORE - 2_000 : BEFORE].count(best) for life in lives) / (2_000 * len(lives))
    turns = [adapted_after(life) for life in lives]
    end = BEFORE + AFTER
    errors = [[mean_error(life, at, at + 2_000) for life in lives] for at in (BEFORE - 2_000, BEFORE, end - 2_000)]
    shown = [f"{sum(each) / len(each):+.3f}" for each in errors]
    return [delay, learn, f"{share:.2f}", " / ".join("never" if n is None else f"{n:,}" for n in turns), *shown]


HEADER = (
    "delay",
    "learn",
    "best content's share before the flip",
    "decisions until 90 % of it after",
    "error before the flip",
    "just after it",
    "at the end",
)


def main() -> None:
    """Live, measure, print, and write where that is asked for."""
    console = Console(width=140)
    rows = []
    runs = [(delay, learn) for delay in DELAYS for learn in MODES]
    for delay, learn in track(runs, "living", console=console, transient=True):
        rows.append(row(delay, learn, [lived(delay, learn, seed) for seed in SEEDS]))
    where = tables.taken(f"; {BEFORE:,} decisions before the flip, {AFTER:,} after it.")
    tables.told("reward_delays", where, HEADER, rows, sys.argv)


if __name__ == "__main__":
    main()
