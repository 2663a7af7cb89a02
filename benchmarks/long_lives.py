"""What does a decision cost for a customer with a long life behind her, known under one identity or many? Never a pass
or fail.

`python -m benchmarks.long_lives` lets customers come six times a day for 120 days, through whichever of their
identities (a login, a device, cookies, linked to each other), and then times what is asked and told of each. All take
turns, so that what the machine does to one it does to the others. `--write` puts the table into this folder's README.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from msgspec import Struct

from benchmarks.notes import tables
from engine.customer_operations import link, track
from engine.customers.memory import DAY_US, HOUR_US
from engine.customers.types import LinkRequest, TrackRequest
from engine.engine import Engine
from engine.opening import open_engine
from engine.types import CUSTOMER_ID, DecideRequest, Features, Identity, RewardRequest
from simulators.target import SECRET_KEY

IDENTITIES, DAYS, VISITS_A_DAY = (1, 2, 5, 20), 120, 6
ROUNDS = 200
START_US, MINUTE_US = 1_782_993_600_000_000, 60_000_000
CATEGORIES, DEVICES = ("polos", "suits", "ties", "shoes", "jeans", "coats"), ("phone", "desktop")
CAMPAIGN = """
campaign: wardrobe
reward: {lowest: 0, highest: 1}
outcomes: {clicked: 1}
channels:
  email: {reward_window: 1 day, send_windows: {morning: {from: "07:00", until: "10:00"}, now: now}}
  app: {reward_window: 4 hours, send_windows: {now: now}}
contents: {polo: {category: polos}, suit: {category: suits}, tie: {category: ties}, shoe: {category: shoes}}
"""


class Lived(Struct, frozen=True):
    """One customer in an engine of her own: her identities, and her dice."""

    engine: Engine
    identities: list[Identity]
    dice: Random

    def visit(self, now_us: int, event_id: str) -> None:
        """Let her look at something under any of her identities."""
        told = TrackRequest(
            self.dice.choice(self.identities),
            "browse",
            properties=Features(categories={"category": self.dice.choice(CATEGORIES)}),
            device=self.dice.choice(DEVICES),
            event_id=event_id,
            occur_time_us=now_us,
        )
        track(self.engine, told, now_us)

    def ask(self, now_us: int) -> None:
        """Ask what to say to her under any of her identities, and let her click on three messages of ten."""
        decision = self.engine.decide(DecideRequest("wardrobe", identity=self.dice.choice(self.identities)), now_us)
        if decision.content_id and self.dice.random() < 0.3:
            self.engine.reward(RewardRequest(decision.decision_id, outcome="clicked"), now_us + 1_000_000)


def lived(folder: Path, identities: int) -> Lived:
    """Return a customer who has lived for so many days."""
    engine = open_engine(folder, durability="process", secret_key=SECRET_KEY.encode())
    engine.apply_campaign(CAMPAIGN, START_US)
    login = Identity(CUSTOMER_ID, "customer")
    one = Lived(
        engine, [login, *(Identity("cookie", f"cookie-{number}") for number in range(1, identities))], Random(1)
    )
    for cookie in one.identities[1:]:
        link(engine, LinkRequest(login, cookie), START_US)
    for visit in range(DAYS * VISITS_A_DAY):
        part_us = DAY_US // VISITS_A_DAY
        now_us = START_US + visit * part_us + one.dice.randrange(part_us - HOUR_US // 6)
        one.visit(now_us, f"visit-{visit}")
        if visit % 2 == 0:
            one.ask(now_us + MINUTE_US)
        if visit % VISITS_A_DAY == 0:
            engine.commit()
    return one


def timed(done: Callable[..., None], *said: object) -> float:
    """Return how long something takes, in microseconds."""
    started = time.perf_counter_ns()
    done(*said)
    return (time.perf_counter_ns() - started) / 1_000


def round_of(one: Lived, number: int) -> tuple[float, ...]:
    """Return how long it takes to ask again, to be told of a visit, and to ask thereafter."""
    now_us = START_US + DAYS * DAY_US + number * 10 * MINUTE_US
    one.ask(now_us)
    again = timed(one.ask, now_us + MINUTE_US)
    told = timed(one.visit, now_us + 2 * MINUTE_US, f"late-{number}")
    after = timed(one.ask, now_us + 3 * MINUTE_US)
    one.engine.commit()
    return again, told, after


def rows(folder: Path) -> list[list[str]]:
    """Return the lines of the table: medians over the rounds, in which all customers take turns."""
    everyone = [lived(folder / str(identities), identities) for identities in IDENTITIES]
    turns = [[round_of(one, number) for one in everyone] for number in range(ROUNDS)]
    for one in everyone:
        one.engine.close()
    found = [[median(each) for each in zip(*took, strict=True)] for took in zip(*turns, strict=True)]
    return [[str(count), *(f"{one:,.0f}" for one in each)] for count, each in zip(IDENTITIES, found, strict=True)]


HEADER = ("identities", "Decide again, us", "Track, us", "Decide after it, us")


def main() -> None:
    """Live, print, and write where that is asked for."""
    with TemporaryDirectory() as folder:
        found = rows(Path(folder))
    where = tables.taken(f"; {DAYS} days, {VISITS_A_DAY} visits a day, {ROUNDS} rounds.")
    tables.told("long_lives", where, HEADER, found, sys.argv)


if __name__ == "__main__":
    main()
