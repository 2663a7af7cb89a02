"""The shipped retail campaign: it works on any day, and a marketer can learn the format from it alone."""

import re
from pathlib import Path

import pytest

from engine.campaign.loader import load_campaign
from engine.campaign.send_windows import week_intervals
from engine.campaign.spec import (
    Campaign,
    Channel,
    Content,
    Exploration,
    MessageLimit,
    NamedChoice,
    QuietHours,
    RewardRange,
    SellThrough,
    SendNothing,
    SendWindow,
)
from engine.rewards import outcome_worth
from engine.types import NOTHING

TEXT = (Path(__file__).parents[2] / "simulators" / "campaigns" / "retail.yaml").read_text()
ENTRIES = (
    *(Campaign, Channel, Content, Exploration, MessageLimit),
    *(NamedChoice, QuietHours, RewardRange, SellThrough, SendNothing, SendWindow),
)
FIELDS = sorted({field.alias or name for entry in ENTRIES for name, field in entry.model_fields.items()})


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    """Return the shipped campaign."""
    return load_campaign(TEXT)


def test_the_formula_shown_is_one_that_the_engine_takes(campaign: Campaign) -> None:
    """The formula in the comments works in place of the number, which stays for those who send no amount."""
    assert campaign.outcomes["purchased"] == 1
    (shown,) = re.findall(r"(?m)^#   (purchased: .+)$", TEXT)
    changed = load_campaign(TEXT.replace("\n  purchased: 1\n", f"\n  {shown}\n"))
    assert changed.outcomes["purchased"] == shown.removeprefix("purchased: ")
    assert outcome_worth(changed, "purchased", 50) == 0.25


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_the_format_is_shown(field: str) -> None:
    """A marketer who reads the file meets every field there is."""
    assert re.search(rf"\b{field}:", TEXT)


def test_it_speaks_to_the_customers_of_the_story(campaign: Campaign) -> None:
    """It has all five channels, and what Ryan wore in Anytown beside what he wears in Chicago."""
    assert set(campaign.channels) == {"email", "sms", "push", "app", "web"}
    assert len(campaign.contents) >= 28
    categories = {content.category for content in campaign.contents.values()}
    assert categories >= {"polos", "t-shirts", "jeans", "casual-shoes", "suits", "ties", "dress-shoes", "house-music"}
    assert "striped-polo" in campaign.contents


def test_it_works_on_any_day(campaign: Campaign) -> None:
    """Every channel always has a dozen contents without dates, so the campaign never runs dry."""
    for channel in campaign.channels:
        endless = [
            content_id
            for content_id in campaign.contents_for(channel)
            if campaign.contents[content_id].valid_from is None and campaign.contents[content_id].valid_until is None
        ]
        assert len(endless) >= 12, channel


def test_nobody_is_woken(campaign: Campaign) -> None:
    """Nothing is sent by SMS or push between 22:00 and 07:30 on the customer's clock."""
    for name in ("sms", "push"):
        channel = campaign.channels[name]
        for window in channel.send_windows.values():
            for start, end in week_intervals(window, channel.quiet_hours):
                assert start % 86_400 >= 7.5 * 3600
                assert start // 86_400 * 86_400 + 22 * 3600 >= end


def test_every_message_is_waited_for(campaign: Campaign) -> None:
    """Every channel and sending nothing have a reward window, longer where outcomes take longer, and a default."""
    hour_us = 3_600_000_000
    hours = {name: (campaign.reward_window_us(name) or 0) // hour_us for name in (*campaign.channels, NOTHING)}
    assert hours == {"email": 72, "sms": 24, "push": 12, "app": 2, "web": 2, "nothing": 24}
    assert campaign.reward_without_outcome == campaign.outcomes["ignored"]


def test_every_channel_keeps_a_limit(campaign: Campaign) -> None:
    """No customer can be flooded on any channel."""
    assert all(channel.message_limits for channel in campaign.channels.values())


def test_annoyance_costs_more_than_silence(campaign: Campaign) -> None:
    """An unsubscription or a complaint is worse than sending nothing, and being ignored is worth nothing."""
    assert campaign.outcomes["ignored"] == 0
    assert campaign.send_nothing.allowed
    assert max(campaign.outcomes["unsubscribed"], campaign.outcomes["complained"]) < -campaign.send_nothing.price < 0


def test_desktop_deals_and_neighbourhood_offers_can_be_told_apart(campaign: Campaign) -> None:
    """Features say which contents are for a desktop and which for a part of town, so that the engine can learn both."""
    features = [content.features for content in campaign.contents.values()]
    assert sum(feature.get("device") == "desktop" for feature in features) >= 3
    assert sum("neighbourhood" in feature for feature in features) >= 3
