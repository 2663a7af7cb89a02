"""Checkpoints: a model as it stood a thousand lessons ago, kept beside it. Never Vowpal Wabbit, never a decision.

What a model expects now is no yardstick of whether the world has turned over: it follows within some dozens of lessons,
and nothing surprises it any more, however wrong it is of all that it no longer tries.
"""

from msgspec import MsgspecError, Struct, msgpack

from engine.surprise import NONE, Surprise
from engine.tried import Tried

EVERY = 1_000
"""Lessons from one checkpoint to the next: a model is held against what it was one to two times as many ago."""
_CHECKPOINTS, _TRIED = b"checkpoints\0", b"tried\0"
"""What a saved model begins with: those of before with their checkpoints alone, all since with what was tried too."""


class Checkpoint(Struct, frozen=True):
    """A model's own bytes at some lesson, and what a cost of 1 stood for then."""

    model: bytes
    unit: float


class Kept(Struct, frozen=True):
    """What is kept beside a model: its lessons since it last doubted what it knew, surprise, and its checkpoints.

    `before` is the one that it is held against, `last` the last one, which will be that at the next.
    """

    lessons: int = 0
    surprise: Surprise = NONE
    before: Checkpoint | None = None
    last: Checkpoint | None = None


NOTHING_KEPT = Kept()


def bundled(model: bytes, kept: Kept, tried: Tried | None) -> bytes:
    """Return a model with what is kept beside it, `tried` None where that was never counted."""
    return _TRIED + msgpack.encode((model, kept, tried))


def parted(saved: bytes) -> tuple[bytes, Kept, Tried | None]:
    """Return what `bundled` was given, now or when a model was saved with less beside it or alone.

    Raises ValueError where the bytes are no such thing.
    """
    try:
        if saved.startswith(_TRIED):
            return msgpack.decode(memoryview(saved)[len(_TRIED) :], type=tuple[bytes, Kept, Tried | None])
        if saved.startswith(_CHECKPOINTS):
            return *msgpack.decode(memoryview(saved)[len(_CHECKPOINTS) :], type=tuple[bytes, Kept]), None
    except MsgspecError as error:
        raise ValueError(f"what is kept beside a model cannot be read: {error}") from error
    return saved, NOTHING_KEPT, None
