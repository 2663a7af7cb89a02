"""What is asked: a campaign of any number of contents, and customers with warm profiles. Never a measurement.

Every customer has the same life of seven events, a declaration, four things she did, a decision and its reward, which
give her a profile of 30 features; every reward teaches at once, so that models are asked that have learned. The large
folder is made of the same lives, so that an empty log and a full one are asked the same.
"""

from collections.abc import Iterator
from pathlib import Path

from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.features_pb2 import Features as FeaturesMessage

from engine.customer_operations import identify, track
from engine.customers.types import IdentifyRequest, TrackRequest
from engine.engine import Engine
from engine.opening import open_engine
from engine.types import CUSTOMER_ID, DecideRequest, Features, Identity, RewardRequest

NAME = "cost"
CHANNELS = ("email", "sms", "push", "app", "web")
CATEGORIES = 8
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
LIFE_US = 60_000_000
"""What a customer's life takes; each begins when the one before it has ended."""
ATTRIBUTES = {
    "city": "Chicago",
    "region": "Illinois",
    "country": "US",
    "language": "en",
    "loyalty_tier": "gold",
    "age_band": "25-34",
    "time_zone": "America/Chicago",
}
VISITS = (("browse", "desktop"), ("search", "phone"), ("browse", "desktop"), ("purchase", "phone"))
CONTEXT_CATEGORIES = {"page": "wardrobe", "device": "phone"}
CONTEXT_NUMBERS = {"basket": 79.9}


def campaign(contents: int) -> str:
    """Return the YAML text of a campaign: 5 channels of 6 send slots each, all contents on all channels.

    The message limits are looked at in every decision and never bind, and something is always sent: a decision is the
    same work whatever was learned, three stages of 5, `contents` and 6 actions. It is not the same as with models that
    have learned nothing, whose weights are one page of zeros to the processor: a thousand contents cost half as much
    there.
    """
    slots = ", ".join(f'slot-{h:02d}: {{from: "{h:02d}:00", until: "{h + 4:02d}:00"}}' for h in range(0, 24, 4))
    channel = f"{{reward_window: 3 days, send_windows: {{{slots}}}, message_limits: [{{messages: 1000, per: 7 days}}]}}"
    lines = [
        f"campaign: {NAME}",
        "reward: {lowest: -1, highest: 1}",
        "outcomes: {clicked: 0.2, purchased: 1, unsubscribed: -1}",
        "learn: provisionally",
        "channels:",
        *(f"  {name}: {channel}" for name in CHANNELS),
        "contents:",
        *(f"  content-{n:04d}: {_content(n)}" for n in range(contents)),
    ]
    return "\n".join(lines)


def _content(number: int) -> str:
    tone = ("plain", "playful", "elegant")[number % 3]
    features = f"{{style: style-{number % 5}, colour: colour-{number % 7}}}"
    return f"{{category: category-{number % CATEGORIES}, price: {10 + number}, tone: {tone}, features: {features}}}"


def customer_id(number: int) -> str:
    """Return the numbered customer's id."""
    return f"customer-{number}"


def question(number: int) -> DecideRequest:
    """Return what is asked for the numbered customer."""
    context = Features(numbers=CONTEXT_NUMBERS, categories=CONTEXT_CATEGORIES)
    return DecideRequest(NAME, customer_id(number), context)


def message(number: int) -> pb.DecideRequest:
    """Return the same question as it goes over the wire."""
    context = FeaturesMessage(numbers=CONTEXT_NUMBERS, categories=CONTEXT_CATEGORIES)
    return pb.DecideRequest(campaign=NAME, customer_id=customer_id(number), context=context)


def facts(number: int, start_us: int) -> Iterator[IdentifyRequest | TrackRequest]:
    """Yield what is told of a customer before her first decision."""
    identity = Identity(CUSTOMER_ID, customer_id(number))
    yield IdentifyRequest(identity, ATTRIBUTES, occur_time_us=start_us)
    for visit, (event, device) in enumerate(VISITS):
        said = {"category": f"category-{(number + visit) % CATEGORIES}", "order_id": f"order-{number}-{visit}"}
        yield TrackRequest(
            identity,
            event,
            occur_time_us=start_us - 5 * HOUR_US * (len(VISITS) - 1 - visit),
            device=device,
            channel=CHANNELS[(number + visit) % 5],
            properties=Features(numbers={"amount": 49.9}, categories=said),
        )


def live(engine: Engine, number: int, start_us: int) -> None:
    """Let one customer live her seven events."""
    for fact in facts(number, start_us):
        if isinstance(fact, IdentifyRequest):
            identify(engine, fact, start_us)
        else:
            track(engine, fact, start_us)
    decision = engine.decide(question(number), start_us + 1_000)
    outcome = ("clicked", "purchased", "unsubscribed")[number % 3]
    engine.reward(RewardRequest(decision.decision_id, outcome=outcome), start_us + 2_000)


def warm_folder(folder: Path, contents: int, customers: int, now_us: int) -> None:
    """Make a data folder with the campaign and its customers, their lives ending now."""
    engine = open_engine(folder, durability="process")
    engine.apply_campaign(campaign(contents), now_us - 3 * DAY_US)
    for number in range(customers):
        live(engine, number, now_us - (customers - number) * min(LIFE_US, DAY_US // customers))
        if number % 50 == 0:
            engine.commit()
    engine.snapshot(now_us)
    engine.close()
