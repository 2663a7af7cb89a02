"""CustomerService's methods: convert, ask the engine, wait for the log, convert back. Never a rule or a status."""

# ruff: noqa: N802  (the methods have the names that gRPC gives them)

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, TypeVar

import grpc
from decisioning.v1 import customer_service_pb2 as pb
from decisioning.v1.customer_service_pb2_grpc import CustomerServiceServicer
from grpc.aio import ServicerContext

from engine import customer_operations
from engine.customers.types import IdentifyRequest, LinkRequest, TrackRequest
from engine.engine import Engine
from server import convert_customers
from server.clock import request_time_us
from server.group_commit import GroupCommit
from server.track_stream import TrackStream, until

Context = ServicerContext[Any, Any]
Asked = TypeVar("Asked", IdentifyRequest, LinkRequest, TrackRequest)
Answer = TypeVar("Answer")

DRAINING = "the server is draining; what was committed of the stream stays, send it again with the same event_ids"


class CustomerServicer(CustomerServiceServicer):
    """Takes what is told of customers.

    Holds the engine, its commits, whether time is the requests' own, and whether the server drains.
    """

    def __init__(self, engine: Engine, group_commit: GroupCommit, *, simulated_time: bool) -> None:
        self._engine = engine
        self._group_commit = group_commit
        self._simulated_time = simulated_time
        self._draining = asyncio.Event()

    def drain(self) -> None:
        """End the streams, for good; a stream may be idle for hours and would hold up the drain."""
        self._draining.set()

    async def Identify(self, request: pb.IdentifyRequest, _context: Context) -> pb.IdentifyResponse:
        """Note what is known of a customer."""
        asked = convert_customers.identify_request(request)
        return convert_customers.identify_response(await self._done(customer_operations.identify, asked))

    async def Link(self, request: pb.LinkRequest, _context: Context) -> pb.LinkResponse:
        """Make two identities one customer."""
        asked = convert_customers.link_request(request)
        return convert_customers.link_response(await self._done(customer_operations.link, asked))

    async def Unlink(self, request: pb.UnlinkRequest, _context: Context) -> pb.UnlinkResponse:
        """Take back the link between two identities."""
        asked = convert_customers.link_request(request)
        return convert_customers.unlink_response(await self._done(customer_operations.unlink, asked))

    async def Track(self, request: pb.TrackRequest, _context: Context) -> pb.TrackResponse:
        """Note something that a customer did."""
        asked = convert_customers.track_request(request)
        return convert_customers.track_response(await self._done(customer_operations.track, asked))

    async def TrackStream(
        self, requests: AsyncIterator[pb.TrackStreamRequest], context: Context
    ) -> pb.TrackStreamResponse:
        """Note many things that customers did, and tell at the end what became of them."""
        stream = TrackStream(self._engine, simulated_time=self._simulated_time)
        async for request in until(self._draining, requests):
            for turns in stream.turns(request):
                await self._group_commit.run_in_turns(turns)
        if self._draining.is_set():
            await context.abort(grpc.StatusCode.UNAVAILABLE, DRAINING)
        return stream.response()

    async def _done(self, operation: Callable[[Engine, Asked, int], Answer], asked: Asked) -> Answer:
        """Do it at the moment it is for, and answer once that is durable."""
        now_us = request_time_us(asked.occur_time_us, self._simulated_time)
        return await self._group_commit.run(partial(operation, self._engine, asked, now_us))
