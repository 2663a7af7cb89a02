"""Around every call: a refusal for every failure, and one line in the service's log. Never a decision of its own."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import structlog
from decisioning.v1.customer_service_pb2 import TrackStreamResponse
from google.protobuf.message import DecodeError, Message
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from engine.errors import IdReused, InvalidRequest, LogUnavailable, NotFound, NotPossible
from server import refusals
from server.logs import calls, clip
from server.replies import BatchReply, Reply

LOGGED_FIELDS = ("campaign", "name", "request_id", "decision_id", "reward_id")
FIELDS_MAX = 5
OURS = "/decisioning."
NAMED_BY_CALLER = re.compile(r"""\[['"].*['"]\]""", re.DOTALL)
"""The part of a field path that a caller wrote, such as a feature's name: an e-mail address may stand there."""

Context = grpc.aio.ServicerContext[Any, Any]
Handler = Any  # grpc.RpcMethodHandler, whose types know the synchronous server only
Answer = Message | Reply | BatchReply

log = structlog.get_logger()

_fields_by_kind: dict[type[object], tuple[str, ...]] = {}


class AnswerEveryCall(grpc.aio.ServerInterceptor):
    """Wraps every method, ready-made ones too; holds the wrapped ones and how many calls were `taken`.

    `announce` is called when a call has begun, some turns of the event loop before its message has come.

    An exception that escapes a handler would reach the client as UNKNOWN, its text included. None does: refusals become
    the design's codes, and whatever else happens becomes INTERNAL, its details in the service's log only.
    """

    def __init__(self, announce: Callable[[], None]) -> None:
        self.taken = 0
        self._announce = announce
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Return the method's handler, wrapped."""
        self.taken += 1
        self._announce()
        method = handler_call_details.method
        if method in self._wrapped:
            return self._wrapped[method]
        handler = await continuation(handler_call_details)
        if handler is None:  # no such method: gRPC answers UNIMPLEMENTED
            return None
        self._wrapped[method] = _wrapped(method, handler)
        return self._wrapped[method]


def _wrapped(method: str, handler: Handler) -> Handler:
    if handler.unary_unary:
        return _answering(method, handler)
    if handler.stream_unary:
        return _answering_stream(method, handler)
    return _answering_in_pieces(method, handler) if handler.unary_stream and OURS in method else _lenient(handler)


def _answering(method: str, handler: Handler) -> Handler:
    """Return a unary handler that parses the request itself, since gRPC answers bytes it cannot parse with UNKNOWN."""

    async def answer(data: bytes, context: Context) -> Any:
        call = Call(method)

        async def act() -> Answer:
            request = _parse(handler, data)
            call.note(request)
            reply: Answer = await handler.unary_unary(request, context)
            return reply

        return await call.answered(act, context)

    def serialise(reply: Answer) -> bytes:
        if isinstance(reply, Reply | BatchReply):
            return reply.body
        data: bytes = handler.response_serializer(reply)
        return data

    return grpc.unary_unary_rpc_method_handler(answer, response_serializer=serialise)


def _answering_stream(method: str, handler: Handler) -> Handler:
    """Return a handler of a stream of requests that parses each of them itself, like a unary one."""

    async def answer(stream: AsyncIterator[bytes], context: Context) -> Any:
        requests = (_parse(handler, data) async for data in stream)
        return await Call(method).answered(lambda: handler.stream_unary(requests, context), context)

    return grpc.stream_unary_rpc_method_handler(answer, response_serializer=handler.response_serializer)


def _answering_in_pieces(method: str, handler: Handler) -> Handler:
    """Return a handler that answers one request with a stream, and parses the request itself, like a unary one."""

    async def answer(data: bytes, context: Context) -> None:
        call = Call(method)

        async def act() -> None:
            request = _parse(handler, data)
            call.note(request)
            async for reply in handler.unary_stream(request, context):
                await context.write(reply)

        await call.answered(act, context)

    return grpc.unary_stream_rpc_method_handler(answer, response_serializer=handler.response_serializer)


def _lenient(handler: Handler) -> Handler:
    """Return a handler of a stream of answers that takes bytes it cannot parse for an empty request.

    Those, health's Watch and reflection, are ready-made and only report; an empty request has an answer in both,
    and bytes that cannot be parsed would be answered with UNKNOWN.
    """

    def parse(data: bytes) -> Any:
        try:
            return handler.request_deserializer(data)
        except DecodeError:
            return handler.request_deserializer(b"")

    return handler._replace(request_deserializer=parse)


class Call:
    """One call on its way: holds what its line in the log will say."""

    def __init__(self, method: str) -> None:
        self._started_ns = time.perf_counter_ns()
        self._facts: dict[str, Any] = {"method": method.removeprefix("/"), "status": "OK"}
        self._fault: BaseException | None = None

    async def answered(self, act: Callable[[], Awaitable[Answer | None]], context: Context) -> Any:
        """Return the method's reply, or end the call with the status that its failure deserves; write its line."""
        try:
            return await self._answered(act, context)
        finally:
            self._log()

    async def _answered(self, act: Callable[[], Awaitable[Answer | None]], context: Context) -> Any:
        if _expired(context):
            return await self._refuse(context, refusals.too_late())
        try:
            reply = await act()
            if reply is not None:
                self.note(reply)
            return reply
        except (grpc.aio.AbortError, KeyboardInterrupt):
            self._facts["status"] = getattr(context.code(), "name", "OK")
            raise
        except asyncio.CancelledError:
            self._facts["status"] = "DEADLINE_EXCEEDED" if _expired(context) else "CANCELLED"
            raise
        except BaseException as error:  # native extensions panic with BaseExceptions, and sys.exit is one as well
            self._explain(error)
            status = refusals.status(error)
        return await self._refuse(context, status)

    def _log(self) -> None:
        self._facts["latency_us"] = (time.perf_counter_ns() - self._started_ns) // 1_000
        if self._fault is not None:
            log.error("rpc", **self._facts, exc_info=self._fault)
        elif self._facts["status"] == "UNAVAILABLE":
            log.error("rpc", **self._facts)
        else:
            calls.write(self._facts)

    def note(self, message: Answer) -> None:
        """Note what the call's line may say of a request or a reply; never an identity."""
        for field in _logged_fields(message):
            if text := getattr(message, field):
                self._facts[field] = clip(text)
        if isinstance(message, BatchReply):
            self._facts |= {"decisions": message.decisions, "failed": message.failed}
        elif isinstance(message, TrackStreamResponse):
            counts = ("accepted", "duplicates", "quarantined", "refused")
            self._facts |= {count: getattr(message, count) for count in counts}

    def _explain(self, error: BaseException) -> None:
        """Note why the call failed: fields without what was in them, since that may be personal."""
        if isinstance(error, InvalidRequest):
            fields = [NAMED_BY_CALLER.sub("[…]", field) for field, _ in error.violations[:FIELDS_MAX]]
            self._facts["fields"] = [clip(field) for field in fields]
        elif isinstance(error, NotFound | IdReused | NotPossible | LogUnavailable):
            self._facts["problem"] = clip(str(error))
        else:
            self._fault = error

    async def _refuse(self, context: Context, status: Status) -> None:
        self._facts["status"] = Code.Name(status.code)
        await context.abort_with_status(rpc_status.to_status(status))


def _logged_fields(message: Answer) -> tuple[str, ...]:
    """Return what a line may say of a message's kind: asking each for a field that it has not costs an exception."""
    known = _fields_by_kind.get(type(message))
    if known is None:
        known = _fields_by_kind[type(message)] = tuple(field for field in LOGGED_FIELDS if hasattr(message, field))
    return known


def _expired(context: Context) -> bool:
    """Return whether the caller's deadline has passed; a caller without one has for ever."""
    remaining_seconds: float | None = context.time_remaining()
    return remaining_seconds is not None and remaining_seconds <= 0


def _parse(handler: Handler, data: bytes) -> Message:
    try:
        message: Message = handler.request_deserializer(data)
    except DecodeError:
        raise InvalidRequest(("", "the bytes are no message of the kind that this method takes")) from None
    return message
