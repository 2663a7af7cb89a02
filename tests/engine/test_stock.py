"""Stock and sell-through: what is left, what lags, and the price that then speaks for a content."""

from collections.abc import Callable
from math import exp, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import stock
from engine.campaign.loader import load_campaign
from engine.customer_operations import track
from engine.customers.events import EventTracked
from engine.customers.types import TrackRequest
from engine.engine import Engine
from engine.erasure import erase
from engine.errors import InvalidRequest
from engine.events import StockSet
from engine.exploration import floored, maillard
from engine.history import past_of
from engine.replay import replay
from engine.stock import DAYS_KEPT, TILT, Stock, prices, tilted
from engine.stock_operations import MAX_UNITS, set_stock
from engine.tombstones import FactErased
from engine.tried import GUESSED_VARIANCE
from engine.types import NOTHING, DecideRequest, Features, Identity
from tests.wardrobe import CAMPAIGN, NOON_US

DAY_US = 86_400_000_000
START_US = NOON_US - DAY_US // 2  # 2026-07-02 00:00 UTC
TARGET = "sell_through: {units: 100, from: 2026-07-02, until: 2026-07-11, bonus: 0.2}"
TARGETED = CAMPAIGN.replace("{category: polos,", f"{{category: polos, sku: polo, {TARGET},").replace(
    "control_share: 0.2", "control_share: 0.3"
)


def bought(units: float | None, at_us: int = NOON_US, sku: str = "polo", kind: str = "purchase") -> EventTracked:
    """Return a tracked event."""
    return EventTracked("customer", "cookie", kind, at_us, "", sku=sku, quantity=units)


@given(st.lists(st.integers(0, 30) | st.floats(0, 5).map(lambda units: units / 2), max_size=30))
def test_stock_is_the_last_count_less_what_was_sold_since_and_never_below_nothing(steps: list[float]) -> None:
    """Counts (whole numbers here) replace what was left, purchases are taken from it, and none makes it negative."""
    known: dict[str, Stock] = {}
    stock.fold(known, StockSet("polo", 10), NOON_US)
    left = 10.0
    for step in steps:
        if isinstance(step, int):
            left = float(step)
            stock.fold(known, StockSet("polo", step), NOON_US)
        else:
            left = max(0.0, left - step)
            stock.fold(known, bought(step), NOON_US)
        assert isclose(known["polo"].units, left, abs_tol=1e-9)


def test_only_purchases_of_a_counted_sku_are_taken() -> None:
    """Browsing sells nothing, a purchase without a quantity is one, and what nobody counts is not counted."""
    known: dict[str, Stock] = {}
    stock.fold(known, bought(1), NOON_US)
    assert known == {}
    stock.fold(known, StockSet("polo", 10), NOON_US)
    for event in (bought(None), bought(5, kind="browse"), bought(5, sku="suit")):
        stock.fold(known, event, NOON_US)
    assert (known.keys(), known["polo"].units) == ({"polo"}, 9)


def test_sales_are_remembered_by_day_and_not_for_ever() -> None:
    """A late event counts on the day it happened; a new count forgets no sale; the oldest days are let go."""
    known: dict[str, Stock] = {}
    stock.fold(known, StockSet("polo", 10_000), NOON_US)
    stock.fold(known, bought(3, NOON_US), NOON_US)
    stock.fold(known, bought(2, NOON_US - DAY_US), NOON_US)
    stock.fold(known, StockSet("polo", 10_000), NOON_US)
    assert [known["polo"].sold_since(NOON_US - days * DAY_US) for days in (-1, 0, 1)] == [0, 3, 5]
    for day in range(2 * DAYS_KEPT):
        stock.fold(known, bought(1, NOON_US + day * DAY_US), NOON_US)
    assert len(known["polo"].sold) == DAYS_KEPT


@pytest.mark.parametrize(
    ("day", "sold", "price"),
    [
        (0, 0, 0),  # nothing is due yet
        (5, 0, 0.1),  # half the time has gone, and nothing is sold
        (5, 30, 0.04),
        (5, 50, 0),  # in step
        (5, 80, 0),  # ahead: no price the other way
        (9, 0, 0.18),
        (10, 0, 0),  # the target is over
        (-1, 0, 0),
    ],
)
def test_a_price_is_the_bonus_times_the_lag_behind_the_straight_line(day: int, sold: int, price: float) -> None:
    """What is due by now less what was sold, as a share of the target, is what speaks for the content."""
    campaign = load_campaign(TARGETED)
    known = {"polo": Stock(50.0, START_US, {START_US // DAY_US: float(sold)})}
    found = prices(campaign, known, START_US + day * DAY_US)
    assert found == ({"polo": price} if price else {})
    assert prices(campaign, {}, START_US + day * DAY_US) == {}  # a SKU that nobody counts lags behind nothing


@given(st.lists(st.tuples(st.floats(0.001, 1), st.floats(0, 1)), min_size=2, max_size=8))
def test_a_tilt_multiplies_odds_and_stays_a_distribution(actions: list[tuple[float, float]]) -> None:
    """The odds of two actions change by e to the difference of their bonuses; all stay above nothing and sum to 1."""
    total = sum(weight for weight, _ in actions)
    probabilities, bonus = [weight / total for weight, _ in actions], [one for _, one in actions]
    found = tilted(probabilities, bonus)
    assert isclose(sum(found), 1)
    odds = found[0] / found[1] / (probabilities[0] / probabilities[1])
    assert isclose(odds, exp(TILT * (bonus[0] - bonus[1])), rel_tol=1e-9)


BONUS = 0.2 * 0.95
EXPECTED = {
    "mixed": maillard([-BONUS, 0.0], [0, 0], GUESSED_VARIANCE, 1, 0.02)[0],
    "squarecb": floored(tilted([0.5, 0.5], [BONUS, 0.0]), 0.02)[0],
}
"""How likely one of two contents is of which an untaught model has no opinion, where a price speaks for it."""


@pytest.mark.parametrize("method", EXPECTED)
def test_a_lagging_content_is_chosen_more_often_and_the_log_says_for_what_price(
    opened: Callable[..., Engine], method: str
) -> None:
    """What is drawn from has taken the price in and is logged with it, and a replay draws the same again.

    The fallback of the control group takes none in: it is the yardstick.
    """
    engine = opened(source=f"{TARGETED}exploration: {{method: {method}, floor: 0.02}}\n")
    set_stock(engine, "polo", 50, NOON_US)
    late_us = START_US + 9 * DAY_US + DAY_US // 2
    asked = [DecideRequest("wardrobe", f"customer-{n}", request_id=f"q{n}", channels=("app",)) for n in range(200)]
    taken = [engine.decide(request, late_us) for request in asked]
    sent = [decision for decision in taken if decision.channel != NOTHING]
    for decision in sent:
        content = decision.stages[1]
        if decision.control:
            assert content.prices == {}
            assert set(content.probabilities.values()) == {0.5}
        else:
            assert content.prices == {"polo": pytest.approx(BONUS)}
            assert content.probabilities["polo"] == pytest.approx(EXPECTED[method], abs=0.02)
            assert (
                decision.propensity
                == decision.stages[0].propensity * content.propensity * decision.stages[2].propensity
            )
    assert {decision.control for decision in sent} == {True, False}
    engine.commit()
    assert replay(engine.log.read(), past_of(engine.log)).different == ()


def test_a_tracked_purchase_counts_at_once(opened: Callable[..., Engine]) -> None:
    """The very next decision knows that the last one was sold."""
    engine = opened(source=TARGETED)
    set_stock(engine, "polo", 1, NOON_US)
    track(
        engine, TrackRequest(Identity("cookie", "ann"), "purchase", properties=Features({}, {"sku": "polo"})), NOON_US
    )
    decision = engine.decide(DecideRequest("wardrobe", "ann", request_id="1", channels=("app",)), NOON_US)
    assert all("polo" not in stage.probabilities for stage in decision.stages)


def test_what_an_erased_customer_bought_stays_sold(opened: Callable[..., Engine]) -> None:
    """Her purchases become tombstones that tell what was sold and nothing else, so that a fold finds the same."""
    engine = opened(source=TARGETED)
    ann = Identity("cookie", "ann")
    set_stock(engine, "polo", 9, NOON_US)
    for kind, units in (("purchase", 2.0), ("purchase", 1.0), ("browse", 3.0)):
        said = {"sku": "polo", "order_id": f"order-{units}"}
        said_of = Features(numbers={"quantity": units, "amount": 30.0}, categories=said)
        assert not track(engine, TrackRequest(ann, kind, properties=said_of), NOON_US).quarantined
    before = dict(engine.state.tallies.stock)
    assert before["polo"].units == 6
    erase(engine, ann, NOON_US, rebuild_models=False)
    assert engine.state.tallies.stock == before
    assert replay(engine.log.read(), past_of(engine.log)).state.tallies.stock == before
    tombstones = [logged.event for logged in engine.log.read() if isinstance(logged.event, FactErased)]
    assert [one.sold and one.sold[:2] for one in tombstones] == [("polo", 2), ("polo", 1), None]


@pytest.mark.parametrize(("sku", "units", "field"), [("", 1, "sku"), ("x", -1, "units"), ("x", MAX_UNITS + 1, "units")])
def test_stock_that_cannot_be_is_refused(engine: Engine, sku: str, units: int, field: str) -> None:
    """A nameless SKU and impossible counts are told with their field, and nothing is logged."""
    before = engine.log.last_seq
    with pytest.raises(InvalidRequest, match=field):
        set_stock(engine, sku, units, NOON_US)
    assert engine.log.last_seq == before
