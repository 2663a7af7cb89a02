"""The command line of the replay: its options, their bounds and their help. Never what is done with them."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

MAX_ROWS_AT_ONCE = 1_000
MAX_RUN_CHARACTERS = 100


def parser() -> argparse.ArgumentParser:
    """Return the parser of `python -m simulators.replay`."""
    made = argparse.ArgumentParser(
        prog="python -m simulators.replay",
        description="Streams a CSV of a randomised experiment through a running service and reports what it learned.",
    )
    _add_what(made)
    _add_how(made)
    made.add_argument(
        "--journal",
        type=_new_file,
        metavar="FILE",
        help="append each acknowledged decision and reward as one JSON line",
    )
    made.add_argument("--json", type=_new_file, metavar="FILE", help="write the report's figures as JSON")
    return made


def _add_what(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("mapping", type=Path, metavar="MAPPING.yaml", help="what the CSV's columns mean; simulators/mappings has one")
    add("--csv", type=Path, required=True, metavar="FILE", help="the experiment; .gz is unpacked on the way")
    add("--target", default="127.0.0.1:50051", metavar="HOST:PORT", help="the service (default: %(default)s)")
    add("--rows", type=_count, metavar="N", help="stop after N rows (default: all)")
    add("--seed", type=int, metavar="N", help="shuffle the rows with this seed first (default: the file's order)")
    add("--no-apply", action="store_true", help="leave the service's campaign as it is, instead of the mapping's")


def _add_how(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add(
        "--run",
        type=_run_name,
        metavar="NAME",
        help="the run's name, which its ids are made from: a name used before gets the answers it got then and teaches "
        "nothing twice (default: made from the campaign, the file, the seed and the start time)",
    )
    add(
        "--concurrency",
        type=_rows_at_once,
        default=1,
        metavar="N",
        help="decide N rows in one call: faster, but a decision may miss what the rows just before it would have "
        "taught (default: %(default)s, each row after the one before it was learned)",
    )
    add(
        "--start-time",
        type=_start_time,
        metavar="ISO",
        help="give each row its own second from this time on, for a server with --simulated-time, so that a run can be "
        "repeated exactly (default: the server's clock)",
    )
    add(
        "--patience-seconds",
        type=_seconds,
        default=30.0,
        metavar="S",
        help="how long to go on trying while the service is unavailable (default: %(default)s)",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _new_file(text: str) -> Path:
    """Return a path that can be written to, since finding out after the replay would lose it."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no file in a folder that exists")
    return path


def _rows_at_once(text: str) -> int:
    if _count(text) > MAX_ROWS_AT_ONCE:
        raise argparse.ArgumentTypeError(f"{text} is more than the {MAX_ROWS_AT_ONCE:,} rows that one call may hold")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 86400")
    return seconds


def _start_time(text: str) -> int:
    """Return whole seconds since 1970; a time without an offset is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO time such as 2026-01-01T00:00:00Z") from None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if seconds < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is before 1970")
    return int(seconds)


def _run_name(text: str) -> str:
    if not 1 <= len(text) <= MAX_RUN_CHARACTERS:
        raise argparse.ArgumentTypeError(f"a run's name has 1 to {MAX_RUN_CHARACTERS} characters, not {len(text)}")
    return text
