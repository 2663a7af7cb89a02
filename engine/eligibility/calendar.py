"""The calendar of send windows: each one's next occurrence, remembered. Never a customer, never a clock."""

from zoneinfo import ZoneInfo

from engine.campaign.send_windows import Intervals, Occurrence, next_occurrence

_OCCURRENCES_KEPT = 65_536


class Calendar:
    """Remembers each send window's current or next occurrence, which holds for everyone in a time zone until it
    ends.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Intervals, str], tuple[int, Occurrence]] = {}

    def send_time_us(self, intervals: Intervals, zone: ZoneInfo, now_us: int) -> int:
        """Return the first moment from now on that lies in the window, for a customer in this zone."""
        place = (intervals, zone.key)
        computed_us, occurrence = self._known.get(place, (now_us + 1, None))
        if occurrence is None or not computed_us <= now_us < occurrence.end_us:
            if len(self._known) >= _OCCURRENCES_KEPT:
                self._known.clear()
            occurrence = next_occurrence(intervals, zone, now_us)
            self._known[place] = (now_us, occurrence)
        return max(now_us, occurrence.start_us)
