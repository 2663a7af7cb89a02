"""The calendar: when a send window is open for a customer, in her own time zone. Never a clock."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from msgspec import Struct

from engine.campaign.channels import QuietHours, SendWindow

Intervals = tuple[tuple[int, int], ...]
"""Disjoint, sorted, half-open stretches of the local week, in seconds from Monday 00:00, within [0, 604800]."""

FAR_US = 2**62
"""The end of what never ends, far beyond the year 9999."""

_DAY_S = 86_400
_WEEK_S = 7 * _DAY_S
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WEEKDAY_S = 3 * _DAY_S  # 1970 began on a Thursday
_MAX_JUMPS = 1_000


class Occurrence(Struct, frozen=True):
    """One stretch [start_us, end_us) of instants at which a window is open, in microseconds UTC."""

    start_us: int
    end_us: int


def week_intervals(window: SendWindow, quiet_hours: QuietHours | None = None) -> Intervals:
    """Return when in the local week a window is open, quiet hours taken out; empty where they cover all of it."""
    length_s = (window.until_s - window.from_s) % _DAY_S or _DAY_S
    opened = _within_week((day * _DAY_S + window.from_s, length_s) for day in window.days)
    if quiet_hours is None:
        return opened
    quiet_length_s = (quiet_hours.until_s - quiet_hours.from_s) % _DAY_S
    quiet = _within_week((day * _DAY_S + quiet_hours.from_s, quiet_length_s) for day in range(7))
    bounds = ((0, 0), *quiet, (_WEEK_S, _WEEK_S))
    gaps = [(end, start) for (_, end), (start, _) in pairwise(bounds)]
    cut = ((max(a, c), min(b, d)) for a, b in opened for c, d in gaps)
    return tuple((start, end) for start, end in cut if start < end)


def _within_week(stretches: Iterable[tuple[int, int]]) -> Intervals:
    """Merge (start, length) stretches; what runs past Sunday midnight goes on at the week's beginning."""
    pieces = []
    for start, length in stretches:
        end = start + length
        pieces += [(start, min(end, _WEEK_S)), (0, end - _WEEK_S)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(piece for piece in pieces if piece[0] < piece[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def next_occurrence(intervals: Intervals, zone: ZoneInfo, now_us: int) -> Occurrence:
    """Return the window's current or next occurrence for a customer in this zone, exact to the second.

    `start_us` is the earliest instant from now on whose local wall-clock time lies in the intervals, so it is `now_us`
    while the window is open; `end_us` is the first instant after it whose time does not, or `FAR_US`. The answer holds
    for every later moment before `end_us`: its send time is then max(moment, start_us). Where clocks go forward over
    the whole window, that day has no occurrence; where they go back over it, it occurs again.

    `now_us` is microseconds UTC of the years 1970 to 9990. Raises ValueError where the intervals are empty.
    """
    if not intervals:
        raise ValueError("a send window without a single open second never occurs")
    now_s = now_us // 1_000_000
    start_s = _first(intervals, zone, now_s, wanted=True)
    start_us = max(now_us, start_s * 1_000_000)
    if intervals == ((0, _WEEK_S),):
        return Occurrence(start_us, FAR_US)
    return Occurrence(start_us, _first(intervals, zone, start_s, wanted=False) * 1_000_000)


def _first(intervals: Intervals, zone: ZoneInfo, from_s: int, *, wanted: bool) -> int:
    """Return the first second from `from_s` on that is inside the intervals, or outside where that is wanted."""
    moment_s = from_s
    for _ in range(_MAX_JUMPS):
        offset_s = _offset_s(zone, moment_s)
        inside, left_s = _place(intervals, (moment_s + offset_s + _EPOCH_WEEKDAY_S) % _WEEK_S)
        if inside == wanted:
            return moment_s
        moment_s = _advanced(zone, moment_s, offset_s, min(left_s, _DAY_S))
    raise ValueError("the intervals are not those of a week")


def _place(intervals: Intervals, local_s: int) -> tuple[bool, int]:
    """Say whether a second of the local week is inside, and how far off the next boundary or the week's end is."""
    for start, end in intervals:
        if local_s < start:
            return False, start - local_s
        if local_s < end:
            return True, end - local_s
    return False, _WEEK_S - local_s


def _advanced(zone: ZoneInfo, moment_s: int, offset_s: int, jump_s: int) -> int:
    """Return the moment after a jump, or the first moment of another offset if that comes earlier.

    Jumps are at most a day: no zone has ever changed its offset twice within one, so equal offsets mean no change.
    """
    after_s = moment_s + jump_s
    if _offset_s(zone, after_s) == offset_s:
        return after_s
    same_s = moment_s
    while after_s - same_s > 1:
        middle_s = (same_s + after_s) // 2
        if _offset_s(zone, middle_s) == offset_s:
            same_s = middle_s
        else:
            after_s = middle_s
    return after_s


def _offset_s(zone: ZoneInfo, moment_s: int) -> int:
    offset = (_EPOCH + timedelta(seconds=moment_s)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)
