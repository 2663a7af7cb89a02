"""The real experiment, streamed through a running service: it finds the best e-mail and does not lose to it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulators.replay import main
from tests.simulators.replay_process import ROOT
from tests.wardrobe import KEY

DATA = Path(os.environ.get("DECISIONING_DATA", ROOT.parent / "shared" / "data"))
CSV = DATA / "hillstrom.csv.gz"

pytestmark = pytest.mark.skipif(
    not CSV.exists(),
    reason=f"{CSV.name} is not in {DATA}; put it there, or name its folder in DECISIONING_DATA, to replay it",
)


def replayed(start_server: Callable[..., Any], folder: Path, *options: str) -> dict[str, Any]:
    """Replay all 64,000 customers through a new service and return the figures."""
    flags = ("--simulated-time", "--durability", "process", "--secret-key", KEY.decode(), "--log-level", "warning")
    server = start_server("--data", folder / "data", *flags)
    mapping, out = ROOT / "simulators" / "mappings" / "hillstrom.yaml", folder / "figures.json"
    what = [str(mapping), "--csv", str(CSV), "--target", server.address, "--json", str(out)]
    assert main([*what, "--start-time", "2026-01-01T00:00:00Z", *options]) == 0
    return dict(json.loads(out.read_bytes()))


def assert_the_best_email_was_found(figures: dict[str, Any]) -> None:
    """Hold the figures against what is known of this experiment."""
    assert figures["rows"] == figures["file_rows"] == 64_000
    assert figures["best_action"] == "Mens E-Mail"
    assert figures["file_uniform"]["value"] == pytest.approx(0.1468, abs=0.0001)
    assert figures["file_actions"]["Mens E-Mail"]["value"] == pytest.approx(0.1828, abs=0.0001)
    assert figures["overall"]["matched_rows"] == pytest.approx(64_000 / 3, rel=0.03)
    assert "fallback" not in figures["reasons"]
    last = figures["quarters"][3]
    assert last["chosen_shares"]["Mens E-Mail"] > 2 / 3
    assert min(last["chosen_shares"].values()) > 0.003  # the floor keeps trying everything
    assert 0.170 <= last["service"]["value"] <= 0.190  # nobody has found a targeting gain: more would be a leak
    assert last["service_minus_uniform"]["low"] > 0
    assert last["service_minus_best"]["high"] > -0.002


def test_the_service_finds_the_best_email(start_server: Callable[..., Any], tmp_path: Path) -> None:
    """With 32 customers in each call, the best e-mail dominates by the last quarter and pays as it should."""
    assert_the_best_email_was_found(replayed(start_server, tmp_path, "--concurrency", "32"))


@pytest.mark.soak
def test_the_service_finds_the_best_email_row_by_row(start_server: Callable[..., Any], tmp_path: Path) -> None:
    """The same holds where every decision rests on everything before it."""
    assert_the_best_email_was_found(replayed(start_server, tmp_path))
