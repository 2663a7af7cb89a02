"""What usual numbers promise: a context's numbers are learned from alike, however large they happen to be."""

from collections.abc import Callable
from copy import deepcopy
from math import sqrt
from random import Random
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from engine.engine import Engine
from engine.erasure import erase, scrubbed
from engine.events import DecisionTaken, Reason
from engine.features import MAX_NUMBER
from engine.history import past_of
from engine.learner import decision_in
from engine.replay import replay
from engine.types import CUSTOMER_ID, DecideRequest, Features, Identity
from engine.usual_numbers import HALF_LIFE_DAYS, LEAST, MOST, NAMES_KEPT, Usual, fold, take_back, told_numbers
from tests.engine import clicks
from tests.wardrobe import CAMPAIGN, NOON_US, SECOND_US

DAY_US = 86_400 * SECOND_US
TREATED = CAMPAIGN.replace("control_share: 0.2", "")
NUMBERS = st.floats(-MAX_NUMBER, MAX_NUMBER)
CUSTOMERS, CONTENTS, MESSAGES, JUDGED = 60, 8, 1_000, 300


def said(numbers: dict[str, float], **changes: object) -> DecisionTaken:
    """Return a decision whose context says these numbers."""
    decision = DecisionTaken(
        *("", "", "wardrobe", 1, "", "UTC"),
        Features(numbers),
        Reason.MODEL,
        *("app", 1.0, ()),
        context_told={},
    )
    return structs.replace(decision, **changes)


def counted(*decisions: DecisionTaken) -> dict[str, Usual]:
    """Return what is usual after these decisions, all taken at once."""
    known: dict[str, dict[str, Usual]] = {}
    for decision in decisions:
        fold(known, decision, NOON_US)
    return known.get("wardrobe", {})


def usual_of(values: list[float]) -> Usual:
    """Return what is usual of one number after these values."""
    return counted(*(said({"age": value}) for value in values))["age"]


@given(st.lists(NUMBERS, min_size=1, max_size=40), NUMBERS)
def test_no_number_is_told_louder_than_it_may(values: list[float], number: float) -> None:
    """Whatever was said before, a number is told within three deviations, and not at all while little is known."""
    told = told_numbers({"age": usual_of(values)}, {"age": number, "new": 1.0})
    assert "new" not in told
    assert all(0 < abs(deviations) <= MOST for deviations in told.values())
    assert not told or len(values) >= LEAST


@given(NUMBERS, st.integers(1, 40))
def test_what_never_changes_tells_nothing(value: float, times: int) -> None:
    """A number that every decision says alike cannot tell one from another."""
    assert told_numbers({"age": usual_of([value] * times)}, {"age": value}) == {}


@given(st.integers(0, 1_000))
def test_told_numbers_are_centred_and_of_one_size(seed: int) -> None:
    """Over all that was said the deviations told come to 0 in the mean and deviate by 1."""
    dice = Random(seed)
    values = [dice.uniform(20, 60) for _ in range(200)]
    usual = {"age": usual_of(values)}
    told = [told_numbers(usual, {"age": value}).get("age", 0.0) for value in values]
    assert fmean(told) == pytest.approx(0.0, abs=0.001)  # three decimals are told
    assert pstdev(told) == pytest.approx(1.0, abs=0.001)


@given(st.integers(0, 1_000))
def test_pounds_are_told_as_pence_are(seed: int) -> None:
    """A hundred times as large, baskets of 20 and more are told within a twentieth of a deviation of what they were.

    0.023 at most, of all seeds; below 1 a number is told as it is and not by its logarithm, so that 3 is no 300.
    """
    dice = Random(seed)
    values = [20 + dice.lognormvariate(4, 0.7) for _ in range(200)]
    pounds, pence = usual_of(values), usual_of([100 * value for value in values])
    for value in values[:20]:
        one, other = told_numbers({"age": pounds}, {"age": value}), told_numbers({"age": pence}, {"age": 100 * value})
        assert one.get("age", 0.0) == pytest.approx(other.get("age", 0.0), abs=0.05)


def test_what_was_usual_fades() -> None:
    """After a half-life what was said before weighs half, so that what is said since is sooner the usual."""
    known: dict[str, dict[str, Usual]] = {}
    for time_us, value in [(NOON_US, 0.0)] * 100 + [(NOON_US + int(HALF_LIFE_DAYS * DAY_US), 1.0)] * 50:
        fold(known, said({"flag": value}), time_us)
    usual = known["wardrobe"]["flag"]
    assert usual.weight == pytest.approx(100.0)
    assert usual.mean == pytest.approx(0.6931 / 2, abs=1e-4)
    assert sqrt(usual.squares / usual.weight) == pytest.approx(0.6931 / 2, abs=1e-4)


def test_names_without_end_are_not_kept() -> None:
    """Of a caller who makes up a name a request as many are kept as one may send, and those that others use."""
    count = 3 * NAMES_KEPT
    usual = counted(*(said({"age": 20.0 + number % 40, f"made-up-{number}": 1.0}) for number in range(count)))
    assert len(usual) == NAMES_KEPT
    assert usual["age"].weight == count


def test_the_control_group_is_not_learned_from() -> None:
    """What is usual is found from the treated alone, as is all that their models know."""
    assert counted(said({"age": 30.0}, control=True)) == {}


def test_what_was_never_counted_is_not_taken_back() -> None:
    """Decisions logged before numbers were told so may be erased: others' numbers stay as usual as they are."""
    known = {"wardrobe": counted(*(said({"age": 20.0 + number}) for number in range(20)))}
    before = deepcopy(known)
    take_back(known, said({"age": 90.0}, context_told=None), NOON_US)
    assert known == before


def test_a_replay_tells_the_numbers_again(opened: Callable[..., Engine]) -> None:
    """Decisions before and after a restart log what models were told, and a replay of all comes to the same."""
    engine = opened()
    for number in range(80):
        if number == 40:
            engine.snapshot(NOON_US)
            engine = opened(source=None)
        context = Features({"age": 20.0 + number % 40, "basket": 79.9})
        engine.decide(DecideRequest("wardrobe", f"customer-{number}", context), NOON_US + number * SECOND_US)
    told = [decision_in(one).context_told for one in engine.log.read() if isinstance(one.event, DecisionTaken)]
    assert told[0] == {}
    assert all(one is not None and one.keys() == {"age"} for one in told[40:])
    again = replay(engine.log.read(), past_of(engine.log))
    assert again.different == ()
    assert again.state.usual_numbers == engine.state.usual_numbers


@pytest.mark.parametrize(("middle", "spread"), [(0.0, 1.0), (40.0, 15.0), (5_000.0, 1_500.0), (1.7e9, 1e6)])
def test_a_number_is_learned_from_however_large_it_is(
    opened: Callable[..., Engine], middle: float, spread: float
) -> None:
    """Deviations, ages, pence and seconds since 1970: who is above the usual gets what suits those, of eight contents.

    Told as they were said, deviations had 0.95 at the end and large numbers 0.41 to 0.60.
    """
    dice = Random(7)
    suited = clicks.sent_what_suits(
        opened(source=clicks.source(["any"] * CONTENTS)),
        dice,
        CUSTOMERS,
        MESSAGES,
        pace_s=60,
        suits=lambda customer, content: content == customer % 2,
        context=lambda customer: Features({"number": middle + spread * ((1, -1)[customer % 2] + dice.gauss(0, 0.3))}),
    )
    assert sum(suited[-JUDGED:]) / JUDGED > 0.85


def test_what_an_erased_customer_said_is_usual_no_longer(opened: Callable[..., Engine]) -> None:
    """The others' numbers are as usual as without her, and a name that she alone said is gone from the folder."""
    engines = []
    for folder, hers in (("with", True), ("without", False)):
        engine = opened(folder, source=TREATED)
        for number in range(40):
            context = Features({"age": 20.0 + number})
            engine.decide(DecideRequest("wardrobe", f"customer-{number}", context), NOON_US + number * DAY_US)
            if hers and number % 4 == 0:
                context = Features({"age": 90.0, "said-by-her-alone": 1.0})
                decide = DecideRequest("wardrobe", "erased", context, f"hers-{number}")
                engine.decide(decide, NOON_US + number * DAY_US)
        engine.snapshot(NOON_US + 40 * DAY_US)
        if hers:
            assert "said-by-her-alone" in engine.state.usual_numbers["wardrobe"]
            erase(engine, Identity(CUSTOMER_ID, "erased"), NOON_US + 40 * DAY_US, rebuild_models=False)
            assert scrubbed(engine)
            assert not any(b"said-by-her-alone" in file.read_bytes() for file in engine.log.folder.iterdir())
        engines.append(engine.state.usual_numbers)
    (left,), (never,) = ([usual["age"] for usual in known.values()] for known in engines)
    assert engines[0].keys() == engines[1].keys()
    assert "said-by-her-alone" not in engines[0]["wardrobe"]
    for field in ("weight", "mean", "squares"):
        assert getattr(left, field) == pytest.approx(getattr(never, field), rel=1e-9)
