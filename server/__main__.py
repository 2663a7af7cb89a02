"""The command line: `python -m server`. Never more than reading the settings, saying one line, and the exit code."""

import os
import sys
from contextlib import suppress

# gRPC's core writes plain lines to stderr, where only JSON belongs; what matters of them comes as an exception as well.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from server import fault_option, logs
from server.serve import WRONG_USE, StartRefused, run
from server.settings import SettingsRefused, load_settings, unknown_variables


def say_ready(address: str) -> None:
    """Tell whoever started the service that it answers; the only line on stdout."""
    with suppress(OSError):  # nobody reads it
        sys.stdout.write(f"serving on {address}\n")
        sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Serve until told to stop and return the exit code: 0, or 1 where it cannot start, or 2 where it was misused."""
    try:
        settings = load_settings(arguments)
        logs.configure(settings.log_level)
        fault_option.arm(os.environ.pop(fault_option.VARIABLE, ""))
        for name in unknown_variables():
            logs.log.warning("unknown_setting", variable=name)
        run(settings, say_ready)
    except SettingsRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return WRONG_USE
    except StartRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return refusal.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
