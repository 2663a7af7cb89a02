"""What the engine's tests share: a fresh engine and requests to it. Never a behaviour under test."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.opening import open_engine
from engine.stock_operations import set_stock
from engine.types import DecideRequest, Features
from tests.engine import crowd
from tests.engine.crowd import ACTIVATED, live
from tests.engine.erasing import Town
from tests.wardrobe import CAMPAIGN, KEY, NOON_US


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Open engines that are closed after the test; each call opens the test's one folder again."""
    engines: list[Engine] = []

    def open_again(folder: str = "data", source: str | None = CAMPAIGN) -> Engine:
        while engines:
            engines.pop().close()
        engine = open_engine(tmp_path / folder, durability="process", secret_key=KEY)
        engines.append(engine)
        if source is not None:
            engine.apply_campaign(source, NOON_US)
            engine.commit()
        return engine

    yield open_again
    while engines:
        engines.pop().close()


@pytest.fixture
def engine(opened: Callable[..., Engine]) -> Engine:
    """Return an engine with the small campaign applied, over a new data folder."""
    return opened()


@pytest.fixture
def asking() -> Callable[..., DecideRequest]:
    """Make requests, each of a new customer unless told otherwise."""
    numbers = count()

    def ask(**changes: object) -> DecideRequest:
        number = next(numbers)
        fields: dict[str, object] = {
            "campaign": "wardrobe",
            "customer_id": f"customer-{number}",
            "context": Features(numbers={"age": 20.0 + number % 40}, categories={"city": "Anytown"}),
        }
        return DecideRequest(**(fields | changes))  # type: ignore[arg-type]

    return ask


@pytest.fixture
def town(opened: Callable[..., Engine]) -> Town:
    """Let a town of customers live for two days, with a snapshot and a restart in between."""

    def lived(count: int, days: int = 2) -> tuple[Engine, list[crowd.Member]]:
        engine = opened(source=crowd.CAMPAIGN)
        engine.apply_campaign(ACTIVATED, NOON_US)
        set_stock(engine, "polo-blue", 1_000_000, NOON_US)
        members = crowd.crowd(count)
        for day in range(days):
            live(engine, members, day)
            engine.snapshot(engine.state.clock_us)
            engine = opened(source=None)
        return engine, members

    return lived
