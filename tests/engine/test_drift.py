"""Drift: habits are believed until what a customer does says otherwise, and says it often enough."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.customers.deeds import DEEDS_KEPT, HABITS, Deed, become_habits, did, joined_deeds
from engine.customers.drift import Belief
from engine.customers.drift import believed as believed_at
from engine.customers.hazards import AT_ANY_TIME
from engine.customers.memory import DAY_US, Sums, worths
from tests.wardrobe import NOON_US

LAW = settings(max_examples=200, deadline=None, derandomize=True)
NAMES = st.sampled_from(["", "polos", "suits", "ties", "jeans"])
habits = st.dictionaries(NAMES.filter(bool), st.floats(0.01, 1e6), max_size=4)
seen = st.lists(st.tuples(NAMES, st.sampled_from([1.0, 3.0, 5.0])), max_size=DEEDS_KEPT)
times = st.integers(0, 90).map(lambda day: NOON_US + day * DAY_US)
deeds = st.lists(st.builds(Deed, times, NAMES, NAMES, NAMES, st.sampled_from([1.0, 5.0])), max_size=3 * DEEDS_KEPT)


def believed(habits: dict[str, dict[str, float]], deeds: dict[str, list[tuple[str, float]]]) -> Belief:
    """Return what is believed where a change is as likely before each deed as where little is known."""
    return believed_at(habits, deeds, [AT_ANY_TIME] * max(map(len, deeds.values()), default=0))


def lived(*stretches: tuple[str, str, int]) -> Belief:
    """Return what is believed of one who did one thing a day in each stretch of (category, device, days)."""
    did_each = [pair for *pair, days in stretches for _ in range(days)]
    old, new = did_each[:-DEEDS_KEPT], did_each[-DEEDS_KEPT:]
    return believed(
        {kind: _counted([each[place] for each in old]) for place, kind in enumerate(("category", "device"))},
        {kind: [(each[place], 1.0) for each in new] for place, kind in enumerate(("category", "device"))},
    )


def _counted(names: list[str]) -> dict[str, float]:
    return {name: float(names.count(name)) for name in names}


def test_who_does_as_she_used_to_has_not_changed() -> None:
    """Where nothing is known of her nothing has changed; the longer she does the same, the surer that is."""
    assert believed({}, {}).change == 0.0
    falling = [lived(("polos", "desktop", days)).change for days in (20, 40, 60)]
    assert falling == sorted(falling, reverse=True)
    assert max(falling) < 0.2


@pytest.mark.parametrize("other", [("suits", "desktop"), ("suits", "phone")])
def test_another_life_shows_within_a_handful_of_events(other: tuple[str, str]) -> None:
    """After sixty days of one life a handful of days of another are a change, in her taste alone too."""
    growing = [lived(("polos", "desktop", 60), (*other, days)) for days in range(8)]
    assert [each.change for each in growing] == sorted(each.change for each in growing)
    assert growing[0].change < 0.2
    assert growing[4].change > 0.9
    assert growing[4].shares["category"]["suits"] > 0.7


def test_another_taste_alone_leaves_what_else_she_does() -> None:
    """Where only her taste changes, the habits of devices stay as sure as they were."""
    before, after = (lived(("polos", "desktop", 60), ("suits", "desktop", days)) for days in (0, 6))
    assert after.shares["category"]["suits"] > 0.7
    assert after.shares["device"]["desktop"] > 0.9 * before.shares["device"]["desktop"]


def test_one_event_of_another_kind_is_chance() -> None:
    """One visit unlike sixty others leaves her habits the likelier; who always does many things does not change."""
    shares = lived(("polos", "desktop", 60), ("suits", "desktop", 1)).shares["category"]
    assert shares["polos"] > 3 * shares["suits"]
    assert lived(*[("polos", "desktop", 1), ("suits", "phone", 1), ("ties", "phone", 1)] * 20).change < 0.1


@LAW
@given(habits, seen, habits, seen)
def test_what_is_believed_is_shares(
    habit: dict[str, float], did_so: list[tuple[str, float]], other: dict[str, float], there: list[tuple[str, float]]
) -> None:
    """Shares are positive and add up to less than 1, of names that she did; a change is as likely as 0 to 1."""
    length = min(len(did_so), len(there))
    belief = believed({"category": habit, "device": other}, {"category": did_so[:length], "device": there[:length]})
    assert 0.0 <= belief.change <= 1.0
    for kind, weights, names in (("category", habit, did_so[:length]), ("device", other, there[:length])):
        shares = belief.shares[kind]
        assert shares.keys() == weights.keys() | {name for name, _ in names if name}
        assert sum(shares.values()) < 1.0
        assert all(share >= 0.0 for share in shares.values())


@LAW
@given(habits, seen, habits, st.floats(0, 20), st.floats(0, 20))
def test_what_may_have_changed_since_makes_habits_doubtful(
    habit: dict[str, float], did_so: list[tuple[str, float]], expected: dict[str, float], life: float, taste: float
) -> None:
    """The likelier a change since her last deed, the less is left of her habits, and the more of what is expected.

    Shares still add up to less than 1, and where nothing is expected and nothing likely all is as without either.
    """
    known, done, before = {"category": habit}, {"category": did_so}, [AT_ANY_TIME] * len(did_so)
    still, after = (
        believed_at(known, done, before, since=since, turned_to=expected) for since in ((0.0, 0.0), (life, taste))
    )
    assert after.change == pytest.approx(1 - (1 - still.change) / (1 + (life + taste) * (1 - still.change)), abs=1e-9)
    assert sum(after.shares["category"].values()) < 1.0
    for name in habit.keys() - expected.keys() - {name for name, _ in did_so}:
        assert after.shares["category"][name] <= still.shares["category"][name] + 1e-12
    for name in expected.keys() - habit.keys() - {name for name, _ in did_so}:
        assert after.shares["category"][name] >= still.shares["category"][name] - 1e-12
    assert believed_at(known, done, before, since=(0.0, 0.0), turned_to={}) == believed_at(known, done, before)


def test_nothing_that_is_remembered_is_beyond_reckoning() -> None:
    """A million deeds of one kind and sixteen of others are a change, not an overflow."""
    names = [(f"other-{number}", 1.0) for number in range(DEEDS_KEPT)]
    kinds = ("category", "device", "channel", "hours")
    belief = believed({kind: {"same": 1e300} for kind in kinds}, dict.fromkeys(kinds, names))
    assert belief.change == pytest.approx(1.0)


@LAW
@given(deeds, st.randoms(use_true_random=False))
def test_the_last_deeds_are_kept_in_whatever_order_they_come(each: list[Deed], shuffled: object) -> None:
    """The latest by their own times are kept one by one, and all others are habits; nothing is counted twice."""
    kept, sums = list[Deed](), Sums()
    for deed in each:
        did(kept, sums, deed)
    assert kept == sorted(each)[-DEEDS_KEPT:]
    again, other = list(each), Sums()
    shuffled.shuffle(again)  # type: ignore[attr-defined]
    found: list[Deed] = []
    for deed in again:
        did(found, other, deed)
    assert found == kept
    end_us = NOON_US + 90 * DAY_US
    for kind in HABITS:
        assert worths(other, kind, end_us) == pytest.approx(worths(sums, kind, end_us))


@LAW
@given(deeds, deeds, deeds)
def test_deeds_under_several_identities_are_those_of_one(one: list[Deed], two: list[Deed], three: list[Deed]) -> None:
    """Put together in any order they are what they would be had all come under one identity."""
    parts = []
    for each in (one, two, three):
        kept, sums = list[Deed](), Sums()
        for deed in each:
            did(kept, sums, deed)
        parts.append((kept, sums))
    whole, habit = list[Deed](), Sums()
    for deed in one + two + three:
        did(whole, habit, deed)
    end_us = NOON_US + 90 * DAY_US
    for order in permutations(parts):
        found, sums = joined_deeds(order)
        assert found == whole
        for kind in HABITS:
            assert worths(sums, kind, end_us) == pytest.approx(worths(habit, kind, end_us))


def test_a_deed_that_says_nothing_of_a_kind_is_no_habit_of_it() -> None:
    """A visit without a category or a device is remembered by its hour alone."""
    sums = Sums()
    become_habits(sums, [Deed(NOON_US, "", "", "", 1.0)])
    assert sums == {"hour": {"12": (1.0, NOON_US)}}
