"""Server killed at every step of append, commit, learn and snapshot: what was acknowledged counts, once."""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from engine.events import (
    CampaignApplied,
    CampaignPaused,
    CampaignResumed,
    DecisionActivated,
    DecisionTaken,
    Event,
    FactQuarantined,
    RewardReceived,
    decode,
)
from engine.fault_points import FaultPoint
from engine.history import past_of
from engine.model_events import ChannelSwitched, ModelsRebuilt, RebuildStarted
from engine.opening import open_engine
from engine.replay import replay
from engine.state import Folds, State
from tests.end_to_end.kill_workload import Call, Workload, decisions_of
from tests.end_to_end.killed_service import ANYWHERE, Answered, Kill, calls_answered, killed_service, planned
from tests.wardrobe import KEY

Row = tuple[Any, ...]
UNASKED = ChannelSwitched | RebuildStarted | ModelsRebuilt
"""Events that no call has an id for: those of the undisturbed run are compared row by row."""
EVERY_TIME = {"Pause", "Resume"}
"""Calls without an id; each that the workload makes changes something."""


@dataclass(frozen=True)
class Left:
    """What a run leaves: every answer, the rows of its log, its folds and weights, and which kills it survived."""

    answers: list[Answered]
    rows: list[Row]
    folds: Folds
    weights: dict[str, np.ndarray]
    died: Counter[str]


def test_two_kills_at_every_named_point_lose_and_repeat_nothing(tmp_path: Path) -> None:
    """After 2 SIGKILLs at each point and 5 anywhere, log, answers, folds and weights are an undisturbed run's."""
    kills = planned(per_point=2, anywhere=5, reached_max=35, snapshots_max=2, seed=16)
    check_kills(tmp_path, kills, calls=1_100, snapshot_every_events=25)


@pytest.mark.soak
def test_twenty_kills_at_every_named_point_and_200_anywhere_over_50_000_events(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After 20 SIGKILLs at each point and 200 anywhere, 50,000 events are those of an undisturbed run, to the bit."""
    kills = planned(per_point=20, anywhere=200, reached_max=270, snapshots_max=4, seed=360)
    left = check_kills(tmp_path, kills, calls=60_000, snapshot_every_events=100)
    assert len(left.rows) >= 50_000
    assert left.died == Counter({ANYWHERE: 200, **dict.fromkeys(FaultPoint, 20)})
    with capsys.disabled():
        print(f"\none call after the other: {left.died.total()} kills, {len(left.rows):,} events")  # noqa: T201


def test_kills_while_models_are_rebuilt_lose_and_repeat_nothing(tmp_path: Path) -> None:
    """Killed before, in and after each swap, the service swaps every rebuild in once; all is an undisturbed run's."""
    rng = random.Random(17)
    kills = [Kill(ANYWHERE, rng.randint(1, 15), rng.uniform(0, 0.6)) for _ in range(2)]  # a rebuild takes about as long
    kills += [Kill(point, rng.randint(1, 3)) for point in FaultPoint if "snapshot" not in point]
    rng.shuffle(kills)
    left = check_kills(tmp_path, kills, calls=80, snapshot_every_events=25, revalued=True)
    events = [decode(body) for *_, body in left.rows]
    swapped = [event.upto_seq for event in events if isinstance(event, ModelsRebuilt)]
    assert len(swapped) >= 2
    assert len(set(swapped)) == len(swapped)


def check_kills(
    folder: Path, kills: Sequence[Kill], *, calls: int, snapshot_every_events: int, revalued: bool = False
) -> Left:
    """Run the same calls undisturbed and with these kills, and compare everything that is left."""
    undisturbed = run(folder / "undisturbed", (), calls, snapshot_every_events, Workload(3, revalued=revalued))
    killed = run(folder / "killed", kills, calls, snapshot_every_events, Workload(3, revalued=revalued))
    assert killed.died == Counter(kill.where for kill in kills)
    assert_acknowledged_is_logged_once(killed)
    assert_same_answers(killed.answers, undisturbed.answers)
    assert_same_rows(killed.rows, undisturbed.rows)
    assert killed.folds == undisturbed.folds
    assert any(np.any(weights) for weights in undisturbed.weights.values())
    assert_same_weights(killed.weights, undisturbed.weights)
    assert {"decision_activated", "channel_switched"} <= {kind for _, _, kind, *_ in killed.rows}
    assert_replay_is_the_same(folder / "killed", killed)
    return killed


def run(data: Path, kills: Sequence[Kill], calls: int, snapshot_every_events: int, workload: Workload) -> Left:
    """Make a workload's calls on a service with these kills before it, and read what is left when it has stopped."""
    flags = ["--simulated-time", "--snapshot-every-events", str(snapshot_every_events), "--log-level", "warning"]
    flags += ["--durability", "process"]  # the weaker promise, which a killed process must not break either
    began = time.monotonic()
    with killed_service(data, flags, kills) as service:
        answers = list(calls_answered(service, workload, calls))
    with closing(sqlite3.connect(f"file:{data / 'log.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT seq, time_us, kind, key, decision_seq, body FROM events ORDER BY seq")
        rows = rows.fetchall()
    seconds = time.monotonic() - began
    print(f"\n{sum(service.died.values())} kills, {calls} calls, {len(rows)} events, {seconds:.1f} s")  # noqa: T201
    engine = open_engine(data, durability="process", secret_key=KEY)
    with closing(engine):
        assert not engine.refused_snapshots
        assert engine.events_since_snapshot == 0  # so that what is compared went through every snapshot on the way
        return Left(answers, rows, engine.state.folds({}), weights_of(engine.state), service.died)


def weights_of(state: State) -> dict[str, np.ndarray]:
    """Return every model's weights."""
    return {name: model.weights() for name, model in state.models.items()}


def assert_acknowledged_is_logged_once(left: Left) -> None:
    """The log holds every acknowledged fact exactly once, in one unbroken order, and nothing else."""
    accepted = [one for one in left.answers if not isinstance(one.answer, grpc.StatusCode)]
    told = [fact for one in accepted for fact in acknowledged(one.call, one.answer)]
    once = {fact for fact in told if fact[0] not in EVERY_TIME}  # however often they were sent or told
    every_time = Counter(fact for fact in told if fact[0] in EVERY_TIME)
    events = [decode(body) for *_, body in left.rows]
    asked_for = [event for event in events if not isinstance(event, UNASKED)]
    assert Counter(map(logged, asked_for)) == Counter(once) + every_time
    assert [seq for seq, *_ in left.rows] == list(range(1, len(left.rows) + 1))


def acknowledged(call: Call, answer: Any) -> list[tuple[str, str]]:
    """Return which facts an answer acknowledges; what a switch was switched to, other checks look at."""
    match call.method:
        case "Decide" | "BatchDecide":
            return [("decided", decision_id) for decision_id in decisions_of(call, answer)]
        case "Reward":
            return [("rewarded", answer.reward_id)]
        case "Activate":
            return [("activated", call.message.decision_id)]
        case "ApplyCampaign":
            return [("applied", f"{answer.name} {answer.version}")]
        case "PauseCampaign" | "ResumeCampaign":
            return [(call.method.removesuffix("Campaign"), answer.name)]
    return []


def logged(event: Event) -> tuple[str, str]:
    """Return which fact an event is."""
    match event:
        case DecisionTaken():
            return "decided", event.decision_id
        case RewardReceived():
            return "rewarded", event.reward_id
        case DecisionActivated():
            return "activated", event.decision_id
        case FactQuarantined():  # acknowledged as put aside, and never twice either
            return logged(event.fact)
        case CampaignApplied():
            return "applied", f"{event.campaign} {event.version}"
        case CampaignPaused() | CampaignResumed():
            return type(event).__name__.removeprefix("Campaign").removesuffix("d"), event.campaign
    raise AssertionError(f"nobody asked for {event}")


def assert_same_answers(found: list[Answered], expected: list[Answered]) -> None:
    """Every call got the answer it gets undisturbed; only a retried one may hear that it was a duplicate."""
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert one.call == other.call, f"call {number}"
        for answer in (one.answer, other.answer):
            if one.retried and hasattr(answer, "duplicate"):
                answer.ClearField("duplicate")
            for model in getattr(answer, "models", ()):
                model.ClearField("sha256")  # of bytes that hold counters of what was decided since the last start
        assert one.answer == other.answer, f"the answer to call {number}, {one.call.method}"


def assert_same_rows(found: list[Row], expected: list[Row]) -> None:
    """Both logs hold the same events, to the last character."""
    for one, other in zip(found, expected, strict=False):
        assert one == other
    assert len(found) == len(expected)


def assert_same_weights(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Both have the same models and every weight is equal."""
    assert found.keys() == expected.keys()
    for name, weights in expected.items():
        np.testing.assert_array_equal(found[name], weights, err_msg=name)


def assert_replay_is_the_same(data: Path, left: Left) -> None:
    """Taking every decision of the log again from an empty state gives the same decisions, folds and weights."""
    with closing(open_engine(data, durability="process", secret_key=KEY)) as engine:
        replayed = replay(engine.log.read(), past_of(engine.log))
    assert replayed.decisions > 0
    assert replayed.different == ()
    assert replayed.state.folds({}) == left.folds
    assert_same_weights(weights_of(replayed.state), left.weights)
