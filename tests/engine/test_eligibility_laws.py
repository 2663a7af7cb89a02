"""Laws of what may be chosen, over histories nobody thought of: no rule is broken, and each removal is explained."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.customers.profile import FEATURES, SERVICE
from engine.engine import Engine
from engine.events import DecisionTaken
from engine.explaining import explain
from engine.history import past_of
from engine.opening import open_engine
from engine.replay import replay
from engine.types import NOTHING, DecideRequest
from tests.engine.test_replay import everyone, same_weights
from tests.ruled import IDENTITIES, Before, applied, broken_limits, broken_rules, something_happens
from tests.wardrobe import KEY, NOON_US, SECOND_US

TERMS = {feature.name.partition("/")[0]: feature for feature in FEATURES}
LAW = settings(max_examples=15, derandomize=True, database=None, deadline=None)
COMMIT_EVERY = 200
MEAN_GAPS_S = (20, 600, 7_200)
"""Mean seconds between two things that happen: from a rush, in which limits bind, to days in which they let go."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield new folders."""
    return iter(lambda: tmp_path_factory.mktemp("data"), None)


def started(folder: Path) -> Engine:
    """Return an engine with both campaigns, over a new folder."""
    engine = open_engine(folder, durability="process", secret_key=KEY)
    applied(engine)
    return engine


def unpermitted(decision: DecisionTaken, before: Before) -> list[str]:
    """Return the features that models were told beyond the customer's level or consent."""
    word = before.consents.get("0:personalisation")
    personal = word == "granted" if decision.campaign == "autumn" else word != "refused"
    told = {name.partition("/")[0] for name in (*decision.profile.numbers, *decision.profile.categories)}
    return [
        name
        for name in sorted(told)
        if before.level < TERMS[name].least or not (personal or TERMS[name].purpose == SERVICE)
    ]


def lived(engine: Engine, dice: Random, decisions: int, *, linking: bool = True) -> list[DecisionTaken]:
    """Let things happen until so many decisions are taken, none of which may break a rule; return those that send."""
    now_us, sent, taken, events = NOON_US, [], 0, 0
    while taken < decisions:
        events += 1
        now_us += int(dice.expovariate(1 / dice.choice(MEAN_GAPS_S)) * SECOND_US)
        happened = something_happens(engine, dice, now_us, linking=linking)
        if happened is not None:
            taken += 1
            assert broken_rules(*happened) + unpermitted(*happened) == [], happened
            if happened[0].channel != NOTHING:
                sent.append(happened[0])
        if events % COMMIT_EVERY == 0:
            engine.commit()
    engine.commit()
    return sent


@LAW
@given(st.integers(0, 2**32))
def test_no_limit_is_broken_in_any_stretch(folders: Iterator[Path], seed: int) -> None:
    """Whatever the order and pace of decisions over two campaigns, no customer gets one message over any limit."""
    engine = started(next(folders))
    lived(engine, Random(seed), 150, linking=False)
    for person in everyone(engine.customers).values():
        assert broken_limits(person.contacts) == []
    engine.close()


@LAW
@given(st.integers(0, 2**32))
def test_what_is_removed_is_exactly_what_may_not_be_chosen(folders: Iterator[Path], seed: int) -> None:
    """Taking the explained removals from everything there is leaves exactly the stages' eligible actions."""
    dice = Random(seed)
    engine = started(next(folders))
    lived(engine, dice, 60)
    for who in IDENTITIES:
        request = DecideRequest(dice.choice(("autumn", "outlet")), request_id=f"{who}", identity=who)
        now_us = engine.state.clock_us + dice.randrange(86_400) * SECOND_US
        removed = explain(engine, request, now_us)
        decision = engine.decide(request, now_us)
        left = everything(engine, decision.campaign) - {
            one for gone in removed for one in everything(engine, decision.campaign) if covers(gone, one)
        }
        assert {channel for channel, _, _ in left} | {NOTHING} == set(decision.stages[0].probabilities)
        if decision.channel != NOTHING:
            mine = {(content_id, slot) for channel, content_id, slot in left if channel == decision.channel}
            assert {content_id for content_id, _ in mine} == set(decision.stages[1].probabilities)
            slots = {slot for content_id, slot in mine if content_id == decision.content_id}
            assert slots == set(decision.stages[2].probabilities)
    engine.close()


def everything(engine: Engine, campaign: str) -> set[tuple[str, str, str]]:
    """Return every channel, content and slot of a campaign that fit each other."""
    offers = engine.state.campaigns.catalogue(campaign).channels
    return {
        (name, content_id, slot)
        for name, offer in offers.items()
        for content_id in offer.contents
        for slot in offer.slot_lines
    }


def covers(removal: object, one: tuple[str, str, str]) -> bool:
    """Tell whether a removal removes a channel, content and slot; an empty field of it means all."""
    fields = (removal.channel, removal.content_id, removal.send_slot)  # type: ignore[attr-defined]
    return all(field in ("", value) for field, value in zip(fields, one, strict=True))


def test_a_log_with_every_rule_replays_to_the_same_decisions_and_folds(
    folders: Iterator[Path],
) -> None:
    """Replay equals live with all rules in force, and a start from a snapshot equals both."""
    folder = next(folders)
    engine = started(folder)
    lived(engine, Random(3), 400)
    engine.snapshot(engine.state.clock_us)
    lived(engine, Random(4), 100)
    again = replay(engine.log.read(), past_of(engine.log))
    assert (again.decisions, again.different) == (500, ())
    assert same_weights(engine.state, again.state)
    assert everyone(engine.customers) == everyone(again.customers)
    assert engine.state.tallies.stock == again.state.tallies.stock
    stock = engine.state.tallies.stock
    engine.close()
    engine = open_engine(folder, durability="process", secret_key=KEY)
    assert engine.state.tallies.stock == stock
    assert engine.state.campaigns.overall_limits == again.state.campaigns.overall_limits != ()
    engine.close()


def check_no_rule_is_broken(folder: Path, decisions: int) -> None:
    """Check so many decisions, and that they were put to the test: every channel and content was sent, much was not."""
    engine = started(folder)
    sent = lived(engine, Random(5), decisions)
    assert {decision.channel for decision in sent} == {"email", "sms", "app"}
    assert {decision.content_id for decision in sent} == {"polo", "suit", "tie", "shoes", "chicago", "news"}
    assert len(sent) < decisions / 2
    engine.close()


def test_no_rule_is_broken_in_many_decisions(folders: Iterator[Path]) -> None:
    """Over 20,000 decisions no content goes to a customer it may not go to, no feature to models it may not go to."""
    check_no_rule_is_broken(next(folders), 20_000)


@pytest.mark.soak
def test_no_rule_is_broken_in_a_million_decisions(folders: Iterator[Path]) -> None:
    """Over a million decisions no content goes above the customer's level, and no feature without her consent."""
    check_no_rule_is_broken(next(folders), 1_000_000)
