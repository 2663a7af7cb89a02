"""The service's log: one line looks like another, whichever way it was written, and says no more than was asked for."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

from server import logs
from tests.server.conftest import Lines

FACTS = {"method": "decisioning.v1.DecisioningService/Decide", "status": "OK", "latency_us": 7}


def test_a_calls_line_is_the_one_that_structlog_would_write(logged: Lines) -> None:
    """The quick way gives the same fields in the same order, and the time in the same form."""
    logs.calls.write(FACTS)
    logs.log.info("rpc", **FACTS)
    quick, full = logged()
    assert list(quick) == list(full)
    assert quick | {"timestamp": ""} == full | {"timestamp": ""}
    for line in (quick, full):
        assert line["timestamp"].endswith("Z")
        assert datetime.now(UTC) - datetime.fromisoformat(line["timestamp"]) < timedelta(minutes=1)


def test_a_call_without_a_stream_has_no_line() -> None:
    """Where the log says errors only, or its reader is gone, a call is answered all the same."""
    lines, stream = logs.CallLines(), BytesIO()
    lines.write(FACTS)
    stream.close()
    lines.send(logs.Lossy(stream))
    lines.write(FACTS)
