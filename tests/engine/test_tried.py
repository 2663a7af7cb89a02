"""Laws of what is counted of a model's lessons: how sure it may be of each action, saved with it and never lost."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from msgspec import msgpack

from engine.campaign.catalogue import catalogue
from engine.campaign.objective import Exploration
from engine.checkpoints import Kept, bundled, parted
from engine.newcomers import SHARE
from engine.stage_policies import explored
from engine.tried import GUESSED_FOR, GUESSED_VARIANCE, MEMORY, Tried, named
from engine.vowpal_wabbit import Bandit

SHARED, ACTIONS = "shared |X a", ("|A category=c content=polo tone=t price:1", "|A content=socks |F:3 fit:0.5")
CAMPAIGN = """campaign: shop
reward: {lowest: 0, highest: 1}
outcomes: {clicked: 1}
channels: {email: {send_windows: {morning: {from: 09:00, until: 11:00}}}}
contents: {polo: {category: casual, price: PRICE, features: {content: odd}}}
"""


def test_the_spread_of_costs_is_their_variance_after_what_it_was_taken_for() -> None:
    """It is the variance of a sample with two lessons of the first guess beside it, and goes back so many lessons."""
    dice, tried = random.Random(3), Tried()
    assert tried.variance == GUESSED_VARIANCE
    costs = [dice.gauss(-3, 0.5) for _ in range(800)]
    for cost in costs:
        tried.count(ACTIONS[0], cost, 2)
    known = (GUESSED_FOR * GUESSED_VARIANCE + 800 * np.var(costs)) / (GUESSED_FOR + 800)
    assert tried.variance == pytest.approx(known)
    for _ in range(int(5 * MEMORY)):
        tried.count(ACTIONS[0], dice.gauss(-3, 2.0), 2)
    assert tried.variance == pytest.approx(4.0, rel=0.1)  # one standard error is 0.02 of it


def test_lessons_are_counted_of_what_a_line_names_by_what_they_weigh() -> None:
    """However well a content fits, what it costs now or how it is described: its lessons are its own."""
    tried = Tried()
    tried.count(f"{ACTIONS[0]} |F:3 fit:0.5 square:0.25", -1.0, 2)
    tried.count(ACTIONS[0].replace("price:1", "price:2"), 0.0, 1)
    tried.count("|A something=else", 0.0, 1)
    assert tried.lessons_of((*ACTIONS, "|A something=else", "|A other=1")) == [1.5, 0, 0.5, 0]


def test_every_line_of_a_catalogue_names_its_own_action() -> None:
    """A content, slot or channel has one name at every step of fit and every price, and no two have the same."""
    cheap, dear = (catalogue(CAMPAIGN.replace("PRICE", price), 1) for price in ("5", "500"))
    lines = [each.channels["email"].content_lines["polo"] for each in (cheap, dear)]
    assert {named(line) for each in lines for line in each} == {" content=polo"}
    slots, routes = cheap.channels["email"].slot_lines["morning"], cheap.router_lines
    assert {named(line) for line in slots} == {" slot=morning"}
    assert {named(line) for each in routes.values() for line in each} == {" channel=email", " channel=nothing"}


def test_rewards_told_in_another_unit_spread_as_wide_in_it() -> None:
    """What was learned of the spread is told anew, and the first guess stays what it is in any unit."""
    one, other = Tried(), Tried()
    for number in range(50):
        one.count(ACTIONS[0], float(number % 3), 1)
        other.count(ACTIONS[0], number % 3 / 4, 1)
    one.measured(0.25)
    assert one.variance == pytest.approx(other.variance)
    assert Tried(lessons=0.0).variance == GUESSED_VARIANCE


def taught(model: Bandit, lessons: int) -> Bandit:
    """Let a model learn that the first action pays more often than the second."""
    dice = random.Random(lessons)
    for number in range(lessons):
        which = number % 4 == 0
        model.learn(SHARED, ACTIONS[which], -float(dice.random() < 0.5 - 0.3 * which), 2)
    return model


def test_a_saved_model_is_as_sure_as_it_was() -> None:
    """What was tried is saved with a model, and counted on from there."""
    one = taught(Bandit(), 100)
    other = Bandit(one.saved())
    assert other.tried == one.tried
    assert other.tried is not None
    assert other.tried.lessons_of(ACTIONS) == [75, 25]
    assert taught(other, 60).saved() == taught(one, 60).saved()


@pytest.mark.parametrize(
    "saved_before",
    [lambda model, _: model, lambda *both: b"checkpoints\0" + msgpack.encode(both), lambda *both: bundled(*both, None)],
    ids=["alone", "with checkpoints", "since"],
)
def test_a_model_of_before_is_explored_as_it_was_until_it_is_learned_anew(
    saved_before: Callable[[bytes, Kept], bytes],
) -> None:
    """One that was saved before what it tried was counted knows how often it learned, and no more."""
    model = taught(Bandit(), 60)
    before = Bandit(saved_before(parted(model.saved())[0], model.kept))
    exploration = Exploration()
    squarecb = explored(model, SHARED, ACTIONS, Exploration(method="squarecb"))
    assert explored(before, SHARED, ACTIONS, exploration) == squarecb
    assert explored(model, SHARED, ACTIONS, exploration) != squarecb
    again = Bandit(taught(before, 10).saved())
    assert again.tried is None
    assert min(explored(again, SHARED, ACTIONS, exploration)) > 0


def test_a_campaign_that_asks_for_more_greed_gets_it() -> None:
    """A tenth of the usual greed tries what looks worse more often, ten times as much less."""
    model = taught(Bandit(), 40)
    tried = [explored(model, SHARED, ACTIONS, Exploration(greed=greed))[1] for greed in (3, 30, 300)]
    assert tried == sorted(tried, reverse=True)
    assert tried[0] > 2 * tried[2]


def test_what_is_new_among_the_known_is_not_tried_for_being_unknown() -> None:
    """One that was never tried and looks worse is left to its share, and one that looks best is taken all the same."""
    model, newcomer = taught(Bandit(), 200), "|A content=newcomer category=c"
    shown = (*ACTIONS, newcomer)
    unknown, new = (explored(model, SHARED, shown, Exploration(), new=told) for told in ((), (False, False, True)))
    assert unknown[2] > 2 * SHARE
    assert new[2] == pytest.approx(SHARE, rel=0.2)  # and its part of the floor
    assert new[0] > unknown[0]
    looks_best = explored(model, SHARED, ACTIONS, Exploration(), new=(True, False))
    assert looks_best[0] > 0.9


@pytest.mark.parametrize("method", ["mixed", "squarecb", "epsilon_greedy"])
def test_newcomers_and_bonuses_change_a_distribution_that_keeps_its_floor(method: str) -> None:
    """Whatever explores: what is new has its share, what is worth a bonus is likelier, and the floor is there."""
    model, exploration = taught(Bandit(), 200), Exploration.model_validate({"method": method, "floor": 0.02})
    plain, new, bonus, both = (
        explored(model, SHARED, ACTIONS, exploration, new=new, bonus=bonus)
        for new, bonus in (((), ()), ((False, True), ()), ((), (0.0, 0.4)), ((False, True), (0.0, 0.4)))
    )
    for found in (plain, new, bonus, both):
        assert sum(found) == pytest.approx(1)
        assert min(found) >= 0.01 - 1e-12
    assert new[1] >= SHARE * 0.98
    assert bonus[1] > 1.5 * plain[1]
    assert both[1] == pytest.approx(bonus[1], abs=0.02)


def test_a_bonus_is_worth_what_it_says() -> None:
    """A bonus that makes up for what an action falls short by makes both alike, however often they were tried."""
    model, exploration = taught(Bandit(), 4_000), Exploration()
    best, worse = model.asked(SHARED, ACTIONS)[1]
    for beyond, expected in ((best - worse, 0.0), (-0.1, 0.0), (0.0, 0.5), (0.1, 1.0)):
        found = explored(model, SHARED, ACTIONS, exploration, bonus=(0.0, worse - best + beyond))
        assert found[1] == pytest.approx(expected, abs=0.01)


def test_only_a_wary_stage_goes_on_trying_what_did_badly_with_most() -> None:
    """Half of its draws are inverse gap weighting's, which leaves the worse action more than Maillard sampling does."""
    model = taught(Bandit(), 2_000)
    plain, wary = (explored(model, SHARED, ACTIONS, Exploration(floor=0.001), wary=wary) for wary in (False, True))
    gaps = explored(model, SHARED, ACTIONS, Exploration(method="squarecb", greed=15, floor=0.001))
    assert wary == pytest.approx([(one + other) / 2 for one, other in zip(plain, gaps, strict=True)])
    assert wary[1] > plain[1]
