"""The loop: one policy lives through one world. Never a clock: time is the world's own; only stopwatches run beside."""

import time
from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from simulators.policy import Policy
from simulators.recorder import Recorder
from simulators.results import Run, Timing
from simulators.world.arrays import DAY_US, HOUR_US, START_US, Floats, Ints
from simulators.world.moments import Chosen
from simulators.world.people import RYAN
from simulators.world.world import World


class Clock(Struct):
    """Seconds spent in a policy, and altogether, so far."""

    policy_seconds: float = 0.0
    seconds: float = 0.0

    def timing(self, policy: str, seed: int) -> Timing:
        """Return the times as a result."""
        return Timing(policy, seed, self.policy_seconds, self.seconds - self.policy_seconds)


class Life:
    """One run under way: a world, a policy in it, and what was counted. Whatever ends it, `run` can be had."""

    def __init__(self, world: World, policy: Policy, name: str, planned: int, *, keep_worths: bool = False) -> None:
        """With `keep_worths` the sum of all values (P, K) is kept in `worths`, those that are closed as 0."""
        self.world, self.policy, self.name = world, policy, name
        self.recorder = Recorder(world.catalogue, planned, world.lives.people.count)
        self.clock = Clock()
        self._planned = planned
        self._keep_worths = keep_worths
        self.worths: Floats = np.zeros((len(world.catalogue.slots), len(world.catalogue.items)))

    def lived(self) -> Iterator[int]:
        """Live, an hour at a time; yield how many decisions were taken so far."""
        for day in range(self.world.scenario.days):
            self._morning(day)
            visits, contacts = self.world.visits(day), self.world.contacts(day)
            for hour in range(24):
                started = time.perf_counter()
                mine = contacts.hour == hour
                now_us = START_US + day * DAY_US + hour * HOUR_US
                self._decide(contacts.who[mine], contacts.luck[mine], now_us)
                outcomes = self.world.outcomes(now_us + HOUR_US)
                self.recorder.outcomes(outcomes)
                mine_visits = visits.between(now_us, now_us + HOUR_US)
                reported = self.world.reported(mine_visits, outcomes, 24 * day + hour)
                heard = time.perf_counter()
                self.policy.heard(*reported, now_us + HOUR_US)
                ended = time.perf_counter()
                self.clock.policy_seconds += ended - heard
                self.clock.seconds += ended - started
                yield self.recorder.decisions
                if self.recorder.decisions >= self._planned:
                    return

    def run(self) -> Run:
        """Return the run as it stands."""
        return self.recorder.run(self.name, self.world.seed, getattr(self.policy, "refused", 0))

    def _morning(self, day: int) -> None:
        told = self.world.morning(day)
        self.recorder.told(day, told, self.world.lives.events_of(RYAN, day))
        self.policy.told(told)

    def _decide(self, who: Ints, luck: Floats, now_us: int) -> None:
        left = self._planned - self.recorder.decisions
        reachable = np.flatnonzero(self.world.reachable(who))[:left]
        if not len(reachable):
            return
        moments = self.world.moments(who[reachable], self.recorder.decisions, now_us)
        found = self.world.chances(moments)
        values = self.world.values(moments, found)
        if self._keep_worths:
            self.worths += np.where(moments.open, values, 0.0).sum(axis=0)
        started = time.perf_counter()
        chosen: Chosen = self.policy.choose(moments)
        self.clock.policy_seconds += time.perf_counter() - started
        judged = self.world.judge(moments, chosen, values)
        self.recorder.decided(moments, chosen, judged, self.world.lives.changed(moments.who))
        self.world.answer(moments, chosen, found, luck[reachable])
