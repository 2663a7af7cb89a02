"""Laws of what is known of customers: order, links and memory change nothing that they should not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine.customers import register as registers
from engine.customers.memory import DAY_US, MEMORIES, worths
from engine.events import Event
from tests.engine.told_of_customers import (
    NAMES,
    everyone,
    facts,
    features,
    fold,
    identified,
    linked,
    links,
    new_register,
    pairs,
    person,
    tracked,
    unlinked,
    unlinks,
)
from tests.wardrobe import NOON_US


def approximately(numbers: dict[str, float]) -> object:
    """Return numbers that others may differ from by the rounding of features (4 digits) and of sums."""
    return pytest.approx(numbers, abs=2e-4, rel=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(facts, min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_change_what_is_known(events: list[Event], shuffled: object) -> None:
    """Facts that come late land where they belong: features, attributes and consents are those of their own times."""
    first = tracked(0, 0)
    mine = [_under_one(event, number) for number, event in enumerate(events)]
    other = list(mine)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    one, another = (person(fold(new_register(), [first, *each]), 0) for each in (mine, other))
    assert features(another).numbers == approximately(features(one).numbers)
    assert features(another).categories == features(one).categories
    assert (another.attributes, another.consents) == (one.attributes, one.consents)


def _under_one(event: Event, number: int) -> Event:
    """Return the event as one of the first identity, at a microsecond of its own: a tie is won by what comes later."""
    time_us = event.occur_time_us + number  # type: ignore[union-attr]
    return structs.replace(event, identity=NAMES[0], identity_type="cookie", occur_time_us=time_us)


def test_what_is_told_late_counts_as_of_its_own_time() -> None:
    """Two visits of a fortnight ago that are told after one of today weigh what they would, had they come first."""
    today_us = NOON_US + 14 * DAY_US
    events = [tracked(0, 14 * 24 * 60, "phone"), tracked(0, 0, "desktop"), tracked(0, 0, "desktop")]
    visits = worths(person(fold(new_register(), events), 0).sums_of(MEMORIES), "visits", today_us)
    assert visits == pytest.approx({"": 1.0 + 2 / 2 ** (14 / 30)})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(facts, max_size=15), st.lists(facts, max_size=10), pairs)
def test_link_then_unlink_gives_each_what_it_had(
    before: list[Event], between: list[Event], pair: tuple[int, int]
) -> None:
    """After a link is taken back each identity has exactly the facts that came under it, those since the link too."""
    names = [tracked(number, 0) for number in range(len(NAMES))]
    unlinked_after = fold(new_register(), [*names, *before, linked(*pair), *between, unlinked(*pair)])
    never = fold(new_register(), [*names, *before, tracked(5, 0), *between])
    for number in range(5):
        assert person(unlinked_after, number) == person(never, number)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(facts, max_size=12), st.lists(pairs, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_links_in_any_order_give_the_same_customers(
    before: list[Event], joined: list[tuple[int, int]], shuffled: object
) -> None:
    """Whichever link comes first, whichever way round, the same identities are one person with the same features."""
    names = [tracked(number, number) for number in range(len(NAMES))]
    other = [pair[::-1] for pair in joined]
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    one, another = (
        fold(new_register(), [*names, *before, *(linked(*pair) for pair in order)]) for order in (joined, other)
    )
    assert everyone(one).keys() == everyone(another).keys()
    for number in range(len(NAMES)):
        mine, theirs = person(one, number), person(another, number)
        assert (mine.root, mine.identities) == (theirs.root, theirs.identities)
        assert set(mine.links) == set(theirs.links)
        assert features(theirs).numbers == approximately(features(mine).numbers)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.one_of(facts, links, unlinks), max_size=40), st.integers(1, 5))
def test_what_leaves_the_memory_comes_back_as_it_was(events: list[Event], save_every: int) -> None:
    """A register that holds two customers, or none, between commits knows the same as one that holds all.

    So does one that holds all and keeps one of them decoded, or none.
    """
    all_held = fold(new_register(), events, save_every=1_000)
    for in_memory, decoded in ((0, 9), (2, 9), (9, 1), (9, 0)):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(registers, "DECODED_MAX", decoded)
            assert everyone(fold(new_register(in_memory), events, save_every=save_every)) == everyone(all_held)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.one_of(facts, links, unlinks), max_size=40))
def test_every_identity_belongs_to_one_customer_that_links_hold_together(events: list[Event]) -> None:
    """Customers partition the identities, each is connected by her links, and her root is known for longest."""
    register = fold(new_register(2), events)
    people = list(register.all())
    seen = [identity for one in people for identity in one.identities]
    assert len(seen) == len(set(seen))
    for one in people:
        assert {name for link in one.links for name in link} <= set(one.identities)
        assert len(one.identities) == 1 or len(one.links) >= len(one.identities) - 1
        assert one.identities[one.root].first_seq == min(known.first_seq for known in one.identities.values())
        for identity in one.identities:
            found = register.find(identity)
            assert found is not None
            assert found.root == one.root


def test_the_last_word_by_event_time_wins_over_all_identities() -> None:
    """What was said last counts, whichever identity it was said under and whenever it arrived."""
    moved = [identified(0, 500, "Chicago", True), identified(1, 100, "Anytown", False), linked(0, 1)]
    known = person(fold(new_register(), moved), 1)
    assert known.attributes == {"city": "Chicago"}
    assert list(known.consents.values()) == ["granted"]
    taken_back = fold(new_register(), [*moved, identified(1, 900, "", False)])
    assert person(taken_back, 0).attributes == {}
    assert list(person(taken_back, 0).consents.values()) == ["refused"]


def test_a_link_adds_up_what_both_did() -> None:
    """Visits and spending under two identities are one customer's, and each keeps its own when they part."""
    done = [tracked(0, 0, type_="purchase"), tracked(1, 0, type_="purchase"), linked(0, 1)]
    one = person(fold(new_register(), done), 0)
    assert one.sums_of(MEMORIES)["visits"][""] == (2.0, NOON_US)
    assert one.sums_of(MEMORIES)["spend"][""] == (20.0, NOON_US)
    assert one.last_us("purchase") == NOON_US
    parted = person(fold(new_register(), [*done, unlinked(0, 1)]), 1)
    assert parted.sums_of(MEMORIES)["spend"][""] == (10.0, NOON_US)
