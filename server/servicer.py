"""The contract's methods: convert, ask the engine, wait for the log, convert back. Never a rule or a status."""

# ruff: noqa: N802  (the methods have the names that gRPC gives them)

from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog
from decisioning.v1 import campaign_service_pb2 as campaign_pb
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.campaign_service_pb2_grpc import CampaignServiceServicer
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceServicer
from google.rpc.code_pb2 import INTERNAL
from google.rpc.status_pb2 import Status
from grpc.aio import ServicerContext

from engine.engine import Engine
from engine.errors import InvalidRequest, LogUnavailable
from engine.explaining import explain
from server import convert, paging, refusals
from server.clock import change_time_us, request_time_us
from server.group_commit import GroupCommit
from server.logs import clip
from server.rebuilds import Rebuilds
from server.replies import BatchReply, Reply, batch_reply, decide_reply

Context = ServicerContext[Any, Any]

DECISIONS_PER_TURN = 50  # of a batch, some 5 ms: nobody else waits longer than that for the event loop

log = structlog.get_logger()


class DecisioningServicer(DecisioningServiceServicer):
    """Decides, takes rewards and activations; holds the engine, its commits, and whether time is the requests' own."""

    def __init__(self, engine: Engine, group_commit: GroupCommit, *, simulated_time: bool, max_batch: int) -> None:
        self._engine = engine
        self._group_commit = group_commit
        self._simulated_time = simulated_time
        self._max_batch = max_batch

    async def Decide(  # type: ignore[override]  # its bytes, which the interceptor sends as they are
        self, request: pb.DecideRequest, _context: Context
    ) -> Reply:
        """Choose for one customer at one moment."""
        return await self._group_commit.run(partial(self._decide, request))

    async def BatchDecide(  # type: ignore[override]  # its bytes, which the interceptor sends as they are
        self, request: pb.BatchDecideRequest, _context: Context
    ) -> BatchReply:
        """Choose for many customers, each failure in its place."""
        count = len(request.requests)
        if not 1 <= count <= self._max_batch:
            raise InvalidRequest(("requests", f"must be 1 to {self._max_batch:,} requests, not {count:,}"))
        results: list[Reply | Status] = []
        for start in range(0, count, DECISIONS_PER_TURN):
            turn = request.requests[start : start + DECISIONS_PER_TURN]
            results += await self._group_commit.run(partial(self._decide_each, turn))
        return batch_reply(results)

    async def Reward(self, request: pb.RewardRequest, _context: Context) -> pb.RewardResponse:
        """Take what came of a decision."""
        reward = convert.reward_request(request)
        now_us = request_time_us(reward.occur_time_us, self._simulated_time)
        receipt = await self._group_commit.run(partial(self._engine.reward, reward, now_us))
        return convert.reward_response(receipt)

    async def Activate(self, request: pb.ActivateRequest, _context: Context) -> pb.ActivateResponse:
        """Note that a decision was carried out."""
        activation = convert.activate_request(request)
        now_us = request_time_us(activation.activate_time_us, self._simulated_time)
        receipt = await self._group_commit.run(partial(self._engine.activate, activation, now_us))
        return convert.activate_response(receipt)

    def _decide(self, message: pb.DecideRequest) -> Reply:
        now_us = request_time_us(convert.decide_time_us(message, self._simulated_time), self._simulated_time)
        request = convert.decide_request(message)
        removals = explain(self._engine, request, now_us) if message.explain else ()
        return decide_reply(self._engine.decide(request, now_us), removals)

    def _decide_each(self, messages: Sequence[pb.DecideRequest]) -> list[Reply | Status]:
        epoch = self._engine.epoch
        return [self._decide_one(message, epoch) for message in messages]

    def _decide_one(self, message: pb.DecideRequest, epoch: int) -> Reply | Status:
        try:
            return self._decide(message)
        except Exception as error:
            if isinstance(error, LogUnavailable) or self._engine.epoch != epoch:
                raise  # it took those before it back as well, so the call as a whole fails
            status = refusals.status(error)
            if status.code == INTERNAL:
                log.exception("decision_failed", request_id=clip(message.request_id))
            return status


class CampaignServicer(CampaignServiceServicer):
    """Applies, shows, pauses and resumes campaigns.

    Holds the engine, its commits, the rebuilds that a changed campaign calls for, and whether time is simulated.
    """

    def __init__(self, engine: Engine, group_commit: GroupCommit, rebuilds: Rebuilds, *, simulated_time: bool) -> None:
        self._engine = engine
        self._group_commit = group_commit
        self._rebuilds = rebuilds
        self._simulated_time = simulated_time

    async def ApplyCampaign(self, request: campaign_pb.ApplyCampaignRequest, _context: Context) -> campaign_pb.Campaign:
        """Put a version of a campaign into force."""
        act = partial(self._engine.apply_campaign, request.source, change_time_us(self._engine, self._simulated_time))
        status = await self._group_commit.run(act)
        self._rebuilds.start()
        return convert.campaign(status)

    async def GetCampaign(self, request: campaign_pb.GetCampaignRequest, _context: Context) -> campaign_pb.Campaign:
        """Return one campaign as it stands."""
        act = partial(self._engine.campaign, request.name)
        return convert.campaign(await self._group_commit.run(act))

    async def ListCampaigns(
        self, request: campaign_pb.ListCampaignsRequest, _context: Context
    ) -> campaign_pb.ListCampaignsResponse:
        """Return a page of campaigns in the order of their names."""
        campaigns = await self._group_commit.run(self._engine.campaigns)
        page, token = paging.page(campaigns, lambda status: status.name, request.page_size, request.page_token)
        summaries = [convert.campaign_summary(status) for status in page]
        return campaign_pb.ListCampaignsResponse(campaigns=summaries, next_page_token=token)

    async def PauseCampaign(self, request: campaign_pb.PauseCampaignRequest, _context: Context) -> campaign_pb.Campaign:
        """Stop a campaign from deciding."""
        act = partial(self._engine.pause_campaign, request.name, change_time_us(self._engine, self._simulated_time))
        return convert.campaign(await self._group_commit.run(act))

    async def ResumeCampaign(
        self, request: campaign_pb.ResumeCampaignRequest, _context: Context
    ) -> campaign_pb.Campaign:
        """Let a paused campaign decide again."""
        act = partial(self._engine.resume_campaign, request.name, change_time_us(self._engine, self._simulated_time))
        return convert.campaign(await self._group_commit.run(act))
