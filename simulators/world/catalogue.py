"""What the world's shop says and sells, and the campaign that says so. Never a customer, never a taste.

The campaign's text is all that an engine is told; it is read back with the engine's own loader, so that the world and
whoever decides mean the same by every rule.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
from msgspec import Struct

from engine.campaign.loader import load_campaign
from engine.campaign.send_windows import Intervals, week_intervals
from simulators.world.arrays import DAY_US, HOUR_US, START_US, Bools, Floats, Ints
from simulators.world.personas import CATEGORIES, CHANNELS

WORTHS = {"opened": 0.05, "clicked": 0.35, "added_to_basket": 0.2, "purchased": 0.4, "returned": -0.4}
WORTHS |= {"unsubscribed": -0.8}
"""What each outcome is worth; a decision's reward is their sum, which no course of events takes beyond -1 to 1."""
SILENCE_PRICE = 0.005
ALWAYS = (0, 10**6)


class Item(Struct, frozen=True):
    """One content: its category, price, tone, where it fits, and the first and last day of the run it is valid on.

    `desktop_only` is an offer that can hardly be used on another device.
    """

    category: str
    price: float
    tone: str
    channels: tuple[str, ...] = CHANNELS
    desktop_only: bool = False
    days: tuple[int, int] = ALWAYS


ITEMS: Mapping[str, Item] = {
    "striped-polo": Item("casual", 34.9, "plain"),
    "graphic-tee": Item("casual", 19.9, "playful"),
    "straight-jeans": Item("casual", 59.9, "plain"),
    "online-only-polos": Item("casual", 22.9, "urgent", ("email", "web"), desktop_only=True),
    "online-only-jeans": Item("casual", 39.9, "urgent", ("email", "web"), desktop_only=True),
    "navy-suit": Item("business", 399.0, "elegant"),
    "oxford-shirt": Item("business", 59.9, "plain"),
    "silk-tie": Item("business", 49.9, "elegant"),
    "warehouse-bomber": Item("club", 119.0, "bold"),
    "record-shop-tee": Item("club", 29.9, "playful"),
    "late-opening": Item("club", 15.0, "neighbourly", ("sms", "push", "app")),
    "rain-jacket": Item("outdoors", 89.9, "helpful"),
    "trail-boots": Item("outdoors", 139.0, "plain"),
    "winter-parka": Item("outdoors", 259.0, "cosy"),
    "baby-starter-set": Item("family", 44.9, "helpful"),
    "stroller-weekend": Item("family", 249.0, "thrifty", ("email", "app", "web")),
    "running-shoes": Item("sports", 109.0, "bold"),
    "gym-set": Item("sports", 64.9, "plain"),
}
"""The contents there are, unless a scenario says otherwise."""

QUICK = {"email": "3 days", "sms": "1 day", "push": "12 hours", "app": "2 hours", "web": "2 hours"}
"""Reward windows of a shop whose customers make up their minds within hours."""
SLOW = dict.fromkeys(QUICK, "7 days")
"""Reward windows of a shop whose customers take days."""
_SEND_WINDOWS = {
    "email": {"early": "05:00-07:00", "morning": "09:00-11:30", "lunch": "12:00-14:00", "evening": "19:00-21:30"},
    "sms": {"midday": "12:00-14:00", "after-work": "17:00-19:30", "night-out": "22:00-23:30"},
    "push": {"dawn": "05:00-06:30", "commute": "07:00-09:00", "ride-home": "17:00-19:00", "night": "22:00-23:59"},
    "app": {"on-opening": "now"},
    "web": {"on-visit": "now"},
}
LIMIT_HOURS = {"email": 20, "sms": 72, "push": 12, "app": 4, "web": 4}
"""Each channel sends one customer at most one message in so many hours."""


class Catalogue(Struct, frozen=True, dict=True):
    """A campaign as arrays: K contents, C channels, P send slots (each of one channel), in the campaign's order.

    `source` is the campaign's text. `fits` is (C, K). `slot_channel` (P,) gives each slot's channel. `first_us` and
    `end_us` (K,) bound the send times at which a content is valid. `price_level` (K,) runs from 0 to 1 for the dearest.
    """

    name: str
    items: Mapping[str, Item]
    source: str
    windows: Mapping[str, str]

    @cached_property
    def contents(self) -> tuple[str, ...]:
        """Names of the contents."""
        return tuple(self.items)

    @cached_property
    def slots(self) -> tuple[tuple[str, str], ...]:
        """Channel and name of each send slot."""
        return tuple((channel, slot) for channel in CHANNELS for slot in _SEND_WINDOWS[channel])

    @cached_property
    def slot_channel(self) -> Ints:
        """The channel of each slot, shape (P,)."""
        return np.array([CHANNELS.index(channel) for channel, _ in self.slots])

    @cached_property
    def category(self) -> Ints:
        """The category of each content, shape (K,)."""
        return np.array([CATEGORIES.index(item.category) for item in self.items.values()])

    @cached_property
    def fits(self) -> Bools:
        """Whether a content fits a channel, shape (C, K)."""
        return np.array([[channel in item.channels for item in self.items.values()] for channel in CHANNELS])

    @cached_property
    def desktop_only(self) -> Bools:
        """Whether a content is for desktops only, shape (K,)."""
        return np.array([item.desktop_only for item in self.items.values()])

    @cached_property
    def price_level(self) -> Floats:
        """How dear each content is beside the dearest, on a logarithmic scale from 0 to 1, shape (K,)."""
        prices = np.array([item.price for item in self.items.values()])
        levels: Floats = np.log(prices / prices.min()) / np.log(prices.max() / prices.min())
        return levels

    @cached_property
    def valid_us(self) -> Ints:
        """First moment of each content's validity and the first after it, shape (K, 2)."""
        days = np.array([item.days for item in self.items.values()]) + np.array([0, 1])
        found: Ints = START_US + days * DAY_US
        return found

    @cached_property
    def window_us(self) -> Ints:
        """How long after its sending a message's outcomes count, by channel, shape (C,)."""
        channels = load_campaign(self.source).channels
        return np.array([channels[name].reward_window_us or HOUR_US for name in CHANNELS])

    @cached_property
    def intervals(self) -> tuple[Intervals, ...]:
        """When in the local week each slot is open."""
        channels = load_campaign(self.source).channels
        return tuple(week_intervals(channels[channel].send_windows[slot]) for channel, slot in self.slots)


def catalogue(name: str, items: Mapping[str, Item], windows: Mapping[str, str] = QUICK) -> Catalogue:
    """Return the catalogue of the campaign of this name with these contents, with each channel's reward window."""
    return Catalogue(name, items, _source(name, items, windows), windows)


def _source(name: str, items: Mapping[str, Item], windows: Mapping[str, str]) -> str:
    outcomes = ", ".join(f"{name}: {worth}" for name, worth in WORTHS.items())
    lines = [
        f"campaign: {name}",
        "reward: {lowest: -1, highest: 1}",
        f"outcomes: {{{outcomes}}}",
        f"send_nothing: {{allowed: true, price: {SILENCE_PRICE}, reward_window: 1 day}}",
        "channels:",
    ]
    for channel in CHANNELS:
        lines += [
            f"  {channel}:",
            f"    reward_window: {windows[channel]}",
            f"    message_limits: [{{messages: 1, per: {LIMIT_HOURS[channel]} hours}}]",
            "    send_windows:",
        ]
        lines += [f"      {slot}: {_window(hours)}" for slot, hours in _SEND_WINDOWS[channel].items()]
    return "\n".join([*lines, "contents:", *(_content(*item) for item in items.items()), ""])


def _window(hours: str) -> str:
    if hours == "now":
        return hours
    start, end = hours.split("-")
    return f"{{from: '{start}', until: '{end}'}}"


def _content(name: str, item: Item) -> str:
    fields = [f"category: {item.category}", f"price: {item.price}", f"tone: {item.tone}"]
    fields.append(f"channels: [{', '.join(item.channels)}]")
    first, last = item.days
    if item.days != ALWAYS:
        begin = datetime.fromtimestamp(START_US / 1e6, UTC).date()
        fields += [f"valid_from: {begin + timedelta(days=first)}"] if first else []
        fields += [f"valid_until: {begin + timedelta(days=last)}"] if last != ALWAYS[1] else []
    if item.desktop_only:
        fields.append("features: {device: desktop}")
    return f"  {name}: {{{', '.join(fields)}}}"
