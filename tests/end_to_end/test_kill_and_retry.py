"""Server and replay as processes of their own: whenever the server is killed, what was acknowledged counts once."""

import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from engine.opening import open_engine
from tests.simulators.replay_process import started_replay, wait_for_lines
from tests.simulators.synthetic_experiment import ExperimentFiles, write_experiment
from tests.wardrobe import KEY

ROWS = 2_400
KILLS = 20
FLAGS = ("--simulated-time", "--secret-key", KEY.decode(), "--snapshot-every-events", "200", "--log-level", "warning")
"""Snapshots come so often that kills land before, in and after them."""


class Outcome(Struct, frozen=True):
    """What is left when both have ended: the log's facts, the journal of acknowledgements, every model's weights."""

    decisions: list[tuple[Any, ...]]
    rewards: list[tuple[Any, ...]]
    acknowledged: list[dict[str, Any]]
    weights: dict[str, np.ndarray]


def test_twenty_kills_lose_nothing_and_count_nothing_twice(start_server: Callable[..., Any], tmp_path: Path) -> None:
    """After 20 SIGKILLs at random moments the log, and the weights to the last bit, are those of an undisturbed run."""
    files = write_experiment(tmp_path, ROWS)
    undisturbed = replayed(start_server, files, tmp_path / "undisturbed", kills=())
    moments = sorted(random.Random(20).sample(range(50, len(undisturbed.acknowledged) - 100), KILLS))
    killed = replayed(start_server, files, tmp_path / "killed", kills=tuple(moments))

    assert_acknowledged_once(killed)
    assert killed.decisions == undisturbed.decisions
    assert killed.rewards == undisturbed.rewards
    assert len(undisturbed.decisions) == ROWS
    assert len(undisturbed.rewards) > ROWS / 4
    assert_same_weights(killed.weights, undisturbed.weights)


def assert_acknowledged_once(outcome: Outcome) -> None:
    """Every line of the journal names an event that stands in the log exactly once."""
    logged = {
        "decision": Counter(decision_id for decision_id, *_ in outcome.decisions),
        "reward": Counter(reward_id for reward_id, *_ in outcome.rewards),
    }
    assert all(count == 1 for counter in logged.values() for count in counter.values())
    for line in outcome.acknowledged:
        assert logged[line["kind"]][line["decision_id" if line["kind"] == "decision" else "id"]] == 1
    assert Counter(line["kind"] for line in outcome.acknowledged) == {
        "decision": len(outcome.decisions),
        "reward": len(outcome.rewards),
    }


def assert_same_weights(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Both have the same models, these have learned something, and every weight is equal."""
    assert found.keys() == expected.keys()
    assert any(np.any(weights) for weights in expected.values())
    for name, weights in expected.items():
        np.testing.assert_array_equal(found[name], weights, err_msg=name)


def replayed(start_server: Callable[..., Any], files: ExperimentFiles, folder: Path, kills: tuple[int, ...]) -> Outcome:
    """Replay the experiment, killing the server at each of these lengths of the journal, and read what is left."""
    folder.mkdir()
    data, journal = folder / "data", folder / "journal.jsonl"
    server = start_server("--data", data, *FLAGS)
    how = ("--journal", journal, "--start-time", "2026-01-01T00:00:00Z")
    jitter = random.Random(21)
    with started_replay(files.mapping, "--csv", files.csv, "--target", server.address, *how) as replay:
        for lines in kills:
            wait_for_lines(journal, lines, replay)
            time.sleep(jitter.uniform(0, 0.003))  # so that a kill may land in any step of a call
            server.process.kill()
            server.process.wait()
            assert replay.poll() is None, "the replay ended before the kill: choose earlier moments"
            server = start_server("--data", data, *FLAGS, address=server.address)
        _, complaints = replay.communicate(timeout=120)
    assert replay.returncode == 0, complaints
    assert server.stop() == 0
    return outcome_of(data, journal)


def outcome_of(data: Path, journal: Path) -> Outcome:
    """Read a data folder that no server uses any more."""
    connection = sqlite3.connect(f"file:{data / 'log.db'}?mode=ro", uri=True)
    try:
        decisions = connection.execute(
            "SELECT decision_id, decide_time, channel, content_id, propensity, reason FROM decisions ORDER BY seq"
        ).fetchall()
        rewards = connection.execute(
            "SELECT reward_id, decision_id, occur_time, value FROM rewards ORDER BY seq"
        ).fetchall()
    finally:
        connection.close()
    engine = open_engine(data, durability="power", secret_key=KEY, snapshots_kept=3)
    try:
        weights = {name: model.weights() for name, model in engine.state.models.items()}
    finally:
        engine.close()
    return Outcome(decisions, rewards, [json.loads(line) for line in journal.read_text().splitlines()], weights)
