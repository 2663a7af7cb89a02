"""Time zones by their IANA names. Never an offset that someone typed, never this machine's own zone."""

from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

MAX_NAME_CHARACTERS = 64


@lru_cache(maxsize=1_024)
def zone_named(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name such as America/Chicago; raises ValueError where there is none."""
    if 1 <= len(name) <= MAX_NAME_CHARACTERS and name != "localtime":  # which is another zone on another machine
        try:
            return ZoneInfo(name)
        except (ValueError, KeyError, OSError):  # a path, no such zone, a folder of zones
            pass
    raise ValueError("no such time zone")


def nearest_zone(text: str) -> str:
    """Return the zone that was probably meant: its last word right or its name nearly; empty where none is."""
    zones = sorted(available_timezones() - {"localtime"})
    wanted = text[:MAX_NAME_CHARACTERS].strip().casefold().replace(" ", "_")
    for zone in zones:
        if wanted in (zone.casefold(), zone.rsplit("/", 1)[-1].casefold()):
            return zone
    return next(iter(get_close_matches(text[:MAX_NAME_CHARACTERS], zones, n=1)), "")
