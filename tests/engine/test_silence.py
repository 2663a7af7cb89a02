"""Sending nothing has its price, and is learned where messages do harm: fatigue, and the risk of losing her."""

from collections.abc import Callable
from math import sqrt
from random import Random
from statistics import fmean, variance

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
