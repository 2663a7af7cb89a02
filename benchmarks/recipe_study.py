"""What is each choice of the engine's recipe worth? Never a pass or fail, and never where the recipe itself is kept.

`python -m benchmarks.recipe_study [DECISIONS]` (8,000) lets the engine live through `steady` and `taste-flip` as it is
shipped, and again with one choice made otherwise at a time, each with the same five seeds, which no choice was made on.
What a choice is worth is the difference in oracle share over a whole run, paired by seed. `--write` puts the table into
this folder's README.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from math import log
from multiprocessing import get_context
from statistics import mean

from msgspec import Struct
from rich.console import Console
from rich.progress import track

from benchmarks.notes import tables
from engine.customers.drift import Belief, Seen, believed
from engine.customers.hazards import Chances, Suspicion
from engine.customers.memory import DAY_US
from engine.customers.suspected import Suspected
from engine.fit import STEPS
from simulators.engine_target import EngineTarget
from simulators.loop import Life
from simulators.measures import end_of, share_of
from simulators.target_policy import TargetPolicy
from simulators.world.people import Mixture
from simulators.world.personas import load_personas
from simulators.world.scenarios import SCENARIOS, customers_for
from simulators.world.world import World

SCENARIO_IDS = ("steady", "taste-flip")
SEEDS = (101, 102, 103, 104, 105)
WORKERS = 2


Habits = Mapping[str, Mapping[str, float]]
Deeds = Mapping[str, Sequence[Seen]]


class Variant(Struct, frozen=True):
    """The recipe with one choice made otherwise: what is put in the place of which name, and lines for the campaign."""

    name: str
    instead: Mapping[str, object] = {}
    campaign: str = ""


def same_line(line: str, price: float | None = None, weight: int = 0) -> tuple[str, ...]:  # noqa: ARG001  as `fitted_lines` has it
    """Return an action's lines where nothing is told of fit."""
    return (line,) * (STEPS + 1)


def _half_lives(days: float) -> dict[str, object]:
    rate = -log(2) / (days * DAY_US)
    return {f"engine.customers.memory._RATES/{kind}": rate for kind in ("category", "device", "channel", "hour")}


def no_change(habits: Habits, deeds: Deeds, hazards: Sequence[Chances], **_: object) -> Belief:
    """Return what is believed where a life changes next to never before any deed, and never after the last."""
    return believed(habits, deeds, [(1e-12, 1e-12)] * len(hazards))


def not_counted(all_: Suspected, one: Suspicion, time_us: int) -> None:
    """Learn nothing of others' lives, as `suspected.fold` does."""


def nothing_expected(since: dict[str, float]) -> dict[str, float]:  # noqa: ARG001  as `_expected` has it
    """Return that nothing is known of what those who changed turn to."""
    return {}


SHIPPED = Variant("as shipped")
VARIANTS = (
    SHIPPED,
    Variant("noticed and worth are learned together", campaign="noticed_outcomes: []"),
    Variant("no fit", {"engine.campaign.catalogue.fitted_lines": same_line}),
    Variant("no life ever changes", {"engine.customers.beliefs.believed": no_change}),
    Variant("how often lives change is not learned", {"engine.customers.suspected.fold": not_counted}),
    Variant("what others turned to is not asked", {"engine.customers.suspected._expected": nothing_expected}),
    Variant("deeds are weighed less, at 0.6", {"engine.customers.drift.TEMPER": 0.6}),
    Variant("habits with a half-life of 10 days", _half_lives(10)),
    Variant("what she declared weighs a tenth of it", {"engine.features.DECLARED_WEIGHT": 0.1}),
    Variant("hours are context too", {"engine.features.TOLD_AS_FIT": ()}),
    Variant("weekends as weekdays", {"engine.fit._OWN": 0.0}),
    Variant("the profile weighs as much as actions", {"engine.features.PROFILE_WEIGHT": 1}),
    Variant("what messages earned weighs as what she did", {"engine.features.TOGETHER": 0}),
    Variant("the profile weighs a third of it", {"engine.features.PROFILE_WEIGHT": 0.03}),
    Variant("learning rate 0.01", {"engine.vowpal_wabbit.LEARNING_RATE": 0.01}),
    Variant("channels learn from each other in full", {"engine.learner.LENT_WEIGHT": 2}),
    Variant("explored by SquareCB", campaign="exploration: {method: squarecb}"),
    Variant("greed 60", campaign="exploration: {greed: 60}"),
    Variant("greed 100", campaign="exploration: {greed: 100}"),
    Variant("floor 0.003", campaign="exploration: {floor: 0.003}"),
)


class Lived(Struct, frozen=True):
    """Oracle shares of one run: over all of it, and over its last fifth."""

    share: float
    end: float


class _Changed(EngineTarget):
    """An engine whose campaigns say something more."""

    said = ""

    def apply_campaign(self, source: str) -> None:
        super().apply_campaign(f"{source}{self.said}\n")


def lived(variant: Variant, scenario_id: str, seed: int, decisions: int) -> Lived:
    """Live through a scenario with one choice made otherwise, in a process of its own."""
    for path, value in variant.instead.items():
        _put(path, value)
    scenario = SCENARIOS[scenario_id]
    world = World(scenario, Mixture(load_personas(), scenario.quirk), seed, customers_for(scenario, decisions))
    target = _Changed()
    target.said = variant.campaign
    life = Life(world, TargetPolicy(target, world.catalogue), "engine", decisions)
    for _ in life.lived():
        pass
    life.policy.close()
    run = life.run()
    return Lived(share_of(run.bins) or 0.0, share_of(end_of(run)) or 0.0)


def _put(path: str, value: object) -> None:
    """Put a value in the place of a module's name, or (after a slash) of an entry of a mapping there."""
    path, _, key = path.partition("/")
    module, _, name = path.rpartition(".")
    if key:
        getattr(importlib.import_module(module), name)[key] = value
    else:
        setattr(importlib.import_module(module), name, value)


def main() -> None:
    """Live through all of it and print what each choice is worth."""
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    decisions = numbers[0] if numbers else 8_000
    found = studied(decisions)
    where = tables.taken(f"; {decisions:,} decisions, seeds {', '.join(map(str, SEEDS))}.")
    header = ("recipe", *(f"{name}: {what}" for name in SCENARIO_IDS for what in ("share", "end", "worth")))
    rows = [_row(variant, found) for variant in VARIANTS]
    tables.told("recipe_study", where, header, rows, sys.argv)


def studied(decisions: int) -> dict[tuple[str, str, int], Lived]:
    """Return each run by variant, scenario and seed; every run has a fresh process, so that no change outlives it."""
    asked = [(variant, name, seed) for variant in VARIANTS for name in SCENARIO_IDS for seed in SEEDS]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        runs = {pool.submit(lived, *each, decisions): each for each in asked}
        for run in track(as_completed(runs), "lives lived", len(runs), console=Console(stderr=True)):
            run.result()  # what fails ends the study at once
    return {(variant.name, name, seed): run.result() for run, (variant, name, seed) in runs.items()}


def _row(variant: Variant, found: Mapping[tuple[str, str, int], Lived]) -> list[str]:
    row = [variant.name]
    for name in SCENARIO_IDS:
        mine, shipped = ([found[which.name, name, seed] for seed in SEEDS] for which in (variant, SHIPPED))
        row += [f"{mean(one.share for one in mine):.3f}", f"{mean(one.end for one in mine):.3f}"]
        worth = [one.share - other.share for one, other in zip(mine, shipped, strict=True)]
        row.append("" if variant is SHIPPED else tables.paired(worth))
    return row


if __name__ == "__main__":
    main()
