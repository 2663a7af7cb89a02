"""A life event changes what it says, for those it happens to, and nothing else."""

import numpy as np
import pytest

from simulators.world.life_events import LIFE_EVENTS, Visibility, happened
from simulators.world.people import RYAN, People
from simulators.world.personas import CATEGORIES, CHANNELS, DEVICES
from tests.simulators.small_worlds import MIXTURE, population, world


@pytest.mark.parametrize("event", sorted(LIFE_EVENTS))
def test_an_event_changes_exactly_the_fields_it_names(event: str) -> None:
    """Every field that the event names differs afterwards for someone, and no other field for anyone."""
    before = population()
    after = happened(before, np.arange(0, 400, 2), event, MIXTURE)
    changed = {
        field for field in People.__struct_fields__ if not np.array_equal(getattr(before, field), getattr(after, field))
    }
    assert changed == LIFE_EVENTS[event].changes


@pytest.mark.parametrize("event", sorted(LIFE_EVENTS))
def test_an_event_leaves_everyone_else_as_she_was(event: str) -> None:
    """Those it does not happen to keep every field."""
    before = population()
    after = happened(before, np.arange(0, 400, 2), event, MIXTURE)
    others = np.arange(1, 400, 2)
    for field in People.__struct_fields__:
        assert np.array_equal(getattr(before, field)[others], getattr(after, field)[others]), field


@pytest.mark.parametrize("event", sorted(LIFE_EVENTS))
def test_after_an_event_people_are_still_possible(event: str) -> None:
    """Chances stay chances, shares of devices add up to 1, and attention has its best hour at 1."""
    after = happened(population(), np.arange(400), event, MIXTURE)
    assert ((after.reach > 0) & (after.reach < 1)).all()
    assert after.device.sum(axis=1) == pytest.approx(np.ones(400))
    assert after.rhythm.max(axis=2) == pytest.approx(np.ones((400, 2)))
    assert (after.visits_per_day >= 0).all()


def test_ryan_moves_into_the_life_the_story_tells() -> None:
    """Polos on the desktop before, suits and house music on the phone after."""
    before = population()
    after = happened(before, np.array([RYAN]), "move", MIXTURE)
    wants = [CATEGORIES[place] for place in np.argsort(-after.taste[RYAN])[:2]]
    assert CATEGORIES[before.taste[RYAN].argmax()] == "casual"
    assert set(wants) == {"club", "business"}
    assert DEVICES[before.device[RYAN].argmax()] == "desktop"
    assert DEVICES[after.device[RYAN].argmax()] == "phone"
    assert CHANNELS[before.reach[RYAN].argmax()] == "email"
    assert CHANNELS[after.reach[RYAN].argmax()] == "push"


def test_a_move_keeps_what_makes_a_person_unlike_others() -> None:
    """Two people of one persona who both move differ afterwards in their tastes as they did before."""
    before = population()
    one, other = np.flatnonzero(before.persona == before.persona[RYAN])[1:3]
    after = happened(before, np.array([one, other]), "move", MIXTURE)
    assert after.taste[one] - after.taste[other] == pytest.approx(before.taste[one] - before.taste[other])


@pytest.mark.parametrize(
    ("scenario", "told", "shown"), [("ryan", True, True), ("silent-move", False, True), ("taste-flip", False, True)]
)
def test_an_event_shows_as_its_scenario_says(scenario: str, told: bool, shown: bool) -> None:
    """A move is told in one scenario and only lived in the other; either way it shows in behaviour."""
    lives = world(scenario, decisions=3_000).lives
    heard = [one for day in range(50) for one in lives.day(day) if day]
    changed = lives.changed_day < 50
    assert changed.any()
    assert bool(heard) == told
    assert {one.who for one in heard} <= set(np.flatnonzero(changed).tolist())
    assert np.array_equal(lives.people.taste, lives.shown.taste) == shown


def test_what_nobody_can_see_shows_in_no_behaviour() -> None:
    """An invisible baby changes what a customer wants, and not what she is seen to do."""
    lives = world("season", decisions=3_000).lives
    hidden = next(place for place, one in enumerate(lives._scenario.happenings) if one.shows == Visibility.INVISIBLE)
    for day in range(60):
        lives.day(day)
    concerned = lives._days[hidden] < 60
    family = CATEGORIES.index("family")
    assert (lives.people.taste[concerned, family] > lives.shown.taste[concerned, family]).all()
    assert np.array_equal(lives.people.taste[~concerned], lives.shown.taste[~concerned])
