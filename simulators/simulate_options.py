"""The command line of the simulation: its options, their bounds and their help. Never what is done with them."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from simulators.policies import policies_of
from simulators.world.personas import PERSONAS_FILE
from simulators.world.scenarios import SCENARIOS

MAX_DECISIONS = 10_000_000
MAX_SEEDS = 100
_POLICIES = policies_of("channels-differ")


def parser() -> argparse.ArgumentParser:
    """Return the parser of `python -m simulators.simulate`."""
    made = argparse.ArgumentParser(
        prog="python -m simulators.simulate",
        description="Lets the engine and its peers live through a made-up world with a known answer.",
        epilog="\n".join(["scenarios:", *(f"  {name:16}{each.description}" for name, each in SCENARIOS.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("scenario", choices=list(SCENARIOS), metavar="SCENARIO", help="one of those below")
    add("--decisions", type=_count, default=30_000, metavar="N", help="decisions a run (default: %(default)s)")
    add("--seeds", type=_seeds, default=[1], metavar="N,N", help="seeds, each a world of its own (default: 1)")
    add("--policies", type=_policies, metavar="NAME,NAME", help=f"of {', '.join(_POLICIES)} (default: all that fit)")
    add(
        "--target",
        default="",
        metavar="HOST:PORT",
        help="ask this server instead of an engine in process; one seed a server, which needs --simulated-time",
    )
    add(
        "--personas",
        type=Path,
        default=PERSONAS_FILE,
        metavar="FILE",
        help="who lives there (default: the shipped file)",
    )
    add("--json", type=_new_file, metavar="FILE", help="write all figures there")
    return made


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options, and refuse those that do not go together."""
    made = parser()
    options = made.parse_args(arguments)
    if options.target and len(options.seeds) > 1:
        made.error("--target takes one of --seeds: time begins anew with each, and a server's never runs back")
    return options


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_DECISIONS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MAX_DECISIONS:,}")
    return int(text)


def _seeds(text: str) -> list[int]:
    parts = text.split(",")
    if len(parts) > MAX_SEEDS or not all(part.isdecimal() and int(part) < 2**31 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not one to {MAX_SEEDS} whole numbers with commas between them")
    return list(dict.fromkeys(map(int, parts)))


def _policies(text: str) -> list[str]:
    parts = list(dict.fromkeys(text.split(",")))
    if unknown := [part for part in parts if part not in _POLICIES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no policy; there are {', '.join(_POLICIES)}")
    return parts


def _new_file(text: str) -> Path:
    """Return a path that can be written to, since finding out after the simulation would lose it."""
    path = Path(text)
    if path.is_dir() or (path.parent.exists() and not path.parent.is_dir()):
        raise argparse.ArgumentTypeError(f"{text!r} can be no file")
    return path
