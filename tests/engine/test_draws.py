"""The draws follow the logged propensities, closely enough that a chi-square test over 100,000 decisions finds
nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from math import sqrt

from engine.engine import Engine
from engine.events import DecisionTaken, Stage
from engine.types import DecideRequest, Features, RewardRequest
from tests.wardrobe import CAMPAIGN, NOON_US, SECOND_US

LIMITED = CAMPAIGN.replace("{now: now}", "{now: now}\n    message_limits: [{messages: 1, per: 1 day}]").replace(
    "season: summer}", "season: summer, valid_until: 2026-07-02}"
)
NARROWINGS = ((), ("email",), ("app", "email"))


def asked(number: int) -> DecideRequest:
    """Make the numbered request: twelve kinds of moment, customers who come twice, so that limits bite."""
    return DecideRequest(
        campaign="wardrobe",
        customer_id=f"customer-{number // 2}",
        context=Features(categories={"city": ("Anytown", "Chicago")[number % 2]}),
        channels=NARROWINGS[number % 3],
        content_ids=("suit", "polo") if number % 12 == 1 else (),
    )


def taught(engine: Engine) -> None:
    """Give the models something to be unequal about."""
    for number in range(300):
        decision = engine.decide(asked(1_000_000 + number), NOON_US)
        if decision.content_id:
            outcome = "purchased" if decision.content_id == "suit" else "ignored"
            engine.reward(RewardRequest(decision.decision_id, "", outcome), NOON_US)


def chi_square(drawn: Counter[str], probabilities: dict[str, float]) -> tuple[float, int]:
    """Return Pearson's statistic and its degrees of freedom, actions expected under five times pooled (Cochran
    1954).
    """
    number = drawn.total()
    cells = [(drawn[action], number * probability) for action, probability in probabilities.items()]
    large = [cell for cell in cells if cell[1] >= 5]
    small = [cell for cell in cells if cell[1] < 5]
    pooled = (sum(o for o, _ in small), sum(e for _, e in small))
    cells = large + ([pooled] if pooled[1] >= 5 else [])
    return sum((o - e) ** 2 / e for o, e in cells), max(len(cells) - 1, 0)


def critical(freedom: int, deviations: float) -> float:
    """Return the chi-square quantile that many normal deviations out (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * freedom)
    return freedom * (1 - spread + deviations * sqrt(spread)) ** 3


def test_draws_follow_the_logged_propensities(opened: Callable[..., Engine]) -> None:
    """Stage by stage and group by group of equal distributions, the drawn shares are those that were logged."""
    engine = opened(source=LIMITED)
    taught(engine)
    stages: defaultdict[tuple[str, tuple[tuple[str, float], ...]], Counter[str]] = defaultdict(Counter)
    decisions: list[DecisionTaken] = []
    for number in range(100_000):
        decision = engine.decide(asked(number), NOON_US + number * SECOND_US // 100)
        decisions.append(decision)
        for stage in decision.stages:
            stages[grouped(stage)][stage.action] += 1
    found = [chi_square(drawn, dict(distribution)) for (_, distribution), drawn in stages.items()]
    statistic, freedom = sum(value for value, _ in found), sum(degrees for _, degrees in found)
    assert freedom > 15
    assert critical(freedom, -4) < statistic < critical(freedom, 4)
    assert_rules_narrowed(decisions)


def grouped(stage: Stage) -> tuple[str, tuple[tuple[str, float], ...]]:
    """Return what stages drawn from the very same distribution share."""
    return stage.name, tuple(stage.probabilities.items())


def assert_rules_narrowed(decisions: list[DecisionTaken]) -> None:
    """Check that limits, dates and requests did take actions away while the draws were counted."""
    routers = {tuple(decision.stages[0].probabilities) for decision in decisions}
    assert {("email", "app", "nothing"), ("email", "nothing")} <= routers
    sent = [decision for decision in decisions if decision.channel == "email"]
    slots = {(decision.content_id, tuple(decision.stages[2].probabilities)) for decision in sent}
    assert {("polo", ("evening",)), ("suit", ("morning", "evening"))} <= slots
    assert ("polo", ("morning", "evening")) not in slots
