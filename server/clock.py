"""The one place where the service reads a wall clock. Never what time means: the engine is handed it."""

import time

from engine.engine import Engine


def wall_clock_us() -> int:
    """Return the machine's time in whole microseconds since 1970-01-01T00:00Z."""
    return time.time_ns() // 1_000


def request_time_us(requested_us: int | None, simulated: bool) -> int:
    """Return the moment a request is for, in microseconds since 1970: its own in simulated time, else the clock's."""
    if simulated and requested_us is not None:
        return requested_us
    return wall_clock_us()


def change_time_us(engine: Engine, simulated: bool) -> int:
    """Return the moment of a change to a campaign or its models, in microseconds since 1970.

    In simulated time that is the log's own latest: the requests carry no time, and the machine's would end every
    reward window of a simulated past.
    """
    return engine.state.clock_us if simulated else wall_clock_us()
