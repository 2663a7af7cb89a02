"""Time on the event loop: closes the reward windows that end while nobody calls. Never in simulated time."""

import asyncio

import structlog

from engine.engine import Engine
from engine.errors import LogUnavailable
from server.clock import wall_clock_us
from server.group_commit import GroupCommit

log = structlog.get_logger()


async def tick_for_ever(engine: Engine, group_commit: GroupCommit, every_seconds: float) -> None:
    """Tell the engine the time now and then, until cancelled; a failure is logged and tried again at the next tick."""
    unavailable = False
    while True:
        await asyncio.sleep(every_seconds)
        try:
            while await group_commit.run(lambda: engine.tick(wall_clock_us())):
                pass  # more windows may have ended than one tick closes
            tell_doubts(engine)
        except LogUnavailable as problem:  # the windows stay open until a tick, or any other event, gets into the log
            if not unavailable:  # a full disk stays full for many ticks, and every call tells of it
                log.warning("tick_failed", problem=str(problem), last_seq=engine.log.last_seq)
            unavailable = True
        except Exception:
            log.exception("tick_failed", last_seq=engine.log.last_seq)
        else:
            unavailable = False


def tell_doubts(engine: Engine) -> None:
    """Log which models have come to doubt what they had learned: either their world has turned over, or its telling."""
    for model in engine.take_doubting():
        log.warning(
            "model_doubts",
            model=model,
            problem="rewards fall short of what was expected of them; it tries anew from a quarter of what it knew",
            mend="where rewards only failed to be sent, send them late and call RebuildModels",
        )


def close_windows(engine: Engine) -> None:
    """Close what ended while the service was stopped, before anybody is answered, who would wait for all of it."""
    try:
        while engine.tick(wall_clock_us()):
            engine.commit()
    except LogUnavailable as problem:
        log.warning("tick_failed", problem=str(problem), last_seq=engine.log.last_seq)
