"""Announced calls: a batch waits for those that gRPC is about to bring, and for none of them long."""

import asyncio

from server.group_commit import GroupCommit
from tests.server.scripted_engine import ScriptedEngine
from tests.server.test_group_commit import deciding, run


def test_a_call_that_is_announced_is_waited_for() -> None:
    """Calls that come long after they were announced, as where gRPC's thread waits for a core, are one commit."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        calls = []
        for _ in range(20):
            calls.append(asyncio.ensure_future(deciding(engine, group_commit)))
            for turn in range(12):
                if turn == 2:
                    group_commit.announce()
                await asyncio.sleep(0)
        await asyncio.gather(*calls)
        assert engine.commits == 1

    run(scenario)


def test_calls_that_are_announced_and_never_come_hold_up_nobody_for_long() -> None:
    """Whoever waits in a batch is answered within some turns of the loop, however much is announced."""

    async def scenario(engine: ScriptedEngine, group_commit: GroupCommit) -> None:
        call = asyncio.ensure_future(deciding(engine, group_commit))
        for _ in range(25):
            group_commit.announce()
            await asyncio.sleep(0)
        assert call.done()

    run(scenario)
