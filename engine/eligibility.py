"""What may be chosen for one customer at one moment, by rule. Never a model, never a preference, never a wire type."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct

from engine.campaign.catalogue import Catalogue, ChannelCatalogue
from engine.campaign.send_windows import FAR_US, Intervals, Occurrence, next_occurrence
from engine.campaign.spec import Content
from engine.customers.message_limits import within_limits
from engine.customers.standing import Standing
from engine.types import NOTHING

_OCCURRENCES_KEPT = 65_536


class Eligible(Struct, frozen=True):
    """What may be chosen: each usable channel's open slots with their send times, and any contents asked for."""

    send_times_us: dict[str, dict[str, int]]
    content_ids: frozenset[str]

    def contents(self, offer: ChannelCatalogue, channel: str) -> dict[str, tuple[str, ...]]:
        """Return the channel's eligible contents, each with the open slots at whose send time it is valid."""
        send_times_us = self.send_times_us[channel]
        found = dict.fromkeys(offer.undated, tuple(send_times_us))
        for content_id, content in offer.dated.items():
            if slots := _valid_slots(content, send_times_us):
                found[content_id] = slots
        if self.content_ids:
            return {content_id: slots for content_id, slots in found.items() if content_id in self.content_ids}
        return found


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


class Moment(Struct, frozen=True):
    """Whom and when a decision is for: how the customer stands, her time zone and now."""

    customer: Standing
    zone: ZoneInfo
    now_us: int


def eligible(
    catalogue: Catalogue,
    moment: Moment,
    calendar: Calendar,
    *,
    channels: Sequence[str] = (),
    content_ids: Sequence[str] = (),
) -> Eligible:
    """Return what may be chosen for a customer at a moment; empty `channels` or `content_ids` mean all.

    A slot is open where its next send time keeps the channel's message limits. A channel is usable where some content
    asked for is valid at the send time of one of its open slots.
    """
    wanted = frozenset(content_ids)
    found = {}
    for name, offer in catalogue.channels.items():
        if channels and name not in channels:
            continue
        send_times_us = _open_slots(name, offer, moment, calendar)
        if send_times_us and _any_content(offer, send_times_us, wanted):
            found[name] = send_times_us
    return Eligible(send_times_us=found, content_ids=wanted)


def _open_slots(name: str, offer: ChannelCatalogue, moment: Moment, calendar: Calendar) -> dict[str, int]:
    """Return the send time of each slot in which one more message keeps the channel's limits."""
    times, limits = moment.customer.times(name), offer.channel.message_limits
    found = {}
    for slot, intervals in offer.slot_intervals.items():
        send_time_us = calendar.send_time_us(intervals, moment.zone, moment.now_us)
        if within_limits(times, send_time_us, limits):
            found[slot] = send_time_us
    return found


def _any_content(offer: ChannelCatalogue, send_times_us: dict[str, int], wanted: frozenset[str]) -> bool:
    if offer.undated and (not wanted or not wanted.isdisjoint(offer.undated)):
        return True
    dated = (content for content_id, content in offer.dated.items() if not wanted or content_id in wanted)
    return any(_valid_slots(content, send_times_us) for content in dated)


def _valid_slots(content: Content, send_times_us: dict[str, int]) -> tuple[str, ...]:
    first_us, end_us = content.valid_from_us or 0, content.valid_until_us or FAR_US
    return tuple(slot for slot, time_us in send_times_us.items() if first_us <= time_us < end_us)


def routes(options: Eligible, nothing_allowed: bool) -> tuple[str, ...]:
    """Return the router's eligible actions: the usable channels, and nothing where the campaign allows it."""
    return (*options.send_times_us, NOTHING) if nothing_allowed else tuple(options.send_times_us)
