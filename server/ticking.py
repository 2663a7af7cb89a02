"""Time on the event loop: closes the reward windows that end while nobody calls. Never in simulated time."""

import asyncio

import structlog

from engine.engine import Engine
from server.clock import wall_clock_us
from server.group_commit import GroupCommit

log = structlog.get_logger()


async def tick_for_ever(engine: Engine, group_commit: GroupCommit, every_seconds: float) -> None:
    """Tell the engine the time now and then, until cancelled; a failure is logged and tried again at the next tick."""
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await group_commit.run(lambda: engine.tick(wall_clock_us()))
        except Exception:  # the windows stay open until a tick, or any other event, gets into the log
            log.exception("tick_failed", last_seq=engine.log.last_seq)
