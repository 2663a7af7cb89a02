"""Two targets, one contract: in process and over gRPC decide alike, and the world offers what the engine may choose."""

from collections.abc import Callable, Sequence

import numpy as np

from engine.events import DecisionTaken
from engine.types import NOTHING, DecideRequest
from simulators.engine_target import EngineTarget, decided
from simulators.loop import Life
from simulators.policies import FROZEN, Setup, policy
from simulators.service_target import ServiceTarget
from simulators.target import SECRET_KEY, Decided
from simulators.target_policy import TargetPolicy
from simulators.world.moments import Chosen, Moments
from simulators.world.personas import CHANNELS
from tests.conftest import StartedServer
from tests.simulators.small_worlds import run, world


def test_in_process_and_over_grpc_the_same_seed_gets_the_same_decisions(
    start_server: Callable[..., StartedServer], tmp_path: object
) -> None:
    """Every choice, what came of it and Ryan's timeline are equal, through a move that is told and dirty reports."""
    server = start_server("--data", f"{tmp_path}/data", "--simulated-time", "--secret-key", SECRET_KEY)
    here = run("engine", "ryan", decisions=250, target=EngineTarget)
    there = run("engine", "ryan", decisions=250, target=lambda: ServiceTarget(server.address))
    assert here == there
    assert here.timeline
    assert any(contact.channel for contact in here.timeline)


class Watched(EngineTarget):
    """An engine in process that keeps its decisions as it took them."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[DecisionTaken] = []

    def decide(self, requests: Sequence[DecideRequest], now_us: int) -> list[Decided]:
        """Decide and keep."""
        found = [self.engine.decide(request, now_us) for request in requests]
        self.taken += found
        return [decided(one) for one in found]


class Comparing(TargetPolicy):
    """A policy that holds what the world offers against what the engine drew from."""

    compared = 0

    def choose(self, moments: Moments) -> Chosen:
        """Choose, and compare."""
        target = self._target
        assert isinstance(target, Watched)
        target.taken.clear()
        chosen = super().choose(moments)
        for row, decision in enumerate(target.taken):
            self._compare(moments, row, decision)
        return chosen

    def _compare(self, moments: Moments, row: int, decision: DecisionTaken) -> None:
        shop, open_now = self._catalogue, moments.open[row]
        routes = {CHANNELS[channel] for channel in set(shop.slot_channel[open_now.any(axis=1)].tolist())}
        assert set(decision.stages[0].probabilities) == routes | {NOTHING}
        if decision.channel == NOTHING:
            return
        mine = open_now & (shop.slot_channel == CHANNELS.index(decision.channel))[:, None]
        content = shop.contents.index(decision.content_id)
        offered = {shop.contents[place] for place in np.flatnonzero(mine.any(axis=0))}
        slots = {shop.slots[place][1] for place in np.flatnonzero(mine[:, content])}
        assert set(decision.stages[1].probabilities) == offered
        assert set(decision.stages[2].probabilities) == slots
        slot = shop.slots.index((decision.channel, decision.send_slot))
        assert moments.send_us[row, slot] == decision.send_time_us
        Comparing.compared += 1


def test_the_world_offers_exactly_what_the_engine_may_choose() -> None:
    """Channels, contents, slots and send times agree for every decision: limits, stock, seasons, refusals."""
    Comparing.compared = 0
    for scenario in ("stock", "season", "fatigue"):
        fresh = world(scenario, decisions=400)
        chosen = Comparing(Watched(), fresh.catalogue)
        lived = Life(fresh, chosen, "engine", 400)
        for _ in lived.lived():
            pass
        chosen.close()
    assert Comparing.compared > 600


def test_the_frozen_engine_learns_for_a_fifth_of_the_run() -> None:
    """Its models know as much at the end as after the first fifth, and it goes on deciding."""
    fresh = world(decisions=400)
    frozen = policy(FROZEN, fresh, Setup(lambda: fresh, 400, EngineTarget))
    lived = Life(fresh, frozen, FROZEN, 400)
    target = frozen._target
    learned = []
    for decisions in lived.lived():
        if decisions > 85:
            learned.append({name: known.lessons for name, known in target.engine.state.learned.items()})
    frozen.close()
    assert lived.recorder.decisions == 400
    assert learned[0] == learned[-1]
    assert sum(learned[0].values()) > 0
