"""Sending nothing has its price, and is learned where messages do harm: fatigue, and the risk of losing her."""

from collections.abc import Callable
from math import sqrt
from random import Random
from statistics import fmean, variance

from engine.campaign.loader import load_campaign
from engine.engine import Engine
from engine.events import DecisionTaken
from engine.types import NOTHING, DecideRequest, RewardRequest
from tests.wardrobe import NOON_US

HOUR_US = 3_600_000_000
CUSTOMERS, DAYS = 60, 50
HARMED_EVERY = 2
"""Every second customer tires of messages; nothing in a request tells which."""
STANDARD_ERRORS = 4

CAMPAIGN = """
campaign: daily
reward: {lowest: -1, highest: 1}
outcomes: {clicked: 0.4, ignored: 0, unsubscribed: -1}
opt_out_outcomes: []
send_nothing: {allowed: true, price: 0.02}
channels:
  app: {send_windows: {now: now}}
contents:
  polo: {category: polos}
  tie: {category: ties}
"""


def outcome(dice: Random, harmed: bool, lately: int) -> str:
    """Return what comes of a message: the glad click; the others do so at first, and soon want no more of them."""
    if not harmed:
        return "clicked" if dice.random() < 0.5 else "ignored"
    if dice.random() < min(0.9, 0.3 * lately):
        return "unsubscribed"
    return "clicked" if dice.random() < 0.5 / (1 + lately) else "ignored"


def lived(engine: Engine, dice: Random) -> list[tuple[int, int, DecisionTaken]]:
    """Decide once a day for everyone; return each day's customer and decision."""
    sent: dict[int, list[int]] = {customer: [] for customer in range(CUSTOMERS)}
    found = []
    for day in range(DAYS):
        for customer in range(CUSTOMERS):
            now_us = NOON_US + day * 24 * HOUR_US + customer * 1_000_000
            request = DecideRequest("daily", f"customer-{customer}", request_id=f"{day}-{customer}")
            decision = engine.decide(request, now_us)
            found.append((day, customer, decision))
            if decision.channel == NOTHING:
                engine.reward(RewardRequest(decision.decision_id, f"r{day}-{customer}", "ignored"), now_us)
                continue
            lately = sum(time_us > now_us - 7 * 24 * HOUR_US for time_us in sent[customer])
            sent[customer].append(now_us)
            came = outcome(dice, customer % HARMED_EVERY == 0, lately)
            engine.reward(RewardRequest(decision.decision_id, f"r{day}-{customer}", came), now_us)
    return found


def test_silence_wins_where_messages_do_harm(opened: Callable[..., Engine]) -> None:
    """Those whom messages tire and drive away are left in peace more often than those who like them.

    In the last third of the days, by four standard errors of the difference of the two groups' mean shares of silence.
    No outcome opts out here, so that what keeps silent is what was learned and no rule.
    """
    taken = lived(opened(source=CAMPAIGN), Random(6))
    shares: dict[int, float] = {
        customer: fmean(d.channel == NOTHING for day, who, d in taken if who == customer and day >= DAYS * 2 // 3)
        for customer in range(CUSTOMERS)
    }
    harmed = [share for customer, share in shares.items() if customer % HARMED_EVERY == 0]
    glad = [share for customer, share in shares.items() if customer % HARMED_EVERY]
    error = sqrt(variance(harmed) / len(harmed) + variance(glad) / len(glad))
    assert fmean(harmed) - fmean(glad) > STANDARD_ERRORS * error > 0


WAITED = """
campaign: waited
reward: {lowest: -1, highest: 1}
outcomes: {annoyed: -0.1}
opt_out_outcomes: []
send_nothing: {allowed: true, price: 0.04}
channels:
  app: {send_windows: {now: now}, reward_window: 1 hour}
contents:
  polo: {category: polos}
  tie: {category: ties}
"""


def test_silence_teaches_its_price_without_a_window_of_its_own(opened: Callable[..., Engine]) -> None:
    """Where messages cost 0.02 and silence 0.04, messages are sent, though nobody ever reports what came of silence.

    Of the last third, by far more than half: were the price of silence not learned, it would seem to cost nothing.
    """
    engine, dice, silent = opened(source=WAITED), Random(4), list[bool]()
    for number in range(1_500):
        now_us = NOON_US + number * 60_000_000
        decision = engine.decide(DecideRequest("waited", f"customer-{number}", request_id=f"q{number}"), now_us)
        silent.append(decision.channel == NOTHING)
        if decision.channel != NOTHING and dice.random() < 0.2:
            engine.reward(RewardRequest(decision.decision_id, f"r{number}", "annoyed"), now_us + 1_000_000)
    assert fmean(silent[-500:]) < 0.25


def test_silence_is_waited_on_as_long_as_any_message() -> None:
    """Without a window of its own; where outcomes of some messages are learned singly, so are those of silence."""
    hour_us = 3_600_000_000
    two = WAITED.replace("contents:", "  email: {send_windows: {now: now}, reward_window: 2 days}\ncontents:")
    own = two.replace("price: 0.04", "price: 0.04, reward_window: 3 hours")
    singly = two.replace(", reward_window: 1 hour", "")
    windows = [load_campaign(source).reward_window_us(NOTHING) for source in (WAITED, two, own, singly)]
    assert windows == [hour_us, 48 * hour_us, 3 * hour_us, None]
