"""How long do 100,000 simulated decisions take in process, and whose time is it? Never a pass or fail.

`python -m benchmarks.simulation_speed [SCENARIO] [DECISIONS]` lives through a scenario (steady) once with the engine
and prints the processor time of the world and of the engine, and of the world under a policy that takes no time.
`--write` puts the table into this folder's README. The aim is 60 seconds on one core, engine included.
"""

import sys
import time
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from benchmarks.notes import tables
from simulators.engine_target import EngineTarget
from simulators.loop import Life
from simulators.policy import Policy
from simulators.target_policy import TargetPolicy
from simulators.world.behaviour import Visits
from simulators.world.moments import Chosen, Moments, Outcome, Told
from simulators.world.people import Mixture
from simulators.world.personas import load_personas
from simulators.world.scenarios import SCENARIOS, customers_for
from simulators.world.world import World

SEED = 1


class First:
    """A policy that costs nothing: the first slot and content that are open."""

    def told(self, told: Sequence[Told]) -> None:
        """It does not listen."""

    def choose(self, moments: Moments) -> Chosen:
        """Choose the first thing."""
        flat = moments.open.reshape(moments.count, -1)
        first, some = flat.argmax(axis=1), flat.any(axis=1)
        contents = moments.open.shape[2]
        slot, content = np.where(some, first // contents, -1), np.where(some, first % contents, -1)
        return Chosen(slot, content, np.zeros(moments.count, bool))

    def heard(self, visits: Visits, outcomes: Sequence[Outcome], now_us: int) -> None:
        """It does not listen."""

    def close(self) -> None:
        """Nothing is held."""


class Lived(Struct, frozen=True):
    """One run: its decisions, processor seconds, and the part of its time that was spent in the policy."""

    decisions: int
    seconds: float
    policy_share: float


def lived(world: World, policy: Policy, planned: int) -> Lived:
    """Live through a world once."""
    life = Life(world, policy, "engine", planned)
    started = time.process_time()
    for _ in life.lived():
        pass
    seconds = time.process_time() - started
    policy.close()
    return Lived(life.recorder.decisions, seconds, life.clock.policy_seconds / life.clock.seconds)


def rows(scenario: str, planned: int) -> list[list[str]]:
    """Return the lines of the table."""
    found = SCENARIOS[scenario]
    mixture = Mixture(load_personas(), found.quirk)
    worlds = [World(found, mixture, SEED, customers_for(found, planned)) for _ in range(2)]
    alone = lived(worlds[0], First(), planned)
    whole = lived(worlds[1], TargetPolicy(EngineTarget(), worlds[1].catalogue), planned)
    engine = whole.seconds * whole.policy_share
    parts = (
        ("world alone", alone.seconds),
        ("world", whole.seconds - engine),
        ("engine", engine),
        ("both", whole.seconds),
    )
    return [
        [scenario, name, f"{whole.decisions:,}", f"{seconds:.1f}", f"{1e6 * seconds / whole.decisions:,.0f}"]
        for name, seconds in parts
    ]


HEADER = ("scenario", "part", "decisions", "processor seconds", "us a decision")


def main() -> None:
    """Live, print, and write where that is asked for."""
    asked = [argument for argument in sys.argv[1:] if argument != "--write"]
    scenario, decisions = (asked + ["steady", "100000"][len(asked) :])[:2]
    found = rows(scenario, int(decisions))
    where = tables.taken(", one core.")
    tables.told("simulation_speed", where, HEADER, found, sys.argv)


if __name__ == "__main__":
    main()
