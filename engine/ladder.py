"""The ladder: where a model that is unfit to decide goes back to. Never a draw, an append or a lesson.

Its rungs: the model as it learned, the last good snapshot's, uniform over the eligible; and, by an operator's switch
only, the campaign's fallback rule.
"""

from urllib.parse import unquote

from engine.errors import LogUnavailable
from engine.folds import Folds, PutBack
from engine.log import snapshot_rows
from engine.log.sqlite import Log
from engine.model_bytes import ModelFailed
from engine.model_events import ModelsRolledBack
from engine.snapshots import Damaged, checked
from engine.vowpal_wabbit import Bandit


def step_down(log: Log, name: str, why: str, back: PutBack | None) -> ModelsRolledBack:
    """Return the event that puts a model back by one rung: the newest good snapshot that has it, or its beginning.

    It begins anew where none has it or can be read, and where it stands at one already (`back`) and is unfit again.
    """
    if back is None:
        try:
            return put_back(log, name, why)
        except LogUnavailable as error:
            why = f"{why}; {error}"
    return ModelsRolledBack(*_owner(name), 0, why, model=name)


def put_back(log: Log, name: str, why: str) -> ModelsRolledBack:
    """Return the event that puts an unfit model back to the newest good snapshot that has it, or begins it anew.

    Raises LogUnavailable where the snapshots cannot be read.
    """
    return ModelsRolledBack(*_owner(name), _last_good_seq(log, name), why, model=name)


def _last_good_seq(log: Log, name: str) -> int:
    for snapshot in snapshot_rows.stored(log):
        try:
            folds = checked(snapshot)
            if _learned_in(folds, name) and not Bandit(snapshot.models[name]).fault():
                return snapshot.seq
        except (Damaged, ModelFailed):
            continue
    return 0


def _learned_in(folds: Folds, name: str) -> bool:
    """Tell whether a snapshot has the model, and not as one that had just been begun anew."""
    back = folds.put_back.get(name)
    return name in folds.model_sha256 and (back is None or back.to_seq > 0)


def _owner(name: str) -> tuple[str, str]:
    """Return the campaign and channel that a model's name tells, empty where it tells none."""
    parts = [unquote(part) for part in name.split("/")]
    return (parts[0], parts[1] if len(parts) == 3 else "") if len(parts) in (2, 3) else ("", "")
