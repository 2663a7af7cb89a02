"""A small campaign and the moments at which the tests ask about it. Never a behaviour under test."""

KEY = b"a secret key that only tests use"
NOON_US = 1_782_993_600_000_000  # Thursday 2026-07-02 12:00 UTC
SECOND_US = 1_000_000

CAMPAIGN = """
campaign: wardrobe
reward: {lowest: -1, highest: 1}
outcomes: {ignored: 0, clicked: 0.2, purchased: 1, unsubscribed: -1}
send_nothing: {allowed: true, price: 0.05}
control_share: 0.2
channels:
  email:
    send_windows:
      morning: {from: "07:00", until: "09:00"}
      evening: {days: weekdays, from: "18:00", until: "20:00"}
  app:
    send_windows: {now: now}
contents:
  polo: {category: polos, price: 29, season: summer}
  suit: {category: suits, price: 399, tone: formal, channels: [email]}
  house-shirt: {category: house-music, price: 49}
"""

TALKATIVE = CAMPAIGN.replace("campaign: wardrobe", "campaign: talkative").replace("allowed: true, price: 0.05", "")
"""The same under another name, which never chooses silence."""
