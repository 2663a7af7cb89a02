"""Rebuilds on the event loop: a process a rebuild, and the swap when it is done. Never a lesson, never a wire type."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress
from functools import partial

import structlog
from msgspec import json

from engine import model_operations, rebuild_process
from engine.engine import Engine
from engine.errors import EngineError
from server.clock import change_time_us
from server.group_commit import GroupCommit

SWAP_LESSONS_MAX = 300
"""Lessons that may be left for the swap, which nobody is answered during: some 40 ms."""
ROUND_LESSONS_MAX = 10_000

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
        """Start a process for each rebuild that has none: at the service's start, and when one may have begun.

        The process of a rebuild that was given up for another has nothing to do any more.
        """
        for campaign, rebuild in self._engine.rebuilds.items():
            for place, task in self._running.items():
                if place[0] == campaign and place[1] != rebuild.upto_seq:
                    task.cancel()
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
            unfit = await self._group_commit.run(
                partial(model_operations.finish_rebuild, self._engine, campaign, upto_seq, now_us)
            )
            log.info("rebuild_swapped", campaign=campaign, version=version, upto_seq=upto_seq)
            if unfit:
                log.error("rebuilt_models_refused", campaign=campaign, upto_seq=upto_seq, models=unfit)
        except EngineError as error:  # another rebuild took its place, or the log is full: the models that serve stay
            log.warning("rebuild_not_swapped", campaign=campaign, upto_seq=upto_seq, problem=str(error))
        finally:
            self._running.pop(place, None)
            self._reached_seq.pop(place, None)

    async def _learned(self, campaign: str, version: int, upto_seq: int) -> int:
        """Learn the models anew in a process of their own, until few lessons are left, and return its exit code."""
        folder = str(self._engine.log.folder)
        arguments = (folder, campaign, str(version), str(upto_seq))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "engine.rebuild_process", *arguments, stdin=PIPE, stdout=PIPE
        )
        try:
            assert process.stdin is not None  # noqa: S101  PIPE was asked for
            assert process.stdout is not None  # noqa: S101
            async for line in process.stdout:
                match line.decode().split():
                    case [rebuild_process.LEFT, caught_up]:
                        await self._catch_up(process.stdin, campaign, upto_seq, int(caught_up))
                    case [reached_seq]:
                        self._reached_seq[campaign, upto_seq] = int(reached_seq)
                        log.info("rebuild_progress", campaign=campaign, reached_seq=int(reached_seq), upto_seq=upto_seq)
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _catch_up(self, rounds: asyncio.StreamWriter, campaign: str, upto_seq: int, caught_up: int) -> None:
        """Hand the process the lessons that were taught meanwhile, or end it where few enough are left for the swap.

        Handed over is what is durable: what a lost commit took back is never learned.
        """
        ask = partial(model_operations.taught_later, self._engine, campaign, upto_seq, caught_up, ROUND_LESSONS_MAX)
        more = await self._group_commit.run(ask)
        if len(more.later) <= SWAP_LESSONS_MAX:
            rounds.close()
            return
        log.info("rebuild_catching_up", campaign=campaign, upto_seq=upto_seq, lessons=len(more.later))
        rounds.write(json.encode(more) + b"\n")
        with suppress(ConnectionError):  # it has died, which its exit code tells
            await rounds.drain()
