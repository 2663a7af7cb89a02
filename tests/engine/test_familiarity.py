"""How familiar the brand is with a customer: a matter of what she gave and did, from her first decision on."""

from collections.abc import Callable

import pytest

from engine.customer_operations import track
from engine.customers.familiarity import Familiarity, familiarity
from engine.customers.standing import standing
from engine.customers.types import EventType, TrackRequest
from engine.engine import Engine
from engine.types import DecideRequest, Features, Identity
from tests.wardrobe import NOON_US, SECOND_US

DAY_US = 86_400 * SECOND_US


@pytest.mark.parametrize("kind", ["customer_id", "cookie", "email", "app", "device", "loyalty_card"])
def test_the_first_decision_knows_her_as_well_as_the_second(
    engine: Engine, asking: Callable[..., DecideRequest], kind: str
) -> None:
    """Whether an identity is a person's own or a machine's is seen before anything is known under it."""
    identity = Identity(kind, "ann")
    first = standing(None, kind, NOON_US).level
    engine.decide(asking(customer_id="", identity=identity), NOON_US)
    person = engine.customers.find(engine.keyed_hash.identity(identity))
    assert standing(person, kind, NOON_US).level == first


def test_familiarity_comes_with_visits_and_purchases_and_goes_with_time(engine: Engine) -> None:
    """Three visits engage a known customer, two purchases make her loyal, and years of silence undo both."""
    ann, now_us = Identity("email", "ann"), NOON_US
    levels = []
    for number in range(6):
        properties = Features({"amount": 20.0}, {"order_id": f"o{number}", "category": "polos"})
        kind, said = (EventType.PURCHASE, properties) if number > 3 else (EventType.APP_OPEN, Features())
        track(engine, TrackRequest(ann, kind, properties=said), now_us)
        person = engine.customers.find(engine.keyed_hash.identity(ann))
        assert person is not None
        levels.append(familiarity(person, now_us))
        now_us += SECOND_US
    known, engaged, loyal = Familiarity.KNOWN, Familiarity.ENGAGED, Familiarity.LOYAL
    assert levels == [known, known, engaged, engaged, engaged, loyal]
    assert familiarity(person, now_us + 1_000 * DAY_US) == known
