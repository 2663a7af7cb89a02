"""The small campaign with reward windows of one second, and the log as a researcher reads it. Never a behaviour."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from tests.wardrobe import CAMPAIGN, NOON_US

NOON = Timestamp(seconds=NOON_US // 1_000_000)

WINDOWED = (
    CAMPAIGN.replace("price: 0.05}", "price: 0.05, reward_window: 1 second}")
    .replace("app:\n", "app:\n    reward_window: 1 second\n")
    .replace("email:\n", "email:\n    reward_window: 1 second\n")
    + "default_reward: -0.1\nactivation: required\n"
)

POLL_SECONDS = 0.02
PATIENCE_SECONDS = 20


def logged_event(data: Path, decision_id: str) -> dict[str, Any]:
    """Return what the log's view says of a decision, read beside the running service."""
    with closing(sqlite3.connect(f"file:{data / 'log.db'}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return dict(connection.execute("SELECT * FROM logged_events WHERE decision_id = ?", (decision_id,)).fetchone())


def wait_for_reward(data: Path, decision_id: str) -> float:
    """Return the reward of a decision as soon as the log has one; fails where it never does."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        reward = logged_event(data, decision_id)["reward"]
        if reward is not None:
            return float(reward)
        time.sleep(POLL_SECONDS)
    raise AssertionError("the decision got no reward in time")
