"""An export in pieces that fit a message. Never what is in it."""

from collections.abc import Iterable, Iterator

PIECE_BYTES = 64 * 1024


def pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield parts put together to pieces of `PIECE_BYTES`, the last one shorter, holding little more than one."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        while len(waiting) >= PIECE_BYTES:
            yield bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)
