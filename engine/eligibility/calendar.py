"""The calendar of send windows: each one's next occurrence, remembered. Never a customer, never a clock."""

from zoneinfo import ZoneInfo

from msgspec import Struct

from engine.campaign.catalogue import Catalogue
from engine.campaign.send_windows import FAR_US, Intervals, Occurrence, next_occurrence
from engine.times import hour_of_week, local_minute

_OCCURRENCES_KEPT = 65_536
_TIMETABLES_KEPT = 2_048


class Opening(Struct, frozen=True):
    """The moment at which a slot opens, in microseconds, and its hour of the week on the customer's clock.

    Hours are counted from Monday's first, 0 to 167.

    The moment has gone by where the slot is open.
    """

    time_us: int
    hour: int


Openings = dict[str, dict[str, Opening]]
"""By channel and slot, when it opens."""


class _Timetable(Struct, frozen=True):
    """When all slots of a catalogue open in a zone, as it holds for every moment in [from_us, until_us)."""

    from_us: int
    until_us: int
    openings: Openings


_NO_TIMETABLE = _Timetable(0, 0, {})


class Calendar:
    """Remembers each send window's current or next occurrence, which holds for everyone in a time zone until it
    ends, and for a whole catalogue until the first of them ends.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Intervals, str], tuple[int, Occurrence]] = {}
        self._timetables: dict[tuple[Catalogue, str], _Timetable] = {}

    def send_time_us(self, intervals: Intervals, zone: ZoneInfo, now_us: int) -> int:
        """Return the first moment from now on that lies in the window, for a customer in this zone."""
        return max(now_us, self._occurrence(intervals, zone, now_us).start_us)

    def openings(self, catalogue: Catalogue, zone: ZoneInfo, now_us: int) -> Openings:
        """Return when each slot opens for a customer in this zone; its send time is then, or now if that is later.

        Not to be changed: everyone in the zone is told the same until the first slot closes.
        """
        known = self._timetables.get((catalogue, zone.key), _NO_TIMETABLE)
        if not known.from_us <= now_us < known.until_us:
            known = self._timetable(catalogue, zone, now_us)
            if len(self._timetables) >= _TIMETABLES_KEPT:
                self._timetables.clear()
            self._timetables[catalogue, zone.key] = known
        return known.openings

    def _timetable(self, catalogue: Catalogue, zone: ZoneInfo, now_us: int) -> _Timetable:
        openings, until_us = Openings(), FAR_US
        for channel, offer in catalogue.channels.items():
            openings[channel] = opens = {}
            for slot, intervals in offer.slot_intervals.items():
                occurrence = self._occurrence(intervals, zone, now_us)
                opens[slot] = Opening(occurrence.start_us, hour_of_week(local_minute(occurrence.start_us, zone)))
                until_us = min(until_us, occurrence.end_us)
        return _Timetable(now_us, until_us, openings)

    def _occurrence(self, intervals: Intervals, zone: ZoneInfo, now_us: int) -> Occurrence:
        place = (intervals, zone.key)
        computed_us, occurrence = self._known.get(place, (now_us + 1, None))
        if occurrence is None or not computed_us <= now_us < occurrence.end_us:
            if len(self._known) >= _OCCURRENCES_KEPT:
                self._known.clear()
            occurrence = next_occurrence(intervals, zone, now_us)
            self._known[place] = (now_us, occurrence)
        return occurrence
