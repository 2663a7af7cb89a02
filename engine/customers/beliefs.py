"""Beliefs: what is believed of a customer at a moment, and what it was found from. Never a feature's name."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from engine.customers.conduct import Conduct
from engine.customers.deeds import WEEK_HOURS
from engine.customers.drift import NOTHING_EXPECTED, Belief, believed
from engine.customers.hazards import NEVER, Hazards, Look, before_each, favourite
from engine.customers.memory import HOUR_US, worths
from engine.fit import WHEN
from engine.times import local_time

SHARED = ("category", "device", "channel")
"""Kinds of things she does whose names are shared by all; `hours` are the other kind, on her own clock."""
_THURSDAY = 3 * 24  # the hour of a week that begins on Monday, in which 1970 began


def belief(known: Conduct, now_us: int, where: ZoneInfo, hazards: Hazards) -> tuple[Belief, Look]:
    """Return what is believed of one of this conduct, her hours in parts of weekdays and weekends on a clock there.

    Habits weigh what they weighed when she did something last: until she does something again, only what all others do
    makes them doubtful. With it comes what was found, from which follows what the look counts for in the hazards.
    """
    deeds, times_us = known.deeds, [deed.time_us for deed in known.deeds]
    last_us = times_us[-1] if times_us else 0
    shift = _THURSDAY + _hours_ahead(now_us, where)
    habits = {kind: worths(known.sums, kind, last_us) for kind in SHARED}
    habits["hours"] = _parts(worths(known.sums, "hour", last_us), shift)
    tastes = [(deed.category, deed.weight) for deed in deeds]
    before, cared_for = before_each(hazards, times_us), favourite(habits["category"], tastes)
    found = believed(
        habits,
        {
            "category": tastes,
            "device": [(deed.device, 1.0) for deed in deeds],
            "channel": [(deed.channel, 1.0) for deed in deeds],
            "hours": [(WHEN[(deed.time_us // HOUR_US + shift) % WEEK_HOURS], 1.0) for deed in deeds],
        },
        before,
        since=hazards.between(last_us, max(last_us, now_us)) if times_us else NEVER,
        turned_to=hazards.turned_to.get(cared_for, NOTHING_EXPECTED),
    )
    return found, Look(times_us, before, found.likelier, found.total, tastes, cared_for)


def _hours_ahead(now_us: int, where: ZoneInfo) -> int:
    offset = local_time(now_us, where).utcoffset()
    return round(offset.total_seconds() / 3600) if offset else 0


def _parts(weights: Mapping[str, float], shift: int) -> dict[str, float]:
    """Return the weights of UTC hours of the week by the parts of days on a customer's clock, so many hours ahead."""
    parts: dict[str, float] = {}
    for hour, weight in weights.items():
        part = WHEN[(int(hour) + shift) % WEEK_HOURS]
        parts[part] = parts.get(part, 0.0) + weight
    return parts
