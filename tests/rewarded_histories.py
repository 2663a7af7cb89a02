"""Histories of decisions and rewards played on an engine, with every lesson it took. Never a behaviour under test."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from engine.engine import Engine
from engine.errors import NotPossible
from engine.folds import Half
from engine.learner import Rewarded, teach
from engine.types import ActivateRequest, DecideRequest, Features, RewardReceipt, RewardRequest
from engine.vowpal_wabbit import Bandit
from tests import reward_rule as rule
from tests.reward_rule import CarriedOut, Decided, Fact, Ticked
from tests.wardrobe import NOON_US, SECOND_US

MINUTE_US = 60 * SECOND_US
WINDOWS_US = {"app": 10 * MINUTE_US, "email": 30 * MINUTE_US, "nothing": 20 * MINUTE_US, "web": None}
CAMPAIGN = """
campaign: wardrobe
reward: {{lowest: -1, highest: 1}}
outcomes: {{clicked: 0.25, purchased: 1, returned: -1, spent: "amount / 200", rooted: "sqrt(amount)"}}
combine: {combine}
learn: {learn}
activation: {activation}
default_reward: {default}
control_share: {control_share}
send_nothing: {{allowed: {silence}, reward_window: 20 minutes}}
channels:
  app: {{send_windows: {{now: now}}, reward_window: 10 minutes}}
  email: {{send_windows: {{evening: {{from: "18:00", until: "20:00"}}}}, reward_window: 30 minutes}}
  web: {{send_windows: {{now: now}}}}
contents:
  polo: {{category: polos, price: 29}}
"""
_DEFAULTS: Mapping[str, object] = {
    "combine": "sum",
    "learn": "provisionally",
    "activation": "assumed",
    "default": 0,
    "control_share": 0,
    "silence": "false",
}


def windowed(**changes: object) -> str:
    """Return a campaign whose windows last 10 minutes (app), 30 (e-mail, sent at 18:00) and, of silence, 20."""
    source = CAMPAIGN.format(**_DEFAULTS | changes)
    return source if changes.get("activation") != "required" else "".join(_bounded(source))


def _bounded(source: str) -> list[str]:
    """Return the lines without the channel that has no window, which may not be where activation is required."""
    return [line for line in source.splitlines(keepends=True) if not line.startswith("  web:")]


@dataclass(frozen=True)
class Decide:
    """Decide for a new customer on one channel; times are microseconds after noon."""

    at_us: int
    channel: str = "app"


@dataclass(frozen=True)
class Reward:
    """Reward the numbered decision; an id that came before repeats what it first said."""

    at_us: int
    decision: int
    value: float
    occur_us: int
    reward_id: str


@dataclass(frozen=True)
class Activate:
    """Report the numbered decision as carried out."""

    at_us: int
    decision: int
    activate_us: int


@dataclass(frozen=True)
class Tick:
    """Let time pass."""

    at_us: int


Step = Decide | Reward | Activate | Tick


@dataclass
class Played:
    """What was put into an engine and what it answered: facts, and of each the receipt or whether it was refused."""

    facts: list[Fact] = field(default_factory=list)
    decisions: list[tuple[str, int]] = field(default_factory=list)
    sent: dict[str, RewardRequest] = field(default_factory=dict)
    receipts: dict[int, RewardReceipt] = field(default_factory=dict)
    repeated: list[RewardReceipt] = field(default_factory=list)
    refused: list[tuple[int, CarriedOut]] = field(default_factory=list)


@contextmanager
def spied() -> Iterator[list[tuple[str, float, float | None]]]:
    """Note every lesson as (whose decision, value, value learned before) while it is learned as usual."""
    noted: list[tuple[str, float, float | None]] = []

    def spy(models: Mapping[str, Bandit], what: Rewarded, half: Half, unit: float) -> dict[str, bool]:
        taught = teach(models, what, half, unit)
        if taught:
            assert all(taught.values())
            noted.append((what.decision.context.categories["customer"], half.value, half.learned))
        return taught

    with patch("engine.taught_models.teach", spy):
        yield noted


def play(
    engine: Engine, steps: Sequence[Step], between: Callable[[Engine, int], Engine] = lambda engine, _: engine
) -> tuple[Engine, Played]:
    """Take every step; `between` may hand back another engine over the same log before each."""
    played = Played()
    for number, step in enumerate(steps):
        engine = between(engine, number)
        match step:
            case Decide():
                _decide(engine, step, played)
            case Reward():
                _reward(engine, step, played)
            case Activate():
                _activate(engine, step, played)
            case Tick() if engine.tick(NOON_US + step.at_us):
                played.facts.append(Ticked(NOON_US + step.at_us))
    engine.commit()
    engine.learn(len(steps))
    return engine, played


def _decide(engine: Engine, step: Decide, played: Played) -> None:
    number, now_us = len(played.decisions), NOON_US + step.at_us
    context = Features(categories={"customer": str(number)})
    asked = DecideRequest("wardrobe", f"customer-{number}", context, f"q{number}", channels=(step.channel,))
    taken = engine.decide(asked, now_us)
    played.decisions.append((taken.decision_id, len(played.facts)))
    window_us = WINDOWS_US[taken.channel]
    start_us = now_us if taken.send_time_us is None else taken.send_time_us
    played.facts.append(Decided(now_us, start_us, window_us, taken.activation_required, taken.control))


def _reward(engine: Engine, step: Reward, played: Played) -> None:
    decision_id, place = played.decisions[step.decision]
    occur_time_us = NOON_US + step.occur_us
    fresh = RewardRequest(decision_id, step.reward_id, "", step.value, occur_time_us)
    receipt = engine.reward(played.sent.setdefault(step.reward_id, fresh), NOON_US + step.at_us)
    if receipt.duplicate:
        played.repeated.append(receipt)
        return
    played.receipts[len(played.facts)] = receipt
    played.facts.append(rule.Rewarded(NOON_US + step.at_us, place, step.value, occur_time_us))


def _activate(engine: Engine, step: Activate, played: Played) -> None:
    decision_id, place = played.decisions[step.decision]
    fact = CarriedOut(NOON_US + step.at_us, place, NOON_US + step.activate_us)
    try:
        if engine.activate(ActivateRequest(decision_id, fact.activate_time_us), fact.time_us).duplicate:
            return
    except NotPossible:
        played.refused.append((len(played.facts), fact))
        return
    played.facts.append(fact)


def named(lessons: Sequence[rule.Lesson], played: Played) -> list[tuple[str, float, float | None]]:
    """Return lessons that the rule expects as `spied` notes them."""
    number_at = {place: str(number) for number, (_, place) in enumerate(played.decisions)}
    return [(number_at[place], value, learned) for place, value, learned in lessons]
