"""Group commit: many calls in one commit, none answered before its commit, and snapshots that hold up nobody."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from decisioning.v1 import decisioning_service_pb2 as pb

from engine.engine import Engine
from engine.errors import IdReused, LogUnavailable
from engine.types import DecideRequest
from server.group_commit import CALLS_MAX, LESSONS_PER_TURN, LOOK_EVERY, GroupCommit
from tests.server.conftest import Lines
from tests.server.scripted_engine import ScriptedEngine
from tests.server.served import served

REQUEST = DecideRequest(campaign="spring", customer_id="ann")


def deciding(engine: ScriptedEngine, group_commit: GroupCommit) -> Awaitable[object]:
    """Put one decision through the group commit."""
    return group_commit.run(lambda: engine.decide(REQUEST, 0))


def run(scenario: Callable[[ScriptedEngine, GroupCommit], Awaitable[None]], every_events: int = 1_000_000) -> None:
    """Run a scenario on an event loop of its own."""

    async def main() -> None:
        engine = ScriptedEngine()
        await scenario(engine, GroupCommit(engine, every_events))  # type: ignore[arg-type]

    asyncio.run(main())


def test_calls_that_arrive_together_share_a_commit() -> None:
    """Fifty calls in the same turn of the loop are one commit."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        await asyncio.gather(*(deciding(engine, group_commit) for _ in range(50)))
        assert (engine.appended, engine.commits) == (50, 1)

    run(scenario)


def test_calls_that_arrive_in_turns_share_a_commit() -> None:
    """Calls that gRPC brings a few turns apart are one commit, up to the largest batch."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        calls = []
        for _ in range(2 * CALLS_MAX):
            calls.append(asyncio.ensure_future(deciding(engine, group_commit)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await asyncio.gather(*calls)
        assert engine.commits == 2

    run(scenario)


def test_a_single_call_waits_for_no_timer() -> None:
    """One call alone is committed within a few turns of the loop."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        call = asyncio.ensure_future(deciding(engine, group_commit))
        for _ in range(10):
            await asyncio.sleep(0)
        assert call.done()

    run(scenario)


def test_calls_one_by_one_wait_for_no_turn_of_the_loop() -> None:
    """A caller who sends the next call when one is answered waits for nobody, but for a look now and then."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        turns = []
        for _ in range(2 * LOOK_EVERY):
            call, waited = asyncio.ensure_future(deciding(engine, group_commit)), 0
            while not call.done():
                await asyncio.sleep(0)
                waited += 1
            turns.append(waited)
        assert sum(waited > 1 for waited in turns) == 2

    run(scenario)


def test_calls_share_commits_again_soon_after_one_came_alone() -> None:
    """However long calls came one by one, a crowd shares its commits, all but the first few calls of it."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        for alone in range(2 * LOOK_EVERY):
            await asyncio.gather(*(deciding(engine, group_commit) for _ in range(50)))
            before = engine.commits
            await asyncio.gather(*(deciding(engine, group_commit) for _ in range(50)))
            assert engine.commits - before == 1
            for _ in range(alone):
                await deciding(engine, group_commit)
            before = engine.commits
            await asyncio.gather(*(deciding(engine, group_commit) for _ in range(50)))
            assert engine.commits - before <= LOOK_EVERY

    run(scenario)


def test_nothing_is_answered_before_its_commit() -> None:
    """When a call is answered, its event and every one before it are committed."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        async def call() -> None:
            await deciding(engine, group_commit)
            assert engine.committed == engine.appended

        await asyncio.gather(*(call() for _ in range(20)))

    run(scenario)


def test_a_refusal_waits_for_what_it_rests_on() -> None:
    """A refusal because of an event in an open batch is told only after that batch is durable."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        def refuse() -> None:
            raise IdReused("used a moment ago")

        first = asyncio.ensure_future(deciding(engine, group_commit))
        await asyncio.sleep(0)
        with pytest.raises(IdReused):
            await group_commit.run(refuse)
        assert engine.committed == 1
        await first

    run(scenario)


def test_a_failed_commit_reaches_every_waiter_and_the_next_batch_is_new() -> None:
    """Everyone in a batch that cannot be committed hears LogUnavailable; the next batch has its own luck."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        def fail() -> None:
            engine.on_commit = lambda: None
            raise LogUnavailable("disk full")

        engine.on_commit = fail
        results = await asyncio.gather(*(deciding(engine, group_commit) for _ in range(10)), return_exceptions=True)
        assert {type(result) for result in results} == {LogUnavailable}
        await deciding(engine, group_commit)

    run(scenario)


def test_a_commit_that_fails_oddly_leaves_nobody_waiting() -> None:
    """Even an error that no commit should raise ends the calls that wait."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        def fail() -> None:
            raise ZeroDivisionError

        engine.on_commit = fail
        with pytest.raises(ZeroDivisionError):
            await deciding(engine, group_commit)

    run(scenario)


def test_an_append_that_undoes_the_batch_fails_those_before_it_only() -> None:
    """A failing append takes back what was accepted before it, so those callers are not told that they were."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        def lose() -> None:
            engine.epoch += 1
            raise LogUnavailable("disk full")

        results = await asyncio.gather(
            deciding(engine, group_commit),
            group_commit.run(lose),
            deciding(engine, group_commit),
            return_exceptions=True,
        )
        assert [isinstance(result, LogUnavailable) for result in results] == [True, True, False]

    run(scenario)


def test_a_cancelled_call_is_committed_with_the_others() -> None:
    """A caller whose deadline passes while it waits takes neither the commit nor the other callers with it."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        calls = [asyncio.ensure_future(deciding(engine, group_commit)) for _ in range(3)]
        await asyncio.sleep(0)
        calls[1].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert [call.cancelled() for call in calls] == [False, True, False]
        assert engine.committed == 3

    run(scenario)


def test_a_snapshot_is_taken_after_the_replies() -> None:
    """When enough events have come a snapshot is saved, after the call that made it due was answered."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        for _ in range(3):
            assert engine.snapshots == 0
            await deciding(engine, group_commit)
        assert engine.snapshots == 0
        await asyncio.sleep(0.05)
        assert (engine.snapshots, engine.events_since_snapshot) == (1, 0)

    run(scenario, every_events=3)


def test_a_snapshot_holds_nothing_that_is_not_committed() -> None:
    """A batch that is open when a snapshot is due is committed before it."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        def check(name: str) -> None:
            assert name != "snapshot" or engine.committed == engine.appended

        engine.before = check
        await deciding(engine, group_commit)
        while not engine.snapshots:
            await deciding(engine, group_commit)

    run(scenario, every_events=1)


def test_a_failing_snapshot_is_logged_and_not_tried_at_every_commit(logged: Lines) -> None:
    """A snapshot that fails stops no call, and comes again only when as many events have come once more."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        def fail(name: str) -> None:
            if name == "snapshot":
                raise OSError("disk full")

        engine.before = fail
        for _ in range(10):
            await deciding(engine, group_commit)
            await asyncio.sleep(0.02)

    run(scenario, every_events=4)
    assert [line["event"] for line in logged()].count("snapshot_failed") == 2


def test_calls_that_arrive_during_a_commit_share_the_next(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred calls over the wire, sent while a commit takes its time, need fewer commits than calls."""
    commits: list[int] = []
    commit, sent = engine.commit, threading.Event()

    def slow_at_first() -> None:
        commits.append(engine.log.last_seq)
        sent.wait(timeout=30)
        commit()

    monkeypatch.setattr(engine, "commit", slow_at_first)
    with served(engine) as client:
        requests = [pb.DecideRequest(campaign="wardrobe", customer_id=f"c{number}") for number in range(200)]
        calls = [client.decisioning.Decide.future(request) for request in requests]
        sent.set()
        decisions = {call.result().decision_id for call in calls}
        during = len(commits)
    assert len(decisions) == 200
    assert during < 200


def test_lessons_are_learned_when_the_answers_are_out() -> None:
    """What a reward teaches is learned between calls, some lessons a turn, until none is owed."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        engine.lessons_owed = 2 * LESSONS_PER_TURN + 1
        await deciding(engine, group_commit)
        assert engine.lessons_owed == 2 * LESSONS_PER_TURN + 1
        while engine.lessons_owed:
            await asyncio.sleep(0.001)
        assert await deciding(engine, group_commit)

    run(scenario)
