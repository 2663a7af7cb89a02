"""One stream of tracked events: its turns on the event loop, and what became of each event. Never a commit or a rule.

Whatever its length, a stream is held in constant memory: one message of it, four counts, and its first errors.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import structlog
from decisioning.v1 import customer_service_pb2 as pb
from google.rpc.code_pb2 import INTERNAL

from engine.customer_operations import track
from engine.engine import Engine
from engine.errors import InvalidRequest, LogUnavailable
from server import convert_customers, refusals
from server.clock import told_time_us

EVENTS_MAX = 1_000
EVENTS_PER_TURN = 40  # some 3 ms: nobody else waits longer than that for the event loop
EVENTS_PER_COMMIT = 200  # some 5 ms of writing: more would be little faster, and whoever decides meanwhile waits for it
ERRORS_MAX = 100

T = TypeVar("T")

log = structlog.get_logger()


async def until(end: asyncio.Event, messages: AsyncIterator[T]) -> AsyncIterator[T]:
    """Yield a stream's messages until it ends or `end` is set, whichever is first, though the stream may be idle."""
    ended = asyncio.ensure_future(end.wait())
    try:
        while True:
            coming = asyncio.ensure_future(anext(messages, None))
            try:
                await asyncio.wait({coming, ended}, return_when=asyncio.FIRST_COMPLETED)
                if ended.done() or (message := await coming) is None:
                    return
            finally:
                coming.cancel()
            yield message
    finally:
        ended.cancel()


class TrackStream:
    """Takes a stream's events; holds the engine, how many there were of each fate, and the first that were refused."""

    def __init__(self, engine: Engine, *, simulated_time: bool) -> None:
        self._engine = engine
        self._simulated_time = simulated_time
        self._taken = 0
        self._response = pb.TrackStreamResponse()

    def turns(self, request: pb.TrackStreamRequest) -> Iterator[list[Callable[[], None]]]:
        """Yield acts that take a message's events: each short enough for one turn of the event loop, those of a commit
        together.

        Raises InvalidRequest where there are none or too many of them.
        """
        count = len(request.events)
        if not 1 <= count <= EVENTS_MAX:
            raise InvalidRequest(("events", f"must be 1 to {EVENTS_MAX:,} events, not {count:,}"))
        for start in range(0, count, EVENTS_PER_COMMIT):
            turns = range(start, min(start + EVENTS_PER_COMMIT, count), EVENTS_PER_TURN)
            yield [partial(self._track_each, request.events[turn : turn + EVENTS_PER_TURN]) for turn in turns]

    def response(self) -> pb.TrackStreamResponse:
        """Return what became of all events taken."""
        return self._response

    def _track_each(self, messages: Sequence[pb.TrackRequest]) -> None:
        epoch = self._engine.epoch
        for message in messages:
            self._track(message, epoch)
            self._taken += 1

    def _track(self, message: pb.TrackRequest, epoch: int) -> None:
        try:
            asked = convert_customers.track_request(message)
            receipt = track(self._engine, asked, told_time_us(self._engine, asked.occur_time_us, self._simulated_time))
        except Exception as error:
            if isinstance(error, LogUnavailable) or self._engine.epoch != epoch:
                raise  # it took those before it back as well, so the stream fails
            self._refuse(error)
            return
        if receipt.duplicate:
            self._response.duplicates += 1
        elif receipt.quarantined:
            self._response.quarantined += 1
        else:
            self._response.accepted += 1

    def _refuse(self, error: Exception) -> None:
        self._response.refused += 1
        status = refusals.status(error)
        if status.code == INTERNAL:
            log.exception("event_failed", index=self._taken)
        if len(self._response.errors) < ERRORS_MAX:
            self._response.errors.add(index=self._taken, status=status)
