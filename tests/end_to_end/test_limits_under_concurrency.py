"""Eight processes ask one server for the same customers: no limit is exceeded by one message."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.opening import open_engine
from tests.conftest import ROOT, server_environment
from tests.engine.test_replay import everyone
from tests.ruled import AUTUMN, OUTLET, broken_limits
from tests.wardrobe import KEY

CLIENTS, CUSTOMERS, ROUNDS = 8, 100, 4
SCRIPT = ROOT / "tests" / "end_to_end" / "asking_client.py"


def test_no_client_gets_one_message_over_a_limit_from_the_others(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    """3,200 decisions for 100 customers, eight at a time, keep all limits; without the limits they would not."""
    files = []
    for name, source in (("autumn", AUTUMN), ("outlet", OUTLET)):
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(source)
    data = tmp_path / "data"
    flags = [flag for file in files for flag in ("--campaign", file)]
    server = start_server("--data", data, "--secret-key", KEY.decode(), "--log-level", "warning", *flags)
    clients = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), server.address, str(number), str(CUSTOMERS), str(ROUNDS)],
            env=server_environment(),
        )
        for number in range(CLIENTS)
    ]
    assert [client.wait(timeout=120) for client in clients] == [0] * CLIENTS
    assert server.stop() == 0
    engine = open_engine(data, durability="process", secret_key=KEY)
    people = list(everyone(engine.customers).values())
    engine.close()
    assert len(people) == CUSTOMERS
    assert [broken for person in people if (broken := broken_limits(person.contacts))] == []
    # the limits were reached, or they have held nothing back
    assert sum(len(person.contacts) >= 3 for person in people) > CUSTOMERS / 2
