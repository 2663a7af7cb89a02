"""The replay over a running service: what it sends, what it learns, what it reports, and that it counts once."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulators.replay import main
from tests.simulators.replay_process import started_replay, wait_for_lines
from tests.simulators.synthetic_experiment import MAPPING, ExperimentFiles, write_experiment
from tests.wardrobe import KEY

ROWS = 1_200
START = "2026-01-01T00:00:00Z"


@pytest.fixture
def files(tmp_path: Path) -> ExperimentFiles:
    """Write the experiment."""
    return write_experiment(tmp_path, ROWS)


@pytest.fixture
def target(start_server: Callable[..., Any], tmp_path: Path) -> str:
    """Run a service in simulated time and return its address."""
    flags = ("--simulated-time", "--durability", "process", "--secret-key", KEY.decode(), "--log-level", "warning")
    return str(start_server("--data", tmp_path / "data", *flags).address)


def replay(files: ExperimentFiles, target: str, *options: str) -> dict[str, Any]:
    """Replay to the end and return the figures."""
    out = files.csv.parent / "figures.json"
    arguments = [str(files.mapping), "--csv", str(files.csv), "--target", target, "--json", str(out)]
    assert main([*arguments, "--start-time", START, *options]) == 0
    return dict(json.loads(out.read_bytes()))


def logged(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return what a query finds in the log of the running service."""
    connection = sqlite3.connect(f"file:{folder / 'data' / 'log.db'}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def event_count(folder: Path) -> int:
    """Return how many events the log holds."""
    return int(logged(folder, "SELECT count(*) FROM events")[0][0])


def test_it_learns_what_works_and_says_so(
    files: ExperimentFiles, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the last quarter the action that brings most dominates and its mean is well above uniform choice's."""
    found = replay(files, target)
    last = found["quarters"][3]
    assert found["best_action"] == "Mantel"
    assert last["chosen_shares"]["Mantel"] > 0.5
    assert last["service"]["value"] > last["uniform"]["value"]
    assert found["rows"] == ROWS
    printed = capsys.readouterr().out
    assert "spend in €" in printed
    assert "always Mantel" in printed
    assert "Uniform choice would have had" in printed


def test_only_matched_rows_are_rewarded_and_with_what_she_did(files: ExperimentFiles, target: str) -> None:
    """The log holds a decision for every row, and rewards exactly for those that were what she got, scaled."""
    replay(files, target)
    rows = logged(files.csv.parent, "SELECT channel, content_id, reward_count, reward FROM logged_events ORDER BY seq")
    assert len(rows) == ROWS
    given = {"Mantel": ("app", "coat"), "Schal": ("e-mail", "scarf"), "Kontrolle": ("nothing", "")}
    lines = [line.split(";") for line in files.csv.read_text("latin-1").replace('"Bad\nHomburg"', "x").splitlines()[1:]]
    for (channel, content, count, reward), (*_, group, spend) in zip(rows, lines, strict=True):
        matched = given[group] == (channel, content)
        assert count == matched
        if matched:
            assert reward == pytest.approx(float(spend.replace(",", ".")) / 200)


def test_the_same_command_again_teaches_nothing_and_tells_the_same(
    files: ExperimentFiles, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under the same run name nothing is added to the log, the figures are equal, and the report says why."""
    first, events = replay(files, target), event_count(files.csv.parent)
    capsys.readouterr()
    second = replay(files, target)
    assert event_count(files.csv.parent) == events
    assert second["duplicate_rewards"] == second["rewards"] == first["rewards"] > 0
    assert first["duplicate_rewards"] == 0
    assert {**second, "seconds": 0, "duplicate_rewards": 0} == {**first, "seconds": 0}
    assert "nothing was learned twice" in capsys.readouterr().out


def test_another_run_name_starts_afresh(files: ExperimentFiles, target: str) -> None:
    """A new name is new decisions and new rewards, which the service takes as another experience."""
    replay(files, target, "--rows", "100")
    events = event_count(files.csv.parent)
    assert replay(files, target, "--rows", "100", "--run", "other")["duplicate_rewards"] == 0
    assert event_count(files.csv.parent) > events + 100


def test_a_run_goes_on_where_it_stopped(files: ExperimentFiles, target: str) -> None:
    """A longer replay under the same name repeats what was done and adds the rest."""
    short = replay(files, target, "--rows", "150")
    longer = replay(files, target, "--rows", "300")
    assert longer["duplicate_rewards"] == short["rewards"]
    assert longer["rewards"] > short["rewards"]


def test_a_used_run_name_with_other_content_is_refused_with_the_way_out(
    files: ExperimentFiles, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that changed under their ids are no repeat, and the tool says to take another name."""
    replay(files, target, "--rows", "20")
    files.mapping.write_text(MAPPING.replace("  numbers: {age: Alter}\n", ""), encoding="utf-8")
    arguments = [str(files.mapping), "--csv", str(files.csv), "--target", target, "--start-time", START]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert "ALREADY_EXISTS" in captured.err
    assert "give another --run to start afresh" in captured.err


def test_many_rows_in_one_call_change_the_pace_and_not_the_bookkeeping(files: ExperimentFiles, target: str) -> None:
    """With --concurrency every row is still decided once, and exactly the matched ones are rewarded."""
    found = replay(files, target, "--concurrency", "50")
    assert found["rows"] == ROWS
    assert found["rewards"] == found["overall"]["matched_rows"]
    assert event_count(files.csv.parent) == 1 + ROWS + found["rewards"]


def test_a_seed_shuffles_the_rows_and_is_a_run_of_its_own(files: ExperimentFiles, target: str) -> None:
    """Another order is another experience; the same seed is the same run."""
    plain, shuffled = replay(files, target, "--rows", "80"), replay(files, target, "--rows", "80", "--seed", "3")
    again = replay(files, target, "--rows", "80", "--seed", "3")
    assert shuffled["run"] == again["run"] != plain["run"]
    assert again["duplicate_rewards"] == again["rewards"] > 0
    assert shuffled["overall"]["uniform"] != plain["overall"]["uniform"]


def test_no_apply_leaves_the_campaign_alone(
    files: ExperimentFiles, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --no-apply the service's own version decides, and a campaign it does not have is its refusal."""
    arguments = [str(files.mapping), "--csv", str(files.csv), "--target", target, "--no-apply", "--rows", "5"]
    assert main(arguments) == 1
    assert "NOT_FOUND" in capsys.readouterr().err


def test_the_journal_holds_every_acknowledgement(files: ExperimentFiles, target: str, tmp_path: Path) -> None:
    """Each decision and each reward is one JSON line, in the order in which they were acknowledged."""
    journal = tmp_path / "journal.jsonl"
    found = replay(files, target, "--rows", "60", "--journal", str(journal))
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["row"] for line in lines if line["kind"] == "decision"] == list(range(1, 61))
    assert sum(line["kind"] == "reward" for line in lines) == found["rewards"] > 0
    assert lines[0]["id"] == f"{found['run']}/1"


def test_no_service_is_one_line_and_not_a_traceback(files: ExperimentFiles, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody listens the tool gives up after its patience and says so."""
    arguments = [str(files.mapping), "--csv", str(files.csv), "--target", "127.0.0.1:1", "--patience-seconds", "0.2"]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("UNAVAILABLE")
    assert captured.out == ""


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--rows", "0"),
        ("--concurrency", "1001"),
        ("--start-time", "noon"),
        ("--start-time", "1969-12-31T23:59:59Z"),
        ("--run", ""),
        ("--run", "x" * 101),
        ("--patience-seconds", "-1"),
        ("--json", "no/such/folder/figures.json"),
        ("--journal", "."),
    ],
)
def test_an_impossible_option_is_refused(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every bound of the command line is told when it is broken."""
    with pytest.raises(SystemExit) as caught:
        main(["mapping.yaml", "--csv", "file.csv", option, value])
    assert caught.value.code == 2
    assert f"argument {option}: " in capsys.readouterr().err


def test_ctrl_c_leaves_a_valid_partial_report(files: ExperimentFiles, target: str, tmp_path: Path) -> None:
    """Interrupted part way, the tool ends with status 130 and figures of exactly the rows that were done."""
    journal, out = tmp_path / "journal.jsonl", tmp_path / "figures.json"
    arguments = [str(files.mapping), "--csv", str(files.csv), "--target", target, "--start-time", START]
    process = started_replay(*arguments, "--journal", journal, "--json", out)
    wait_for_lines(journal, 100, process)
    os.kill(process.pid, signal.SIGINT)
    printed, complaints = process.communicate(timeout=30)
    assert process.returncode == 130, complaints
    assert "Traceback" not in complaints
    found = json.loads(out.read_bytes())
    assert 0 < found["rows"] < found["planned_rows"] == ROWS
    assert f"Stopped after {found['rows']:,} of 1,200 rows" in printed
    assert found["rows"] == sum(quarter["rows"] for quarter in found["quarters"])
