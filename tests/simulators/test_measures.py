"""The measures say what their names say, worked out by hand on runs that are made up."""

import pytest
from msgspec import structs

from simulators.measures import (
    contacts_to_recover,
    decisions_to_recover,
    desktop_share,
    end_of,
    measures,
    share_of,
)
from simulators.results import Bin, Change, Newcomer, Report, Run, Settings
from simulators.world.scenarios import SCENARIOS

RUN = Run(
    policy="engine", seed=1, planned=1_000, decisions=1_000, bins=(), changes=(), newcomers=(), timeline=(), life=(),
    refused=0,
)  # fmt: skip
SETTINGS = Settings(
    scenario="steady", decisions=1_000, customers=10, days=60, seeds=(1,), policies=("engine",), target="", personas="p"
)


def one_bin(share: float, decisions: int = 20) -> Bin:
    """Return a bin of so many decisions in which the oracle earns 1, chance nothing, and the policy its share."""
    return Bin(
        decisions=decisions, expected=share * decisions, earned=0.0, best=float(decisions), uniform=0.0, silent=0,
        explored=0, channels={}, contents={}, hours=(),
    )  # fmt: skip


def contact(number: int, share: float, desktop_only: int = 0) -> Change:
    """Return ten decisions at the same number of contacts from a life event."""
    return Change(number, 10, 10 * share, 10.0, 0.0, 10, desktop_only)


def report(scenario: str, *runs: Run) -> Report:
    """Return a report of some runs of one seed."""
    settings = structs.replace(SETTINGS, scenario=scenario)
    return Report(description="", settings=settings, commit="", interrupted=False, runs=runs, timings=(), left_out={})


def value(name: str, scenario: str, *runs: Run) -> float | None:
    """Return one measure of a scenario's report."""
    found = {one.name: one.values for one in measures(report(scenario, *runs))}
    return found[name][0]


def test_the_share_is_taken_over_the_last_fifth() -> None:
    """Ten bins end with two; earlier ones do not count."""
    run = structs.replace(RUN, bins=tuple(one_bin(share) for share in (*[0.1] * 8, 0.6, 0.8)))
    assert share_of(end_of(run)) == pytest.approx(0.7)
    assert value("share", "steady", run) == pytest.approx(0.7)


def test_there_is_no_share_where_the_oracle_has_no_lead() -> None:
    """A share of nothing is not a number."""
    assert share_of([]) is None
    assert one_bin(0.0, decisions=0).share is None


def test_a_mover_has_recovered_when_ten_contacts_have_90_percent_of_the_share_before() -> None:
    """At 0.8 before, ten contacts at 0.72 are enough; where they begin at the sixth, it took fifteen."""
    before = [contact(number, 0.8) for number in range(-10, 0)]
    lost = [contact(number, 0.0) for number in range(5)]
    back = [contact(number, 0.725) for number in range(5, 20)]
    assert contacts_to_recover(structs.replace(RUN, changes=(*before, *lost, *back))) == 15
    assert contacts_to_recover(structs.replace(RUN, changes=(*before, *lost))) is None
    assert contacts_to_recover(RUN) is None


def test_desktop_offers_are_counted_after_ten_contacts() -> None:
    """What was sent in the first ten contacts after a move is forgiven."""
    early = [contact(number, 0.5, desktop_only=10) for number in range(-3, 10)]
    late = [contact(10, 0.5, desktop_only=1), contact(11, 0.5)]
    assert desktop_share(structs.replace(RUN, changes=(*early, *late))) == pytest.approx(0.05)


def test_recovery_from_a_flip_is_counted_from_its_day() -> None:
    """The share before is that of the five bins before the flip's day; the bin it falls into is no recovery yet."""
    shares = [0.1] * 20 + [0.5] * 5 + [0.5, 0.0, 0.46] + [0.5] * 22
    bins = [structs.replace(one_bin(share), last_day=day) for day, share in enumerate(shares)]
    assert decisions_to_recover(structs.replace(RUN, bins=tuple(bins)), day=25) == 60
    assert decisions_to_recover(structs.replace(RUN, bins=tuple(bins[:27])), day=25) is None
    assert decisions_to_recover(None, day=25) is None


def test_a_ratio_of_rewards_sets_the_engine_beside_another_policy() -> None:
    """An engine that earns 0.9 where the best constant earns 1 has 0.9 of it."""
    engine = structs.replace(RUN, bins=(one_bin(0.9),))
    constant = structs.replace(RUN, policy="best-constant", bins=(one_bin(1.0),))
    assert value("reward to best constant", "one-message", engine, constant) == pytest.approx(0.9)
    assert value("reward to best constant", "one-message", engine) is None


def test_a_silent_move_is_set_beside_the_frozen_policy_and_the_time_before() -> None:
    """Movers' reward late after the move, to the frozen policy's, and their share to the ten contacts before."""
    before = [contact(number, 0.8) for number in range(-10, 0)]
    engine = structs.replace(RUN, changes=(*before, contact(29, 0.0), contact(30, 0.6)))
    frozen = structs.replace(RUN, policy="frozen", changes=(*before, contact(30, 0.2)))
    assert value("reward to frozen", "silent-move", engine, frozen) == pytest.approx(3.0)
    assert value("share kept", "silent-move", engine, frozen) == pytest.approx(0.75)


def test_a_newcomer_is_measured_by_how_often_it_was_tried_and_what_that_cost() -> None:
    """The least tried and the dearest of several count."""
    new = (Newcomer("one", 1_000, 200, 0.02), Newcomer("other", 1_000, 5, -0.01))
    run = structs.replace(RUN, newcomers=new)
    assert value("tried", "new-content", run) == pytest.approx(0.005)
    assert value("cost", "new-content", run) == pytest.approx(0.02)


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_every_scenario_is_read_for_its_share_at_least(scenario: str) -> None:
    """A report without a single finished run has its measures too, none of them known."""
    found = measures(report(scenario, RUN))
    assert found[0].name == "share"
    assert len({one.name for one in found}) == len(found)
    assert all(not one.known for one in found)
