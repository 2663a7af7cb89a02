"""CustomerService's methods: convert, ask the engine, wait for the log, convert back. Never a rule or a status."""

# ruff: noqa: N802  (the methods have the names that gRPC gives them)

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, TypeVar

import grpc
from decisioning.v1 import customer_pb2 as customer_pb
from decisioning.v1 import customer_service_pb2 as pb
from decisioning.v1.customer_service_pb2_grpc import CustomerServiceServicer
from grpc.aio import ServicerContext

from engine import customer_operations, erasure, quarantine, sight
from engine.customers.types import IdentifyRequest, LinkRequest, TrackRequest
from engine.engine import Engine
from server import convert, convert_customers, convert_sight, paging
from server.clock import change_time_us, told_time_us
from server.export_pieces import pieces
from server.group_commit import GroupCommit
from server.rebuilds import Rebuilds
from server.scrubbing import Scrubbing
from server.track_stream import TrackStream, until

Context = ServicerContext[Any, Any]
Asked = TypeVar("Asked", IdentifyRequest, LinkRequest, TrackRequest)
Answer = TypeVar("Answer")

DRAINING = "the server is draining; what was committed of the stream stays, send it again with the same event_ids"


class CustomerServicer(CustomerServiceServicer):
    """Takes what is told of customers, shows what was put aside of it, shows them and erases them.

    Holds the engine, its commits, the rebuilds that an erasure calls for, the cleaning of files after erasures, whether
    the server drains, and
    whether time is the requests' own.
    """

    def __init__(self, engine: Engine, group_commit: GroupCommit, rebuilds: Rebuilds, *, simulated_time: bool) -> None:
        self._scrubbing = Scrubbing(engine, group_commit)
        self._rebuilds = rebuilds
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

    async def ListQuarantine(self, request: pb.ListQuarantineRequest, _context: Context) -> pb.ListQuarantineResponse:
        """Return a page of what was put aside, newest first, and how much of each reason."""
        before, size = paging.seq_before(request.page_token), paging.sized(request.page_size)
        act = partial(quarantine.quarantined, self._engine, reason=request.reason, before_seq=before, limit=size + 1)
        found = await self._group_commit.run(act)
        page, token = paging.page(found, lambda one: paging.newest_first(one.seq), size, "")
        counts = convert_customers.quarantine_counts(quarantine.counts(self._engine))
        facts = map(convert_customers.quarantined_fact, page)
        return pb.ListQuarantineResponse(facts=facts, next_page_token=token, counts=counts)

    async def Readmit(self, request: pb.ReadmitRequest, _context: Context) -> pb.ReadmitResponse:
        """Let in what was put aside."""
        act = partial(quarantine.readmit, self._engine, request.seq)
        now_us = change_time_us(self._engine, self._simulated_time)
        return convert_customers.readmit_response(await self._group_commit.run(partial(act, now_us)))

    async def GetCustomer(self, request: pb.GetCustomerRequest, _context: Context) -> customer_pb.Customer:
        """Show what is known of a customer."""
        identity = convert.identity(request.identity)
        act = partial(sight.customer, self._engine, identity, self._now_us())
        return convert_sight.customer(await self._group_commit.run(act))

    async def ExportCustomer(
        self, request: pb.ExportCustomerRequest, _context: Context
    ) -> AsyncIterator[pb.ExportCustomerResponse]:
        """Give what is known of a customer and every event about her, in pieces."""
        identity = convert.identity(request.identity)
        act = partial(sight.exported, self._engine, identity, self._now_us())
        for piece in pieces(await self._group_commit.run(act)):
            yield pb.ExportCustomerResponse(json=piece)

    async def EraseCustomer(self, request: pb.EraseCustomerRequest, _context: Context) -> pb.EraseCustomerResponse:
        """Erase a customer, and answer when the files are clean of her or cannot be yet."""
        identity, now_us = convert.identity(request.identity), self._now_us()
        act = partial(erasure.erase, self._engine, identity, now_us, rebuild_models=request.rebuild_models)
        erased = await self._group_commit.run(act)
        self._rebuilds.start()
        return convert_customers.erase_response(erased, files_clean=await self._scrubbing.done())

    def _now_us(self) -> int:
        return change_time_us(self._engine, self._simulated_time)

    async def _done(self, operation: Callable[[Engine, Asked, int], Answer], asked: Asked) -> Answer:
        """Do it at the moment it is for, and answer once that is durable."""
        now_us = told_time_us(self._engine, asked.occur_time_us, self._simulated_time)
        return await self._group_commit.run(partial(operation, self._engine, asked, now_us))
