"""Drift: habits are believed until what a customer does lately says otherwise, and says it often enough."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.customers.drift import believed, change
from engine.customers.memory import DAY_US, Sums, add
from tests.wardrobe import NOON_US

LAW = settings(max_examples=200, deadline=None, derandomize=True)
weights = st.dictionaries(st.sampled_from(["polos", "suits", "ties", "jeans"]), st.floats(0.01, 100), max_size=4)


def lived(*stretches: tuple[str, str, int]) -> Sums:
    """Return what is remembered at noon of one thing done a day in each stretch of (category, device, days)."""
    sums: Sums = {}
    day = sum(days for *_, days in stretches)
    for category, device, days in stretches:
        for _ in range(days):
            day -= 1
            time_us = NOON_US - day * DAY_US
            for kind, about in (("category", category), ("device", device), ("hour", "18")):
                add(sums, kind, about, 1.0, time_us)
                add(sums, f"{kind}.lately", about, 1.0, time_us)
    return sums


def test_who_does_as_she_used_to_has_not_changed() -> None:
    """However long she does the same, and where nothing is known of her, nothing has changed."""
    assert change({}, NOON_US) == 0.0
    assert [change(lived(("polos", "desktop", days)), NOON_US) for days in (1, 5, 60)] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("other", [("suits", "desktop"), ("polos", "phone"), ("suits", "phone")])
def test_another_life_shows_within_a_handful_of_events(other: tuple[str, str]) -> None:
    """After sixty days of one life five days of another are a change, in categories or devices alone too."""
    growing = [change(lived(("polos", "desktop", 60), (*other, days)), NOON_US) for days in range(8)]
    assert growing == sorted(growing)
    assert growing[0] == 0.0
    assert growing[5] > 0.9


def test_one_event_of_another_kind_is_chance() -> None:
    """One visit unlike the others changes little of what is believed."""
    assert change(lived(("polos", "desktop", 60), ("suits", "desktop", 1)), NOON_US) < 0.2


@LAW
@given(weights, weights, st.floats(0, 1))
def test_what_is_believed_lies_between_habit_and_lately(
    habit: dict[str, float], lately: dict[str, float], changed: float
) -> None:
    """Shares add up to at most 1, and each is a mean of the two, weighted by how sure the change is."""
    found, before, after = (believed(habit, lately, part) for part in (changed, 0.0, 1.0))
    assert sum(found.values()) <= 1.0 + 1e-9
    for name, share in found.items():
        assert share == pytest.approx((1 - changed) * before.get(name, 0.0) + changed * after.get(name, 0.0))
