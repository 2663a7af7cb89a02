"""A rebuild as a process of its own, so that the service decides meanwhile. Never the service's state, never an append.

`python -m engine.rebuild_process FOLDER CAMPAIGN VERSION UPTO_SEQ` reads the log beside the process that owns it,
leaves the models in the folder, and writes the sequence number it has reached, one a line.
"""

import os
import sys
from contextlib import closing
from itertools import takewhile
from pathlib import Path

from engine.log.sqlite import Log
from engine.rebuild import rebuilt_models
from engine.rebuilt_file import rebuilt_file, write_rebuilt

_TOLD_EVERY = 10_000
_NICENESS = 10  # the service goes first


def rebuild(folder: Path, campaign: str, version: int, upto_seq: int) -> None:
    """Leave a campaign's models, learned anew up to a sequence number under a version, in the folder."""
    told, service = 0, os.getppid()

    def tell(seq: int) -> None:
        nonlocal told
        if os.getppid() != service:
            raise SystemExit("the service is gone; its next start begins anew")
        if seq >= told + _TOLD_EVERY:
            told = seq
            sys.stdout.write(f"{seq}\n")
            sys.stdout.flush()

    with closing(Log.reading(folder)) as log:
        events = takewhile(lambda logged: logged.seq <= upto_seq, log.read())
        models = rebuilt_models(events, log.decision, campaign, version, tell)
    write_rebuilt(rebuilt_file(folder, campaign, upto_seq), {name: model.saved() for name, model in models.items()})


if __name__ == "__main__":
    os.nice(_NICENESS)
    _, data_dir, name, of_version, upto = sys.argv
    rebuild(Path(data_dir), name, int(of_version), int(upto))
