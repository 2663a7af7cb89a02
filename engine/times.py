"""Time zones and microseconds. Never the present: no clock is read here."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from engine.errors import InvalidRequest
from engine.features import shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_TIME_US = 7_258_118_400_000_000
"""2200-01-01, far beyond any campaign; a later time is a mistake of units."""


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone(name: str) -> ZoneInfo:
    """Return an IANA time zone; raises InvalidRequest for a name that is none, so that no path is ever opened for
    one.
    """
    if name not in _known_zones():
        raise InvalidRequest(("time_zone", f"{shown(name)} is not an IANA time zone; send one such as America/Chicago"))
    return ZoneInfo(name)


def local_time(time_us: int, where: ZoneInfo) -> datetime:
    """Return a moment as the wall clock shows it in a zone."""
    return (_EPOCH + timedelta(microseconds=time_us)).astimezone(where)


def shown_time(time_us: int) -> str:
    """Return a moment as an error may show it, in UTC to the second."""
    return (_EPOCH + timedelta(microseconds=time_us)).strftime("%Y-%m-%dT%H:%M:%SZ")
