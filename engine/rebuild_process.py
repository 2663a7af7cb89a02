"""A rebuild as a process of its own, so that the service decides meanwhile. Never the service's state, never an append.

`python -m engine.rebuild_process FOLDER CAMPAIGN VERSION UPTO_SEQ` reads the log beside the process that owns it, and
writes the sequence number it has reached, one a line. It leaves the models in the folder and says so (`LEFT`, and how
many later lessons they hold). A line with a `Round` of such lessons, JSON, lets them learn those and leaves them again;
the end of the input ends it.
"""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import takewhile
from pathlib import Path

from msgspec import json

from engine.log.sqlite import Log
from engine.rebuild import Anew, Round, catch_up, heard, learned_anew
from engine.rebuilt_file import rebuilt_file, write_rebuilt

LEFT = "left"

_TOLD_EVERY = 10_000
_SERVICE_GONE = 3  # nobody reads this exit code; the service's next start begins anew
_NICENESS = 10  # the service goes first


def rebuild(folder: Path, campaign: str, version: int, upto_seq: int, rounds: Iterable[Round] = ()) -> None:
    """Leave a campaign's models, learned anew up to a sequence number under a version, in the folder.

    They are left again after each round of lessons that were taught to those that serve meanwhile.
    """
    with closing(Log.reading(folder)) as log:
        events = takewhile(lambda logged: logged.seq <= upto_seq, log.read())
        listener = heard(events, campaign)
        anew = learned_anew(listener, log.decision, version, _teller(os.getppid()))
        unfit = tuple(name for name, model in anew.models.items() if model.fault())
        path, caught_up = rebuilt_file(folder, campaign, upto_seq), 0
        _leave(path, anew, unfit, caught_up)
        for more in rounds:
            catch_up(anew, more.later, log.decision, listener.sources | more.sources, version)
            caught_up += len(more.later)
            _leave(path, anew, unfit, caught_up)


def _teller(service: int) -> Callable[[int], None]:
    """Return what tells how far the rebuild is, now and then, while the service that began it lives."""
    told = 0

    def tell(seq: int) -> None:
        nonlocal told
        if os.getppid() != service:
            raise SystemExit(_SERVICE_GONE)
        if seq >= told + _TOLD_EVERY:
            told = seq
            _say(str(seq))

    return tell


def _leave(path: Path, anew: Anew, unfit: tuple[str, ...], caught_up: int) -> None:
    write_rebuilt(path, anew.left(unfit, caught_up))
    _say(f"{LEFT} {caught_up}")


def _say(line: str) -> None:
    try:
        os.write(sys.stdout.fileno(), f"{line}\n".encode())
    except BrokenPipeError:
        raise SystemExit(_SERVICE_GONE) from None


if __name__ == "__main__":
    os.nice(_NICENESS)
    _, data_dir, name, of_version, upto = sys.argv
    asked = (json.decode(line, type=Round) for line in sys.stdin.buffer)
    rebuild(Path(data_dir), name, int(of_version), int(upto), asked)
