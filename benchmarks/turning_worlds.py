"""How soon does the engine come round where nothing but clicks tells that the world has turned over, and what does it
cost it where only the telling has failed? Never a pass or fail.

`python -m benchmarks.turning_worlds` lives through three of the contextual worlds: 5,000 decisions, then every content
earns what the third one before it did; or nothing is told of 400 decisions, and all is as it was. Plain Vowpal Wabbit
and LinUCB live through the same. `--write` puts the table into this folder's README.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from statistics import mean

from msgspec import structs

from benchmarks.contextual_worlds import CHOOSERS, WORKERS, Kind, earned, share
from benchmarks.notes import tables

HALF, PART, SEEDS = 5_000, 1_000, (1, 2, 3)
WORLDS = (
    Kind("nothing is told"),
    Kind("a segment, of 5", (5,), 1),
    Kind("two categories, two numbers", (5, 4), 2, 2, 2),
)
CHANGES: dict[str, dict[str, int]] = {
    "turns over": {"turned_at": HALF},
    "is not told of": {"silent_from": HALF},
}
CHANGED = tuple(
    (name, structs.replace(world, decisions=2 * HALF, **change)) for name, change in CHANGES.items() for world in WORLDS
)


def parts(chooser: str, kind: Kind, seed: int) -> list[float]:
    """Return the oracle share of each thousand decisions."""
    lived = earned(chooser, kind, seed)
    return [share(lived[start : start + PART]) for start in range(0, len(lived), PART)]


def main() -> None:
    """Live through every world, print what each chooser came to, and write it where that is asked for."""
    keys = [(name, kind, chooser) for name, kind in CHANGED for chooser in CHOOSERS]
    with ProcessPoolExecutor(WORKERS) as pool:
        runs = [[pool.submit(parts, chooser, kind, seed) for seed in SEEDS] for _, kind, chooser in keys]
        found = [[mean(each) for each in zip(*(run.result() for run in seeds), strict=True)] for seeds in runs]
    header = ("world", f"after {HALF:,} it", "chooser", *(str(number + 1) for number in range(2 * HALF // PART)))
    rows = [
        [kind.name, name, chooser, *(f"{figure:.2f}" for figure in figures)]
        for (name, kind, chooser), figures in zip(keys, found, strict=True)
    ]
    where = tables.taken(f"; seeds {', '.join(map(str, SEEDS))}.")
    tables.told("turning_worlds", where, header, rows, sys.argv)


if __name__ == "__main__":
    main()
