"""The service's own log: one JSON object a line on stderr. Never a customer's id or context, nor any personal fact."""

import logging
import sys
from contextlib import suppress
from typing import BinaryIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
TEXT_CHARACTERS_MAX = 200  # of a caller's text in a line: whoever sends long ids must not fill the disk

log = structlog.get_logger()


def clip(text: str, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """Return the text, cut to the given number of characters with an ellipsis for its last."""
    return text if len(text) <= characters_max else text[: characters_max - 1] + "…"


def configure(level: str, stream: BinaryIO | None = None) -> None:
    """Send structlog's lines and the standard library's (grpc's, asyncio's) to a stream, stderr by default."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, _Lossy(stream or sys.stderr.buffer))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=LEVELS[level], handlers=[_Forward()], force=True)


def _render(_logger: WrappedLogger, _name: str, event: EventDict) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)


class _Lossy:
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


class _Forward(logging.Handler):
    """Hands the standard library's records to structlog, so that every line looks the same."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
