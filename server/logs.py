"""The service's own log: one JSON object a line on stderr. Never a customer's id or context, nor any personal fact."""

import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
TEXT_CHARACTERS_MAX = 200  # of a caller's text in a line: whoever sends long ids must not fill the disk

log = structlog.get_logger()

_encode = msgspec.json.Encoder(enc_hook=str).encode


def clip(text: str, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """Return the text, cut to the given number of characters with an ellipsis for its last."""
    return text if len(text) <= characters_max else text[: characters_max - 1] + "…"


def configure(level: str, stream: BinaryIO | None = None) -> None:
    """Send structlog's lines, calls' and the standard library's (grpc's, asyncio's) to a stream, stderr by default."""
    out = Lossy(stream or sys.stderr.buffer)
    calls.send(out if LEVELS[level] <= logging.INFO else None)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, out)),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=LEVELS[level], handlers=[_Forward()], force=True)


def _render(_logger: WrappedLogger, _name: str, event: EventDict) -> bytes:
    return _encode(event)


class Lossy:
    """Loses lines rather than fail whoever writes them: the stream's reader may be gone, or its disk full."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, line: bytes) -> None:
        """Write a line if that can be done."""
        with suppress(OSError, ValueError):
            self._stream.write(line)

    def flush(self) -> None:
        """Send on what was written if that can be done."""
        with suppress(OSError, ValueError):
            self._stream.flush()


class CallLines:
    """Writes a line for a call that went well as structlog would, which takes three times as long over it."""

    def __init__(self) -> None:
        self._out: Lossy | None = None

    def send(self, out: Lossy | None) -> None:
        """Write to a stream from now on, or nothing where the log says less than that."""
        self._out = out

    def write(self, facts: dict[str, Any]) -> None:
        """Write what is told of a call."""
        if self._out is not None:
            now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            self._out.write(_encode(facts | {"event": "rpc", "level": "info", "timestamp": now}) + b"\n")
            self._out.flush()


calls = CallLines()
"""The lines of this process's calls."""


class _Forward(logging.Handler):
    """Hands the standard library's records to structlog, so that every line looks the same."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
