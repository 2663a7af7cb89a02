"""History: models as they stood, or would be learned anew, at an earlier place in the log. Never an append."""

from functools import partial
from itertools import takewhile

from engine.folds import Learned
from engine.log import snapshot_rows
from engine.log.sqlite import Log
from engine.past import Past
from engine.rebuild import rebuilt_models
from engine.rebuilt_file import Rebuilt, read_rebuilt, rebuilt_file
from engine.snapshots import Damaged, checked
from engine.state import State

ModelsThen = tuple[dict[str, bytes], dict[str, Learned]]
"""Every model as it stood at a place in the log, and how much it had learned."""


def past_of(log: Log) -> Past:
    """Return what a fold may ask of this log.

    A model is exactly fold(log up to its sequence number), so a good snapshot taken there and folding the log up to it
    give the same weights. What was folded is kept: a later fold over the same rollback asks for it again, and would
    otherwise double the work with each rollback.
    """
    folded: dict[int, ModelsThen] = {}

    def models_at(seq: int) -> ModelsThen:
        if not seq:
            return {}, {}  # before the log's first event, which is where a model that begins anew goes back to
        stored = _stored(log, seq)
        if stored is None and seq not in folded:
            folded[seq] = _folded(log, seq, past)
        return stored or folded[seq]

    past = Past(log.decision, models_at, partial(rebuilt_at, log))
    return past


def _stored(log: Log, seq: int) -> ModelsThen | None:
    """Return the models of the snapshot at a sequence number, None where there is none or it is damaged."""
    for snapshot in snapshot_rows.stored(log):
        if snapshot.seq == seq:
            try:
                return snapshot.models, checked(snapshot).learned
            except Damaged:
                return None
    return None


def _folded(log: Log, seq: int, past: Past) -> ModelsThen:
    state = State(past)
    for logged in takewhile(lambda logged: logged.seq <= seq, log.read()):
        state.fold(logged)
    return {name: model.saved() for name, model in state.models.items()}, state.learned


def rebuilt_at(log: Log, upto_seq: int, campaign: str, version: int) -> Rebuilt:
    """Return a campaign's models learned anew up to a sequence number under a version of it.

    They are read where a rebuild has left them whole, and learned here where it has not.
    """
    left = read_rebuilt(rebuilt_file(log.folder, campaign, upto_seq))
    if left is not None:
        return left
    events = takewhile(lambda logged: logged.seq <= upto_seq, log.read())
    return rebuilt_models(events, log.decision, campaign, version).left()
