"""ModelService over a real channel: looking at models, freezing, the kill switch, rolling back."""

import sqlite3
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from decisioning.v1 import decisioning_service_pb2 as decisioning_pb
from decisioning.v1 import model_service_pb2 as pb

from engine.engine import Engine
from server.clock import wall_clock_us
from tests.engine.operated import ruin
from tests.server.served import Client, refusal, served

REBUILDING = {"RebuildModels", "ListRebuilds"}  # test_rebuilds.py calls them

METHODS = ("GetModel", "Rollback", "FreezeChannel", "UnfreezeChannel", "SwitchToFallback", "SwitchBack")


def call(client: Client, method: str, **fields: object) -> pb.ChannelModels:
    """Make a call about a channel, e-mail unless told otherwise."""
    request = getattr(pb, f"{method}Request")(**({"campaign": "wardrobe", "channel": "email"} | fields))
    answer: pb.ChannelModels = getattr(client.models, method)(request)
    return answer


def e_mailed(client: Client) -> decisioning_pb.DecideResponse:
    """Return the next decision for e-mail whose customer is not in the control group."""
    for number in range(1_000):
        request = decisioning_pb.DecideRequest(
            campaign="wardrobe", customer_id=f"customer-{number}", channels=["email"]
        )
        answer = client.decisioning.Decide(request)
        if answer.channel and not answer.control:
            return answer
    raise AssertionError("nobody was sent an e-mail")


def taught(client: Client, lessons: int) -> None:
    """Decide and reward so often that the e-mail models take this many lessons."""
    for _ in range(lessons):
        reward = decisioning_pb.RewardRequest(decision_id=e_mailed(client).decision_id, outcome="clicked")
        client.decisioning.Reward(reward)


def kinds(data: Path) -> list[str]:
    """Return the kinds of the log's committed events about models, read beside the running service."""
    with closing(sqlite3.connect(f"file:{data / 'log.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT kind FROM events WHERE kind LIKE '%switched' OR kind LIKE '%rolled_back'")
        return [kind for (kind,) in rows]


def saved(engine: Engine, snapshots: int) -> list[int]:
    """Save snapshots at different places in the log and return the places, newest first."""
    places: list[int] = []
    for number in range(snapshots):
        (engine.resume_campaign if number % 2 else engine.pause_campaign)("wardrobe", wall_clock_us())
        engine.snapshot(wall_clock_us())
        places.insert(0, engine.snapshot_seq)
    engine.resume_campaign("wardrobe", wall_clock_us())
    engine.commit()
    return places


def test_snapshots_are_listed_newest_first_page_by_page(engine: Engine) -> None:
    """Every snapshot is on exactly one page, with its place in the log, time and models."""
    places = saved(engine, 3)
    with served(engine) as client:
        first = client.models.ListSnapshots(pb.ListSnapshotsRequest(page_size=2))
        last = client.models.ListSnapshots(pb.ListSnapshotsRequest(page_size=2, page_token=first.next_page_token))
        whole = client.models.ListSnapshots(pb.ListSnapshotsRequest())
    assert ([one.seq for one in first.snapshots], [one.seq for one in last.snapshots]) == (places[:2], places[2:])
    assert (last.next_page_token, whole.next_page_token) == ("", "")
    assert list(whole.snapshots) == [*first.snapshots, *last.snapshots]
    assert list(last.snapshots[0].models) == sorted(engine.state.models)
    assert abs(last.snapshots[0].create_time.ToMicroseconds() - wall_clock_us()) < 60_000_000


@pytest.mark.parametrize(("field", "value"), [("page_size", -1), ("page_token", "no token")])
def test_a_page_that_cannot_be_is_refused(engine: Engine, field: str, value: object) -> None:
    """A negative page size and a token that was never given are invalid, each by its name."""
    with served(engine) as client:
        told = refusal(lambda: client.models.ListSnapshots(pb.ListSnapshotsRequest(**{field: value})))
    assert (told.code, told.violations[0][0]) == (grpc.StatusCode.INVALID_ARGUMENT, field)


def test_a_model_tells_what_it_has_learned(engine: Engine) -> None:
    """A channel shows its two models with lessons, age and place in the log; the router has one; a new one no age."""
    with served(engine) as client:
        (fresh,) = call(client, "GetModel", channel="").models
        taught(client, 3)
        (router,) = call(client, "GetModel", channel="").models
        email = call(client, "GetModel").models
    assert (fresh.name, fresh.lessons, fresh.HasField("last_lesson_time"), fresh.seq) == (
        "wardrobe/router",
        0,
        False,
        1,
    )
    assert (router.lessons, router.failed_lessons, router.seq) == (3, 0, engine.log.last_seq)
    assert router.reward_unit == engine.state.reward_units["wardrobe"].size > 0
    assert 0 <= wall_clock_us() - router.last_lesson_time.ToMicroseconds() < 60_000_000
    assert [(model.name, model.lessons) for model in email] == [
        ("wardrobe/email/content", 3),
        ("wardrobe/email/send_slot", 3),
    ]
    assert len({model.sha256 for model in (fresh, router, *email)}) == 4
    assert {len(bytes.fromhex(model.sha256)) for model in email} == {32}


def test_a_frozen_channel_takes_no_lesson_until_it_is_unfrozen(engine: Engine, tmp_path: Path) -> None:
    """Freezing twice is one event, durable before the answer; the channel learns again as soon as it may."""
    with served(engine) as client:
        for _ in range(2):
            assert all(model.frozen for model in call(client, "FreezeChannel").models)
        assert kinds(tmp_path / "data") == ["channel_switched"]
        taught(client, 2)
        assert {model.lessons for model in call(client, "GetModel").models} == {0}
        assert call(client, "GetModel", channel="").models[0].lessons == 2
        assert not any(model.frozen for model in call(client, "UnfreezeChannel").models)
        taught(client, 1)
        assert {model.lessons for model in call(client, "GetModel").models} == {1}


def test_the_kill_switch_acts_on_the_very_next_decision(engine: Engine, tmp_path: Path) -> None:
    """The next Decide follows the fallback rule, with its true propensity, and the next after SwitchBack the models."""
    with served(engine) as client:
        taught(client, 5)
        for _ in range(2):
            assert all(model.fallback for model in call(client, "SwitchToFallback").models)
        assert kinds(tmp_path / "data") == ["channel_switched"]
        ruled = e_mailed(client)
        assert not any(model.fallback for model in call(client, "SwitchBack").models)
        modelled = e_mailed(client)
    router, content, slot = ruled.stages
    assert (ruled.reason, content.policy, slot.policy) == (decisioning_pb.REASON_FALLBACK, "uniform", "uniform")
    assert ruled.propensity == pytest.approx(router.propensity / 3 / 2, rel=1e-12)
    assert "fallback" in content.problem
    assert modelled.reason in {decisioning_pb.REASON_MODEL, decisioning_pb.REASON_EXPLORED}
    assert [stage.policy for stage in modelled.stages[1:]] == ["wardrobe/email/content", "wardrobe/email/send_slot"]


def test_a_rollback_brings_back_what_the_snapshot_knew(engine: Engine, tmp_path: Path) -> None:
    """The channel's models go back to the snapshot's, once; the router, which was not named, keeps what it learned."""
    with served(engine) as client:
        taught(client, 2)
        engine.snapshot(wall_clock_us())
        before = call(client, "GetModel").models
        taught(client, 3)
        for _ in range(2):
            after = call(client, "Rollback", snapshot_seq=engine.snapshot_seq).models
        assert kinds(tmp_path / "data") == ["models_rolled_back"]
        assert [model.lessons for model in after] == [model.lessons for model in before] == [2, 2]
        assert [model.last_lesson_time for model in after] == [model.last_lesson_time for model in before]
        assert call(client, "GetModel", channel="").models[0].lessons == 5


def test_a_refused_model_tells_why_until_it_has_learned(engine: Engine) -> None:
    """Decide says on which rung it stands, GetModel what happened to the model, and both forget it with a lesson."""
    with served(engine) as client:
        taught(client, 2)
        engine.snapshot(wall_clock_us())
        good_seq = engine.snapshot_seq
        ruin(engine, "wardrobe/email/content")
        refused = e_mailed(client)
        content, slot = call(client, "GetModel").models
        taught(client, 1)
        assert not any(model.problem for model in call(client, "GetModel").models)
    assert refused.reason == decisioning_pb.REASON_PREVIOUS_SNAPSHOT
    assert refused.stages[1].policy == "wardrobe/email/content"
    assert f"event {good_seq}" in content.problem == refused.stages[1].problem
    assert slot.problem == ""


@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_campaign_is_not_found(engine: Engine, method: str) -> None:
    """Every call about a campaign that was never applied says so."""
    with served(engine) as client:
        told = refusal(lambda: call(client, method, campaign="spring"))
    assert told.code is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("field", "value"), [("campaign", ""), ("campaign", "x" * 513), ("channel", "fax")])
def test_a_channel_that_is_none_is_invalid(engine: Engine, method: str, field: str, value: str) -> None:
    """Every call names the field that is wrong, and nothing of it gets into the log."""
    with served(engine) as client:
        told = refusal(lambda: call(client, method, **{field: value}))
    assert (told.code, told.violations[0][0]) == (grpc.StatusCode.INVALID_ARGUMENT, field)
    assert engine.log.last_seq == 1


def test_a_snapshot_that_is_none_is_not_found(engine: Engine) -> None:
    """A rollback needs a snapshot that is kept."""
    with served(engine) as client:
        told = refusal(lambda: call(client, "Rollback", snapshot_seq=7))
    assert (told.code, "ListSnapshots" in told.text) == (grpc.StatusCode.NOT_FOUND, True)


def test_a_damaged_snapshot_is_listed_as_such_and_refused(engine: Engine) -> None:
    """The list tells what is wrong with a snapshot, and a rollback to it fails until another is named."""
    (place,) = saved(engine, 1)
    engine.log._connection.execute("UPDATE snapshots SET folds = zeroblob(9)")
    with served(engine) as client:
        (listed,) = client.models.ListSnapshots(pb.ListSnapshotsRequest()).snapshots
        told = refusal(lambda: call(client, "Rollback", snapshot_seq=place))
    assert "checksum" in listed.problem
    assert (told.code, "damaged" in told.text) == (grpc.StatusCode.FAILED_PRECONDITION, True)


def test_an_operation_in_simulated_time_does_not_move_time(engine: Engine) -> None:
    """The log's own time stands still while an operator works, so that no window of a simulated past closes."""
    before = engine.state.clock_us
    with served(engine, simulated_time=True) as client:
        call(client, "FreezeChannel")
    assert [logged.time_us for logged in engine.log.read()][-1] == engine.state.clock_us == before


def test_every_method_of_the_contract_is_tested() -> None:
    """A method that is added to the service is called by the tests above or by those of rebuilds, or this one fails."""
    methods = {method.name for method in pb.DESCRIPTOR.services_by_name["ModelService"].methods}
    assert methods == {"ListSnapshots", *METHODS, *REBUILDING}
