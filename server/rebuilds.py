"""Rebuilds on the event loop: a process a rebuild, and the swap when it is done. Never a lesson, never a wire type."""

import asyncio
import sys
from functools import partial

import structlog

from engine import model_operations
from engine.engine import Engine
from engine.errors import EngineError
from server.clock import change_time_us
from server.group_commit import GroupCommit

log = structlog.get_logger()


class Rebuilds:
    """Runs the rebuilds that the engine's state says are under way, one process each, and tells how far they are."""

    def __init__(self, engine: Engine, group_commit: GroupCommit, *, simulated_time: bool) -> None:
        self._reached_seq: dict[tuple[str, int], int] = {}
        self._engine = engine
        self._group_commit = group_commit
        self._simulated_time = simulated_time
        self._running: dict[tuple[str, int], asyncio.Task[None]] = {}

    def start(self) -> None:
        """Start a process for each rebuild that has none: at the service's start, and when one may have begun."""
        for campaign, rebuild in self._engine.rebuilds.items():
            place = (campaign, rebuild.upto_seq)
            if place not in self._running:
                self._reached_seq[place] = 0
                self._running[place] = asyncio.create_task(self._run(campaign, rebuild.version, rebuild.upto_seq))

    def reached(self, campaign: str, upto_seq: int) -> int:
        """Return the sequence number that a rebuild has reached."""
        return self._reached_seq.get((campaign, upto_seq), 0)

    async def stop(self) -> None:
        """End every process; the rebuilds begin again at the next start."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, campaign: str, version: int, upto_seq: int) -> None:
        place = (campaign, upto_seq)
        log.info("rebuild_started", campaign=campaign, version=version, upto_seq=upto_seq)
        try:
            exit_code = await self._learned(campaign, version, upto_seq)
            if exit_code:
                log.error("rebuild_failed", campaign=campaign, upto_seq=upto_seq, exit_code=exit_code)
                return
            now_us = change_time_us(self._engine, self._simulated_time)
            await self._group_commit.run(
                partial(model_operations.finish_rebuild, self._engine, campaign, upto_seq, now_us)
            )
            log.info("rebuild_swapped", campaign=campaign, version=version, upto_seq=upto_seq)
        except EngineError as error:  # another rebuild took its place, or the log is full: the models that serve stay
            log.warning("rebuild_not_swapped", campaign=campaign, upto_seq=upto_seq, problem=str(error))
        finally:
            self._running.pop(place, None)
            self._reached_seq.pop(place, None)

    async def _learned(self, campaign: str, version: int, upto_seq: int) -> int:
        """Learn the models anew in a process of their own and return its exit code."""
        folder = str(self._engine.log.folder)
        arguments = (folder, campaign, str(version), str(upto_seq))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "engine.rebuild_process", *arguments, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert process.stdout is not None  # noqa: S101  PIPE was asked for
            async for line in process.stdout:
                self._reached_seq[campaign, upto_seq] = int(line)
                log.info("rebuild_progress", campaign=campaign, reached_seq=int(line), upto_seq=upto_seq)
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
