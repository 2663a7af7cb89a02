"""The policies by name: the engine, what it is measured against, and the oracle. Never a choice."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from zlib import crc32

import numpy as np
from msgspec import Struct

from simulators.baselines.bayesian_peer import PACKAGE as BAYESIAN_BANDITS
from simulators.baselines.bayesian_peer import BayesianArms
from simulators.baselines.channel_sharing import ChannelSharing
from simulators.baselines.constant import Constant, best_constant
from simulators.baselines.lin_ucb import LinUCBArms
from simulators.baselines.linear_stages import Arms, ArmStages
from simulators.baselines.mabwiser_peer import PACKAGE as MABWISER
from simulators.baselines.mabwiser_peer import MABWiserArms
from simulators.baselines.oracle import Oracle
from simulators.baselines.peer import Algorithm, Peer
from simulators.baselines.plain_vowpal_wabbit import PlainVowpalWabbit
from simulators.baselines.random_choice import RandomChoice
from simulators.baselines.segments import Segments
from simulators.baselines.stages import NOTHING, sizes
from simulators.baselines.visible import Visible
from simulators.engine_target import EngineTarget
from simulators.loop import Life
from simulators.policy import Policy
from simulators.target import Target
from simulators.target_policy import TargetPolicy
from simulators.world.arrays import Floats, Purpose, generator
from simulators.world.world import World

ENGINE, ORACLE, RANDOM, CONSTANT, FROZEN = "engine", "oracle", "random", "best-constant", "frozen"
SHARED, ISOLATED = "shared-model", "isolated-channels"
FIRST = 5
"""The part of a run after which the frozen engine is frozen and the rules by segment are made: a fifth."""
_PACKAGES = {"mabwiser": MABWISER, "bayesianbandits": BAYESIAN_BANDITS}


class Setup(Struct, frozen=True):
    """What a policy is made for: fresh worlds of one scenario and seed, how many decisions, and a new target."""

    world: Callable[[], World]
    planned: int
    target: Callable[[], Target]


def policy(name: str, world: World, setup: Setup) -> Policy:
    """Return the policy of this name, new, for a fresh world."""
    if name == ENGINE:
        return TargetPolicy(setup.target(), world.catalogue)
    if name == FROZEN:
        return TargetPolicy(EngineTarget(), world.catalogue, learn_until=setup.planned // FIRST)
    if name == ORACLE:
        return Oracle(world)
    return _peer(name, world, setup)


def policies_of(scenario: str) -> tuple[str, ...]:
    """Return the names of the policies that a scenario's report compares, the engine first."""
    sharing = (SHARED, ISOLATED) if scenario == "channels-differ" else ()
    return (ENGINE, ORACLE, RANDOM, CONSTANT, "segments", FROZEN, "lin-ucb", "plain-vw", *sharing, *_PACKAGES)


def missing(names: Sequence[str]) -> Mapping[str, str]:
    """Return the policies among these that cannot be run here, and why."""
    return {
        name: f"{package} is not installed; install the extra `baselines`"
        for name in names
        if (package := _PACKAGES.get(name)) and find_spec(package) is None
    }


def _peer(name: str, world: World, setup: Setup) -> Peer:
    visible = Visible(world.lives.people.count)
    draw = generator(world.seed, Purpose.POLICY, crc32(name.encode()))
    return Peer(_algorithm(name, world, setup, visible, draw), visible, world.catalogue)


def _algorithm(name: str, world: World, setup: Setup, visible: Visible, draw: np.random.Generator) -> Algorithm:
    shop = world.catalogue
    made: Mapping[str, Callable[[], Algorithm]] = {
        RANDOM: lambda: RandomChoice(shop, draw),
        CONSTANT: lambda: Constant(_best_constant(setup)),
        "segments": lambda: Segments(shop, draw, visible, setup.planned // FIRST),
        "lin-ucb": lambda: _stages(world, visible, lambda stage, size, width: LinUCBArms(size, width)),  # noqa: ARG005
        "plain-vw": lambda: PlainVowpalWabbit(shop, draw, visible.names),
        SHARED: lambda: ChannelSharing(shop, draw, visible.names, shared=True),
        ISOLATED: lambda: ChannelSharing(shop, draw, visible.names, shared=False),
        "mabwiser": lambda: _stages(
            world, visible, lambda stage, size, width: MABWiserArms(size, width, _seed(world, stage))
        ),
        "bayesianbandits": lambda: _stages(
            world, visible, lambda stage, size, width: BayesianArms(size, width, _seed(world, stage))
        ),
    }
    return made[name]()


def _stages(world: World, visible: Visible, arms: Callable[[str, int, int], Arms]) -> ArmStages:
    width = len(visible.names)
    return ArmStages(
        world.catalogue,
        {
            stage: arms(stage, size, width + (0 if stage == "router" else NOTHING))
            for stage, size in sizes(world.catalogue).items()
        },
    )


def _seed(world: World, stage: str) -> int:
    return (world.seed * 1_000 + crc32(stage.encode())) % 2**31


def _best_constant(setup: Setup) -> Floats:
    """Return the ranking of the constant that earns most over a whole run, found by living it."""
    world = setup.world()
    life = Life(world, _peer(RANDOM, world, setup), RANDOM, setup.planned, keep_worths=True)
    for _ in life.lived():
        pass

    def lived(ranking: Floats) -> float:
        world = setup.world()
        peer = Peer(Constant(ranking), Visible(world.lives.people.count), world.catalogue)
        life = Life(world, peer, CONSTANT, setup.planned)
        for _ in life.lived():
            pass
        return sum(one.expected for one in life.run().bins)

    return best_constant(life.worths, lived)
