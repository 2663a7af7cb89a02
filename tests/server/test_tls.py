"""TLS: with a certificate the service is encrypted, and only then."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub

from tests.conftest import StartedServer
from tests.server.served import refusal

Start = Callable[..., StartedServer]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Return the files of a new certificate for localhost and of its key."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    flags = ["-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *flags, *names], check=True, capture_output=True)
    return certificate, key


def test_a_server_with_a_certificate_speaks_tls_only(
    start_server: Start, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    """A client that trusts the certificate is answered, one that speaks without encryption is not."""
    certificate, key = pair
    flags = ("--data", tmp_path / "data", "--tls-certificate", certificate, "--tls-key", key)
    server = start_server(*flags, address="localhost:0")
    with grpc.secure_channel(server.address, grpc.ssl_channel_credentials(certificate.read_bytes())) as channel:
        assert HealthStub(channel).Check(HealthCheckRequest()).status == 1
    with grpc.insecure_channel(server.address) as channel:
        told = refusal(lambda: HealthStub(channel).Check(HealthCheckRequest()))
    assert told.code is grpc.StatusCode.UNAVAILABLE
    assert server.stop() == 0


def test_files_that_are_no_pair_are_one_clear_line(
    start_server: Start, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    """A certificate and key that do not fit keep the server from starting."""
    certificate, _ = pair
    flags = ("--data", tmp_path / "data", "--tls-certificate", certificate, "--tls-key", certificate)
    with pytest.raises(AssertionError, match="TLS files are no pair"):
        start_server(*flags)
