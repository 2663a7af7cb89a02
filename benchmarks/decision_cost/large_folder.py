"""Makes the folder of a service that has run for long: millions of logged events, a profile for every life.

`python -m benchmarks.decision_cost.large_folder FOLDER --customers 1000000` takes some minutes and gives seven events a
customer; keep the folder outside the repository and give it to the benchmark as `--large FOLDER`. Its events are real
ones under other names, its profiles their fold; its models were taught by the first lives, and the reward windows of
all others are closed. Never a measurement.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, msgpack, structs
from rich.progress import track

from benchmarks.decision_cost import world
from engine.customers.events import CustomerIdentified, EventTracked
from engine.customers.folding import apply, named_in
from engine.customers.person import Known, Person
from engine.engine import Engine
from engine.events import DecisionTaken, Event, RewardReceived
from engine.log.customers_table import CustomersTable
from engine.opening import open_engine
from engine.types import CUSTOMER_ID, Identity

CONTENTS = 24
TEMPLATES = 240  # a multiple of what the lives differ by: 5 channels, 8 categories, 3 outcomes
CHUNK = 1_000
SPREAD_US = world.DAY_US
"""The lives' beginnings lie in the last day, so that what customers did lately still shows."""


class Life(Struct):
    """One customer's events, and when each was logged; all times are microseconds after the life's beginning."""

    times_us: list[int]
    events: list[Event]


def templates(engine: Engine, start_us: int) -> list[Life]:
    """Let the first customers live, and return their lives; their windows are taken for closed."""
    first_seq = engine.log.last_seq
    for number in range(TEMPLATES):
        world.live(engine, number, start_us)
    logged = list(engine.log.read(after_seq=first_seq))
    size = len(logged) // TEMPLATES
    lives = [logged[at : at + size] for at in range(0, len(logged), size)]
    return [
        Life([one.time_us - start_us for one in life], [moved(closed(one.event), -start_us) for one in life])
        for life in lives
    ]


def closed(event: Event) -> Event:
    """Return a decision as one without a reward window, so that none is open; any other event as it is."""
    if isinstance(event, DecisionTaken):
        return structs.replace(event, close_time_us=None, default_reward=None, identity="")
    if isinstance(event, RewardReceived):
        return structs.replace(event, final_value=None)
    return event


def retold(life: Life, number: int, identity: str, first_seq: int) -> Iterator[tuple[Event, bytes | None]]:
    """Yield a life's events as another customer's, with the keys they are found by."""
    decision_id = f"{number:032x}"
    decision_seq = first_seq
    for place, event in enumerate(life.events):
        if isinstance(event, CustomerIdentified | EventTracked):
            yield structs.replace(event, identity=identity), None
        elif isinstance(event, DecisionTaken):
            decision_seq = first_seq + place
            yield structs.replace(event, decision_id=decision_id, customer=identity), bytes.fromhex(decision_id)
        elif isinstance(event, RewardReceived):
            told = {"decision_id": decision_id, "decision_seq": decision_seq, "reward_id": f"{number:x}"}
            yield structs.replace(event, **told), number.to_bytes(16, "little")


def make(folder: Path, customers: int, now_us: int) -> None:
    """Fill a new folder with the lives of so many customers, ending now."""
    engine = open_engine(folder, durability="process")
    start_us = now_us - SPREAD_US
    engine.apply_campaign(world.campaign(CONTENTS), start_us - world.DAY_US)
    lives = templates(engine, start_us - world.DAY_US // 2)
    engine.commit()
    table = CustomersTable(engine.log)
    row = table.next_row
    for first in track(range(TEMPLATES, customers, CHUNK), "living", transient=True):
        bodies, owners, named = [], [], []
        for number in range(first, min(first + CHUNK, customers)):
            person = lived(engine, lives[number % TEMPLATES], number, start_us + SPREAD_US * number // customers)
            (identity,) = person.identities
            bodies.append((row, msgpack.encode(person)))
            owners.append((identity, row))
            places = range(person.identities[identity].first_seq, engine.log.last_seq + 1)
            named += [
                (identity, seq)
                for seq, event in zip(places, lives[number % TEMPLATES].events, strict=True)
                if named_in(event)
            ]
            row += 1
        table.save(engine.log.last_seq, bodies=bodies, owners=owners, gone_rows=[], gone_identities=[], named=named)
        engine.log.commit()
    engine.state.seq = engine.log.last_seq  # as if folded: the first lives taught the snapshot's models
    engine.snapshot(now_us)
    engine.close()


def lived(engine: Engine, life: Life, number: int, start_us: int) -> Person:
    """Append one customer's events and return her as their fold."""
    identity = engine.keyed_hash.identity(Identity(CUSTOMER_ID, world.customer_id(number)))
    first_seq = engine.log.last_seq + 1
    known = Known(identity, CUSTOMER_ID, first_seq, start_us)
    told: dict[int, DecisionTaken] = {}
    for time_us, (event, key) in zip(life.times_us, retold(life, number, identity, first_seq), strict=True):
        logged = engine.log.append(time_us + start_us, moved(event, start_us), key)
        if isinstance(logged.event, DecisionTaken):
            told[logged.seq] = logged.event
        apply(known, logged, engine.state.campaigns.category, told.__getitem__)
    return Person({identity: known})


def moved(event: Event, by_us: int) -> Event:
    """Return an event as one that happened, or is sent, so much later."""
    field = "send_time_us" if isinstance(event, DecisionTaken) else "occur_time_us"
    time_us = getattr(event, field)
    return event if time_us is None else structs.replace(event, **{field: time_us + by_us})


def main(arguments: list[str]) -> None:
    """Read the command line and make the folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decision_cost.large_folder", description=__doc__)
    parser.add_argument("folder", type=Path, help="a new folder, outside the repository")
    parser.add_argument("--customers", type=int, default=1_000_000, help="profiles; each has seven events")
    told = parser.parse_args(arguments)
    if (told.folder / "log.db").exists():
        raise SystemExit(f"{told.folder} has a log already; name a new folder")
    make(told.folder, told.customers, time.time_ns() // 1_000)


if __name__ == "__main__":
    main(sys.argv[1:])
