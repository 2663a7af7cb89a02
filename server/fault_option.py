"""The start option with which tests make the service kill itself. Never a documented setting, never silent."""

import os
import signal

import structlog

from engine import fault_points
from engine.fault_points import ErasurePoint, FaultPoint, Point
from server.settings import ENVIRONMENT_PREFIX, SettingsRefused

VARIABLE = ENVIRONMENT_PREFIX + "FAULT"
"""Environment variable `<point>:<times>`: SIGKILL this process when it reaches the point for that time."""

log = structlog.get_logger()


def arm(option: str) -> None:
    """Arm what the option says, nothing where it is empty; raises SettingsRefused where it says neither."""
    if not option:
        return
    point, times = _read(option)
    log.critical("fault_armed", point=point, times=times, note="THIS SERVICE WILL KILL ITSELF; for tests only")
    left = times

    def count(reached: Point) -> None:
        nonlocal left
        if reached == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    fault_points.arm(count)


def _read(option: str) -> tuple[Point, int]:
    name, _, times = option.partition(":")
    points = {str(point): point for point in (*FaultPoint, *ErasurePoint)}
    if name not in points or not times.isascii() or not times.isdigit() or int(times) == 0:
        known = ", ".join(points)
        raise SettingsRefused(f"{VARIABLE}: is {option!r}; for tests only: <point>:<times> with a point of {known}")
    return points[name], int(times)
