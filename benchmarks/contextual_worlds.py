"""How well does the engine learn worlds that only a request's context tells of, or what customers declared? Never a
pass or fail.

`python -m benchmarks.contextual_worlds` asks for a content again and again, in small worlds in which nobody browses or
buys by herself, so that nothing is known but what is said; beside the engine it asks plain Vowpal Wabbit and LinUCB,
which are told the same. `--write` puts the table into this folder's README.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import numpy as np
from msgspec import Struct
from vowpalwabbit import Workspace

from benchmarks.notes import tables
from engine.customer_operations import identify
from engine.customers.types import IdentifyRequest
from engine.opening import open_engine
from engine.types import CUSTOMER_ID, DecideRequest, Features, Identity, RewardRequest
from simulators.baselines.lin_ucb import LinUCBArms
from simulators.results import oracle_share
from simulators.target import SECRET_KEY
from simulators.world.arrays import Floats

DECISIONS, SEEDS, WORKERS = 6_000, (1, 2, 3, 4), 2
START_US, STEP_US = 1_782_993_600_000_000, 20_000_000
BASE, SPREAD, TASTE = -2.5, 0.5, 1.3
"""Of the log odds of a click: their mean, how much contents differ for everybody, and how much for one or another."""
ATTRIBUTES = ("city", "loyalty_tier", "age_band", "language")
CUSTOMERS = 500
TURNED_BY, SILENT = 3, 400
ORDER_SPREAD = 1.0
"""The deviation of an order's logarithm: one in twenty is five times as large as the middle one."""


class Kind(Struct, frozen=True):
    """A kind of world: how many levels its categories have, how many numbers there are, and how many of each matter.

    What is said is a request's context, or else what one of 500 customers declared; its numbers are deviations, or
    `said` as they would be in life. What comes of it is a click worth 1, or an order, of `order` in the mean and
    unevenly spread; `highest` is the end of the range that is declared. From decision `turned_at` on every content
    earns what the third one before it did, from `silent_from` on nothing is told of 400 decisions; 0 for never.
    """

    name: str
    levels: tuple[int, ...] = ()
    telling: int = 0
    numbers: int = 0
    telling_numbers: int = 0
    contents: int = 10
    declared: bool = False
    said: str = ""
    order: float = 0.0
    highest: float = 1.0
    decisions: int = DECISIONS
    turned_at: int = 0
    silent_from: int = 0


SAID: dict[str, Callable[[Floats], Floats]] = {
    "": lambda deviations: deviations,
    "ages": lambda deviations: 40 + 15 * deviations,
    "baskets": lambda deviations: np.exp(4 + 0.7 * deviations),
    "pence": lambda deviations: 5_000 + 2_000 * deviations,
}
"""How large numbers are that deviate so from the usual: ages from 40 by 15 years, baskets around 55 log-normally."""

KINDS = (
    Kind("nothing is told"),
    Kind("a segment, of 5", (5,), 1),
    Kind("a segment, of 3, two contents", (3,), 1, contents=2),
    Kind("two categories, two numbers", (5, 4), 2, 2, 2),
    Kind("two categories, two numbers, ages", (5, 4), 2, 2, 2, said="ages"),
    Kind("two categories, two numbers, baskets", (5, 4), 2, 2, 2, said="baskets"),
    Kind("two categories, two numbers, pence", (5, 4), 2, 2, 2, said="pence"),
    Kind("six numbers", numbers=6, telling_numbers=6),
    Kind("one of ten categories matters", (5, *[4] * 9), 1, 3),
    Kind("twenty features, all matter", (3,) * 15, 15, 5, 5),
    Kind("fifty contents", (5, 4), 2, contents=50),
    Kind("declared: a segment", (5,), 1, declared=True),
    Kind("declared: two, fifty contents", (5, 4), 2, contents=50, declared=True),
    Kind("a segment, of 5; range to 100", (5,), 1, highest=100),
    Kind("a segment, of 5; orders, range to 1,000", (5,), 1, order=30, highest=1_000),
    Kind("two categories, two numbers; orders, range to 1,000", (5, 4), 2, 2, 2, order=30, highest=1_000),
)


class Moment(Struct, frozen=True):
    """Who asks, what is said, the same one-hot, each content's chance of a click, and what each would be worth.

    A click is worth 1, an order 1 in the mean.
    """

    customer: int
    categories: dict[str, str]
    numbers: dict[str, float]
    features: Floats
    chances: Floats
    worths: Floats


def moments(kind: Kind, seed: int) -> Iterator[Moment]:
    """Yield the moments of a world, the same for everybody who is asked."""
    generator = np.random.default_rng(seed)
    scale = TASTE / np.sqrt(max(1, kind.telling + kind.telling_numbers))
    categories = [generator.normal(0, scale, (kind.contents, levels)) for levels in kind.levels]
    numbers = generator.normal(0, scale, (kind.contents, kind.numbers))
    base = BASE + generator.normal(0, SPREAD, kind.contents)
    people = [tuple(int(generator.integers(levels)) for levels in kind.levels) for _ in range(CUSTOMERS)]
    for number in range(kind.decisions):
        customer = int(generator.integers(CUSTOMERS)) if kind.declared else number
        told = people[customer] if kind.declared else tuple(int(generator.integers(n)) for n in kind.levels)
        values = generator.normal(0, 1, kind.numbers)
        odds = base + numbers[:, : kind.telling_numbers] @ values[: kind.telling_numbers]
        odds += sum(categories[place][:, told[place]] for place in range(kind.telling))
        chances, said = 1 / (1 + np.exp(-odds)), SAID[kind.said](values)
        worths = (generator.random(kind.contents) < chances) * _sizes(kind, generator)
        if 0 < kind.turned_at <= number:
            chances, worths = np.roll(chances, TURNED_BY), np.roll(worths, TURNED_BY)
        if 0 < kind.silent_from <= number < kind.silent_from + SILENT:
            worths = np.zeros(kind.contents)
        yield Moment(
            customer=customer,
            categories={ATTRIBUTES[n] if kind.declared else f"told-{n}": f"v{told[n]}" for n in range(len(told))},
            numbers={f"number-{n}": float(value) for n, value in enumerate(said)},
            features=np.concatenate([np.eye(n)[one] for n, one in zip(kind.levels, told, strict=True)] + [said, [1]]),
            chances=chances,
            worths=worths,
        )


def _sizes(kind: Kind, generator: np.random.Generator) -> Floats:
    """Return what a click on each content would be worth: orders are spread log-normally."""
    if not kind.order:
        return np.ones(kind.contents)
    return generator.lognormal(-(ORDER_SPREAD**2) / 2, ORDER_SPREAD, kind.contents)


def engine_chooses(kind: Kind, seed: int) -> Iterator[tuple[Moment, int]]:
    """Yield each moment and what the engine chose, told at once what came of it."""
    contents = ", ".join(f"k{n}: {{category: c{n % 3}}}" for n in range(kind.contents))
    source = (
        f"campaign: worlds\nreward: {{lowest: 0, highest: {kind.highest:g}}}\n"
        "outcomes: {clicked: 1, ordered: amount}\n"
        f"channels: {{web: {{send_windows: {{now: now}}, reward_window: 1 hour}}}}\ncontents: {{{contents}}}\n"
    )
    with TemporaryDirectory() as folder:
        engine = open_engine(Path(folder), durability="process", secret_key=SECRET_KEY.encode())
        engine.apply_campaign(source, START_US)
        identified = set[str]()
        for number, moment in enumerate(moments(kind, seed)):
            now_us, customer, context = START_US + number * STEP_US, f"customer-{moment.customer}", Features()
            if not kind.declared:
                context = Features(moment.numbers, moment.categories)
            elif customer not in identified:
                identified.add(customer)
                identify(engine, IdentifyRequest(Identity(CUSTOMER_ID, customer), moment.categories), now_us)
            decision = engine.decide(DecideRequest("worlds", customer, context, f"{seed}-{number}"), now_us)
            chosen = int(decision.content_id[1:])
            if worth := float(moment.worths[chosen]):
                amount = worth * kind.order or None
                outcome = "ordered" if amount else "clicked"
                engine.reward(RewardRequest(decision.decision_id, outcome=outcome, amount=amount), now_us + 1_000_000)
            if number % 64 == 0:
                engine.commit()
            yield moment, chosen
        engine.close()


def plain_vowpal_wabbit_chooses(kind: Kind, seed: int) -> Iterator[tuple[Moment, int]]:
    """Yield each moment and what Vowpal Wabbit's defaults chose, with SquareCB and context crossed with contents."""
    model, generator = Workspace("--cb_explore_adf --squarecb -q XA --quiet"), np.random.default_rng(seed)
    for moment in moments(kind, seed):
        told = [f"{name}={value}" for name, value in moment.categories.items()]
        told += [f"{name}:{value:.6g}" for name, value in moment.numbers.items()]
        lines = [f"shared |X {' '.join(told)}", *(f"|A content=k{n} category=c{n % 3}" for n in range(kind.contents))]
        probabilities = np.array(model.predict(lines))
        chosen = int(generator.choice(kind.contents, p=probabilities / probabilities.sum()))
        lines[1 + chosen] = f"0:{-moment.worths[chosen]:.6g}:{probabilities[chosen]:.6g} {lines[1 + chosen]}"
        model.learn(lines)
        yield moment, chosen


def lin_ucb_chooses(kind: Kind, seed: int) -> Iterator[tuple[Moment, int]]:
    """Yield each moment and what LinUCB chose, with one ridge regression a content."""
    arms = LinUCBArms(kind.contents, sum(kind.levels) + kind.numbers + 1)
    for moment in moments(kind, seed):
        chosen = int(arms.scores(moment.features[None])[0].argmax())
        arms.learn(moment.features[None], np.array([chosen]), moment.worths[[chosen]])
        yield moment, chosen


CHOOSERS: dict[str, Callable[[Kind, int], Iterator[tuple[Moment, int]]]] = {
    "engine": engine_chooses,
    "plain Vowpal Wabbit": plain_vowpal_wabbit_chooses,
    "LinUCB": lin_ucb_chooses,
}


def shares(chooser: str, kind: Kind, seed: int) -> tuple[float, float]:
    """Return the oracle share of one run: over all of it, and over its last fifth."""
    lived = earned(chooser, kind, seed)
    return share(lived), share(lived[-kind.decisions // 5 :])


def earned(chooser: str, kind: Kind, seed: int) -> list[tuple[float, float, float]]:
    """Return of every decision the chance that what was chosen had, that of the best, and that of any in the mean."""
    return [
        (float(moment.chances[chosen]), float(moment.chances.max()), float(moment.chances.mean()))
        for moment, chosen in CHOOSERS[chooser](kind, seed)
    ]


def share(lived: Sequence[tuple[float, float, float]]) -> float:
    """Return the oracle share of some decisions: 0 is what any content has in the mean, 1 what the best one has."""
    return oracle_share(*(sum(each) for each in zip(*lived, strict=True))) or 0.0


def _means(figures: Iterable[Sequence[float]]) -> list[float]:
    return [mean(each) for each in zip(*figures, strict=True)]


def main() -> None:
    """Live through every world, print what each chooser came to, and write it where that is asked for."""
    with ProcessPoolExecutor(WORKERS) as pool:
        runs = {
            (kind.name, chooser): [pool.submit(shares, chooser, kind, seed) for seed in SEEDS]
            for kind in KINDS
            for chooser in CHOOSERS
        }
        found = {key: _means(run.result() for run in each) for key, each in runs.items()}
    header = ("what is told", *(f"{chooser}: {part}" for chooser in CHOOSERS for part in ("share", "end")))
    figures = {kind.name: [figure for chooser in CHOOSERS for figure in found[kind.name, chooser]] for kind in KINDS}
    figures["mean"] = _means(figures.values())
    rows = [[name, *(f"{figure:.3f}" for figure in each)] for name, each in figures.items()]
    where = tables.taken(f"; {DECISIONS:,} decisions, seeds {', '.join(map(str, SEEDS))}.")
    tables.told("contextual_worlds", where, header, rows, sys.argv)


if __name__ == "__main__":
    main()
