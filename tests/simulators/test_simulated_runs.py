"""A run is a pure function of its seed and settings, judged by expectation, with the same luck for every policy."""

from math import sqrt

import numpy as np
import pytest

from engine import quarantine
from engine.customers.types import QuarantineReason
from simulators.engine_target import EngineTarget
from simulators.measures import share_of
from simulators.policies import policies_of
from simulators.world.arrays import HOUR_US
from simulators.world.moments import Chosen, Moments
from simulators.world.scenarios import SCENARIOS
from tests.simulators.small_worlds import life, no_target, run, total, world

OURS = ("random", "best-constant", "segments", "lin-ucb", "plain-vw", "shared-model", "isolated-channels", "oracle")


@pytest.mark.parametrize("name", [*OURS, "engine", "frozen"])
def test_the_same_seed_and_settings_give_the_same_run(name: str) -> None:
    """Every decision's worth, every outcome and Ryan's whole timeline come out equal."""
    first, again = (run(name, "ryan", decisions=300, target=EngineTarget) for _ in range(2))
    assert first == again
    assert first.decisions == 300


def test_nothing_that_a_clean_world_reports_is_put_aside_for_its_form() -> None:
    """What customers do and buy reaches the engine: only what looks like no person's doing may be stopped."""
    target = EngineTarget()
    lived, _ = life("engine", decisions=600, target=lambda: target)
    for _ in lived.lived():
        pass
    stopped = quarantine.counts(target.engine)
    bought = target.engine.log.rows("SELECT count(*) FROM events WHERE body LIKE '%\"purchase\"%'")
    target.close()
    assert QuarantineReason.SCHEMA not in stopped
    assert bought[0][0] > 20


def test_another_seed_gives_another_run() -> None:
    """Seeds are worlds of their own."""
    assert run("random", seed=3).bins != run("random", seed=4).bins


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_every_scenario_lasts_for_all_its_decisions(scenario: str) -> None:
    """A run ends with as many decisions as were asked for, and its own world is left for nobody else."""
    assert run("random", scenario, decisions=1_000).decisions == 1_000


@pytest.mark.parametrize("scenario", ["steady", "stock", "fatigue", "cold-start"])
def test_the_oracles_share_is_1(scenario: str) -> None:
    """Nothing that may be chosen is worth more than what the oracle chooses."""
    assert share_of(run("oracle", scenario).bins) == pytest.approx(1.0)


def test_random_choices_share_is_about_0() -> None:
    """Within five standard errors of the mean gap between a random choice and its expectation, over 4,000 choices."""
    lived, _ = life("random", decisions=4_000)
    gaps: list[float] = []
    leads: list[float] = []
    judge = lived.world.judge

    def judged(moments: Moments, chosen: Chosen, values: np.ndarray) -> object:
        found = judge(moments, chosen, values)
        gaps.extend((found.chosen - found.uniform).tolist())
        leads.extend((found.best - found.uniform).tolist())
        return found

    lived.world.judge = judged  # type: ignore[method-assign, assignment]
    for _ in lived.lived():
        pass
    share = share_of(lived.run().bins)
    assert share is not None
    assert abs(share) < 5 * np.std(gaps) / sqrt(len(gaps)) / np.mean(leads)


def test_what_a_run_earns_is_what_it_was_expected_to() -> None:
    """Over 6,000 random decisions the drawn rewards meet the expected ones within five standard errors of at most 1."""
    found = run("random", decisions=6_000)
    gap = (total(found, "earned") - total(found, "expected")) / found.decisions
    assert abs(gap) < 5 * 0.15 / sqrt(found.decisions)


def test_people_do_the_same_by_themselves_whatever_they_are_sent() -> None:
    """Visits, contacts and life events are equal in the worlds of two policies that choose differently."""
    worlds = [life(name, "ryan", decisions=600)[0] for name in ("oracle", "random")]
    for lived in worlds:
        for _ in lived.lived():
            pass
    one, other = (lived.world for lived in worlds)
    for day in (0, 30, 60):
        for field in ("who", "time_us", "category", "device"):
            assert np.array_equal(getattr(one.visits(day), field), getattr(other.visits(day), field))
        assert np.array_equal(one.contacts(day).who, other.contacts(day).who)
        assert np.array_equal(one.contacts(day).luck, other.contacts(day).luck)


def test_visits_come_in_the_order_of_time_within_their_day() -> None:
    """A day's visits lie within its 24 hours, and hour by hour none is lost or counted twice."""
    fresh = world(decisions=6_000)
    visits = fresh.visits(4)
    start_us = 1_772_409_600_000_000 + 4 * 24 * HOUR_US
    hours = [visits.between(start_us + hour * HOUR_US, start_us + (hour + 1) * HOUR_US) for hour in range(24)]
    assert len(visits.who) > 100
    assert (np.diff(visits.time_us) >= 0).all()
    assert sum(len(hour.who) for hour in hours) == len(visits.who)


def test_what_people_look_at_shows_what_they_like() -> None:
    """Over thirty days the category most looked at is the most liked one, for most who looked at twenty or more."""
    fresh = world(decisions=4_000)
    seen = np.zeros_like(fresh.lives.people.taste)
    for day in range(30):
        visits = fresh.visits(day)
        there = visits.category >= 0
        np.add.at(seen, (visits.who[there], visits.category[there]), 1)
    often = seen.sum(axis=1) >= 20
    right = seen[often].argmax(axis=1) == fresh.lives.people.taste[often].argmax(axis=1)
    assert often.sum() > 30
    assert right.mean() > 0.75


def test_one_message_is_best_for_all_where_personalising_does_not_pay() -> None:
    """Wherever the favourite may be sent the oracle sends it; elsewhere tastes differ and so do its messages."""
    contents = [sum(one.contents["rain-jacket"] for one in run("oracle", "one-message").bins)]
    contents.append(sum(one.contents["rain-jacket"] for one in run("oracle", "steady").bins))
    assert contents[0] == 600
    assert contents[1] < 200


def test_a_scenario_is_compared_with_every_baseline() -> None:
    """Each report has the oracle, random choice and the peers; channels that differ are compared in two ways more."""
    steady = {"engine", "oracle", "random", "best-constant", "segments", "frozen", "lin-ucb", "plain-vw"}
    steady |= {"mabwiser", "bayesianbandits"}
    assert set(policies_of("steady")) == steady
    assert set(policies_of("channels-differ")) == steady | {"shared-model", "isolated-channels"}


@pytest.mark.parametrize(("name", "package"), [("mabwiser", "mabwiser"), ("bayesianbandits", "bayesianbandits")])
@pytest.mark.filterwarnings("ignore")  # they are others' code
def test_an_installed_peer_lives_through_a_run(name: str, package: str) -> None:
    """Where the extra is installed the peer decides like any other policy."""
    pytest.importorskip(package)
    assert run(name, decisions=150, target=no_target).decisions == 150
