"""Time zones and microseconds. Never the present: no clock is read here."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.campaign.time_zones import zone_named
from engine.errors import InvalidRequest
from engine.features import shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_US = 60_000_000
LATEST_TIME_US = 7_258_118_400_000_000
"""2200-01-01, far beyond any campaign; a later time is a mistake of units."""


def zone(name: str) -> ZoneInfo:
    """Return an IANA time zone; raises InvalidRequest for a name that is none."""
    try:
        return zone_named(name)
    except ValueError as error:
        problem = f"{shown(name)} is not an IANA time zone; send one such as America/Chicago"
        raise InvalidRequest(("time_zone", problem)) from error


def local_time(time_us: int, where: ZoneInfo) -> datetime:
    """Return a moment as the wall clock shows it in a zone."""
    return (_EPOCH + timedelta(microseconds=time_us)).astimezone(where)


def local_minute(time_us: int, where: ZoneInfo) -> datetime:
    """Return the beginning of a moment's minute as the wall clock shows it in a zone.

    It is the same for everyone there: since 1972 zones change their clocks, and stand off from UTC, by whole minutes.
    """
    return _minute(time_us // _MINUTE_US, where)


@lru_cache(maxsize=4_096)
def _minute(minutes: int, where: ZoneInfo) -> datetime:
    return local_time(minutes * _MINUTE_US, where)


def hour_of_week(local: datetime) -> int:
    """Return a wall clock's hour of the week, 0 to 167, Monday's first being 0."""
    return local.weekday() * 24 + local.hour


def shown_time(time_us: int) -> str:
    """Return a moment as an error may show it, in UTC to the second."""
    return (_EPOCH + timedelta(microseconds=time_us)).strftime("%Y-%m-%dT%H:%M:%SZ")
