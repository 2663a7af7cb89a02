"""Durability on the event loop: many calls in one commit, and between calls lessons and snapshots. Never a thread."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog
from msgspec import Struct

from engine.engine import Engine
from engine.errors import EngineError, LogUnavailable
from server.clock import wall_clock_us

T = TypeVar("T")

QUIET_TURNS = 5
QUIET_TURNS_ANNOUNCED = 20
"""Where another call was announced: its message has to pass a thread of gRPC's, which may wait for a core."""
TURNS_BETWEEN = 5
CALLS_MAX = 64
LOOK_EVERY = 8
"""A call that comes alone again and again is made durable at once; every so many look whether others come by now."""
LEARN_DELAY_SECONDS = 0.002  # so that a caller who sends one reward after the other is answered first
LESSONS_PER_TURN = 4  # some 1 ms: nobody waits longer for the event loop
SNAPSHOT_DELAY_SECONDS = 0.005  # so that the replies of the commit before leave first: a snapshot takes tens of ms

log = structlog.get_logger()


class Waiter(Struct, frozen=True):
    """A call that waits for the log, and the engine's epoch when it was accepted: a later epoch has undone it."""

    epoch: int
    told: asyncio.Future[None]


class GroupCommit:
    """Lets no answer out before everything it rests on is durable.

    What arrived during one commit makes up the next. gRPC hands calls that have arrived to the event loop one after the
    other: the next is announced within three turns, and comes some four to ten turns after that. So a batch is closed
    when it is large, or when some turns brought neither a call nor an announcement. There is no timer. The turns take
    some 50 us in all, which calls that come one by one do not wait.
    """

    def __init__(self, engine: Engine, snapshot_every_events: int) -> None:
        self._engine = engine
        self._snapshot_every_events = snapshot_every_events
        self._snapshot_at_events = snapshot_every_events
        self._snapshot_scheduled = False
        self._learning_scheduled = False
        self._waiting: list[Waiter] = []
        self._batches_of_one = 0
        self._quiet_turns, self._quiet_turns_max = 0, QUIET_TURNS

    def announce(self) -> None:
        """Note that a call is about to come: a batch that is open waits for it longer than for one nobody knows of.

        It waits from the last call that came, so that announcements without an end cannot hold it up.
        """
        self._quiet_turns_max = QUIET_TURNS_ANNOUNCED

    async def run(self, act: Callable[[], T]) -> T:
        """Run one engine call and return its answer, or raise its refusal, once what either rests on is durable.

        A refusal waits too: the id it calls reused may have been used a moment ago, in a batch that still can fail.
        Raises LogUnavailable where the batch was lost, to everyone whose call was in it.
        """
        epoch = self._engine.epoch
        try:
            answer = act()
        except LogUnavailable:
            raise
        except EngineError:
            await self._durable(epoch)
            raise
        await self._durable(epoch)
        return answer

    async def run_in_turns(self, acts: Iterable[Callable[[], None]]) -> None:
        """Run engine calls one after the other, letting other calls in between, and return once all are durable.

        Nobody waits longer for the event loop than one act takes. Where others commit meanwhile, that carries what has
        been done so far; where nobody does, one commit carries all. Raises what an act raises, or LogUnavailable where
        any was lost.
        """
        epoch = self._engine.epoch
        for act in acts:
            act()
            for _ in range(TURNS_BETWEEN):
                await asyncio.sleep(0)
            if self._engine.epoch != epoch:
                raise LogUnavailable("an append after this one failed and undid it")
        await self._durable(epoch)

    async def _durable(self, epoch: int) -> None:
        # One future a waiter, not one a batch: a caller whose deadline passes cancels her own and nobody else's, and
        # the commit, which is no part of any call, goes on.
        loop = asyncio.get_running_loop()
        waiter = Waiter(epoch, loop.create_future())
        self._waiting.append(waiter)
        self._quiet_turns = 0
        if len(self._waiting) == 1:
            self._quiet_turns_max = QUIET_TURNS
            if self._batches_of_one % LOOK_EVERY:
                self.commit_now()
            else:
                loop.call_soon(self._close_batch)
        await waiter.told

    def _close_batch(self) -> None:
        """Commit if no call has come, or is about to, for some turns of the loop, else look again in the next."""
        self._quiet_turns += 1
        if self._quiet_turns > self._quiet_turns_max or not 0 < len(self._waiting) < CALLS_MAX:
            self.commit_now()
        else:
            asyncio.get_running_loop().call_soon(self._close_batch)

    def commit_now(self) -> None:
        """Commit all that the engine has accepted and tell everyone who waits for it; never raises."""
        waiting, self._waiting = self._waiting, []
        self._batches_of_one = self._batches_of_one + 1 if len(waiting) == 1 else 0
        try:
            self._engine.commit()
        except Exception as problem:  # whatever it is, the waiters must hear of it, or they would wait for ever
            log.exception("commit_failed", calls=len(waiting))
            self._tell(waiting, problem)
        else:
            self._tell(waiting, None)
            self._schedule_learning()
            self._schedule_snapshot()

    def _tell(self, waiting: list[Waiter], problem: Exception | None) -> None:
        for waiter in waiting:
            if waiter.told.done():
                continue  # cancelled with its call
            if problem is None and waiter.epoch == self._engine.epoch:
                waiter.told.set_result(None)
            else:
                waiter.told.set_exception(problem or LogUnavailable("an append after this one failed and undid it"))

    def _schedule_learning(self) -> None:
        if self._engine.lessons_owed and not self._learning_scheduled:
            self._learning_scheduled = True
            asyncio.get_running_loop().call_later(LEARN_DELAY_SECONDS, self._learn)

    def _learn(self) -> None:
        self._learning_scheduled = False
        try:
            self._engine.learn(LESSONS_PER_TURN)
        except Exception:  # whoever asks the model next is told
            log.exception("learning_failed", last_seq=self._engine.log.last_seq)
        else:
            self._schedule_learning()

    def _schedule_snapshot(self) -> None:
        if self._snapshot_scheduled or self._engine.events_since_snapshot < self._snapshot_at_events:
            return
        self._snapshot_scheduled = True
        asyncio.get_running_loop().call_later(SNAPSHOT_DELAY_SECONDS, self._snapshot_when_committed)

    def _snapshot_when_committed(self) -> None:
        self.commit_now()  # a snapshot must not hold what a failing commit would take back
        self.snapshot_now()
        self._snapshot_scheduled = False

    def snapshot_now(self) -> None:
        """Save a snapshot; a failure is logged and tried again when as many events have come once more."""
        try:
            self._engine.snapshot(wall_clock_us())
        except Exception:  # the log holds everything, so a missing snapshot only makes the next start slower
            self._snapshot_at_events = self._engine.events_since_snapshot + self._snapshot_every_events
            log.exception("snapshot_failed", last_seq=self._engine.log.last_seq)
        else:
            self._snapshot_at_events = self._snapshot_every_events
            log.info("snapshot_saved", last_seq=self._engine.log.last_seq)
