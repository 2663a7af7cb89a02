"""What do dirty events cost, with the gate and without it? Never a pass or fail.

`python -m benchmarks.dirty_data` lives in simulated time through a world in which customers with hidden tastes browse
and buy by themselves and click on what suits them. The first half is clean and the same in every run of a seed; in the
second, which is measured, dirty events of eight kinds are injected, each an equal part of their share of all events.
`--write` puts the table into this folder's README.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from rich.progress import track as progress

from benchmarks.notes import tables
from engine.customer_operations import identify, track
from engine.customers.gate import Gate
from engine.customers.types import IdentifyRequest, TrackRequest
from engine.engine import Engine
from engine.errors import InvalidRequest
from engine.model_events import Switch
from engine.model_operations import switch
from engine.opening import open_engine
from engine.quarantine import counts
from engine.types import DecideRequest, Features, Identity, RewardRequest

START_US = 1_782_993_600_000_000
SECOND_US, MINUTE_US, HOUR_US, DAY_US = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
CATEGORIES = ("polos", "suits", "denim", "house-music", "shoes", "hats")
SHARES, SEEDS = (0.01, 0.05, 0.20), (1, 2, 3, 4, 5, 6)
CUSTOMERS, DAYS, BURST = 80, 60, 30
SUITS, ELSE = 0.5, 0.05
"""Probability of a click on a content of her taste, and on any other."""
FAITH = 0.7
"""Share of what she browses and buys that is of her taste; the rest is of any category."""
CAMPAIGN = """
campaign: tastes
reward: {lowest: 0, highest: 1}
outcomes: {clicked: 1}
combine: max
channels:
  app: {send_windows: {now: now}, reward_window: 2 hours}
contents: {%s}
""" % ", ".join(f"{name}: {{category: {name}}}" for name in CATEGORIES)  # noqa: UP031  the braces are YAML's


@dataclass
class World:
    """One run: its engine, its dirt's share and generator, and what its decisions are expected to earn."""

    engine: Engine
    seed: int
    dirty_share: float
    dirt: random.Random
    dirty_from_us: int
    owed: float = 0.0
    earned: list[float] = field(default_factory=list)
    orders: dict[str, list[TrackRequest]] = field(default_factory=dict)
    injected: Counter[str] = field(default_factory=Counter)


def who(number: int) -> Identity:
    """Return the identity of a numbered customer."""
    return Identity("customer_id", f"customer-{number}")


def taste_of(seed: int, number: int) -> str:
    """Return the category that a numbered customer likes."""
    return random.Random(f"{seed} {number}").choice(CATEGORIES)


def browsed(number: int, category: str, time_us: int) -> TrackRequest:
    """Return that a customer looked at a category."""
    return TrackRequest(who(number), "browse", "", time_us, "phone", "app", Features({}, {"category": category}))


def bought(number: int, category: str, time_us: int, order_id: str, amount: float = 40.0) -> TrackRequest:
    """Return that a customer bought of a category."""
    said = Features({"amount": amount}, {"category": category, "order_id": order_id})
    return TrackRequest(who(number), "purchase", "", time_us, "phone", "app", said)


def lived(
    seed: int,
    dirty_share: float,
    gate: Gate | None,
    *,
    customers: int = CUSTOMERS,
    days: int = DAYS,
    frozen: bool = False,
) -> World:
    """Live through the world once; `frozen` lets models learn no more in the dirty half, which calms the comparison."""
    with TemporaryDirectory() as folder:
        engine = open_engine(Path(folder), durability="process", secret_key=b"a key for simulations only", gate=gate)
        engine.apply_campaign(CAMPAIGN, START_US)
        world = World(engine, seed, dirty_share, random.Random(seed + 1_000), START_US + days // 2 * DAY_US)
        for day in range(days):
            if frozen and day == days // 2:
                switch(engine, "tastes", "app", Switch.FROZEN, engine.state.clock_us, on=True)
            for number in range(customers):
                live_a_day(world, number, day, START_US + day * DAY_US + number * (20 * HOUR_US // customers))
            engine.commit()
        world.injected.update({f"stopped {reason}": aside.quarantined for reason, aside in counts(engine).items()})
        engine.close()
    return world


def live_a_day(world: World, number: int, day: int, now_us: int) -> None:
    """Let a customer do what she does by herself, be sent a content, and react; dirt comes in between."""
    honest = random.Random(f"{world.seed} {number} {day}")
    taste = taste_of(world.seed, number)
    for visit in range(honest.choice((0, 1, 2))):
        category = taste if honest.random() < FAITH else honest.choice(CATEGORIES)
        tell(world, number, browsed(number, category, now_us + visit * 7 * MINUTE_US))
    if honest.random() < 0.1:
        category = taste if honest.random() < FAITH else honest.choice(CATEGORIES)
        order = bought(number, category, now_us + 20 * MINUTE_US, f"{number}-{day}")
        world.orders.setdefault(f"{number}", []).append(order)
        tell(world, number, order)
    decide_us = now_us + 30 * MINUTE_US
    request = DecideRequest("tastes", f"customer-{number}", request_id=f"{world.seed}-{number}-{day}")
    decision = world.engine.decide(request, decide_us)
    chance = SUITS if decision.content_id == taste else ELSE
    world.earned.append(chance)
    dirty(world, number, decide_us, decision.decision_id)
    if honest.random() < chance:
        occur_us = decide_us + round(honest.uniform(5, 600) * SECOND_US)
        click = RewardRequest(decision.decision_id, "", "clicked", occur_time_us=occur_us)
        world.engine.reward(click, occur_us)
        dirty(world, number, occur_us, decision.decision_id)


def tell(world: World, number: int, request: TrackRequest) -> None:
    """Track an honest event, and what dirt is due after it."""
    now_us = request.occur_time_us or 0
    track(world.engine, request, now_us)
    dirty(world, number, now_us, "")


def dirty(world: World, number: int, now_us: int, decision_id: str) -> None:
    """Inject what is due after one honest event, so that dirt has its share of all events."""
    if now_us < world.dirty_from_us:
        return
    world.owed += world.dirty_share / (1 - world.dirty_share)
    kinds = [kind for kind in KINDS if decision_id or kind not in NEED_DECISION]
    while world.owed >= 1:
        kind = min(kinds, key=lambda kind: (world.injected[kind], kind))
        told = KINDS[kind](world, number, now_us, decision_id)
        world.owed -= told
        world.injected[kind] += told


def text_reward(world: World, _number: int, now_us: int, decision_id: str) -> int:
    """Send a reward whose value is text."""
    with suppress(InvalidRequest):
        world.engine.reward(RewardRequest(decision_id, "", "", "0.9"), now_us)  # type: ignore[arg-type]
    return 1


def nan_reward(world: World, _number: int, now_us: int, decision_id: str) -> int:
    """Send a reward that is no number."""
    with suppress(InvalidRequest):
        world.engine.reward(RewardRequest(decision_id, "", "", nan), now_us)
    return 1


def nan_amount(world: World, number: int, now_us: int, _: str) -> int:
    """Tell of a broken purchase: any category, no number for an amount."""
    order = bought(number, world.dirt.choice(CATEGORIES), now_us, f"nan-{world.dirt.random()}", nan)
    track(world.engine, order, now_us)
    return 1


def copied_order(world: World, number: int, now_us: int, _: str) -> int:
    """Tell of one of her orders once more."""
    orders = world.orders.get(f"{number}")
    if orders:
        track(world.engine, world.dirt.choice(orders), now_us)
    return 1


def bot_click(world: World, _number: int, now_us: int, decision_id: str) -> int:
    """Click on whatever was sent, a third of a second after it."""
    decided_us = world.engine.log.find(bytes.fromhex(decision_id)).time_us  # type: ignore[union-attr]
    click = RewardRequest(decision_id, "", "clicked", occur_time_us=decided_us + 300_000)
    world.engine.reward(click, max(now_us, decided_us + 300_000))
    return 1


def bot_burst(world: World, number: int, now_us: int, _: str) -> int:
    """Browse everything, thirty pages in three seconds."""
    for page in range(BURST):
        time_us = now_us + page * 100_000
        track(world.engine, browsed(number, CATEGORIES[page % len(CATEGORIES)], time_us), time_us)
    return BURST


def wrong_zone(world: World, number: int, now_us: int, _: str) -> int:
    """Declare a time zone that is none, or tell of a real visit on a clock that runs seven hours ahead or behind."""
    hours = world.dirt.choice((-7, 0, 7))
    if hours:
        category = taste_of(world.seed, number) if world.dirt.random() < FAITH else world.dirt.choice(CATEGORIES)
        track(world.engine, browsed(number, category, now_us + hours * HOUR_US), now_us)
    else:
        identify(world.engine, IdentifyRequest(who(number), {"time_zone": "Chicago/America"}), now_us)
    return 1


def future_date(world: World, number: int, now_us: int, _: str) -> int:
    """Tell of a purchase of any category that is yet to come, by up to a year."""
    time_us = now_us + world.dirt.randrange(1, 366) * DAY_US
    track(world.engine, bought(number, world.dirt.choice(CATEGORIES), time_us, f"future-{world.dirt.random()}"), now_us)
    return 1


Dirt = Callable[[World, int, int, str], int]
KINDS: dict[str, Dirt] = {
    "text reward": text_reward,
    "NaN reward": nan_reward,
    "NaN amount": nan_amount,
    "copied order": copied_order,
    "bot click": bot_click,
    "bot burst": bot_burst,
    "wrong time zone": wrong_zone,
    "future date": future_date,
}
NEED_DECISION = {"text reward", "NaN reward", "bot click"}


def oracle_share(world: World) -> float:
    """Return (policy - random) / (oracle - random) in expected reward over the run's dirty half."""
    late = world.earned[len(world.earned) // 2 :]
    at_random = (SUITS + (len(CATEGORIES) - 1) * ELSE) / len(CATEGORIES)
    return (mean(late) - at_random) / (SUITS - at_random)


def rows() -> list[list[str]]:
    """Live through every share, gate on and off, and return the table's lines."""
    runs = [(share, seed, gate) for share in (0.0, *SHARES) for seed in SEEDS for gate in (Gate(), None)]
    shares: dict[tuple[float, bool], list[float]] = {}
    for share, seed, gate in progress(runs, "living", transient=True):
        shares.setdefault((share, gate is not None), []).append(oracle_share(lived(seed, share, gate)))
    clean = shares[0.0, True]
    lines = [["0 %", f"{mean(clean):.3f}", f"{mean(shares[0.0, False]):.3f}", "", "", ""]]
    for share in SHARES:
        on, off = shares[share, True], shares[share, False]
        cost_on, cost_off = ([was - now for was, now in zip(clean, these, strict=True)] for these in (on, off))
        spared = [off / 2 - on for off, on in zip(cost_off, cost_on, strict=True)]
        cells = [f"{mean(on):.3f}", f"{mean(off):.3f}", *map(tables.paired, (cost_on, cost_off, spared))]
        lines.append([f"{share:.0%}", *cells])
    return lines


HEADER = ("dirty", "share, gate on", "share, gate off", "cost, on", "cost, off", "half of cost off, less cost on")


def main() -> None:
    """Live, measure, print, and write where that is asked for."""
    lines = rows()
    where = tables.taken(f"; {CUSTOMERS} customers, {DAYS} days, {len(SEEDS)} seeds.")
    tables.told("dirty_data", where, HEADER, lines, sys.argv)


if __name__ == "__main__":
    main()
