"""Small worlds and runs that the simulators' tests share. Never a behaviour under test."""

import numpy as np
from msgspec import structs

from simulators.loop import Life
from simulators.policies import Setup, policy
from simulators.policy import Policy
from simulators.results import Run
from simulators.target import Target
from simulators.world.people import Mixture, People, born
from simulators.world.personas import load_personas
from simulators.world.scenarios import SCENARIOS, customers_for
from simulators.world.world import World

MIXTURE = Mixture(load_personas())


def population(count: int = 400, seed: int = 3) -> People:
    """Return a population of the shipped personas."""
    return born(MIXTURE, count, seed)


def world(scenario: str = "steady", seed: int = 3, decisions: int = 600, **changes: object) -> World:
    """Return a fresh world of a scenario, with some of its fields changed."""
    found = structs.replace(SCENARIOS[scenario], **changes)
    return World(found, structs.replace(MIXTURE, quirk=found.quirk), seed, customers_for(found, decisions))


def no_target() -> Target:
    """Stand where no engine is asked for."""
    raise AssertionError("no engine is needed here")


def life(
    name: str, scenario: str = "steady", seed: int = 3, decisions: int = 600, target: object = no_target
) -> tuple[Life, Policy]:
    """Return a policy's life in a fresh world, not yet lived."""
    setup = Setup(lambda: world(scenario, seed, decisions), decisions, target)  # type: ignore[arg-type]
    fresh = setup.world()
    chosen = policy(name, fresh, setup)
    return Life(fresh, chosen, name, decisions), chosen


def run(name: str, scenario: str = "steady", seed: int = 3, decisions: int = 600, target: object = no_target) -> Run:
    """Return a finished run."""
    lived, chosen = life(name, scenario, seed, decisions, target)
    for _ in lived.lived():
        pass
    chosen.close()
    return lived.run()


def total(found: Run, field: str) -> float:
    """Return the sum of a field over all of a run's bins."""
    return float(np.sum([getattr(one, field) for one in found.bins]))
