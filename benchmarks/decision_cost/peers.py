"""What one would pick instead, asked for the same choice in the same run: libraries, and a service.

Never a durability that we would not be held to as well: in process nobody logs, over the wire both survive a kill.
They are the optional extra `peers`; what is not installed is skipped, and the table says so.
"""

import importlib.util
import json
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from msgspec import Struct
from vowpalwabbit import Workspace

from benchmarks.decision_cost import load, servers, world
from benchmarks.decision_cost.in_process import Timed
from engine.campaign.catalogue import Lines, catalogue
from engine.exploration import drawn
from engine.opening import open_engine
from engine.types import Features

FEATURES = 33
SLOTS = 6
LESSONS = 1_000
"""What a peer's models have learned before, as many decisions as ours."""


class Served(Struct):
    """A peer's service: calls a second and CPU a call, in microseconds, by round."""

    name: str
    calls_per_second: list[float]
    server_cpu_us: list[float]
    median_us: list[float]


def missing(*modules: str) -> list[str]:
    """Return those of the modules that are not installed."""
    return [module for module in modules if importlib.util.find_spec(module) is None]


def known(folder: Path) -> Features:
    """Return what our models see of a warm customer, so that every peer is told the same."""
    engine = open_engine(folder, durability="process")
    seen = engine.decide(world.question(0), time.time_ns() // 1_000).profile
    engine.close()
    numbers = seen.numbers | world.CONTEXT_NUMBERS
    return Features(numbers=numbers, categories=seen.categories | world.CONTEXT_CATEGORIES)


def vowpal_wabbit(contents: int, customer: Features) -> Timed:
    """Return the same three stages with Vowpal Wabbit's own Python text interface, text made and parsed each time.

    Like ours, its models have learned.
    """
    offered = catalogue(world.campaign(contents), 1)
    arguments = "--cb_explore_adf --squarecb -q XA --quiet"
    stages = [Workspace(arguments) for _ in range(1 + 2 * len(world.CHANNELS))]
    generator = np.random.default_rng(1)
    channels = {name: offered.router_lines[name][0] for name in world.CHANNELS}

    def decide(_number: int, taught: float | None = None) -> object:
        texts = [f"{name}_is_{value}" for name, value in customer.categories.items()]
        texts += [f"{name.replace('/', '_')}:{value}" for name, value in customer.numbers.items()]
        shared = f"shared |X {' '.join(texts)}"
        uniforms = generator.random(3)
        channel = asked(stages[0], shared, channels, uniforms[0], taught)
        place, offer = world.CHANNELS.index(channel), offered.channels[channel]
        content = asked(stages[1 + 2 * place], shared, plain(offer.content_lines), uniforms[1], taught)
        return channel, content, asked(stages[2 + 2 * place], shared, plain(offer.slot_lines), uniforms[2], taught)

    for number in range(LESSONS):
        decide(number, taught=float(generator.random()))
    return Timed(f"Vowpal Wabbit, Python text interface, {contents} contents", decide)


def plain(lines: dict[str, Lines]) -> dict[str, str]:
    """Return the lines of actions without what is told of how they fit her."""
    return {action: line for action, (line, *_) in lines.items()}


def asked(stage: Workspace, shared: str, lines: dict[str, str], uniform: float, taught: float | None) -> str:
    """Return the action that one model's probabilities draw, and let the model learn of it where that is `taught`."""
    probabilities = stage.predict("\n".join([shared, *lines.values()]))
    place = drawn(probabilities, uniform)
    if taught is not None:
        label = f"0:{-taught:.6g}:{probabilities[place]:.6g} "
        stage.learn("\n".join([shared, *(label * (n == place) + line for n, line in enumerate(lines.values()))]))
    return list(lines)[place]


def linucb(contents: int) -> Timed:
    """Return MABWiser's LinUCB over the flat actions, each a channel, a content and a slot, trained a little."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies
        from mabwiser.mab import MAB, LearningPolicy  # noqa: PLC0415  an optional extra
    flat = len(world.CHANNELS) * contents * SLOTS
    bandit = MAB(arms=list(range(flat)), learning_policy=LearningPolicy.LinUCB(alpha=1.0), seed=1)
    generator = np.random.default_rng(1)
    contexts = generator.random((flat, FEATURES))
    bandit.fit(list(range(flat)), generator.random(flat), contexts)
    decide: Callable[[int], object] = lambda number: bandit.predict(contexts[number % flat : number % flat + 1])  # noqa: E731
    return Timed(f"MABWiser LinUCB, {flat} flat actions", decide)


def in_process(folder: Path, contents: int) -> tuple[list[Timed], list[str]]:
    """Return the peers that are asked in process, and a line for each that is not installed."""
    ways, skipped = [vowpal_wabbit(contents, known(folder))], []
    if gone := missing("mabwiser"):
        skipped.append(f"MABWiser is not measured: {', '.join(gone)} is not installed (the extra `peers`)")
    else:
        ways.append(linucb(contents))
    return ways, skipped


def fastapi(folder: Path, customer: Features, rounds: int, seconds: float) -> tuple[list[Served], list[str]]:
    """Measure the FastAPI service, without a log and with a flushed line a choice, 32 calls in flight."""
    if gone := missing("fastapi", "uvicorn"):
        return [], [f"FastAPI is not measured: {', '.join(gone)} is not installed (the extra `peers`)"]
    question = {"customer_id": "customer-0", "numbers": customer.numbers, "categories": customer.categories}
    body = json.dumps(question).encode()
    found = [Served("FastAPI, in memory", [], [], []), Served("FastAPI, a flushed line a choice", [], [], [])]
    with ExitStack() as stack:
        environments: list[dict[str, str]] = [{}, {"PEER_LOG": str(folder / "peer.jsonl")}]
        module = "benchmarks.decision_cost.peer_service"
        running = [stack.enter_context(servers.started(module, environment=each)) for each in environments]
        for number in range(rounds + 1):
            for service, served in zip(running, found, strict=True):
                before, calls = service.cpu_seconds(), max(int(seconds * 2_000), 32)
                checked = load.h2load(f"http://{service.address}/decide", body, 32, calls, http1=True)
                if checked is None:
                    return [], ["FastAPI is not measured: h2load (Debian: nghttp2-client) is not installed"]
                if number:
                    served.server_cpu_us.append((service.cpu_seconds() - before) / calls * 1e6)
                    served.calls_per_second.append(checked.calls_per_second)
                    served.median_us.append(checked.median_us)
    return found, []
