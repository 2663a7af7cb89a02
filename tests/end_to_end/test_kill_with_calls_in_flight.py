"""Server killed with a dozen calls in flight, windows closing by ticks and models being steered: the laws stay."""

import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np
import pytest
from decisioning.v1 import model_service_pb2 as model_pb

from engine.events import decode
from engine.history import past_of
from engine.opening import open_engine
from engine.replay import replay
from tests.end_to_end.kill_workload import Call
from tests.end_to_end.killed_service import Answered, Kill, killed_service, planned
from tests.end_to_end.live_workload import NAME, LiveWorkload
from tests.end_to_end.test_kill_at_named_points import acknowledged, assert_same_weights, logged, weights_of
from tests.wardrobe import KEY

FLAGS = ("--snapshot-every-events", "60", "--tick-seconds", "0.05", "--log-level", "warning", "--durability", "process")
WITHOUT_ID = {"tick", "channel_switched", "models_rolled_back", "rebuild_started", "models_rebuilt"}
IDLE_SECONDS = 0.2
STEERED = {"FreezeChannel", "UnfreezeChannel", "SwitchToFallback", "SwitchBack", "Rollback", "RebuildModels"}


@dataclass(frozen=True)
class Lived:
    """What a run with calls in flight leaves: its answers, how channels were last switched, and the kills survived."""

    answers: list[Answered]
    switched: dict[tuple[str, str], bool]
    died: Counter[str]


def test_a_kill_at_every_named_point_with_calls_in_flight_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """Killed at each point and 4 times anywhere, every acknowledged fact is logged once, and all is one fold of it."""
    kills = planned(per_point=1, anywhere=4, reached_max=30, snapshots_max=2, seed=5)
    check_kills(tmp_path / "data", kills, 150, LiveWorkload(8, rollback_chance=3))


@pytest.mark.soak
def test_five_kills_at_every_named_point_and_40_anywhere_with_calls_in_flight(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After 5 SIGKILLs at each point and 40 anywhere, every fact of 5,000 events is there, once."""
    kills = planned(per_point=5, anywhere=40, reached_max=60, snapshots_max=3, seed=99)
    events = check_kills(tmp_path / "data", kills, 1_200, LiveWorkload(9, rollback_chance=0.5))
    assert events >= 5_000
    with capsys.disabled():
        print(f"\ncalls in flight: {len(kills)} kills, {events:,} events")  # noqa: T201


def check_kills(data: Path, kills: Sequence[Kill], volleys: int, workload: LiveWorkload) -> int:
    """Send volleys until the kills have all come, and check what is left; return the number of events."""
    lived = live(data, kills, volleys, workload)
    assert lived.died == Counter(kill.where for kill in kills)
    with closing(sqlite3.connect(f"file:{data / 'log.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT seq, kind, body FROM events ORDER BY seq").fetchall()
    assert [seq for seq, *_ in rows] == list(range(1, len(rows) + 1))
    assert {kind for _, kind, _ in rows} >= WITHOUT_ID | {"decision_activated"}
    assert {one.call.method for one in lived.answers if not refused(one)} >= STEERED
    facts = Counter(logged(decode(body)) for _, kind, body in rows if kind not in WITHOUT_ID)
    told = {fact for one in lived.answers if not refused(one) for fact in acknowledged(one.call, one.answer)}
    assert facts == Counter(told)  # each once, and nothing else
    begun = {seq for seq, kind, _ in rows if kind == "rebuild_started"}
    assert {one.answer.upto_seq for one in lived.answers if one.call.method == "RebuildModels"} <= begun
    assert_one_fold(data, lived)
    return len(rows)


def refused(one: Answered) -> bool:
    """Tell whether a call was refused: a rollback to a snapshot that is gone, an activation after the window."""
    return isinstance(one.answer, grpc.StatusCode)


def live(data: Path, kills: Sequence[Kill], volleys: int, workload: LiveWorkload) -> Lived:
    """Run the service under so many volleys, and as many more as the kills need, and let its rebuilds end."""
    answers: list[Answered] = []
    sent = 0
    with killed_service(data, FLAGS, kills) as service:
        while sent < volleys or service.kills_left:
            assert sent < 20 * volleys, "the kills do not come"
            calls = workload.volley()
            found = service.answers(calls)
            workload.note(calls, [one.answer for one in found])
            answers += found
            sent += 1
            if sent % 10 == 0:
                time.sleep(IDLE_SECONDS)  # or no window would be left for a tick to close
        while service.answers([Call("ListRebuilds", model_pb.ListRebuildsRequest())])[0].answer.rebuilds:
            pass
    return Lived(answers, workload.switched, service.died)


def assert_one_fold(data: Path, lived: Lived) -> None:
    """What the service came to over all its lives is what its log comes to, folded once and replayed."""
    with closing(open_engine(data, durability="process", secret_key=KEY)) as engine:
        assert not engine.refused_snapshots
        assert engine.events_since_snapshot == 0  # so that these weights went through every life
        state, again = engine.state, replay(engine.log.read(), past_of(engine.log))
    assert again.decisions > 0
    assert again.different == ()
    assert state.folds({}) == again.state.folds({})
    weights = weights_of(state)
    assert any(np.any(weight) for weight in weights.values())
    assert_same_weights(weights_of(again.state), weights)
    fold = state.campaigns[NAME]
    for (kind, channel), on in lived.switched.items():
        assert (channel in getattr(fold, kind)) == on
