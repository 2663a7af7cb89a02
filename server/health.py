"""Health after grpc.health.v1: the ready-made servicer, and an end to its streams. Never a check of its own."""

import asyncio
from typing import Any

from grpc.aio import ServicerContext
from grpc_health.v1.health import aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

LAST_WORD_SECONDS = 0.1


class Health(aio.HealthServicer):
    """Tells who asks and who watches whether a service is served; holds whether the server drains.

    The ready-made Watch never ends, so a single watching client would make every drain take all the time it may.
    """

    def __init__(self) -> None:
        super().__init__()
        self._draining = asyncio.Event()

    async def start(self, services: tuple[str, ...]) -> None:
        """Report these services as served."""
        for service in services:
            await self.set(service, HealthCheckResponse.SERVING)

    async def drain(self) -> None:
        """Report everything as not served, for good, and end the streams."""
        await self.enter_graceful_shutdown()
        self._draining.set()

    async def Watch(  # noqa: N802  gRPC's name
        self, request: HealthCheckRequest, context: ServicerContext[Any, Any]
    ) -> None:
        """Send the service's status and every change of it until the client leaves or the server has drained."""
        watch = asyncio.ensure_future(super().Watch(request, context))
        drained = asyncio.ensure_future(self._draining.wait())
        try:
            await asyncio.wait({watch, drained}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({watch}, timeout=LAST_WORD_SECONDS)
        finally:
            watch.cancel()
            drained.cancel()
