"""The one place where the service reads a wall clock. Never what time means: the engine is handed it."""

import time

from engine.customers.gate import YEAR_2000_US
from engine.engine import Engine

STEP_MAX_US = 30 * 86_400_000_000


def wall_clock_us() -> int:
    """Return the machine's time in whole microseconds since 1970-01-01T00:00Z."""
    return time.time_ns() // 1_000


def request_time_us(requested_us: int | None, simulated: bool) -> int:
    """Return the moment a request is for, in microseconds since 1970: its own in simulated time, else the clock's."""
    if simulated and requested_us is not None:
        return requested_us
    return wall_clock_us()


def told_time_us(engine: Engine, requested_us: int | None, simulated: bool) -> int:
    """Return the moment at which something is told of a customer, in microseconds since 1970.

    In simulated time that is when it happened, unless that is further ahead of the log's own time than a simulation
    goes in one step: a date in the far future is a mistake, and must not take the log's time there.
    """
    now_us, log_us = request_time_us(requested_us, simulated), engine.state.clock_us
    return log_us if simulated and YEAR_2000_US < log_us < now_us - STEP_MAX_US else now_us


def change_time_us(engine: Engine, simulated: bool) -> int:
    """Return the moment of a change to a campaign or its models, in microseconds since 1970.

    In simulated time that is the log's own latest: the requests carry no time, and the machine's would end every
    reward window of a simulated past.
    """
    return engine.state.clock_us if simulated else wall_clock_us()
