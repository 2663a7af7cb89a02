"""What the server's tests share: a real engine with a small campaign. Never a behaviour under test."""

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from engine.engine import Engine
from engine.opening import open_engine
from server import logs
from server.clock import wall_clock_us
from tests.wardrobe import CAMPAIGN, KEY

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="session", autouse=True)
def service_log() -> BytesIO:
    """Return the stream that the service logs to in these tests; loggers keep the first stream they are given."""
    stream = BytesIO()
    logs.configure("info", stream)
    return stream


@pytest.fixture
def logged(service_log: BytesIO) -> Lines:
    """Read the lines that the service logged in this test."""
    start = service_log.tell()
    return lambda: [json.loads(line) for line in service_log.getvalue()[start:].splitlines()]


@pytest.fixture
def new_engine(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine over a new data folder, whose log is empty: its time has not begun."""
    opened = open_engine(tmp_path / "data", durability="process", secret_key=KEY)
    yield opened
    opened.close()


@pytest.fixture
def engine(new_engine: Engine) -> Engine:
    """Return an engine with the small campaign applied, over a new data folder."""
    new_engine.apply_campaign(CAMPAIGN, wall_clock_us())
    new_engine.commit()
    return new_engine
