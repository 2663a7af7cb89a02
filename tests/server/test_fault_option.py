"""The tests' start option that kills the service: loud, exact, refused where it is wrong, and no setting."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine import fault_points
from engine.fault_points import FaultPoint
from server import fault_option
from server.settings import SettingsRefused, settings_table
from tests.conftest import server_environment
from tests.end_to_end.kill_workload import Workload
from tests.end_to_end.killed_service import Kill, calls_answered, killed_service


def test_without_the_option_nothing_is_armed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A production service has no hook."""
    monkeypatch.setattr(fault_points, "arm", lambda hook: pytest.fail(f"armed {hook}"))
    fault_option.arm("")


@pytest.mark.parametrize("option", ["after_append", "after_append:", "after_append:0", "after_append:-1", "x:1", ":1"])
def test_a_wrong_option_is_refused(option: str) -> None:
    """The refusal names the variable, says whom it is for, and what it may be."""
    with pytest.raises(SettingsRefused, match=r"DECISIONING_SERVER_FAULT.*for tests only.*before_append"):
        fault_option.arm(option)


def test_the_option_is_no_setting() -> None:
    """Nobody finds it in the documentation and switches it on."""
    assert "FAULT" not in settings_table()


def test_an_armed_service_says_so_and_dies_at_the_point(tmp_path: Path) -> None:
    """It says so and warns of no unknown setting, and dies at the named point and time, and nowhere else."""
    data, kill = tmp_path / "data", Kill(FaultPoint.AFTER_APPEND, 5)
    with killed_service(data, ["--simulated-time", "--log-level", "warning"], [kill]) as service:
        retried = [answered.retried for answered in calls_answered(service, Workload(seed=1), 6)]
    assert retried == [False] * 4 + [True, False]  # every call of this seed appends one event
    assert service.died == {FaultPoint.AFTER_APPEND: 1}
    (line,) = [json.loads(line) for line in data.with_suffix(".log").read_text().splitlines()]
    assert line["event"] == "fault_armed"
    assert line["level"] == "critical"
    assert "KILL ITSELF" in line["note"]


def test_a_wrong_option_ends_the_start(tmp_path: Path) -> None:
    """A service that was told to fail in a way nobody knows does not start as if it were a production service."""
    command = [sys.executable, "-m", "server", "--data", str(tmp_path / "data")]
    environment = server_environment(**{fault_option.VARIABLE: "nowhere:1"})
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    (complaint,) = ended.stderr.splitlines()
    assert complaint.startswith(fault_option.VARIABLE)
