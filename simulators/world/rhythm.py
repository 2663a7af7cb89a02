"""Rhythm: attention by hour of the day, on weekdays and weekends, and when in UTC an hour is hers. Never a visit."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from simulators.world.arrays import DAY_US, HOUR_US, START_US, Bools, Floats, Ints
from simulators.world.personas import CITIES, PARTS, Persona

LEAST = 0.2
"""Attention that is left at the worst hour, where 1 is the best."""
_NEIGHBOUR = 0.25
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARGIN_DAYS, _DAYS = 2, 800


def rhythm(persona: Persona) -> Floats:
    """Return attention by hour, 1 at its best on either kind of day; shape (2, 24), weekdays first."""
    return np.array([_hours(persona.weekdays), _hours(persona.weekend)])


def _hours(parts: dict[str, float]) -> Floats:
    hours = np.zeros(24)
    for part, attention in parts.items():
        first, end = PARTS[part]
        hours[np.arange(first, end) % 24] = attention
    around = np.maximum(np.roll(hours, 1), np.roll(hours, -1))
    hours = np.maximum(hours, _NEIGHBOUR * around)
    best: Floats = np.maximum(hours / hours.max(), LEAST)
    return best


@lru_cache(maxsize=1)
def _offset_hours() -> Ints:
    """Return each city's offset to UTC in whole hours on the days of a run, at noon; shape (cities, days)."""
    days = [_EPOCH + timedelta(microseconds=START_US, days=day, hours=12) for day in range(-_MARGIN_DAYS, _DAYS)]
    zones = [ZoneInfo(name) for name in CITIES.values()]
    offsets = [[day.astimezone(zone).utcoffset() or timedelta(0) for day in days] for zone in zones]
    return np.array([[round(offset / timedelta(hours=1)) for offset in row] for row in offsets])


def clock(city: Ints, time_us: Ints) -> tuple[Ints, Bools]:
    """Return the hour of the day, 0 to 23, and whether it is a weekend, on the clocks of these cities.

    Both arguments broadcast to one shape, which is that of the answers.
    """
    offsets = _offset_hours()
    day = np.clip((time_us - START_US) // DAY_US + _MARGIN_DAYS, 0, offsets.shape[1] - 1)
    hour = time_us // HOUR_US + offsets[city, day]
    weekday = (hour // 24 + 3) % 7  # 1970 began on a Thursday
    return hour % 24, weekday >= 5
