"""Snapshots: models and folds at one sequence number, checked before they are believed.

Never the log's own rows, never a clock.
"""

from collections.abc import Iterable
from hashlib import sha256

from msgspec import MsgspecError, Struct, msgpack

from engine.folds import Folds
from engine.log.snapshot_rows import StoredSnapshot
from engine.model_bytes import ModelFailed, fault_in
from engine.past import Past
from engine.state import State

_encoder = msgpack.Encoder()
_decoder = msgpack.Decoder(Folds)


class Damaged(Exception):
    """A stored snapshot is not what was saved."""


class Restored(Struct, frozen=True):
    """A state to fold the tail onto, and why newer snapshots were passed over."""

    state: State
    refused: tuple[str, ...] = ()


def saved_models(state: State) -> dict[str, bytes]:
    """Return every model's bytes; takes about 2 ms for each that has learned since it was saved last."""
    return {name: model.saved() for name, model in state.models.items()}


def taken(state: State, models: dict[str, bytes], time_us: int) -> StoredSnapshot:
    """Return the state as it is stored, with its models as they were saved just now."""
    folds = _encoder.encode(state.folds({name: sha256(model).digest() for name, model in models.items()}))
    return StoredSnapshot(seq=state.seq, time_us=time_us, folds=folds, sha256=sha256(folds).digest(), models=models)


def newest_good(snapshots: Iterable[StoredSnapshot], past: Past) -> Restored:
    """Return the state of the newest snapshot whose every checksum holds, an empty one where none does.

    The checksum comes before the load: Vowpal Wabbit loads damaged files without a word and goes on with them.
    """
    refused: list[str] = []
    for snapshot in snapshots:
        try:
            state = State(past)
            state.restore(checked(snapshot), snapshot.models)
            refuse_faulty(state)
            return Restored(state=state, refused=tuple(refused))
        except (Damaged, ModelFailed) as error:
            refused.append(f"snapshot {snapshot.seq}: {error}")
    return Restored(state=State(past), refused=tuple(refused))


def refuse_faulty(state: State) -> None:
    """Raise Damaged where a model of the state is unfit to decide."""
    for name, model in state.models.items():
        if fault := fault_in(model.saved()):
            raise Damaged(f"model {name}: {fault}")


def checked(snapshot: StoredSnapshot) -> Folds:
    """Return a stored snapshot's folds; raises Damaged where any of its bytes are not those that were saved."""
    if sha256(snapshot.folds).digest() != snapshot.sha256:
        raise Damaged("the folds' checksum does not hold")
    try:
        folds = _decoder.decode(snapshot.folds)
    except MsgspecError as error:
        raise Damaged(f"the folds cannot be read: {error}") from error
    for name, checksum in folds.model_sha256.items():
        if sha256(snapshot.models.get(name, b"")).digest() != checksum:
            raise Damaged(f"the checksum of model {name} does not hold")
    return folds
