"""Cleaning the files after erasures, once for all that come together. Never an erasure, never a customer."""

import asyncio

import structlog

from engine.engine import Engine
from engine.erasure import scrubbed
from engine.errors import LogUnavailable
from server.group_commit import GroupCommit

GATHER_SECONDS = 0.05
"""How long other erasures are waited for, since cleaning holds up everyone."""

log = structlog.get_logger()


class Scrubbing:
    """Cleans the files of what was erased; holds the cleaning that has not begun."""

    def __init__(self, engine: Engine, group_commit: GroupCommit) -> None:
        self._engine = engine
        self._group_commit = group_commit
        self._next: asyncio.Task[bool] | None = None

    async def done(self) -> bool:
        """Clean the files of everything that was erased before this call, and tell whether they are clean."""
        if self._next is None:
            self._next = asyncio.create_task(self._clean_soon())
        return await asyncio.shield(self._next)  # whoever hangs up does not stop it for the others

    async def _clean_soon(self) -> bool:
        await asyncio.sleep(GATHER_SECONDS)
        self._next = None
        self._group_commit.commit_now()  # so that whoever waits for a commit does not wait for the cleaning as well
        await asyncio.sleep(0)
        try:
            clean = scrubbed(self._engine)
        except LogUnavailable:
            clean = False
        log.info("files_cleaned" if clean else "files_not_clean_yet")
        return clean
