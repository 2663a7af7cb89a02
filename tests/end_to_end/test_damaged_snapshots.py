"""Damaged snapshots under a server that goes on answering: none is believed, by nobody, and no caller notices."""

import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1 import model_service_pb2 as model_pb
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceStub

from engine.engine import Engine
from engine.events import DecisionTaken, Reason
from engine.history import past_of
from engine.model_events import ModelsRolledBack
from engine.opening import open_engine
from engine.policy import content_name
from engine.replay import replay
from tests.conftest import StartedServer
from tests.engine.test_replay import same_weights
from tests.server.served import Client, refusal, served
from tests.wardrobe import CAMPAIGN, KEY, NOON_US

FIT = {f"REASON_{name}" for name in ("MODEL", "EXPLORED", "CONTROL", "NOTHING_SENT", "ONLY_CHOICE")}
TRUNCATED, FLIPPED = 200, 500
Part = tuple[str, str, tuple[Any, ...]]
"""Where some bytes of a snapshot lie: a table, a column, and what its row is found by."""
EMAIL = content_name("wardrobe", "email")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Open an engine with three snapshots, between which every model has learned."""
    engine = open_engine(tmp_path / "data", durability="process", secret_key=KEY)
    with closing(engine), served(engine, snapshot_every_events=1_000_000) as client:
        engine.apply_campaign(CAMPAIGN, NOON_US)
        for _ in range(3):
            rewarded(client.decisioning, 30)
            client.wait_for(on_loop(client, lambda: engine.snapshot(engine.state.clock_us)))
    engine = open_engine(tmp_path / "data", durability="process", secret_key=KEY)
    with closing(engine):
        yield engine


def rewarded(service: DecisioningServiceStub, times: int) -> None:
    """Decide on every channel, and reward messages rather than silence, so that every model is asked and learns."""
    for number in range(times):
        request = pb.DecideRequest(campaign="wardrobe", customer_id=f"customer-{number}")
        request.channels.append(("email", "app")[number % 2])
        answer = service.Decide(request)
        outcome = "purchased" if answer.channel else "unsubscribed"
        service.Reward(pb.RewardRequest(decision_id=answer.decision_id, outcome=outcome))


async def on_loop(client: Client, act: Callable[[], Any]) -> Any:
    """Act between two calls of the server, as everything does that touches its engine."""
    return await client.service.group_commit.run(act)


@contextmanager
def deciding(address: str) -> Iterator[Counter[str]]:
    """Decide over the wire without a pause until the block ends, and count what came of it by name."""
    answers: Counter[str] = Counter()
    stop = threading.Event()

    def decide() -> None:
        with grpc.insecure_channel(address) as channel:
            service = DecisioningServiceStub(channel)
            for number in range(10_000_000):
                try:
                    answer = service.Decide(pb.DecideRequest(campaign="wardrobe", customer_id=f"c{number}"), timeout=30)
                    answers[pb.Reason.Name(answer.reason)] += 1
                except grpc.RpcError as failure:
                    answers[str(failure.code())] += 1
                if stop.is_set():
                    return

    thread = threading.Thread(target=decide)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join()


class Stored:
    """The snapshots in a log's file, for damaging them part by part and mending them again."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute
        self.seqs = [seq for (seq,) in self._run("SELECT seq FROM snapshots ORDER BY seq DESC")]
        self._whole = {part: self._read(part) for seq in self.seqs for part in self._parts(seq)}

    def damage(self, seq: int, generator: random.Random, *, truncated: bool) -> None:
        """Cut off the end of one part of a snapshot, or flip one of its bits."""
        part = generator.choice(self._parts(seq))
        content = bytearray(self._whole[part])
        place = generator.randrange(len(content))
        if truncated:
            del content[place:]
        else:
            content[place] ^= 1 << generator.randrange(8)
        self._write(part, bytes(content))

    def mend(self) -> None:
        """Bring every snapshot back."""
        for part, content in self._whole.items():
            self._write(part, content)

    def _parts(self, seq: int) -> list[Part]:
        names = self._run("SELECT name FROM snapshot_models WHERE seq = ? ORDER BY name", (seq,)).fetchall()
        parts: list[Part] = [("snapshots", column, (seq,)) for column in ("folds", "sha256")]
        return parts + [("snapshot_models", "model", (seq, name)) for (name,) in names]

    def _read(self, part: Part) -> bytes:
        table, column, key = part
        (content,) = self._run(f"SELECT {column} FROM {table} WHERE {_where(key)}", key).fetchone()  # noqa: S608
        return bytes(content)

    def _write(self, part: Part, content: bytes) -> None:
        table, column, key = part
        self._run(f"UPDATE {table} SET {column} = ? WHERE {_where(key)}", (content, *key))  # noqa: S608


def _where(key: tuple[Any, ...]) -> str:
    return "seq = ? AND name = ?" if len(key) == 2 else "seq = ?"


def test_700_damaged_snapshots_are_refused_while_decide_answers(engine: Engine) -> None:
    """Each is listed with what is wrong, none can be rolled back to, and every Decide meanwhile is the models'."""
    generator = random.Random(700)
    damages = [True] * TRUNCATED + [False] * FLIPPED
    generator.shuffle(damages)
    refused = 0
    with served(engine, snapshot_every_events=1_000_000) as client, deciding(client.service.address) as answers:
        stored = client.wait_for(on_loop(client, lambda: Stored(engine.log._connection)))
        while damages:
            hit = {seq: damages.pop() for seq in stored.seqs[: len(damages)]}

            def damage(hit: dict[int, bool] = hit) -> None:
                for seq, truncated in hit.items():
                    stored.damage(seq, generator, truncated=truncated)

            client.wait_for(on_loop(client, damage))
            listed = client.models.ListSnapshots(model_pb.ListSnapshotsRequest()).snapshots
            assert {one.seq for one in listed if one.problem} == hit.keys()
            refused += len(hit)
            request = model_pb.RollbackRequest(
                campaign="wardrobe", channel="email", snapshot_seq=generator.choice([*hit])
            )
            told = refusal(lambda request=request: client.models.Rollback(request))
            assert told.code is grpc.StatusCode.FAILED_PRECONDITION
            client.wait_for(on_loop(client, stored.mend))
    assert refused == TRUNCATED + FLIPPED
    assert answers.keys() <= FIT
    assert answers.total() > refused / 3
    assert not put_backs(engine)
    assert replay(engine.log.read(), past_of(engine.log)).different == ()


def test_an_unfit_model_goes_back_to_the_one_snapshot_that_is_sound(engine: Engine) -> None:
    """With any of the others damaged, or all, the model is put back to a sound one, or begun anew; all is answered."""
    generator = random.Random(3)
    with served(engine, snapshot_every_events=1_000_000) as client, deciding(client.service.address) as answers:
        stored = client.wait_for(on_loop(client, lambda: Stored(engine.log._connection)))
        for sound in [*stored.seqs, None, *stored.seqs, None]:
            before = len(client.wait_for(on_loop(client, lambda: put_backs(engine))))

            def hurt(sound: int | None = sound) -> None:
                for seq in stored.seqs:
                    if seq != sound:
                        stored.damage(seq, generator, truncated=generator.random() < 0.3)
                for index, *_ in engine.state.models[EMAIL].weights():
                    engine.state.models[EMAIL]._workspace.set_weight(int(index), 0, float("nan"))

            client.wait_for(on_loop(client, hurt))
            rewarded(client.decisioning, 20)  # which asks the model, and then teaches it
            client.wait_for(on_loop(client, stored.mend))
            after = client.wait_for(on_loop(client, lambda: put_backs(engine)))
            assert [one.to_seq for one in after[before:]] == [sound or 0]
    assert not {name for name in answers if not name.startswith("REASON_")}
    reasons = {logged.event.reason for logged in engine.log.read() if isinstance(logged.event, DecisionTaken)}
    assert {Reason.PREVIOUS_SNAPSHOT, Reason.UNIFORM} <= reasons
    again = replay(engine.log.read(), past_of(engine.log))
    assert again.different == ()
    assert same_weights(engine.state, again.state)


def put_backs(engine: Engine) -> list[ModelsRolledBack]:
    """Return the log's events of models that went back."""
    return [logged.event for logged in engine.log.read() if isinstance(logged.event, ModelsRolledBack)]


def test_a_server_starts_on_damaged_snapshots_and_answers(
    start_server: Callable[..., StartedServer], tmp_path: Path
) -> None:
    """Killed and started over one, two and three damaged snapshots, it says so, and answers with the same weights."""
    campaign, data, generator = tmp_path / "wardrobe.yaml", tmp_path / "data", random.Random(5)
    campaign.write_text(CAMPAIGN)
    flags = ("--data", data, "--campaign", campaign, "--snapshot-every-events", "20", "--secret-key", KEY.decode())
    for damaged in (0, 1, 2, 3, 1):
        if damaged:
            with closing(sqlite3.connect(data / "log.db", isolation_level=None)) as connection:
                stored = Stored(connection)
                for seq in stored.seqs[:damaged]:
                    stored.damage(seq, generator, truncated=generator.random() < 0.3)
        server = start_server(*flags)
        with grpc.insecure_channel(server.address) as channel:
            rewarded(DecisioningServiceStub(channel), 50)
        server.process.kill()
        server.process.wait()
    assert server.log.read_text().count('"snapshot_refused"') == 1 + 2 + 3 + 1
    with closing(open_engine(data, durability="process", secret_key=KEY)) as engine:
        again = replay(engine.log.read(), past_of(engine.log))
        assert (again.decisions, again.different) == (250, ())
        assert same_weights(engine.state, again.state)
