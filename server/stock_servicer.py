"""StockService's methods: ask the engine, wait for the log, convert. Never a rule or a status."""

# ruff: noqa: N802  (the methods have the names that gRPC gives them)

from functools import partial
from typing import Any

from decisioning.v1 import stock_service_pb2 as pb
from decisioning.v1.stock_service_pb2_grpc import StockServiceServicer
from grpc.aio import ServicerContext

from engine import stock_operations
from engine.engine import Engine
from engine.stock_operations import StockStatus
from server import paging
from server.clock import change_time_us
from server.convert import timestamp
from server.group_commit import GroupCommit

Context = ServicerContext[Any, Any]


class StockServicer(StockServiceServicer):
    """Takes and shows stock; holds the engine, its commits, and whether time is the requests' own."""

    def __init__(self, engine: Engine, group_commit: GroupCommit, *, simulated_time: bool) -> None:
        self._engine = engine
        self._group_commit = group_commit
        self._simulated_time = simulated_time

    async def SetStock(self, request: pb.SetStockRequest, _context: Context) -> pb.Stock:
        """Note what is left of a SKU."""
        now_us = change_time_us(self._engine, self._simulated_time)
        act = partial(stock_operations.set_stock, self._engine, request.sku, request.units, now_us)
        return _stock(await self._group_commit.run(act))

    async def ListStock(self, request: pb.ListStockRequest, _context: Context) -> pb.ListStockResponse:
        """Return a page of what is left."""
        found = await self._group_commit.run(partial(stock_operations.stock, self._engine))
        page, token = paging.page(found, lambda status: status.sku, request.page_size, request.page_token)
        return pb.ListStockResponse(stock=map(_stock, page), next_page_token=token)


def _stock(status: StockStatus) -> pb.Stock:
    return pb.Stock(sku=status.sku, units=status.units, set_time=timestamp(status.set_time_us))
