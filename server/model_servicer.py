"""ModelService's methods: ask for a model operation, wait for the log, convert. Never a rule or a status."""

# ruff: noqa: N802  (the methods have the names that gRPC gives them)

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from decisioning.v1 import model_service_pb2 as pb
from decisioning.v1.model_service_pb2_grpc import ModelServiceServicer
from grpc.aio import ServicerContext

from engine import model_operations
from engine.engine import Engine
from engine.model_events import Switch
from engine.model_operations import ModelStatus, SnapshotStatus
from server import convert_models, paging
from server.clock import change_time_us
from server.group_commit import GroupCommit
from server.rebuilds import Rebuilds

Context = ServicerContext[Any, Any]


class NamesChannel(Protocol):
    """A request about one channel of a campaign."""

    campaign: str
    channel: str


class ModelServicer(ModelServiceServicer):
    """Shows and steers models.

    Holds the engine, its group commit, the rebuilds under way and whether time is the requests' own.
    """

    def __init__(self, engine: Engine, group_commit: GroupCommit, rebuilds: Rebuilds, *, simulated_time: bool) -> None:
        self._engine = engine
        self._group_commit = group_commit
        self._rebuilds = rebuilds
        self._simulated_time = simulated_time

    async def ListSnapshots(self, request: pb.ListSnapshotsRequest, _context: Context) -> pb.ListSnapshotsResponse:
        """Return a page of the stored snapshots, newest first."""
        found = await self._group_commit.run(partial(model_operations.snapshots, self._engine))
        page, token = paging.page(found, _newest_first, request.page_size, request.page_token)
        return pb.ListSnapshotsResponse(snapshots=map(convert_models.snapshot, page), next_page_token=token)

    async def GetModel(self, request: pb.GetModelRequest, _context: Context) -> pb.ChannelModels:
        """Return a channel's models as they stand."""
        return await self._models_after(request, lambda _now_us: None)

    async def Rollback(self, request: pb.RollbackRequest, _context: Context) -> pb.ChannelModels:
        """Put a channel's models back to a stored snapshot's."""
        act = partial(model_operations.roll_back, self._engine, request.campaign, request.channel, request.snapshot_seq)
        return await self._models_after(request, act)

    async def FreezeChannel(self, request: pb.FreezeChannelRequest, _context: Context) -> pb.ChannelModels:
        """Let a channel's models learn no more."""
        return await self._switched(request, Switch.FROZEN, on=True)

    async def UnfreezeChannel(self, request: pb.UnfreezeChannelRequest, _context: Context) -> pb.ChannelModels:
        """Let a channel's models learn again."""
        return await self._switched(request, Switch.FROZEN, on=False)

    async def SwitchToFallback(self, request: pb.SwitchToFallbackRequest, _context: Context) -> pb.ChannelModels:
        """Put a channel on the campaign's fallback rule."""
        return await self._switched(request, Switch.FALLBACK, on=True)

    async def SwitchBack(self, request: pb.SwitchBackRequest, _context: Context) -> pb.ChannelModels:
        """Give a channel back to its models."""
        return await self._switched(request, Switch.FALLBACK, on=False)

    async def RebuildModels(self, request: pb.RebuildModelsRequest, _context: Context) -> pb.Rebuild:
        """Begin to learn a campaign's models anew."""
        now_us = change_time_us(self._engine, self._simulated_time)
        act = partial(model_operations.start_rebuild, self._engine, request.campaign, now_us)
        rebuild = await self._group_commit.run(act)
        self._rebuilds.start()
        return convert_models.rebuild(request.campaign, rebuild, 0)

    async def ListRebuilds(self, request: pb.ListRebuildsRequest, _context: Context) -> pb.ListRebuildsResponse:
        """Return a page of the rebuilds under way."""
        under_way = await self._group_commit.run(lambda: list(self._engine.rebuilds.items()))
        page, token = paging.page(under_way, lambda item: item[0], request.page_size, request.page_token)
        found = [convert_models.rebuild(name, one, self._rebuilds.reached(name, one.upto_seq)) for name, one in page]
        return pb.ListRebuildsResponse(rebuilds=found, next_page_token=token)

    async def _switched(self, request: NamesChannel, kind: Switch, *, on: bool) -> pb.ChannelModels:
        act = partial(model_operations.switch, self._engine, request.campaign, request.channel, kind, on=on)
        return await self._models_after(request, act)

    async def _models_after(self, request: NamesChannel, act: Callable[[int], None]) -> pb.ChannelModels:
        """Act at the moment that it is, and return the channel's models as they then stand, once that is durable."""

        def acted() -> list[ModelStatus]:
            act(change_time_us(self._engine, self._simulated_time))
            return model_operations.models(self._engine, request.campaign, request.channel)

        return convert_models.channel_models(await self._group_commit.run(acted))


def _newest_first(status: SnapshotStatus) -> str:
    return paging.newest_first(status.seq)
