"""One HTTP/2 connection that speaks just enough gRPC to make calls cheaply. Never a measurement.

A Python gRPC client costs 60 to 230 us a call, as much as what is to be measured; this one some 20 us, since a message
is bytes made beforehand and a reply is only looked at where it ends. Headers come by index after the first call, as
real clients send them (RFC 7541), and flow control is kept (RFC 9113).
"""

import socket
import struct
from collections import deque

from msgspec import Struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
FRAME_BYTES_MAX = 16_384
WINDOW = 2**31 - 1
FIRST_WINDOW = 65_535
RENEW_BYTES = 2**26
RECEIVE_BYTES = 2**20
FIRST_DYNAMIC = 62  # the static table of RFC 7541 has 61 entries


class Reply(Struct):
    """The end of a call: its stream, the bytes of its message with the 5 of gRPC before them; none where it failed."""

    stream: int
    body: bytes


class Unsent(Struct):
    """What is left to send of a call, and how much of it the other side takes."""

    stream: int
    data: memoryview
    window: int


def framed(message: bytes) -> bytes:
    """Return a serialised message as gRPC sends it: uncompressed, its length before it."""
    return struct.pack(">BI", 0, len(message)) + message


def frame(kind: int, flags: int, stream: int, payload: bytes | memoryview = b"") -> bytes:
    """Return one HTTP/2 frame."""
    return struct.pack(">I", len(payload) << 8 | kind) + struct.pack(">BI", flags, stream) + payload


def literal(first_byte: int, *texts: str) -> bytes:
    """Return a header field to be remembered by the other side: an indexed or a new name, and its value."""
    return bytes([first_byte]) + b"".join(bytes([len(text)]) + text.encode() for text in texts)


class Connection:
    """Calls in flight on one connection; one thread uses it."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        settings = struct.pack(">HIHI", 2, 0, 4, WINDOW)  # no push; streams may send without asking again
        self._out = bytearray(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))
        self._out += frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", WINDOW - FIRST_WINDOW))
        self._in = bytearray()
        self._next_stream = 1
        self._blocks: dict[str, bytes] = {}
        self._remembered: list[str] = []
        self._bodies: dict[int, bytes] = {}
        self._window, self._stream_window = FIRST_WINDOW, FIRST_WINDOW
        self._unsent: deque[Unsent] = deque()
        self._unacknowledged = 0

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def call(self, path: str, body: bytes) -> int:
        """Begin a call with a framed message and return its stream; it leaves with the next `replies`."""
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        self._out += frame(HEADERS, END_HEADERS, stream, self._headers(path))
        if not self._unsent and len(body) <= min(self._window, self._stream_window, FRAME_BYTES_MAX):
            self._window -= len(body)
            self._out += frame(DATA, END_STREAM, stream, body)
        else:
            self._unsent.append(Unsent(stream, memoryview(body), self._stream_window))
        return stream

    def replies(self) -> list[Reply]:
        """Send what is to be sent, wait for bytes, and return the calls that they end."""
        self._send()
        received = self._socket.recv(RECEIVE_BYTES)
        if not received:
            raise ConnectionError("the server hung up")
        self._in += received
        ended, at, buffer = [], 0, self._in
        while len(buffer) - at >= 9:
            head = int.from_bytes(buffer[at : at + 4], "big")
            end = at + 9 + (head >> 8)
            if len(buffer) < end:
                break
            kind, flags = head & 255, buffer[at + 4]
            stream = int.from_bytes(buffer[at + 5 : at + 9], "big")
            if reply := self._take(kind, flags, stream, buffer[at + 9 : end]):
                ended.append(reply)
            at = end
        del buffer[:at]
        return ended

    def _take(self, kind: int, flags: int, stream: int, payload: bytearray) -> Reply | None:
        if kind == DATA:
            self._bodies[stream] = self._bodies.get(stream, b"") + payload
            self._renew(len(payload))
        elif kind == WINDOW_UPDATE:
            self._widen(stream, int.from_bytes(payload, "big"))
        elif kind in (SETTINGS, PING) and not flags & ACK:
            if kind == SETTINGS:
                self._set(dict(struct.iter_unpack(">HI", payload)))
            self._out += frame(kind, ACK, 0, b"" if kind == SETTINGS else bytes(payload))
        elif kind == GOAWAY:
            raise ConnectionError("the server asked to leave")
        if kind == RST_STREAM or (kind in (DATA, HEADERS) and flags & END_STREAM):
            return Reply(stream, self._bodies.pop(stream, b""))
        return None

    def _headers(self, path: str) -> bytes:
        """Return the header block of a call: whole the first time, by index afterwards."""
        if path in self._remembered:
            if path not in self._blocks:
                names = (path, "authority", "type", "te")
                places = [len(self._remembered) - 1 - self._remembered.index(name) for name in names]
                self._blocks[path] = bytes([0x83, 0x86, *(0x80 | FIRST_DYNAMIC + place for place in places)])
            return self._blocks[path]
        self._blocks.clear()  # what comes new moves every place
        block = bytes([0x83, 0x86]) + literal(0x44, path)
        if not self._remembered:
            block += literal(0x41, "localhost") + literal(0x5F, "application/grpc") + literal(0x40, "te", "trailers")
            self._remembered += [path, "authority", "type", "te"]
            return block
        places = [len(self._remembered) - self._remembered.index(name) for name in ("authority", "type", "te")]
        self._remembered.append(path)
        return block + bytes(0x80 | FIRST_DYNAMIC + place for place in places)

    def _send(self) -> None:
        while self._unsent and min(self._window, self._unsent[0].window) > 0:
            first = self._unsent[0]
            part = first.data[: min(self._window, first.window, FRAME_BYTES_MAX)]
            first.data, first.window = first.data[len(part) :], first.window - len(part)
            self._window -= len(part)
            self._out += frame(DATA, 0 if first.data else END_STREAM, first.stream, part)
            if not first.data:
                self._unsent.popleft()
        self._socket.sendall(self._out)
        self._out = bytearray()

    def _set(self, settings: dict[int, int]) -> None:
        if 4 in settings:
            for unsent in self._unsent:
                unsent.window += settings[4] - self._stream_window
            self._stream_window = settings[4]

    def _widen(self, stream: int, size: int) -> None:
        if stream == 0:
            self._window += size
        for unsent in self._unsent:
            if unsent.stream == stream:
                unsent.window += size

    def _renew(self, size: int) -> None:
        self._unacknowledged += size
        if self._unacknowledged > RENEW_BYTES:
            self._out += frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", self._unacknowledged))
            self._unacknowledged = 0
