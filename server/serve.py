"""The service from start to end: open the data, apply the campaigns, listen, drain. Never a method of the contract."""

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import grpc
import structlog
from decisioning.v1 import campaign_service_pb2 as campaign_pb
from decisioning.v1 import customer_service_pb2 as customer_pb
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1 import model_service_pb2 as model_pb
from decisioning.v1 import stock_service_pb2 as stock_pb
from decisioning.v1.campaign_service_pb2_grpc import add_CampaignServiceServicer_to_server
from decisioning.v1.customer_service_pb2_grpc import add_CustomerServiceServicer_to_server
from decisioning.v1.decisioning_service_pb2_grpc import add_DecisioningServiceServicer_to_server
from decisioning.v1.model_service_pb2_grpc import add_ModelServiceServicer_to_server
from decisioning.v1.stock_service_pb2_grpc import add_StockServiceServicer_to_server
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection
from msgspec import Struct

from engine.customers.gate import Gate
from engine.customers.memory import DAY_US
from engine.customers.properties import Ranges
from engine.engine import Engine
from engine.errors import EngineError, InvalidRequest
from engine.opening import open_engine
from engine.types import Identity
from server.clock import change_time_us
from server.customer_servicer import CustomerServicer
from server.group_commit import GroupCommit
from server.health import Health
from server.interceptors import AnswerEveryCall
from server.model_servicer import ModelServicer
from server.rebuilds import Rebuilds
from server.servicer import CampaignServicer, DecisioningServicer
from server.settings import Settings
from server.stock_servicer import StockServicer
from server.ticking import close_windows, tick_for_ever

SERVICES = (
    pb.DESCRIPTOR.services_by_name["DecisioningService"].full_name,
    campaign_pb.DESCRIPTOR.services_by_name["CampaignService"].full_name,
    model_pb.DESCRIPTOR.services_by_name["ModelService"].full_name,
    customer_pb.DESCRIPTOR.services_by_name["CustomerService"].full_name,
    stock_pb.DESCRIPTOR.services_by_name["StockService"].full_name,
)
GARBAGE_OBJECTS = 20_000
LAST_CALLS_STEP_SECONDS = 0.005
LAST_CALLS_STEPS_QUIET = 10
LAST_CALLS_STEPS_MAX = 200
WRONG_USE = 2
WRONG_STATE = 1

log = structlog.get_logger()


class StartRefused(Exception):
    """The service cannot start: the text says why, `exit_code` whether it was asked for wrongly (2) or not (1)."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class Service(Struct, frozen=True):
    """A server that listens at `address`, with what has to be told when it stops.

    `ticking` is None in simulated time, where time comes from the requests only.
    """

    server: grpc.aio.Server
    address: str
    health: Health
    calls: AnswerEveryCall
    customers: CustomerServicer
    group_commit: GroupCommit
    rebuilds: Rebuilds
    ticking: asyncio.Task[None] | None


def run(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is told the address once calls are answered. Raises StartRefused."""
    engine = _opened(settings)
    try:
        for problem in engine.refused_snapshots:
            log.error("snapshot_refused", problem=problem)
        if not settings.simulated_time:
            close_windows(engine)
        for file in settings.campaign:
            _apply(engine, file, simulated_time=settings.simulated_time)
        _collect_seldom()
        asyncio.run(_serve(engine, settings, ready))
    finally:
        engine.close()


def _collect_seldom() -> None:
    """Let the garbage collector pass over what lives as long as the service, and look at the rest less often.

    At Python's 700 objects it looks at what a stream has just told of again and again: a tenth of the stream's cost.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 20, 20)


def _opened(settings: Settings) -> Engine:
    key = settings.secret_key.get_secret_value().encode() if settings.secret_key else None
    try:
        return open_engine(
            settings.data,
            durability=settings.durability,
            secret_key=key,
            snapshots_kept=settings.snapshots_kept,
            customers_in_memory=settings.customers_in_memory,
            gate=_gate(settings),
            test_accounts=[Identity(*account.split(":", 1)) for account in settings.test_accounts],
        )
    except (EngineError, OSError) as error:
        raise StartRefused(f"data {settings.data}: {error}", WRONG_STATE) from error


def _gate(settings: Settings) -> Gate | None:
    if settings.gate == "off":
        return None
    ranges = Ranges(amount_max=settings.amount_max)
    return Gate(ranges=ranges, age_max_us=settings.event_age_max_days * DAY_US)


def _apply(engine: Engine, file: Path, *, simulated_time: bool) -> None:
    """Put a campaign file into force; raises StartRefused with the file and every violation, one a line."""
    try:
        engine.apply_campaign(file.read_text(encoding="utf-8"), change_time_us(engine, simulated_time))
        engine.commit()
    except InvalidRequest as refusal:
        lines = [f"{file}: {field}: {problem}" for field, problem in refusal.violations]
        raise StartRefused("\n".join(lines), WRONG_USE) from refusal
    except OSError as error:
        raise StartRefused(f"campaign {file}: {error.strerror}", WRONG_USE) from error
    except UnicodeDecodeError as error:
        raise StartRefused(f"campaign {file}: is not UTF-8 text ({error.reason})", WRONG_USE) from error
    except EngineError as error:
        raise StartRefused(f"campaign {file}: {error}", WRONG_STATE) from error


async def _serve(engine: Engine, settings: Settings, ready: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    service = await start(engine, settings)
    ready(service.address)
    await stop.wait()
    await drain(service, settings.drain_seconds)


async def start(engine: Engine, settings: Settings) -> Service:
    """Listen and answer; raises StartRefused where the address or the TLS files cannot be used."""
    group_commit = GroupCommit(engine, settings.snapshot_every_events)
    health, calls = Health(), AnswerEveryCall(group_commit.announce)
    server = grpc.aio.server(
        interceptors=[calls],
        maximum_concurrent_rpcs=settings.max_concurrent_rpcs,
        options=[
            ("grpc.max_receive_message_length", settings.max_message_bytes),
            ("grpc.so_reuseport", 0),  # otherwise two servers share a port and each gets half of the calls
        ],
    )
    decisioning = DecisioningServicer(
        engine, group_commit, simulated_time=settings.simulated_time, max_batch=settings.max_batch
    )
    add_DecisioningServiceServicer_to_server(decisioning, server)
    rebuilds = Rebuilds(engine, group_commit, simulated_time=settings.simulated_time)
    campaigns = CampaignServicer(engine, group_commit, rebuilds, simulated_time=settings.simulated_time)
    add_CampaignServiceServicer_to_server(campaigns, server)
    models = ModelServicer(engine, group_commit, rebuilds, simulated_time=settings.simulated_time)
    add_ModelServiceServicer_to_server(models, server)
    customers = CustomerServicer(engine, group_commit, rebuilds, simulated_time=settings.simulated_time)
    add_CustomerServiceServicer_to_server(customers, server)
    stock = StockServicer(engine, group_commit, simulated_time=settings.simulated_time)
    add_StockServiceServicer_to_server(stock, server)
    add_HealthServicer_to_server(health, server)
    reflection.enable_server_reflection((*SERVICES, "grpc.health.v1.Health", reflection.SERVICE_NAME), server)
    address = _listen(server, settings)
    await server.start()
    await health.start(SERVICES)
    rebuilds.start()
    log.info("serving", address=address, last_seq=engine.log.last_seq, simulated_time=settings.simulated_time)
    ticking = _ticking(engine, group_commit, settings)
    return Service(server, address, health, calls, customers, group_commit, rebuilds, ticking)


def _ticking(engine: Engine, group_commit: GroupCommit, settings: Settings) -> asyncio.Task[None] | None:
    if settings.simulated_time:
        return None
    return asyncio.create_task(tick_for_ever(engine, group_commit, settings.tick_seconds))


def _listen(server: grpc.aio.Server, settings: Settings) -> str:
    """Take the port and return the address with its real number."""
    try:
        if settings.tls_certificate and settings.tls_key:
            pair = (settings.tls_key.read_bytes(), settings.tls_certificate.read_bytes())
            port = server.add_secure_port(settings.address, grpc.ssl_server_credentials([pair]))
        else:
            port = server.add_insecure_port(settings.address)
    except OSError as error:
        raise StartRefused(f"{error.filename}: {error.strerror}", WRONG_USE) from error
    except RuntimeError as error:
        suspects = "it is in use or not this machine's" + (", or the TLS files are no pair" if settings.tls_key else "")
        raise StartRefused(f"address {settings.address}: cannot listen: {suspects}", WRONG_STATE) from error
    return f"{settings.address.rpartition(':')[0]}:{port}"


async def drain(service: Service, seconds: float) -> None:
    """Take no new calls, give those in flight the given time to finish, and save a snapshot."""
    log.info("draining", seconds=seconds)
    await _stop_ticking(service.ticking)
    await service.rebuilds.stop()
    await service.health.drain()
    await _take_the_last_calls(service.calls)
    service.customers.drain()
    await service.server.stop(seconds)
    service.group_commit.commit_now()
    service.group_commit.snapshot_now()
    log.info("stopped")


async def _stop_ticking(ticking: asyncio.Task[None] | None) -> None:
    if ticking is not None:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking


async def _take_the_last_calls(calls: AnswerEveryCall) -> None:
    """Go on until no more calls come, for 1 s at most.

    gRPC's stop cancels the calls that have arrived and were not yet taken, which their callers do not know to retry.
    """
    quiet_steps = 0
    for _ in range(LAST_CALLS_STEPS_MAX):
        before = calls.taken
        await asyncio.sleep(LAST_CALLS_STEP_SECONDS)
        quiet_steps = 0 if calls.taken > before else quiet_steps + 1
        if quiet_steps == LAST_CALLS_STEPS_QUIET:
            return
