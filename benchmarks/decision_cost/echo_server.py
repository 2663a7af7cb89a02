"""The yardstick: a server of the same flavour and the same messages that does nothing. Never an engine.

It has no interceptor, no log and no rule: gRPC parses the request, a new reply of a decision's size is made from one
that lies ready (copied by protobuf itself, the cheapest way there is), and gRPC serialises it.
"""

# ruff: noqa: N802  (the methods have the names that gRPC gives them)

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import grpc
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.decisioning_service_pb2_grpc import (
    DecisioningServiceServicer,
    add_DecisioningServiceServicer_to_server,
)


class Echo(DecisioningServiceServicer):
    """Answers every question with the same decision."""

    def __init__(self, answer: pb.DecideResponse) -> None:
        self._answer = answer

    async def Decide(self, _request: pb.DecideRequest, _context: Any) -> pb.DecideResponse:
        """Answer."""
        reply = pb.DecideResponse()
        reply.CopyFrom(self._answer)
        return reply

    async def BatchDecide(self, request: pb.BatchDecideRequest, _context: Any) -> pb.BatchDecideResponse:
        """Answer each."""
        reply = pb.BatchDecideResponse()
        for _ in request.requests:
            reply.results.add().decision.CopyFrom(self._answer)
        return reply

    async def Reward(self, request: pb.RewardRequest, _context: Any) -> pb.RewardResponse:
        """Answer with the id."""
        return pb.RewardResponse(reward_id=request.decision_id, value=0.2, final_value=0.2)

    async def Activate(self, _request: pb.ActivateRequest, _context: Any) -> pb.ActivateResponse:
        """Answer."""
        return pb.ActivateResponse()


async def serve(answer: pb.DecideResponse) -> None:
    """Serve on any free port until SIGTERM; the options are the real server's."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    options = [("grpc.max_receive_message_length", 4_194_304), ("grpc.so_reuseport", 0)]
    server = grpc.aio.server(maximum_concurrent_rpcs=1_000, options=options)
    add_DecisioningServiceServicer_to_server(Echo(answer), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"serving on 127.0.0.1:{port}\n")
    sys.stdout.flush()
    await stop.wait()
    await server.stop(0)


if __name__ == "__main__":
    asyncio.run(serve(pb.DecideResponse.FromString(Path(sys.argv[1]).read_bytes())))
