"""One customer, whatever is told of her in whatever order: held against a model that anybody can check by eye."""

from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.customer_operations import identify, link, track, unlink
from engine.customers.person import Person
from engine.customers.types import EventType, IdentifyRequest, LinkRequest, TrackRequest
from engine.erasure import erase
from engine.errors import NotFound
from engine.history import past_of
from engine.opening import open_engine
from engine.replay import replay
from engine.types import DecideRequest, Features, Identity, RewardRequest
from tests.wardrobe import CAMPAIGN, KEY, NOON_US, SECOND_US

HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
LIMITED = CAMPAIGN.replace("  email:\n", "  email:\n    message_limits: [{messages: 2, per: 3 days}]\n").replace(
    "  app:\n", "  app:\n    message_limits: [{messages: 1, per: 1 day}]\n"
)
LIMITS = {"email": (2, 3 * DAY_US), "app": (1, DAY_US)}
POOL = [Identity(kind, f"{kind}-{number}") for kind in ("cookie", "email", "customer_id") for number in range(3)]

identities = st.sampled_from(POOL)


class OnePerson(RuleBasedStateMachine):
    """Tells an engine of customers, and keeps by itself, in sets and lists, what the engine has to know."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.engine = open_engine(self.folder, durability="process", secret_key=KEY, customers_in_memory=2)
        self.now_us = NOON_US
        self.engine.apply_campaign(LIMITED, self.now_us)
        self.engine.commit()
        self.seen: list[Identity] = []
        self.links: set[frozenset[Identity]] = set()
        self.cities: dict[Identity, list[tuple[int, int, str]]] = {}
        self.messages: list[tuple[Identity, str, int]] = []
        self.decisions: list[tuple[Identity, str]] = []
        self.erased: list[str] = []
        self.asked = self.bought = 0
        self.purchases: dict[Identity, int] = {}

    def teardown(self) -> None:
        """Replay the whole log: it has to give the same decisions and customers, and count every decision taken."""
        self.engine.commit()
        assert self.engine.log.rows("SELECT count(*) FROM decisions") == [(self.asked,)]
        again = replay(self.engine.log.read(), past_of(self.engine.log))
        assert again.different == ()
        assert {person.root: person for person in again.customers.all()} == {
            person.root: person for person in self.engine.customers.all()
        }
        self.engine.close()

    @rule(one=identities, city=st.sampled_from(["Anytown", "Chicago", ""]), hours_ago=st.integers(0, 50))
    def tell_city(self, one: Identity, city: str, hours_ago: int) -> None:
        """Say where she lives, perhaps late."""
        as_of_us = self.now_us - hours_ago * HOUR_US
        receipt = identify(self.engine, IdentifyRequest(one, {"city": city}, occur_time_us=as_of_us), self.now_us)
        self.see(one)
        self.cities.setdefault(one, []).append((as_of_us, receipt.seq, city))

    @rule(one=identities, other=identities)
    def link_two(self, one: Identity, other: Identity) -> None:
        """Say that two identities are one customer."""
        if one != other:
            assert link(self.engine, LinkRequest(one, other), self.now_us).one_customer
            self.see(one)
            self.see(other)
            self.links.add(frozenset((one, other)))

    @precondition(lambda self: self.links)
    @rule(data=st.data())
    def unlink_two(self, data: st.DataObject) -> None:
        """Take one of the links back."""
        pair = data.draw(st.sampled_from(sorted(self.links, key=lambda pair: sorted(one.value for one in pair))))
        one, other = sorted(pair, key=lambda identity: identity.value)
        self.links.remove(pair)
        receipt = unlink(self.engine, LinkRequest(one, other), self.now_us)
        assert receipt.one_customer == (other in self.linked(one))

    @rule(one=identities, hours_ago=st.integers(0, 50), again=st.booleans())
    def buy(self, one: Identity, hours_ago: int, again: bool) -> None:
        """Track a purchase, perhaps twice with the same id."""
        number, self.bought = self.bought, self.bought + 1
        properties = Features({"amount": 20.0}, {"category": "polos", "order_id": f"order-{number}"})
        request = TrackRequest(
            one, EventType.PURCHASE, f"buy-{number}", self.now_us - hours_ago * HOUR_US, properties=properties
        )
        for attempt in range(1 + again):
            assert track(self.engine, request, self.now_us).duplicate == bool(attempt)
        self.see(one)
        self.purchases[one] = self.purchases.get(one, 0) + 1

    @rule(one=identities, again=st.booleans())
    def ask(self, one: Identity, again: bool) -> None:
        """Decide for her, perhaps asking twice: no limit may be exceeded for the person she is."""
        for _ in range(1 + again):
            request = DecideRequest("wardrobe", identity=one, request_id=f"ask-{self.asked}")
            decision = self.engine.decide(request, self.now_us)
        self.asked += 1
        self.see(one)
        self.decisions.append((one, decision.decision_id))
        if decision.send_time_us is not None:
            self.messages.append((one, decision.channel, decision.send_time_us))
            self.check_limit(one, decision.channel, decision.send_time_us)

    @precondition(lambda self: self.decisions)
    @rule(data=st.data(), value=st.sampled_from([-1.0, 0.2, 1.0]))
    def hear(self, data: st.DataObject, value: float) -> None:
        """Reward a decision, whatever she was linked to meanwhile."""
        _, decision_id = data.draw(st.sampled_from(self.decisions))
        assert self.engine.reward(RewardRequest(decision_id, value=value), self.now_us).value == value

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def erase_one(self, data: st.DataObject) -> None:
        """Erase a customer under all her identities: nothing is known of her, and her decisions are no more."""
        hers = self.linked(data.draw(st.sampled_from(self.seen)))
        erase(self.engine, next(iter(hers)), self.now_us, rebuild_models=False)
        self.erased += [decision_id for one, decision_id in self.decisions if one in hers]
        self.seen = [one for one in self.seen if one not in hers]
        self.links = {pair for pair in self.links if not pair & hers}
        self.decisions = [taken for taken in self.decisions if taken[0] not in hers]
        self.messages = [message for message in self.messages if message[0] not in hers]
        for one in hers:
            self.cities.pop(one, None)
            self.purchases.pop(one, None)
            assert self.engine.customers.find(self.engine.keyed_hash.identity(one)) is None

    @precondition(lambda self: self.erased)
    @rule(data=st.data())
    def hear_of_the_erased(self, data: st.DataObject) -> None:
        """A reward of an erased decision finds none."""
        with pytest.raises(NotFound):
            self.engine.reward(RewardRequest(data.draw(st.sampled_from(self.erased)), value=1.0), self.now_us)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        """Let time pass."""
        self.now_us += hours * HOUR_US

    @rule(saved=st.booleans())
    def restart(self, saved: bool) -> None:
        """Stop and start again; what was committed stays."""
        if saved:
            self.engine.snapshot(self.now_us)
        self.engine.commit()
        self.engine.close()
        self.engine = open_engine(self.folder, durability="process", secret_key=KEY, customers_in_memory=2)
        for identity in self.seen:
            self.engine.customers.forget_unsaved()  # so that no other identity has brought her into memory
            assert self.engine.keyed_hash.identity(identity) in self.person(identity).identities

    @invariant()
    def each_linked_set_is_one_person(self) -> None:
        """Every identity leads to exactly those it is linked with, and to what is known of any of them."""
        for identity in self.seen:
            mine = self.linked(identity)
            person = self.person(identity)
            assert set(person.identities) == {self.engine.keyed_hash.identity(one) for one in mine}
            written = [writing for one in mine for writing in self.cities.get(one, [])]
            assert person.attributes.get("city", "") == (max(written)[2] if written else "")
            sent = sorted((time_us, channel) for one, channel, time_us in self.messages if one in mine)
            assert [(contact.time_us, contact.channel) for contact in person.contacts] == sent
            assert len({self.person(one).root for one in mine}) == 1

    @invariant()
    def nothing_is_lost_or_counted_twice(self) -> None:
        """All people together hold every message and every purchase once."""
        people = {self.person(identity).root: self.person(identity) for identity in self.seen}.values()
        assert sum(len(person.contacts) for person in people) == len(self.messages)
        orders = [order for person in people for known in person.identities.values() for order in known.orders]
        assert len(orders) == len(set(orders)) == sum(self.purchases.values())

    def see(self, identity: Identity) -> None:
        """Note that an identity was named."""
        if identity not in self.seen:
            self.seen.append(identity)

    def person(self, identity: Identity) -> Person:
        """Return the engine's customer of an identity that was named."""
        found = self.engine.customers.find(self.engine.keyed_hash.identity(identity))
        assert found is not None
        return found

    def linked(self, identity: Identity) -> set[Identity]:
        """Return the identities that links connect to this one, itself included."""
        found = {identity}
        while more := {one for pair in self.links if pair & found for one in pair} - found:
            found |= more
        return found

    def check_limit(self, one: Identity, channel: str, send_time_us: int) -> None:
        """Hold every window around a message against its channel's limit."""
        most, per_us = LIMITS[channel]
        mine = self.linked(one)
        times = [time_us for who, on, time_us in self.messages if who in mine and on == channel]
        starts = [time_us for time_us in times if time_us <= send_time_us < time_us + per_us]
        for start in starts:
            assert sum(start <= time_us < start + per_us for time_us in times) <= most


OnePerson.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None, derandomize=True)


class TestOnePerson(OnePerson.TestCase):
    """One person per linked set, limits kept for the person, nothing lost: over random lives of nine identities."""
