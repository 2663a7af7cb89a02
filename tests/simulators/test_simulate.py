"""The command prints and writes what it found, wherever it ends."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from simulators.policies import missing
from simulators.recorder import Recorder
from simulators.results import Report
from simulators.simulate import FINISHED, INTERRUPTED, REFUSED, main
from simulators.world.moments import Moments


def read(path: Path) -> Report:
    """Return a written report."""
    return msgspec.json.decode(path.read_bytes(), type=Report)


def test_it_prints_a_table_and_writes_every_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Policies, measures and Ryan stand on the screen; the file holds bins, timeline, settings and commit."""
    path = tmp_path / "new" / "report.json"
    asked = ["ryan", "--decisions", "400", "--seeds", "1,2", "--policies", "engine,oracle,random", "--json", str(path)]
    assert main(asked) == FINISHED
    shown = capsys.readouterr().out
    for word in (
        "engine",
        "oracle",
        "desktop-only offers",
        "contacts until recovered",
        "Ryan under engine",
        "move, told",
    ):
        assert word in shown
    report = read(path)
    assert [(run.seed, run.policy) for run in report.runs] == [
        (seed, name) for seed in (1, 2) for name in ("engine", "oracle", "random")
    ]
    assert all(sum(one.decisions for one in run.bins) == 400 for run in report.runs)
    assert all(run.timeline and run.changes for run in report.runs)
    assert report.settings.decisions == 400
    assert not report.interrupted


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Let an interrupt raise KeyboardInterrupt, as at a terminal, even where this process was started without one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_ctrl_c_leaves_a_valid_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that is stopped midway is reported as far as it came, after those that were finished before it."""
    path, count = tmp_path / "report.json", Recorder.decided

    def stopped(self: Recorder, moments: Moments, *rest: Any) -> None:
        count(self, moments, *rest)
        if stopped.runs and self.decisions >= 100:
            signal.raise_signal(signal.SIGINT)
        stopped.runs += self.decisions >= 300

    stopped.runs = 0  # type: ignore[attr-defined]
    monkeypatch.setattr(Recorder, "decided", stopped)
    asked = ["steady", "--decisions", "300", "--policies", "random,segments,oracle", "--json", str(path)]
    assert main(asked) == INTERRUPTED
    assert "interrupted; 300 decisions" in capsys.readouterr().out
    report = read(path)
    assert report.interrupted
    finished, stopped_run = report.runs
    assert (finished.policy, finished.decisions) == ("random", 300)
    assert stopped_run.policy == "segments"
    assert 100 <= stopped_run.decisions < 300


def test_a_personas_file_with_a_mistake_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line and field are told, and no report is written."""
    personas = tmp_path / "people.yaml"
    personas.write_text("nobody: {share: 1}\n")
    path = tmp_path / "report.json"
    assert main(["steady", "--personas", str(personas), "--json", str(path)]) == REFUSED
    assert "line 1, nobody.who: is missing" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["everything"], "invalid choice"),
        (["steady", "--decisions", "0"], "whole number from 1"),
        (["steady", "--seeds", "1,x"], "whole numbers with commas"),
        (["steady", "--policies", "guess"], "'guess' is no policy; there are engine"),
        (["steady", "--seeds", "1,2", "--target", "localhost:1"], "--target takes one of --seeds"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(asked: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each option says what it takes."""
    with pytest.raises(SystemExit) as refused:
        main(asked)
    assert refused.value.code == REFUSED
    assert said in capsys.readouterr().err


def test_a_peer_that_is_not_installed_is_left_out_with_a_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report says which policy is missing and how to have it."""
    monkeypatch.setattr("simulators.policies.find_spec", lambda _: None)
    assert missing(["engine", "mabwiser"]) == {"mabwiser": "mabwiser is not installed; install the extra `baselines`"}
    assert main(["steady", "--decisions", "60", "--policies", "random,mabwiser"]) == FINISHED
    assert "mabwiser was left out: mabwiser is not installed" in capsys.readouterr().out
