"""Two campaigns with every rule there is, their customers, and a yardstick of the rules. Never a behaviour."""

from collections.abc import Iterable
from random import Random

from msgspec import Struct

from engine.customer_operations import identify, link, track
from engine.customers.familiarity import Familiarity, familiarity, level_of
from engine.customers.person import Contact
from engine.customers.types import Consent, IdentifyRequest, LinkRequest, TrackRequest
from engine.engine import Engine
from engine.events import DecisionTaken
from engine.stock_operations import set_stock
from engine.types import NOTHING, DecideRequest, Features, Identity, RewardRequest
from tests.wardrobe import NOON_US, SECOND_US

NEWS_END_US = 1_783_382_400_000_000  # 2026-07-07 00:00 UTC, after the last day of the news
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US

AUTUMN = """
campaign: autumn
reward: {lowest: -1, highest: 1}
outcomes: {clicked: 0.2, purchased: 1, unsubscribed: -1, too_often: -0.5}
opt_out_outcomes: [unsubscribed, too_often]
send_nothing: {allowed: true, price: 0.01}
personalisation_consent: required
message_limits: [{messages: 3, per: 2 days}]
overall_message_limits: [{messages: 4, per: 2 days}, {messages: 9, per: 7 days}]
channels:
  email:
    reached_by: [email, customer_id]
    send_windows:
      morning: {from: "07:00", until: "09:00"}
      evening: {from: "18:00", until: "20:00"}
    message_limits: [{messages: 1, per: 20 hours}]
  sms:
    reached_by: [phone, customer_id]
    consent: required
    send_windows: {day: {from: "10:00", until: "17:00"}}
    message_limits: [{messages: 2, per: 3 days}]
  app:
    send_windows: {now: now}
    message_limits: [{messages: 2, per: 1 day}]
contents:
  polo: {category: polos, cool_down: 2 days}
  suit: {category: suits, familiarity: known, sku: suit}
  tie: {category: ties, familiarity: engaged, cool_down: 12 hours}
  shoes: {category: shoes, familiarity: loyal}
  chicago: {category: news, audience: 'attributes.city == "Chicago"'}
  news: {category: news, valid_until: 2026-07-06}
"""
OUTLET = """
campaign: outlet
purpose: outlet_offers
reward: {lowest: -1, highest: 1}
outcomes: {clicked: 0.2, unsubscribed: -1}
send_nothing: {allowed: true}
channels:
  app: {send_windows: {now: now}, message_limits: [{messages: 3, per: 1 day}]}
  email: {send_windows: {noon: {from: "11:00", until: "14:00"}}}
contents:
  polo: {category: polos}
  suit: {category: suits, sku: suit}
"""
IDENTITIES = tuple(
    Identity(kind, f"{kind}-{number}")
    for number in range(4)
    for kind in ("cookie", "email", "phone", "app", "customer_id")
)
LIMITS = {
    # (campaign, channel), empty for all: messages and the stretch they are counted in
    ("autumn", ""): ((3, 2 * DAY_US),),
    ("", ""): ((4, 2 * DAY_US), (9, 7 * DAY_US)),
    ("autumn", "app"): ((2, DAY_US),),
    ("autumn", "email"): ((1, 20 * HOUR_US),),
    ("autumn", "sms"): ((2, 3 * DAY_US),),
    ("outlet", "app"): ((3, DAY_US),),
}
"""Of a channel's limits, those over its own campaign's messages: all messages on it are no more while it decides."""


def applied(engine: Engine) -> None:
    """Put both campaigns into force."""
    engine.apply_campaign(AUTUMN, NOON_US)
    engine.apply_campaign(OUTLET, NOON_US)
    set_stock(engine, "suit", 3, NOON_US)


class Before(Struct, frozen=True):
    """What was known of a customer just before a decision, and the suits that were left."""

    consents: dict[str, str]
    types: frozenset[str]
    attributes: dict[str, str]
    contacts: tuple[Contact, ...]
    level: Familiarity
    suits: float


def known_before(engine: Engine, who: Identity, now_us: int) -> Before:
    """Return what is known of a customer now, so that it stays what it is."""
    person = engine.customers.find(engine.keyed_hash.identity(who))
    suits = engine.state.tallies.stock["suit"].units
    if person is None:
        types = frozenset({who.type})
        return Before({}, types, {}, (), level_of(types), suits)
    level = familiarity(person, now_us)
    return Before(person.consents, person.identity_types, person.attributes, tuple(person.contacts), level, suits)


def something_happens(
    engine: Engine, dice: Random, now_us: int, *, linking: bool = True
) -> tuple[DecisionTaken, Before] | None:
    """Let one thing happen that a service is told or asked, by chance; return the decision where it was one."""
    who = dice.choice(IDENTITIES)
    kind = dice.choices(("decide", "consent", "attribute", "track", "link", "stock"), (60, 8, 4, 20, 2 * linking, 1))[0]
    if kind == "decide":
        return decided(engine, dice, who, now_us)
    if kind == "consent":
        consent = Consent(
            dice.choice(("marketing", "outlet_offers", "personalisation")),
            dice.random() < 0.6,
            dice.choice(("", "sms", "email", "app")),
        )
        consent = consent if consent.purpose != "personalisation" else Consent(consent.purpose, consent.granted)
        identify(engine, IdentifyRequest(who, consents=(consent,)), now_us)
    elif kind == "attribute":
        name, values = dice.choice(
            (("city", ("Chicago", "Anytown", "")), ("preferred_channel", ("app", "email", "fax", "")))
        )
        identify(engine, IdentifyRequest(who, attributes={name: dice.choice(values)}), now_us)
    elif kind == "track":
        said = {"sku": "suit", "category": "suits", "order_id": f"order-{engine.state.seq}"}
        properties = Features(categories=said, numbers={"amount": 200.0})
        kind_of_event = dice.choice(("browse", "browse", "purchase"))
        track(engine, TrackRequest(who, kind_of_event, properties=properties), now_us)
    elif kind == "link":
        other = dice.choice([identity for identity in IDENTITIES if identity.value[-1] == who.value[-1]])
        if other != who:
            link(engine, LinkRequest(who, other), now_us)
    else:
        set_stock(engine, "suit", dice.randrange(3), now_us)
    return None


def decided(engine: Engine, dice: Random, who: Identity, now_us: int) -> tuple[DecisionTaken, Before]:
    """Take one decision and, by chance, reward it; return what was known before, too."""
    before = known_before(engine, who, now_us)
    context = Features(categories={"device": dice.choice(("phone", "desktop"))})
    campaign = dice.choice(("autumn", "autumn", "outlet"))
    decision = engine.decide(DecideRequest(campaign, "", context, f"after-{engine.state.seq}", identity=who), now_us)
    if decision.channel != NOTHING and dice.random() < 0.3:
        outcome = dice.choices(("clicked", "unsubscribed"), (5, 1))[0]
        engine.reward(RewardRequest(decision.decision_id, outcome=outcome), now_us)
    return decision, before


def fullest(times: Iterable[int], per_us: int) -> int:
    """Count by force the most messages in any stretch of this length."""
    found = sorted(times)
    return max((sum(start <= time < start + per_us for time in found) for start in found), default=0)


def broken_limits(contacts: Iterable[Contact]) -> list[tuple[str, str, int]]:
    """Return the limits that one customer's messages break, as (campaign, channel, messages)."""
    contacts = list(contacts)
    return [
        (campaign, channel, messages)
        for (campaign, channel), limits in LIMITS.items()
        for messages, per_us in limits
        if fullest((c.time_us for c in contacts if campaign in ("", c.campaign) and channel in ("", c.channel)), per_us)
        > messages
    ]


def broken_rules(decision: DecisionTaken, before: Before) -> list[str]:
    """Return the rules that a decision breaks, judged by what was known of its customer just before it."""
    if decision.send_time_us is None:
        return []
    autumn, channel, content_id = decision.campaign == "autumn", decision.channel, decision.content_id
    purpose = "marketing" if autumn else "outlet_offers"
    words = {before.consents.get(f"{len(name)}:{name}{purpose}", "") for name in ("", channel)}
    needed = {"tie": Familiarity.ENGAGED, "suit": Familiarity.KNOWN, "shoes": Familiarity.LOYAL}
    reach = {"email": {"email", "customer_id"}, "sms": {"phone", "customer_id"}}.get(channel, before.types)
    cool_down_us = {"polo": 2 * DAY_US, "tie": 12 * HOUR_US}.get(content_id, 0) if autumn else 0
    distances = [
        abs(contact.time_us - decision.send_time_us)
        for contact in before.contacts
        if (contact.campaign, contact.content_id) == (decision.campaign, content_id)
    ]
    personal = before.level >= Familiarity.KNOWN and before.consents.get("0:personalisation") == "granted"
    broken = {
        "refused": "refused" in words,
        "not granted": autumn and channel == "sms" and "granted" not in words,
        "out of reach": autumn and not before.types & reach,
        "too familiar": autumn and before.level < needed.get(content_id, Familiarity.ANONYMOUS),
        "too soon": any(distance < cool_down_us for distance in distances),
        "not for her": content_id == "chicago" and not (personal and before.attributes.get("city") == "Chicago"),
        "over": content_id == "news" and decision.send_time_us >= NEWS_END_US,
        "sold out": content_id == "suit" and before.suits <= 0,
    }
    return [rule for rule, is_broken in broken.items() if is_broken]
