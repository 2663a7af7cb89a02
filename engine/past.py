"""The past: what a fold may ask of the log before it. Never an append, never a fold."""

from collections.abc import Callable

from msgspec import Struct

from engine.events import LoggedEvent
from engine.folds import Learned
from engine.rebuilt_file import Rebuilt


class Past(Struct, frozen=True):
    """What a fold may ask of the log before it, by sequence number.

    The decision there; every model as it stood there, with how much it had learned; and a campaign's models learned
    anew up to there, under a version of it.
    """

    decision_at: Callable[[int], LoggedEvent]
    models_at: Callable[[int], tuple[dict[str, bytes], dict[str, Learned]]]
    rebuilt_at: Callable[[int, str, int], Rebuilt]
