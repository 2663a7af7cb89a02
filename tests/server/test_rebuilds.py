"""A changed reward table over the wire: learned anew beside the calls, swapped in, and begun again after a stop."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1 import model_service_pb2 as model_pb
from decisioning.v1.campaign_service_pb2 import ApplyCampaignRequest
from decisioning.v1.campaign_service_pb2_grpc import CampaignServiceStub
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceStub
from decisioning.v1.model_service_pb2_grpc import ModelServiceStub

from engine.engine import Engine
from engine.history import past_of
from engine.model_events import ModelsRebuilt
from engine.opening import open_engine
from engine.rebuilt_file import read_rebuilt, rebuilt_file
from engine.replay import replay
from server import rebuilds
from tests.conftest import StartedServer
from tests.server.served import served
from tests.wardrobe import CAMPAIGN

REVALUED = CAMPAIGN.replace("clicked: 0.2", "clicked: 0.9")
PATIENCE_SECONDS = 60


def said(server: StartedServer, event: str) -> list[dict[str, object]]:
    """Return the lines of a server's log that tell of an event."""
    lines = (json.loads(line) for line in server.log.read_text().splitlines())
    return [line for line in lines if line["event"] == event]


def wait_until_said(server: StartedServer, event: str, times: int = 1) -> None:
    """Wait until a server's log has told of an event so often; fails where it never does."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while len(said(server, event)) < times:
        assert time.monotonic() < give_up_at, server.log.read_text()
        time.sleep(0.02)


def rewarded(service: DecisioningServiceStub, numbers: range) -> None:
    """Decide for customers and reward each with a click."""
    for number in numbers:
        answer = service.Decide(pb.DecideRequest(campaign="wardrobe", customer_id=f"customer-{number}"))
        service.Reward(pb.RewardRequest(decision_id=answer.decision_id, outcome="clicked"))


def test_a_changed_reward_table_is_learned_anew_while_calls_are_answered(
    start_server: Callable[..., StartedServer], tmp_path: Path
) -> None:
    """The rebuild begins by itself, decisions go on, the swap is in the log, and the log replays to the same."""
    campaign = tmp_path / "wardrobe.yaml"
    campaign.write_text(CAMPAIGN)
    server = start_server("--data", tmp_path / "data", "--campaign", campaign)
    with grpc.insecure_channel(server.address) as channel:
        service = DecisioningServiceStub(channel)
        rewarded(service, range(200))
        CampaignServiceStub(channel).ApplyCampaign(ApplyCampaignRequest(source=REVALUED))
        rewarded(service, range(200, 300))
        wait_until_said(server, "rebuild_swapped")
        rewarded(service, range(300, 350))
    assert server.stop() == 0
    engine = open_engine(tmp_path / "data", durability="process")
    assert not engine.state.rebuilds
    again = replay(engine.log.read(), past_of(engine.log))
    assert again.different == ()
    engine.close()


def test_a_rebuild_that_was_cut_off_is_begun_again_at_the_next_start(
    start_server: Callable[..., StartedServer], tmp_path: Path
) -> None:
    """A server that is killed during a rebuild finishes it after its restart."""
    campaign, data = tmp_path / "wardrobe.yaml", tmp_path / "data"
    campaign.write_text(CAMPAIGN)
    server = start_server("--data", data, "--campaign", campaign)
    with grpc.insecure_channel(server.address) as channel:
        rewarded(DecisioningServiceStub(channel), range(50))
        CampaignServiceStub(channel).ApplyCampaign(ApplyCampaignRequest(source=REVALUED))
    server.process.kill()
    server.process.wait()
    swapped_before = len(said(server, "rebuild_swapped"))
    assert swapped_before == 0
    server = start_server("--data", data)
    wait_until_said(server, "rebuild_swapped")
    assert server.stop() == 0


def test_what_is_taught_meanwhile_is_learned_in_rounds_before_the_swap(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process catches up until no lesson more than allowed is left for the swap; one given up swaps nothing."""
    monkeypatch.setattr(rebuilds, "SWAP_LESSONS_MAX", 0)
    monkeypatch.setattr(rebuilds, "ROUND_LESSONS_MAX", 20)
    with served(engine) as client:
        rewarded(client.decisioning, range(50))
        client.models.RebuildModels(model_pb.RebuildModelsRequest(campaign="wardrobe"))
        begun = client.models.RebuildModels(model_pb.RebuildModelsRequest(campaign="wardrobe"))
        rewarded(client.decisioning, range(50, 150))
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while client.models.ListRebuilds(model_pb.ListRebuildsRequest()).rebuilds:
            assert time.monotonic() < give_up_at
            time.sleep(0.02)
    left = read_rebuilt(rebuilt_file(engine.log.folder, "wardrobe", begun.upto_seq))
    assert left is not None
    assert left.caught_up == 100
    swapped = [logged.event for logged in engine.log.read() if isinstance(logged.event, ModelsRebuilt)]
    assert [event.upto_seq for event in swapped] == [begun.upto_seq]
    assert replay(engine.log.read(), past_of(engine.log)).different == ()


def test_a_rebuild_can_be_asked_for_and_watched(start_server: Callable[..., StartedServer], tmp_path: Path) -> None:
    """RebuildModels begins one of the version in force, and ListRebuilds shows it until it is swapped in."""
    campaign = tmp_path / "wardrobe.yaml"
    campaign.write_text(CAMPAIGN)
    server = start_server("--data", tmp_path / "data", "--campaign", campaign)
    with grpc.insecure_channel(server.address) as channel:
        models = ModelServiceStub(channel)
        rewarded(DecisioningServiceStub(channel), range(100))
        begun = models.RebuildModels(model_pb.RebuildModelsRequest(campaign="wardrobe"))
        assert (begun.campaign, begun.version, begun.upto_seq) == ("wardrobe", 1, 202)
        (shown,) = models.ListRebuilds(model_pb.ListRebuildsRequest()).rebuilds
        assert (shown.campaign, shown.upto_seq) == ("wardrobe", 202)
        wait_until_said(server, "rebuild_swapped")
        assert not models.ListRebuilds(model_pb.ListRebuildsRequest()).rebuilds
        with pytest.raises(grpc.RpcError) as refused:
            models.RebuildModels(model_pb.RebuildModelsRequest(campaign="shoes"))
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND
