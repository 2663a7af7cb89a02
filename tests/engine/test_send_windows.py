"""The calendar's laws, against a walk through every minute of clocks that jump, repeat and skip a day."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.campaign.channels import QuietHours, SendWindow
from engine.campaign.send_windows import FAR_US, Intervals, next_occurrence, week_intervals

LAW = settings(max_examples=250, derandomize=True, database=None, deadline=None)
WEEK_MINUTES = 7 * 1440
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

CHANGES = (
    # a zone and an instant at which its clocks change
    ("America/Chicago", "2026-03-08T08:00Z"),
    ("America/Chicago", "2026-11-01T07:00Z"),
    ("Europe/London", "2026-03-29T01:00Z"),
    ("Europe/London", "2026-10-25T01:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00Z"),  # back by half an hour
    ("Australia/Lord_Howe", "2026-10-03T15:30Z"),  # forward by half an hour
    ("Asia/Kathmandu", "1985-12-31T18:30Z"),  # forward by a quarter, for good
    ("Africa/Casablanca", "2026-02-15T02:00Z"),  # Ramadan begins
    ("Africa/Casablanca", "2026-03-22T02:00Z"),  # and ends
    ("Pacific/Apia", "2011-12-30T10:00Z"),  # a whole Friday never was
    ("America/St_Johns", "2006-04-02T03:31Z"),  # one minute past midnight
    ("America/St_Johns", "2006-10-29T02:31Z"),
    ("America/St_Johns", "2026-11-01T04:30Z"),
)


def us(text: str) -> int:
    """Return the microseconds UTC of an ISO time."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def clock(minutes: int) -> str:
    """Return minutes after midnight as a campaign writes them."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def window(start: str, until: str, days: object = "all") -> SendWindow:
    """Return a send window as a campaign would describe it."""
    return SendWindow.model_validate({"days": days, "from": start, "until": until})


def quiet(start: str, until: str) -> QuietHours:
    """Return quiet hours as a campaign would describe them."""
    return QuietHours.model_validate({"from": start, "until": until})


def local_minute(zone: ZoneInfo, instant_us: int) -> int:
    """Return the minute of the local week, 0 at Monday midnight."""
    local = (EPOCH + timedelta(microseconds=instant_us)).astimezone(zone)
    return local.weekday() * 1440 + local.hour * 60 + local.minute


def is_open(opened: SendWindow, silence: QuietHours | None, minute: int) -> bool:
    """Say, straight from the definition, whether a minute of the local week is in the window and not in quiet hours."""

    def within(start_s: int, until_s: int, time_s: int) -> bool:
        return start_s <= time_s < until_s

    day, time_s = minute // 1440, minute % 1440 * 60
    if silence is not None:
        if silence.from_s < silence.until_s and within(silence.from_s, silence.until_s, time_s):
            return False
        if silence.from_s > silence.until_s and not within(silence.until_s, silence.from_s, time_s):
            return False
    if opened.from_s < opened.until_s:
        return day in opened.days and within(opened.from_s, opened.until_s, time_s)
    return (day in opened.days and time_s >= opened.from_s) or (
        (day - 1) % 7 in opened.days and time_s < opened.until_s
    )


@cache
def minutes_around(zone: str, change: str) -> list[int]:
    """Return the local minute of the week for every minute from two days before a change to 21 days after it."""
    place, first_us = ZoneInfo(zone), us(change) - 2 * 86_400_000_000
    return [local_minute(place, first_us + minute * 60_000_000) for minute in range(23 * 1440)]


def walked(zone: str, change: str, is_open_at: list[bool], now_us: int) -> tuple[int, int]:
    """Find the current or next occurrence by looking at every minute."""
    first_us, minutes = us(change) - 2 * 86_400_000_000, minutes_around(zone, change)
    at = (now_us - first_us) // 60_000_000
    start = next(index for index in range(at, len(minutes)) if is_open_at[minutes[index]])
    end = next(index for index in range(start, len(minutes)) if not is_open_at[minutes[index]])
    return max(now_us, first_us + start * 60_000_000), first_us + end * 60_000_000


times = st.integers(0, 1439) | st.integers(0, 16).map(lambda quarter: quarter * 15)  # clocks change at night
day_sets = st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1).map(sorted)
windows = st.builds(lambda a, b, days: window(clock(a), clock(b), days), times, times | st.just(1440), day_sets)
silences = st.none() | st.tuples(times, times).filter(lambda pair: pair[0] != pair[1]).map(
    lambda pair: quiet(clock(pair[0]), clock(pair[1]))
)
near_changes = st.integers(-2 * 86_400_000_000, 2 * 86_400_000_000)


@LAW
@given(windows, silences)
def test_week_intervals_are_the_definition(opened: SendWindow, silence: QuietHours | None) -> None:
    """Every minute of the week is in the intervals exactly if it is in the window and not in quiet hours."""
    intervals = week_intervals(opened, silence)
    covered = [False] * WEEK_MINUTES
    for start, end in intervals:
        covered[start // 60 : end // 60] = [True] * ((end - start) // 60)
    assert covered == [is_open(opened, silence, minute) for minute in range(WEEK_MINUTES)]


@LAW
@given(windows, silences)
def test_week_intervals_are_sorted_and_disjoint(opened: SendWindow, silence: QuietHours | None) -> None:
    """Intervals are never empty, never overlap, and stay within the week."""
    bounds = [bound for interval in week_intervals(opened, silence) for bound in interval]
    assert bounds == sorted(bounds)
    assert all(start < end for start, end in zip(bounds[::2], bounds[1::2], strict=True))
    assert all(0 <= bound <= WEEK_MINUTES * 60 for bound in bounds)


@settings(LAW, max_examples=500)
@given(st.sampled_from(CHANGES), windows, silences, near_changes)
def test_occurrence_is_what_a_walk_finds(
    change: tuple[str, str], opened: SendWindow, silence: QuietHours | None, after_us: int
) -> None:
    """Around every change of clocks, the occurrence is the one that looking at every minute finds."""
    intervals = week_intervals(opened, silence)
    is_open_at = [is_open(opened, silence, minute) for minute in range(WEEK_MINUTES)]
    assume(any(is_open_at) and not all(is_open_at))
    now_us = us(change[1]) + after_us
    found = next_occurrence(intervals, ZoneInfo(change[0]), now_us)
    assert (found.start_us, found.end_us) == walked(*change, is_open_at, now_us)


@LAW
@given(st.sampled_from(CHANGES), windows, near_changes, near_changes)
def test_a_later_request_never_sends_earlier(change: tuple[str, str], opened: SendWindow, one: int, two: int) -> None:
    """The send time never goes back when now goes forward."""
    zone, intervals = ZoneInfo(change[0]), week_intervals(opened)
    earlier, later = sorted((us(change[1]) + one, us(change[1]) + two))
    assert next_occurrence(intervals, zone, earlier).start_us <= next_occurrence(intervals, zone, later).start_us


@LAW
@given(st.sampled_from(CHANGES), windows, near_changes, st.floats(0, 1, exclude_max=True))
def test_an_occurrence_holds_until_it_ends(
    change: tuple[str, str], opened: SendWindow, after_us: int, part: float
) -> None:
    """Whoever keeps an occurrence may use it for every moment before its end: asking anew gives the same."""
    zone, intervals, now_us = ZoneInfo(change[0]), week_intervals(opened), us(change[1]) + after_us
    assume(intervals != ((0, WEEK_MINUTES * 60),))
    kept = next_occurrence(intervals, zone, now_us)
    moment_us = now_us + int((kept.end_us - now_us) * part)
    anew = next_occurrence(intervals, zone, moment_us)
    assert (anew.start_us, anew.end_us) == (max(moment_us, kept.start_us), kept.end_us)


@LAW
@given(
    st.sampled_from(sorted(available_timezones() - {"localtime"})),
    windows,
    st.integers(0, us("9990-12-31T00:00Z")) | st.integers(0, us("2040-01-01T00:00Z")),
)
def test_no_zone_and_no_year_sends_outside_the_window(zone: str, opened: SendWindow, now_us: int) -> None:
    """In every zone, 1970 to 9990, the send time is not in the past, is inside, and the moment before it was not."""
    intervals = week_intervals(opened)
    found = next_occurrence(intervals, ZoneInfo(zone), now_us)
    assert now_us <= found.start_us < found.end_us
    assert is_open(opened, None, local_minute(ZoneInfo(zone), found.start_us))
    if found.start_us > now_us:
        assert not is_open(opened, None, local_minute(ZoneInfo(zone), found.start_us - 1))
    if found.end_us != FAR_US:
        assert is_open(opened, None, local_minute(ZoneInfo(zone), found.end_us - 1))
        assert not is_open(opened, None, local_minute(ZoneInfo(zone), found.end_us))


NIGHT = week_intervals(window("02:00", "03:00"))
EXAMPLES = (
    # what happens, intervals, zone, now, start, end
    ("open: it is now", NIGHT, "UTC", "2026-11-22T02:30:00.5Z", "2026-11-22T02:30:00.5Z", "2026-11-22T03:00Z"),
    ("the end is outside", NIGHT, "UTC", "2026-11-22T03:00Z", "2026-11-23T02:00Z", "2026-11-23T03:00Z"),
    ("the gap has no 02:30", NIGHT, "America/Chicago", "2026-03-08T07:00Z", "2026-03-09T07:00Z", "2026-03-09T08:00Z"),
    (
        "the first 01:30 of two",
        week_intervals(window("01:30", "01:45")),
        "America/Chicago",
        "2026-11-01T05:00Z",
        "2026-11-01T06:30Z",
        "2026-11-01T06:45Z",
    ),
    (
        "the second 01:30 of two",
        week_intervals(window("01:30", "01:45")),
        "America/Chicago",
        "2026-11-01T06:45Z",
        "2026-11-01T07:30Z",
        "2026-11-01T07:45Z",
    ),
    (
        "the Friday that never was",
        week_intervals(window("09:00", "10:00", ["fri"])),
        "Pacific/Apia",
        "2011-12-29T00:00Z",
        "2012-01-05T19:00Z",
        "2012-01-05T20:00Z",
    ),
    (
        "Sunday night runs into Monday",
        week_intervals(window("23:00", "01:00", ["sun"])),
        "UTC",
        "2026-11-22T12:00Z",
        "2026-11-22T23:00Z",
        "2026-11-23T01:00Z",
    ),
)


@pytest.mark.parametrize(
    ("intervals", "zone", "now", "start", "end"),
    [pytest.param(*rest, id=name) for name, *rest in EXAMPLES],
)
def test_examples(intervals: Intervals, zone: str, now: str, start: str, end: str) -> None:
    """Gaps are passed over, folds occur twice, windows past midnight belong to the day they start on."""
    found = next_occurrence(intervals, ZoneInfo(zone), us(now))
    assert (found.start_us, found.end_us) == (us(start), us(end))


def test_now_is_always_open() -> None:
    """The word now opens the whole week: the send time is now, and the answer never needs to be computed again."""
    always = week_intervals(SendWindow.model_validate("now"))
    assert always == ((0, 604_800),)
    now_us = us("2026-03-08T07:59:59.999999Z")
    found = next_occurrence(always, ZoneInfo("America/Chicago"), now_us)
    assert (found.start_us, found.end_us) == (now_us, FAR_US)


def test_quiet_hours_cut_even_now() -> None:
    """Quiet hours win over the word now, so nobody is woken by a message sent at once."""
    intervals = week_intervals(SendWindow.model_validate("now"), quiet("21:00", "08:00"))
    found = next_occurrence(intervals, ZoneInfo("America/Chicago"), us("2026-11-22T23:00-06:00"))
    assert (found.start_us, found.end_us) == (us("2026-11-23T08:00-06:00"), us("2026-11-23T21:00-06:00"))


def test_quiet_hours_may_leave_nothing() -> None:
    """A window wholly inside quiet hours has no intervals, and asking for its occurrence is refused."""
    intervals = week_intervals(window("22:00", "02:00"), quiet("21:00", "08:00"))
    assert intervals == ()
    with pytest.raises(ValueError, match="never occurs"):
        next_occurrence(intervals, ZoneInfo("UTC"), 0)
