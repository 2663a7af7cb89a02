"""Fault points: the named moments at which a test may end the process. Never a kill, a setting or an environment.

Nothing is armed unless a test's start option says so; then `reached` costs one comparison.
"""

from collections.abc import Callable
from enum import StrEnum


class FaultPoint(StrEnum):
    """A moment between two steps of taking a fact, making it durable, or saving a snapshot."""

    BEFORE_APPEND = "before_append"
    AFTER_APPEND = "after_append"  # the event is in the open transaction, no fold knows of it
    AFTER_FOLD = "after_fold"  # folds and models know of it, the disk does not
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"  # it is durable, its caller has not been told
    BEFORE_SNAPSHOT = "before_snapshot"
    IN_SNAPSHOT = "in_snapshot"  # everything of the snapshot is written, its transaction not committed
    AFTER_SNAPSHOT = "after_snapshot"


class ErasurePoint(StrEnum):
    """A moment in the erasure of a customer, which the workloads of other tests never reach."""

    IN_ERASURE = "in_erasure"  # everything is replaced and forgotten, the transaction not committed
    AFTER_ERASURE = "after_erasure"  # it is durable, her bytes may still be in the file


Point = FaultPoint | ErasurePoint
Hook = Callable[[Point], None]

_hook: Hook | None = None


def reached(point: Point) -> None:
    """Tell that the engine has come to this point; does nothing unless armed."""
    if _hook is not None:
        _hook(point)


def arm(hook: Hook | None) -> None:
    """Call this hook at every point from now on, or nothing at all."""
    global _hook  # noqa: PLW0603  one process has one hook, and every caller of `reached` must see it
    _hook = hook
