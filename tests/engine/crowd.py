"""A crowd of customers under many names who live, and what of them may lie in a file. Never a behaviour under test."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.customer_operations import identify, link, track, unlink
from engine.customers.types import Consent, IdentifyRequest, LinkRequest, TrackRequest
from engine.engine import Engine
from engine.quarantine import readmit
from engine.types import ActivateRequest, DecideRequest, Features, Identity, RewardRequest
from tests.wardrobe import NOON_US, SECOND_US

MINUTE_US = 60 * SECOND_US
_OUTCOMES = """
reward: {lowest: -1, highest: 1}
outcomes: {clicked: 0.25, purchased: 1, returned: -1, spent: "amount / 200"}
control_share: 0.2
contents:
  polo: {category: polos, price: 29}
  suit: {category: suits, price: 399}
"""
CAMPAIGN = f"""
campaign: wardrobe{_OUTCOMES}
default_reward: -0.125
send_nothing: {{allowed: true, price: 0.03125}}
channels:
  app: {{send_windows: {{now: now}}, reward_window: 20 minutes}}
  email: {{send_windows: {{evening: {{from: "18:00", until: "20:00"}}}}, reward_window: 30 minutes}}
  web: {{send_windows: {{now: now}}, message_limits: [{{messages: 3, per: 1 day}}]}}
"""
ACTIVATED = f"""
campaign: activated{_OUTCOMES}
activation: required
channels:
  app: {{send_windows: {{now: now}}, reward_window: 20 minutes}}
"""


@dataclass
class Member:
    """One customer: her identities, and every id under which something was told of her or answered."""

    number: int
    identities: tuple[Identity, ...]
    said: list[str] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)

    def marks(self, engine: Engine) -> Iterator[bytes]:
        """Yield everything that stands for her, as text and as bytes."""
        for identity in self.identities:
            yield identity.value.encode()
            hashed = engine.keyed_hash.identity(identity)
            yield hashed.encode()
            yield bytes.fromhex(hashed)
        for told in self.said:
            yield told.encode()
            for purpose in ("decision", "reward", "customer event", "order"):
                yield engine.keyed_hash.digest(purpose, told)
                yield engine.keyed_hash.digest(purpose, told).hex().encode()
        for decision_id in self.decisions:
            yield decision_id.encode()
            yield engine.keyed_hash.digest("activation", decision_id)


def member(number: int) -> Member:
    """Return a customer with up to four identities; her ids are long enough not to lie in a file by chance."""
    every = (
        Identity("cookie", f"cookie-of-{number:06d}-browser"),
        Identity("email", f"someone.{number:06d}@mail.example"),
        Identity("phone", f"+1-312-555-{number:06d}"),
        Identity("customer_id", f"customer-no-{number:06d}-ours"),
    )
    return Member(number, every[: 1 + number % 4] if number % 5 else every[3:])


def crowd(count: int) -> list[Member]:
    """Return so many customers."""
    return [member(number) for number in range(count)]


def live(engine: Engine, members: Iterable[Member], day: int) -> None:
    """Let everyone be told of, do things, be decided for and rewarded on one day."""
    for one in members:
        _told(engine, one, day)
        _decided(engine, one, day)
    engine.commit()


def strangers_linked(engine: Engine, one: Member, other: Member, minute: int) -> None:
    """Link two customers by mistake, decide for both meanwhile, and take the link back."""
    now_us = NOON_US + minute * MINUTE_US
    wrong = LinkRequest(one.identities[0], other.identities[0])
    link(engine, wrong, now_us)
    for who in (one, other):
        _decide(engine, who, "wardrobe", now_us + SECOND_US, f"linked-{who.number:06d}-{other.number:06d}")
    unlink(engine, wrong, now_us + 2 * SECOND_US)
    engine.commit()


def _told(engine: Engine, one: Member, day: int) -> None:
    now_us = _moment(one, day)
    for other in one.identities[1:]:
        link(engine, LinkRequest(one.identities[0], other), now_us)
    who = one.identities[day % len(one.identities)]
    said = f"identified-{one.number:06d}-{day}"
    consents = (Consent("marketing", granted=bool(one.number % 3), channel="email"),)
    identify(engine, IdentifyRequest(who, {"city": f"City{one.number % 7}"}, consents, said), now_us)
    tracked = f"tracked-{one.number:06d}-{day}"
    order = f"order-{one.number:06d}-{day}"
    bought = {"category": ("polos", "suits")[one.number % 2], "sku": "polo-blue", "order_id": order}
    properties = Features({"amount": 10.0, "quantity": 2.0}, bought)
    track(engine, TrackRequest(who, "purchase", tracked, None, "phone", "app", properties), now_us)
    again, odd = f"again-{one.number:06d}-{day}", Features({"amount": 1e9}, bought)
    receipt = track(engine, TrackRequest(who, "purchase", again, None, "phone", "app", odd), now_us)
    assert receipt.quarantined
    if day and one.number % 4 == 1:
        readmit(engine, receipt.seq, now_us)
    one.said += [said, tracked, order, again]


def _decided(engine: Engine, one: Member, day: int) -> None:
    now_us = _moment(one, day) + SECOND_US
    for campaign in ("wardrobe", "activated"):
        decision_id = _decide(engine, one, campaign, now_us, f"request-{one.number:06d}-{day}-{campaign}")
        if campaign == "activated" and one.number % 3:
            engine.activate(ActivateRequest(decision_id, now_us + SECOND_US), now_us + SECOND_US)
        if one.number % 2:
            said = f"reward-{one.number:06d}-{day}-{campaign}"
            outcome = ("clicked", "purchased", "returned")[one.number % 3]
            engine.reward(RewardRequest(decision_id, said, outcome), now_us + 2 * SECOND_US)
            one.said.append(said)


def _decide(engine: Engine, one: Member, campaign: str, now_us: int, said: str) -> str:
    who = one.identities[now_us // SECOND_US % len(one.identities)]
    context = Features({"age": 20.0 + one.number % 40}, {"known": f"known-as-{one.number:06d}-here"})
    decision = engine.decide(DecideRequest(campaign, "", context, said, identity=who), now_us)
    one.said += [said, context.categories["known"]]
    one.decisions.append(decision.decision_id)
    return decision.decision_id


def _moment(one: Member, day: int) -> int:
    return NOON_US + day * 24 * 60 * MINUTE_US + one.number * 3 * SECOND_US


def remains(folder: Path, marks: Iterable[bytes]) -> dict[bytes, str]:
    """Return which of these marks, of 8 bytes or more, lie in a file of a folder, and in which."""
    sought = set(marks)
    lengths = {len(mark) for mark in sought}
    heads = np.array(sorted({int.from_bytes(mark[:8], "little") for mark in sought}), dtype="<u8")
    found: dict[bytes, str] = {}
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for shift in range(8):
            words = np.frombuffer(content, "<u8", max(0, len(content) - shift) // 8, min(shift, len(content)))
            for place in np.flatnonzero(np.isin(words, heads)) * 8 + shift:
                found |= {mark: path.name for length in lengths if (mark := content[place : place + length]) in sought}
    return found
