"""Newcomers: a content that comes in when the others are known is tried until it is known too, and costs little."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine.campaign.objective import Exploration
from engine.events import DecisionTaken, Stage
from engine.newcomers import BEGINNING, SHARE, SHARE_OF_ALL, TRIES, Offered, fold, lifted
from engine.stage_policies import model_policy
from engine.tombstones import DecisionErased, StageErased
from engine.types import Features
from engine.vowpal_wabbit import Bandit

LAW = settings(max_examples=200, deadline=None, derandomize=True)
MODEL = "wardrobe/email/content"


def taken(content_id: str, among: Sequence[str]) -> DecisionTaken:
    """Return a decision that sent a content, chosen among others."""
    stage = Stage(name="content", action=content_id, probabilities=dict.fromkeys(among, 1 / len(among)), policy=MODEL)
    return DecisionTaken(
        decision_id="",
        request_digest="",
        campaign="wardrobe",
        campaign_version=1,
        customer="",
        time_zone="UTC",
        context=Features(),
        reason="model",
        channel="email",
        propensity=1.0,
        stages=(stage,),
        content_id=content_id,
    )


def erased(content_id: str) -> DecisionErased:
    """Return what stands in the log where a decision that sent a content stood."""
    stage = StageErased("content", content_id, {content_id: 1.0})
    return DecisionErased("wardrobe", 1, "model", "email", 1.0, (stage,), content_id)


def offered(*decisions: DecisionTaken | DecisionErased) -> Offered:
    """Return what is counted of a campaign after as many choices of a known content as make a beginning, and these."""
    known: dict[str, Offered] = {}
    for event in (*[taken("polo", ["polo", "tie"])] * BEGINNING, *decisions):
        fold(known, event)
    return known["wardrobe"]


def test_contents_that_were_there_from_the_beginning_are_no_newcomers() -> None:
    """However seldom one of them was sent, it had its time."""
    assert offered().newcomers == {}
    assert offered(taken("tie", ["polo", "tie"])).newcomers == {}


def test_one_that_comes_in_later_is_new_until_it_was_sent_often_enough() -> None:
    """What is counted is how often it was sent; after that it is known for good."""
    among = ["polo", "tie", "cap"]
    assert offered(taken("polo", among)).newcomers == {"cap": 0}
    assert offered(*[taken("cap", among)] * (TRIES - 1)).newcomers == {"cap": TRIES - 1}
    assert offered(*[taken("cap", among)] * TRIES, taken("polo", among)).newcomers == {}


def test_a_decision_that_was_erased_counts_as_it_did() -> None:
    """A newcomer that was sent to one who was erased since has been tried all the same."""
    among = ["polo", "cap"]
    assert offered(taken("cap", among), erased("cap")).newcomers == {"cap": 2}


def test_silence_says_nothing_of_contents() -> None:
    """A decision that sent nothing was no choice among them."""
    known: dict[str, Offered] = {}
    fold(known, structs.replace(taken("polo", ["polo", "tie"]), content_id="", stages=()))
    assert known == {}


@LAW
@given(st.lists(st.tuples(st.floats(1e-6, 1.0), st.booleans()), min_size=1, max_size=40))
def test_newcomers_have_their_share_and_the_others_keep_their_order(pairs: list[tuple[float, bool]]) -> None:
    """Probabilities still sum to one; a newcomer has its share at least, and no other more than it had."""
    total = sum(weight for weight, _ in pairs)
    before, new = [weight / total for weight, _ in pairs], [is_new for _, is_new in pairs]
    assume(not all(new))
    after = lifted(before, new)
    share = min(SHARE, SHARE_OF_ALL / max(sum(new), 1))
    assert sum(after) == pytest.approx(1.0)
    for p, q, is_new in zip(before, after, new, strict=True):
        if is_new and p < share:
            assert q == share
        else:
            assert q <= p + 1e-12
            assert q >= p * (1 - SHARE_OF_ALL) - 1e-12


def test_where_all_are_new_none_is_newer() -> None:
    """A campaign whose contents are all replaced explores as it did at its beginning."""
    assert lifted([0.99, 0.01], [True, True]) == [0.99, 0.01]


def test_rules_and_other_stages_are_left_alone() -> None:
    """Only what a model says of contents is changed: no rule's even odds, no channel, no send slot."""
    lines = {"polo": "|A content=polo", "cap": "|A content=cap", "tie": "|A content=tie"}
    names = (MODEL, "wardrobe/router", "wardrobe/email/send_slot")
    models = {name: Bandit() for name in names}
    for model in models.values():
        for _ in range(2_000):
            model.learn("shared |X a", lines["polo"], -1.0, 2)

    def asked(known: dict[str, Bandit], newcomers: dict[str, int]) -> list[Sequence[float]]:
        policy = model_policy(known, {}, "shared |X a", Exploration(floor=0.001), newcomers=newcomers, bonuses={})
        return [policy(name, lines)[0] for name in names]

    before, after = asked(models, {}), asked(models, {"cap": 0})
    assert before[1:] == after[1:]
    assert after[0] != before[0]
    assert after[0][1] == pytest.approx(SHARE, rel=0.1)
    assert asked({}, {"cap": 0}) == [[1 / 3] * 3] * 3
