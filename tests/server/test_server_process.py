"""The service as its operators meet it: a process with flags, one line on stdout, a log on stderr and an exit code."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceStub
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub

from tests.conftest import StartedServer, server_environment
from tests.wardrobe import CAMPAIGN

Start = Callable[..., StartedServer]


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """Return a file with the small campaign."""
    file = tmp_path / "wardrobe.yaml"
    file.write_text(CAMPAIGN)
    return file


def refused(*flags: str | Path, **environment: str) -> tuple[int, list[str]]:
    """Start a server that cannot start and return its exit code and what it said on stderr, line by line."""
    command = [sys.executable, "-m", "server", "--log-level", "error", *map(str, flags)]
    ended = subprocess.run(
        command, env=server_environment(**environment), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr.splitlines()


def many(count: int) -> pb.BatchDecideRequest:
    """Return a batch of requests for different customers."""
    requests = [pb.DecideRequest(campaign="wardrobe", customer_id=f"c{number}") for number in range(count)]
    return pb.BatchDecideRequest(requests=requests)


def test_a_started_server_says_one_line_and_answers(start_server: Start, campaign: Path, tmp_path: Path) -> None:
    """Standard output holds the address and nothing else; the log on stderr is JSON and names ids, never a customer."""
    server = start_server("--data", tmp_path / "data", "--campaign", campaign)
    with grpc.insecure_channel(server.address) as channel:
        request = pb.DecideRequest(campaign="wardrobe", customer_id="ryan@example.com", request_id="r-1")
        decision = DecisioningServiceStub(channel).Decide(request)
    assert server.stop() == 0
    assert server.process.stdout is not None
    assert server.process.stdout.read() == ""
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    (call,) = [line for line in lines if line["event"] == "rpc"]
    assert call["method"] == "decisioning.v1.DecisioningService/Decide"
    assert (call["status"], call["campaign"], call["request_id"]) == ("OK", "wardrobe", "r-1")
    assert call["decision_id"] == decision.decision_id
    assert call["latency_us"] > 0
    assert "ryan" not in server.log.read_text()


def test_a_server_told_to_stop_finishes_calls_in_flight(start_server: Start, campaign: Path, tmp_path: Path) -> None:
    """On SIGTERM the calls in flight are answered, health says so to who watches, and the exit code is 0."""
    server = start_server("--data", tmp_path / "data", "--campaign", campaign)
    with grpc.insecure_channel(server.address) as channel:
        ask = DecisioningServiceStub(channel)
        ask.Decide(many(1).requests[0])
        watch = HealthStub(channel).Watch(HealthCheckRequest())
        assert next(watch).status == 1
        calls = [ask.BatchDecide.future(many(1_000)) for _ in range(5)]
        while not any(call.running() for call in calls):
            time.sleep(0.001)
        time.sleep(0.05)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 9  # it waits for the calls, not for all of drain_seconds
        assert [len(call.result().results) for call in calls] == [1_000] * 5
        assert [answer.status for answer in watch] == [2]


def test_a_restarted_server_remembers(start_server: Start, campaign: Path, tmp_path: Path) -> None:
    """After SIGTERM or SIGKILL a new process on the same data gives the same answer to the same request_id."""
    request = pb.DecideRequest(campaign="wardrobe", customer_id="ryan", request_id="once")
    decisions = []
    for end in ("terminate", "kill", "kill"):
        server = start_server("--data", tmp_path / "data", "--campaign", campaign)
        with grpc.insecure_channel(server.address) as channel:
            decisions.append(DecisioningServiceStub(channel).Decide(request))
        getattr(server.process, end)()
        server.process.wait(timeout=60)
    assert decisions[0] == decisions[1] == decisions[2]


def test_simulated_time_comes_from_the_requests(start_server: Start, campaign: Path, tmp_path: Path) -> None:
    """A server with simulated time decides for the moment it is asked for, and sends after that moment."""
    server = start_server("--data", tmp_path / "data", "--campaign", campaign, "--simulated-time")
    with grpc.insecure_channel(server.address) as channel:
        ask = DecisioningServiceStub(channel)
        for number in range(20):
            request = pb.DecideRequest(campaign="wardrobe", customer_id=f"c{number}")
            request.decide_time.CopyFrom(Timestamp(seconds=2_000_000_000))
            decision = ask.Decide(request)
            if decision.channel:
                assert 2_000_000_000 <= decision.send_time.seconds < 2_000_000_000 + 8 * 86_400
        happened = Timestamp(seconds=2_000_000_060)
        reward = pb.RewardRequest(decision_id=decision.decision_id, outcome="clicked", occur_time=happened)
        assert ask.Reward(reward).value == 0.2
    assert server.stop() == 0


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    """A second server on a port says which, and exits with 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, (line,) = refused("--address", address, "--data", tmp_path / "data")
    assert code == 1
    assert address in line


def test_data_in_use_is_one_clear_line(start_server: Start, tmp_path: Path) -> None:
    """A second server on a data folder says which, and exits with 1."""
    start_server("--data", tmp_path / "data")
    code, (line,) = refused("--address", "127.0.0.1:0", "--data", tmp_path / "data")
    assert code == 1
    assert str(tmp_path / "data") in line


def test_a_missing_campaign_is_one_clear_line(tmp_path: Path) -> None:
    """A campaign file that is not there is named, and the exit code is 2."""
    code, (line,) = refused("--data", tmp_path / "data", "--campaign", tmp_path / "spring.yaml")
    assert code == 2
    assert str(tmp_path / "spring.yaml") in line


def test_an_invalid_campaign_names_the_file_and_every_line(campaign: Path, tmp_path: Path) -> None:
    """Each mistake in a campaign file is a line with the file, the field and its line; the exit code is 2."""
    campaign.write_text(CAMPAIGN.replace("price: 29", "price: lots").replace("highest: 1", "highest: -4"))
    code, lines = refused("--data", tmp_path / "data", "--campaign", campaign)
    assert code == 2
    assert [line.split(": ")[:3] for line in lines] == [
        [str(campaign), "reward.highest", "line 3"],
        [str(campaign), "contents.polo.price", "line 15"],
    ]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--adress", "127.0.0.1:0"], "--adress"),
        (["--max-batch", "0"], "max_batch"),
        (["--address", "here"], "address"),
        (["--tls-key", "key.pem"], "tls_certificate"),
        (["--tls-key", "no.pem", "--tls-certificate", "no.pem"], "no.pem"),
        (["--settings-file", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(flags: list[str], told: str, tmp_path: Path) -> None:
    """A setting that is unknown or out of bounds is named in one line, and the exit code is 2."""
    code, (line,) = refused("--data", tmp_path / "data", *flags)
    assert code == 2
    assert told in line


def test_a_second_key_for_the_data_is_refused(start_server: Start, tmp_path: Path) -> None:
    """Data begun with one secret key cannot be opened with another, and no key is ever printed."""
    assert start_server("--data", tmp_path / "data").stop() == 0
    key = "another key than before"
    code, (line,) = refused("--address", "127.0.0.1:0", "--data", tmp_path / "data", DECISIONING_SERVER_SECRET_KEY=key)
    assert code == 1
    assert "key" in line
    assert key not in line


def test_a_full_standard_error_stops_nothing(tmp_path: Path, campaign: Path) -> None:
    """A server whose log cannot be written goes on answering."""
    command = [sys.executable, "-m", "server", "--address", "127.0.0.1:0", "--campaign", campaign]
    with (
        Path("/dev/full").open("wb") as full,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=full, text=True, env=server_environment(), cwd=tmp_path
        ) as process,
    ):
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("serving on ").strip()
        with grpc.insecure_channel(address) as channel:
            for request in many(5).requests:
                assert DecisioningServiceStub(channel).Decide(request).decision_id
        process.terminate()
        assert process.wait(timeout=60) == 0
        watchdog.cancel()
