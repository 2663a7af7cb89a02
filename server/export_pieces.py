"""An export in pieces that fit a message. Never what is in it."""

from collections.abc import Iterable, Iterator

PIECE_BYTES = 64 * 1024


def pieces(parts: Iterable[bytes]) -> Iterator[str]:
    """Yield UTF-8 parts put together to pieces of `PIECE_BYTES` or little more, the last one shorter; none is split."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        if len(waiting) >= PIECE_BYTES:
            yield waiting.decode()
            waiting.clear()
    if waiting:
        yield waiting.decode()
