"""The command that makes report pages again from their figures. Never a simulation.

python -m simulators.report FIGURES.json [FIGURES.json ...]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from simulators.report.page import page
from simulators.results import Report

FINISHED, REFUSED = 0, 2
"""Exit statuses."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write FIGURES.html for each FIGURES.json and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.report", description="Makes the page of a simulation again from its figures."
    )
    parser.add_argument("figures", nargs="+", type=Path, metavar="FIGURES.json", help="what make simulate wrote")
    for path in parser.parse_args(arguments).figures:
        try:
            report = msgspec.json.decode(path.read_bytes(), type=Report)
            target = path.with_suffix(".html")
            target.write_text(page(report), encoding="utf-8")
        except (OSError, msgspec.MsgspecError) as error:
            print(f"{path} gives no page: {error}; give a JSON file that a simulation wrote", file=sys.stderr)  # noqa: T201
            return REFUSED
        print(target)  # noqa: T201  the path is the command's answer
    return FINISHED


if __name__ == "__main__":
    sys.exit(main())
