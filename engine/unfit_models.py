"""Models that are unfit to decide, and what puts good ones in their places. Never an append, never a clock."""

from collections.abc import Iterator

from engine.events import ModelsRolledBack
from engine.history import past_of
from engine.log.sqlite import Log
from engine.policy import model_names
from engine.snapshots import newest_good
from engine.state import State


def rollbacks_due(state: State, log: Log) -> Iterator[ModelsRolledBack]:
    """Yield what takes each channel with an unfit model back to the last good snapshot, or to empty models."""
    faults = {name: fault for name, model in state.models.items() if (fault := model.fault())}
    if not faults:
        return
    good_seq = newest_good(log.snapshots(), past_of(log)).state.seq
    for campaign in list(state.campaigns):
        for channel in ("", *state.catalogue(campaign).campaign.channels):
            if why := " and ".join(faults[name] for name in model_names(campaign, channel) if name in faults):
                yield ModelsRolledBack(campaign, channel, good_seq, why)
