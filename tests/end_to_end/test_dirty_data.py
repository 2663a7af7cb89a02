"""Dirty events among honest ones: what they cost the choice is at most half of what they cost without the gate."""

from math import sqrt
from statistics import mean, stdev

from benchmarks.dirty_data import KINDS, World, lived, oracle_share
from engine.customers.gate import Gate

CUSTOMERS, DAYS, SEEDS = 60, 40, (1, 2, 3, 4)
REASONS = {"out_of_range", "time_zone", "impossible_time", "duplicate_order", "too_fast", "inhuman_rate"}
STUDENT_T = 2.35
"""Of 239 degrees of freedom, one-sided, at 99 %."""


def run(seed: int, dirty_share: float, gate: Gate | None) -> World:
    """Live through the small world, whose models are frozen while it is dirty: what differs is what profiles tell."""
    return lived(seed, dirty_share, gate, customers=CUSTOMERS, days=DAYS, frozen=True)


def cost(clean: World, dirty: World) -> list[float]:
    """Return what each customer's messages of the dirty half were expected to earn less than in the clean world."""
    half = CUSTOMERS * (DAYS // 2)
    lost = [was - now for was, now in zip(clean.earned[half:], dirty.earned[half:], strict=True)]
    return [mean(lost[number::CUSTOMERS]) for number in range(CUSTOMERS)]


def test_the_gate_saves_at_least_half_of_what_a_fifth_of_dirt_costs() -> None:
    """Half of the cost without the gate, less the cost with it, is above 0 by a t-test over customers.

    The clean world is the yardstick of both. Every dirty event is refused, stopped for a reason, or one that nobody
    could know from an honest one: the first five of a burst, and visits on a clock that runs behind.
    """
    spared: list[float] = []
    for seed in SEEDS:
        clean, gated, ungated = run(seed, 0.0, Gate()), run(seed, 0.2, Gate()), run(seed, 0.2, None)
        spared += [off / 2 - on for off, on in zip(cost(clean, ungated), cost(clean, gated), strict=True)]
        assert abs(oracle_share(clean) - oracle_share(gated)) < 0.02
        assert {kind for kind in KINDS if gated.injected[kind]} == set(KINDS)
        reasons = {name.removeprefix("stopped ") for name in gated.injected if name.startswith("stopped ")}
        assert reasons == REASONS
    assert mean(spared) > STUDENT_T * stdev(spared) / sqrt(len(spared))
