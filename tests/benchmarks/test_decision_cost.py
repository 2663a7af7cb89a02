"""The cost benchmark at its smallest, so that it cannot rot: what it counts, never how long anything takes."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import json

from benchmarks.decision_cost import cells, load, servers, world
from benchmarks.decision_cost.__main__ import planned, run
from benchmarks.decision_cost.cells import MIXED, PROCESS, Cell, Plan
from benchmarks.decision_cost.large_folder import TEMPLATES, make
from benchmarks.decision_cost.targets import Target
from benchmarks.notes.tables import marks
from engine.customers.memory import MEMORIES
from engine.customers.person import Person
from engine.engine import Engine
from engine.opening import open_engine
from engine.types import CUSTOMER_ID, Identity
from server.clock import wall_clock_us


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of lives, some of which are retold."""
    folder = tmp_path_factory.mktemp("large") / "data"
    make(folder, TEMPLATES + 20, wall_clock_us())
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Running]:
    """Start a server on a folder of a few customers."""
    folder = tmp_path_factory.mktemp("warm") / "data"
    world.warm_folder(folder, 6, 5, wall_clock_us())
    with servers.started(*servers.engine_server(folder, "process")) as running:
        yield running


def test_one_command_measures_everything_and_writes_table_json_and_chart(tmp_path: Path, large: Path) -> None:
    """The smallest plan answers every call, judges every target, and leaves nothing of the README beyond its marks."""
    readme = tmp_path / "README.md"
    begin, end = marks("decision_cost")
    readme.write_text(f"before\n{begin}\nwhat stood there\n{end}\nafter\n")
    plan = Plan(
        rounds=1, seconds=0.05, concurrencies=(1, 2), batches=(10,), contents=(6, 24), customers=5,
        large=Path(shutil.copytree(large, tmp_path / "large")), large_customers=TEMPLATES + 20,
    )  # fmt: skip
    found = run(plan, tmp_path)
    assert all(len(rounds) == 1 and rounds[0].calls for rounds in found.wire.rounds.values())
    assert found.wire.restart_seconds.keys() == {"process", "large"}
    document = json.decode((tmp_path / "decision_cost.json").read_bytes())
    assert len(document["cells"]) == len(found.wire.rounds)
    assert {"met", "measured", "bound"} <= document["targets"][0].keys()
    assert (tmp_path / "decision_cost.svg").read_text().rstrip().endswith("</svg>")
    told = readme.read_text()
    assert told.startswith("before\n")
    assert told.endswith("after\n")
    assert "what stood there" not in told


def test_every_decision_is_three_stages_for_a_profile_of_thirty_features(tmp_path: Path) -> None:
    """What is measured is what was asked for: 5 channels, the contents, 6 slots, and a warm profile."""
    world.warm_folder(tmp_path / "warm", 24, 5, wall_clock_us())
    with closing(open_engine(tmp_path / "warm", durability="process")) as engine:
        decision = engine.decide(world.question(0), wall_clock_us())
    assert [len(stage.probabilities) for stage in decision.stages] == [5, 24, 6]
    assert len(decision.profile.numbers) + len(decision.profile.categories) == pytest.approx(30, abs=2)


def shape(person: Person) -> tuple[int, list[str], int]:
    """Return what tells how much is known of a customer: attributes, kinds of memory, messages."""
    return len(person.attributes), sorted(person.sums_of(MEMORIES)), len(person.contacts)


def found(engine: Engine, number: int) -> Person:
    """Return a numbered customer."""
    person = engine.customers.find(engine.keyed_hash.identity(Identity(CUSTOMER_ID, world.customer_id(number))))
    assert person is not None
    return person


def test_a_retold_life_is_what_folding_its_events_gives(large: Path) -> None:
    """The profiles that are written in bulk are those that a fold of the same log comes to."""
    with closing(open_engine(large, durability="process")) as engine:
        told, lived = found(engine, TEMPLATES + 1), found(engine, 1)
        assert shape(told) == shape(lived)
        engine.customers.forget_unsaved()
        with engine.log.writing() as connection:
            connection.executescript("DELETE FROM customers; DELETE FROM identities; DELETE FROM customers_fold")
        engine.customers.forget_unsaved()
        for logged in engine.log.read():
            engine.customers.fold(logged)
        assert found(engine, TEMPLATES + 1) == told


def test_the_generator_counts_calls_that_fail(server: servers.Running) -> None:
    """A call that the server refuses is no answer, so that a benchmark of failures cannot look fast."""
    asks = iter([load.reward("0" * 32)] * 5)
    refused = load.run(server.address, asks, 1, 5.0)
    assert (refused.calls, refused.failed) == (0, 1)


def test_the_generator_keeps_flow_control_under_large_calls(server: servers.Running) -> None:
    """Calls of many times the window a server opens arrive whole, several at once."""
    found = load.run(server.address, load.batches(range(5), 1_000), 3, 0.0)
    assert (found.calls, found.failed) == (3, 0)
    assert found.reply_bytes > 3 * 1_000 * 500


def test_one_decision_in_ten_is_rewarded(server: servers.Running) -> None:
    """The mixed load teaches at a tenth of the rate it decides at."""
    found = load.run(server.address, load.decides(range(5)), 2, 0.5, reward_every=10)
    decided, rewarded = (len(found.latencies_us.get(path, [])) for path in (load.DECIDE, load.REWARD))
    assert decided // 10 - 2 <= rewarded <= decided // 10
    assert rewarded


def test_a_round_whose_decisions_are_not_in_the_log_is_refused(server: servers.Running, tmp_path: Path) -> None:
    """Calls that are answered and are not in the log are noticed: here it is another server's."""
    plan = Plan(customers=5, seconds=0.05)
    world.warm_folder(tmp_path / "other", 6, 5, wall_clock_us())
    with pytest.raises(ValueError, match="events were logged"):
        cells.one_round(Cell(PROCESS, MIXED, 2), plan, cells.Asking(plan), server, tmp_path / "other")


@pytest.mark.parametrize(("measured", "at_least", "met"), [(2.0, False, False), (0.5, False, True), (None, True, None)])
def test_a_target_is_met_not_met_or_not_measured(measured: float | None, at_least: bool, met: bool | None) -> None:
    """A bound holds from one side, and what was not measured is never called met."""
    assert Target("words", measured, 1.0, "us", at_least=at_least).met is met


def test_the_command_line_can_ask_for_less(tmp_path: Path) -> None:
    """Rounds, seconds, folder and peers are options."""
    plan, output = planned(["--rounds", "2", "--seconds", "0.5", "--no-peers", "--output", str(tmp_path)])
    assert (plan.rounds, plan.seconds, plan.peers, plan.large, output) == (2, 0.5, False, None, tmp_path)
