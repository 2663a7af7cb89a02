"""What an operator does to models: look, freeze, switch off, roll back. Never a decision, never a lesson."""

from hashlib import sha256

import numpy as np
from msgspec import Struct

from engine.engine import Engine
from engine.errors import InvalidRequest, NotFound, NotPossible
from engine.features import check_text, require, shown
from engine.folds import Learned, Rebuild
from engine.history import past_of
from engine.log import snapshot_rows
from engine.model_events import ChannelSwitched, ModelsRebuilt, ModelsRolledBack, RebuildStarted, Switch
from engine.policy import model_names
from engine.rebuild import Round
from engine.rebuilt_file import read_rebuilt, rebuilt_file
from engine.snapshots import Damaged, checked
from engine.vowpal_wabbit import Bandit


class SnapshotStatus(Struct, frozen=True):
    """A stored snapshot: its place in the log, when it was saved, its models, and what is wrong with it."""

    seq: int
    time_us: int
    models: tuple[str, ...]
    problem: str


class ModelStatus(Struct, frozen=True):
    """One model as it stands: its place in the log, the SHA-256 of its bytes, how much it learned, and its switches.

    `problem` says why it was put back, until it learns; `unit` is the reward unit that it has learned in, `doubts` how
    often it came to doubt what it had learned.
    """

    name: str
    seq: int
    sha256: str
    learned: Learned
    frozen: bool
    fallback: bool
    problem: str
    unit: float
    doubts: int


def snapshots(engine: Engine) -> list[SnapshotStatus]:
    """Return every stored snapshot, newest first, each checked."""
    found = []
    for snapshot in snapshot_rows.stored(engine.log):
        try:
            checked(snapshot)
            problem = ""
        except Damaged as damage:
            problem = str(damage)
        found.append(SnapshotStatus(snapshot.seq, snapshot.time_us, tuple(sorted(snapshot.models)), problem))
    return found


def models(engine: Engine, campaign: str, channel: str) -> list[ModelStatus]:
    """Return a channel's models, its content's and its send slot's; the router's where the channel is empty.

    Raises NotFound for a campaign that is none, InvalidRequest for a channel that is none.
    """
    _check(engine, campaign, channel)
    fold = engine.state.campaigns[campaign]
    return [
        ModelStatus(
            name=name,
            seq=engine.state.seq,
            sha256=sha256(engine.state.models[name].saved()).hexdigest(),
            learned=engine.state.learned.get(name, Learned()),
            frozen=channel in fold.frozen,
            fallback=channel in fold.fallback,
            problem=back.problem if (back := engine.state.put_back.get(name)) else "",
            unit=engine.state.models[name].unit,
            doubts=engine.state.models[name].kept.surprise.doubts,
        )
        for name in model_names(campaign, channel)
    ]


def switch(engine: Engine, campaign: str, channel: str, kind: Switch, now_us: int, *, on: bool) -> None:
    """Freeze a channel's models, or put the channel on the campaign's fallback rule, or set it free; again is no event.

    Raises NotFound, InvalidRequest or LogUnavailable.
    """
    _check(engine, campaign, channel)
    if (channel in getattr(engine.state.campaigns[campaign], kind)) != on:
        engine.accept(now_us, ChannelSwitched(campaign=campaign, channel=channel, switch=kind, on=on))


def roll_back(engine: Engine, campaign: str, channel: str, snapshot_seq: int, now_us: int) -> None:
    """Put a channel's models back to a stored snapshot's; they learn on from there.

    A rebuild under way leaves them there. Where they stand there already that is no event, unless it says something
    more: that models which were put back as unfit are well there, or that a rebuild is to leave them.

    Raises NotFound for a snapshot or campaign that is none, NotPossible where the snapshot is damaged.
    """
    _check(engine, campaign, channel)
    status = next((status for status in snapshots(engine) if status.seq == snapshot_seq), None)
    if status is None:
        raise NotFound(f"there is no snapshot {snapshot_seq}; ListSnapshots names those there are")
    if status.problem:
        raise NotPossible(f"snapshot {snapshot_seq} is damaged: {status.problem}; choose another")
    saved, _ = past_of(engine.log).models_at(snapshot_seq)
    names, rebuild = model_names(campaign, channel), engine.state.rebuilds.get(campaign)
    unfit = any(name in engine.state.put_back for name in names)
    swapped_soon = rebuild is not None and not rebuild.kept.issuperset(names)
    if unfit or swapped_soon or not all(_equal(engine.state.models[name], saved.get(name)) for name in names):
        engine.accept(now_us, ModelsRolledBack(campaign, channel, snapshot_seq, "asked for"))


def start_rebuild(engine: Engine, campaign: str, now_us: int) -> Rebuild:
    """Begin to learn a campaign's models anew from the log, and return it; one under way is given up for this one.

    Raises NotFound or LogUnavailable.
    """
    engine.accept(now_us, RebuildStarted(campaign=campaign, version=engine.campaign(campaign).version))
    return engine.rebuilds[campaign]


def taught_later(engine: Engine, campaign: str, upto_seq: int, after: int, count_max: int) -> Round:
    """Return the next lessons, of those after the first `after`, that a rebuild under way must catch up with.

    Raises NotPossible where another rebuild, or none, is under way.
    """
    rebuild = _under_way(engine, campaign, upto_seq)
    versions = engine.state.campaigns.sources(campaign).items()
    sources = {number: source for number, source in versions if number > rebuild.version}
    return Round(rebuild.later[after : after + count_max], sources)


def finish_rebuild(engine: Engine, campaign: str, upto_seq: int, now_us: int) -> tuple[str, ...]:
    """Put a campaign's rebuilt models in the place of those that serve, caught up with what was taught meanwhile.

    Returns the models that came out unfit to decide, where those that serve go on. Raises NotPossible where another
    rebuild, or none, is under way, or where its models were not left whole: to learn them here would stop the service.
    """
    rebuild = _under_way(engine, campaign, upto_seq)
    left = read_rebuilt(rebuilt_file(engine.log.folder, campaign, upto_seq))
    if left is None:
        raise NotPossible(f"the rebuilt models of {shown(campaign)} up to event {upto_seq} are missing or damaged")
    engine.accept(now_us, ModelsRebuilt(campaign, rebuild.version, upto_seq, left.unfit))
    return left.unfit


def _under_way(engine: Engine, campaign: str, upto_seq: int) -> Rebuild:
    engine.campaign(campaign)
    rebuild = engine.state.rebuilds.get(campaign)
    if rebuild is None or rebuild.upto_seq != upto_seq:
        raise NotPossible(f"no rebuild of {shown(campaign)} up to event {upto_seq} is under way; start one")
    return rebuild


def _equal(model: Bandit, saved: bytes | None) -> bool:
    """Tell whether a model has the weights of a saved one, whose bytes hold counters besides."""
    return not model.fault() and np.array_equal(model.weights(), Bandit(saved).weights())


def _check(engine: Engine, campaign: str, channel: str) -> None:
    require(check_text("campaign", campaign, limit=512))
    engine.campaign(campaign)  # heals the engine where it must, and raises NotFound
    if channel and channel not in engine.state.campaigns.catalogue(campaign).campaign.channels:
        problem = f"{shown(channel)} is not a channel of campaign {shown(campaign)}; name one, or none for the router"
        raise InvalidRequest(("channel", problem))
