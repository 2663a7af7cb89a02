"""What channels teach each other: everything, through one shared model, or nothing. Never between the two.

Both are the engine's own bandits by the engine's own recipe, over the peers' features: `shared` has one model for the
contents and one for the slots of all channels, `isolated` a model of each for every channel.
"""

import numpy as np

from engine.campaign.objective import Exploration
from engine.features import PROFILE_WEIGHT
from engine.stage_policies import explored
from engine.vowpal_wabbit import Bandit
from simulators.baselines.peer import Lessons
from simulators.baselines.stages import NOTHING, best_of, staged, with_channel
from simulators.baselines.vw_text import action_lines, shared_line
from simulators.world.arrays import Bools, Floats, Ints, picked
from simulators.world.catalogue import Catalogue
from simulators.world.moments import Chosen, Moments
from simulators.world.personas import CHANNELS

_DEFAULTS = Exploration()


class ChannelSharing:
    """Bandits that learn each lesson once, of their own channel's or of all."""

    def __init__(self, shop: Catalogue, draw: np.random.Generator, names: tuple[str, ...], *, shared: bool) -> None:
        self._shop, self._draw, self._shared = shop, draw, shared
        self._names = (*names, *(f"channel={name}" for name in CHANNELS))
        self._lines = action_lines(shop)
        self._bandits: dict[str, Bandit] = {}

    def choose(self, features: Floats, moments: Moments) -> Chosen:
        """Choose in three stages."""
        return staged(moments, features, self._shop, self._pick)

    def learn(self, lessons: Lessons) -> None:
        """Teach the bandits that took part."""
        sent = lessons.slot >= 0
        channel = np.where(sent, self._shop.slot_channel[lessons.slot], NOTHING)
        known = with_channel(lessons.features, np.minimum(channel, NOTHING - 1))
        for row, cost in enumerate((-lessons.reward).tolist()):
            self._teach("router", lessons.features[row], int(channel[row]), cost)
            if sent[row]:
                self._teach("content", known[row], int(lessons.content[row]), cost)
                self._teach("slot", known[row], int(lessons.slot[row]), cost)

    def _teach(self, stage: str, features: Floats, action: int, cost: float) -> None:
        line = self._lines[stage][action]
        self._bandit(stage, features).learn(shared_line(self._names, features, PROFILE_WEIGHT), line, cost, 1)

    def _bandit(self, stage: str, features: Floats) -> Bandit:
        """Return the bandit of a stage; the channel chosen is the last part of the features."""
        apart = stage != "router" and not self._shared
        name = f"{stage}/{CHANNELS[int(features[-NOTHING:].argmax())]}" if apart else stage
        return self._bandits.setdefault(name, self._bandits.get(name) or Bandit())

    def _pick(self, stage: str, features: Floats, eligible: Bools) -> tuple[Ints, Bools]:
        scores = np.zeros(eligible.shape)
        for row in range(len(features)):
            actions = np.flatnonzero(eligible[row]).tolist()
            lines = tuple(self._lines[stage][action] for action in actions)
            model, shared = self._bandit(stage, features[row]), shared_line(self._names, features[row], PROFILE_WEIGHT)
            wary = stage == "router"
            scores[row, actions] = explored(model, shared, lines, _DEFAULTS, wary=wary) if len(actions) > 1 else 1.0
        action = picked(scores, self._draw.random(len(scores)))
        return action, action != best_of(scores, eligible)
