"""Pace: how much comes of one identity at once, and in how many places. Never a verdict, never a clock."""

from collections.abc import Iterable

from msgspec import Struct

WITHIN_US, HOUR_US = 60_000_000, 3_600_000_000
TIMES_KEPT, PLACES_KEPT = 64, 16

Places = dict[str, dict[str, int]]
"""When each place was last seen, by its kind (device, channel, city)."""


class Pace(Struct, frozen=True):
    """At most so many events, 1 to 64, in any stretch of that length, up to a minute."""

    events: int
    within_us: int


def note_time(times_us: list[int], time_us: int) -> None:
    """Remember when something happened, and forget what lies a minute or more from it."""
    near = [time for time in times_us if abs(time - time_us) < WITHIN_US]
    times_us[:] = [*near[1 - TIMES_KEPT :], time_us]


def exceeded(times_us: list[int], time_us: int, paces: Iterable[Pace]) -> Pace | None:
    """Return the pace that one more event at this time would exceed, counted before it and after it."""
    for pace in paces:
        before = sum(time_us - pace.within_us < time <= time_us for time in times_us)
        after = sum(time_us <= time < time_us + pace.within_us for time in times_us)
        if max(before, after) >= pace.events:
            return pace
    return None


def note_place(places_us: Places, kind: str, name: str, time_us: int) -> None:
    """Remember when a place was seen, and forget those an hour or more from it; the newest few are kept."""
    near = near_places(places_us, kind, time_us) if kind in places_us else {}
    near[name] = max(time_us, near.get(name, 0))
    if len(near) > PLACES_KEPT:
        del near[min(near, key=lambda place: (near[place], place))]
    places_us[kind] = near


def near_places(places_us: Places, kind: str, time_us: int) -> dict[str, int]:
    """Return the places of a kind seen less than an hour from a time."""
    seen = places_us.get(kind, {})
    return {place: seen_us for place, seen_us in seen.items() if abs(seen_us - time_us) < HOUR_US}
