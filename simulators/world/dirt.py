"""Dirt: reports that are wrong, doubled or a machine's, on their way to the shop. Never what really happened."""

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from simulators.world.behaviour import NONE, Visits
from simulators.world.moments import Outcome
from simulators.world.personas import CATEGORIES

COPIES = 8
"""Visits that a machine makes of one, each to any category."""
SCANNED = 90
"""Number of the click that a mail scanner makes of an opening."""


def soiled_outcomes(outcomes: Sequence[Outcome], share: float, draw: np.random.Generator) -> list[Outcome]:
    """Return reports of which a share come twice, and openings of which a share are followed by a machine's click."""
    found = []
    for outcome, doubled, scanned in zip(outcomes, *(draw.random((2, len(outcomes))) < share).tolist(), strict=True):
        found += [outcome, outcome] if doubled else [outcome]
        if scanned and outcome.name == "opened":
            found.append(structs.replace(outcome, name="clicked", number=SCANNED))
    return found


def soiled_visits(visits: Visits, share: float, draw: np.random.Generator) -> Visits:
    """Return visits of which a share come from machines that look at everything, many times over."""
    machine = draw.random(len(visits.who)) < share
    rows = np.repeat(np.arange(len(visits.who)), 1 + COPIES * machine)
    columns = {field: getattr(visits, field)[rows] for field in visits.__struct_fields__}
    anywhere = draw.integers(len(CATEGORIES), size=len(rows))
    columns["category"] = np.where(machine[rows] & (columns["category"] != NONE), anywhere, columns["category"])
    return Visits(**columns)
