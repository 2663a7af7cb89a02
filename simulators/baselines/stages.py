"""A choice in three stages, as the peers make it: a channel or nothing, then a content, then a slot. Never a model."""

from collections.abc import Callable

import numpy as np

from simulators.world.arrays import Bools, Floats, Ints
from simulators.world.catalogue import Catalogue
from simulators.world.moments import Chosen, Moments
from simulators.world.personas import CHANNELS

NOTHING = len(CHANNELS)
"""The router's action that sends nothing, after the channels."""
STAGES = ("router", "content", "slot")

Pick = Callable[[str, Floats, Bools], tuple[Ints, Bools]]
"""From a stage's name, features (B, d) and eligible actions (B, A): an action each, and whether it explores."""


def sizes(shop: Catalogue) -> dict[str, int]:
    """Return how many actions each stage has."""
    return {"router": NOTHING + 1, "content": len(shop.items), "slot": len(shop.slots)}


def staged(moments: Moments, features: Floats, shop: Catalogue, pick: Pick) -> Chosen:
    """Return a choice in three stages; after the first, features are those of `with_channel`."""
    usable = _usable(moments, shop)
    router = np.concatenate([usable, np.ones((moments.count, 1), bool)], axis=1)
    channel, explored = pick("router", features, router)
    slot, content = np.full(moments.count, -1), np.full(moments.count, -1)
    rows = np.flatnonzero(channel != NOTHING)
    if len(rows):
        known = with_channel(features[rows], channel[rows])
        mine = moments.open[rows] & (shop.slot_channel == channel[rows, None])[:, :, None]
        content[rows], tried = pick("content", known, mine.any(axis=1))
        slot[rows], tried_slot = pick("slot", known, mine[np.arange(len(rows)), :, content[rows]])
        explored[rows] |= tried | tried_slot
    return Chosen(slot, content, explored)


def with_channel(features: Floats, channel: Ints) -> Floats:
    """Return features with the channel chosen beside them, shape (B, d + C)."""
    return np.concatenate([features, np.eye(NOTHING)[channel]], axis=1)


def _usable(moments: Moments, shop: Catalogue) -> Bools:
    slots = np.any(moments.open, axis=2)
    return np.stack([slots[:, shop.slot_channel == channel].any(axis=1) for channel in range(NOTHING)], axis=1)


def best_of(scores: Floats, eligible: Bools) -> Ints:
    """Return each row's eligible action of the highest score, shapes (B, A)."""
    found: Ints = np.where(eligible, scores, -np.inf).argmax(axis=1)
    return found


def anything(draw: np.random.Generator) -> Pick:
    """Return the pick that takes any eligible action with equal probability."""

    def pick(stage: str, features: Floats, eligible: Bools) -> tuple[Ints, Bools]:  # noqa: ARG001
        return best_of(draw.random(eligible.shape), eligible), np.ones(len(eligible), bool)

    return pick
