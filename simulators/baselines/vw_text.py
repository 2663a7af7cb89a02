"""Visible features and actions as the text that Vowpal Wabbit reads, for the peers that speak it. Never a model."""

from collections.abc import Mapping, Sequence

from simulators.baselines.stages import STAGES
from simulators.world.arrays import Floats
from simulators.world.catalogue import Catalogue
from simulators.world.personas import CHANNELS


def shared_line(names: Sequence[str], features: Floats, weight: float = 1.0) -> str:
    """Return the shared line of one customer (d,), whose features weigh so much; those that are 0 are left out."""
    known = zip(names, features.tolist(), strict=False)
    return f"shared |X:{weight:g} " + " ".join(f"{name}:{value:.4g}" for name, value in known if value)


def action_lines(shop: Catalogue) -> Mapping[str, tuple[str, ...]]:
    """Return the line of each action of the three stages, in their order."""
    router = tuple(f"|A channel={name}" for name in (*CHANNELS, "nothing"))
    contents = tuple(
        f"|A content={name} category={item.category} tone={item.tone} price:{level:.3f}"
        for (name, item), level in zip(shop.items.items(), shop.price_level.tolist(), strict=True)
    )
    slots = tuple(f"|A slot={channel}/{slot}" for channel, slot in shop.slots)
    return dict(zip(STAGES, (router, contents, slots), strict=True))
