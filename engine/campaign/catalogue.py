"""A campaign version made ready for deciding: what each channel offers, as the lines its models read.

Never a customer, never a clock.
"""

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from engine.campaign.content_numbers import UsualAmongContents, numbers_of, usual_among
from engine.campaign.loader import load_campaign
from engine.campaign.send_windows import Intervals, week_intervals
from engine.campaign.spec import Campaign, Channel, Content, SendWindow
from engine.features import action_text, scaled
from engine.fit import fitted_lines
from engine.types import NOTHING

DAY_S = 86_400
ROUTER_FIT_WEIGHT = 2
"""What fit weighs among the router's features."""
Lines = tuple[str, ...]
"""An action's line at each step of fit."""
_REWARD_FIELDS = ("outcomes", "combine", "default_reward", "reward", "send_nothing", "noticing")


class ChannelCatalogue(Struct, frozen=True):
    """What one channel offers: its contents and send slots with their action lines, and when its slots are open.

    A content or slot has a line for each step of fit. `free_lines` are those of contents without a rule of their own;
    `ruled` ones have to be asked about. `category_of` tells a content's category, `categories` are all of them. A
    channel `for_all` is closed by nothing but a refusal: it asks for no consent, identity or audience.
    """

    channel: Channel
    for_all: bool
    contents: dict[str, Content]
    category_of: dict[str, str]
    categories: frozenset[str]
    free_lines: dict[str, Lines]
    ruled: dict[str, Content]
    content_lines: dict[str, Lines]
    slot_lines: dict[str, Lines]
    slot_intervals: dict[str, Intervals]


class Catalogue(Struct, frozen=True, eq=False):
    """One version of a campaign with everything about it that does not change between decisions.

    Each is equal to itself alone, so that what is kept for one is never another's.
    """

    campaign: Campaign
    version: int
    channels: dict[str, ChannelCatalogue]
    router_lines: dict[str, Lines]


@lru_cache(maxsize=256)
def catalogue(source: str, version: int) -> Catalogue:
    """Return the catalogue of a campaign's YAML text; the same text and version give the same one."""
    campaign = load_campaign(source)
    usual = usual_among(campaign.contents.values())  # of all, since channels lend each other their lessons
    channels = {name: _channel_catalogue(campaign, name, usual) for name in campaign.channels}
    routes = [*campaign.channels, NOTHING]
    return Catalogue(
        campaign=campaign,
        version=version,
        channels=channels,
        router_lines={
            name: fitted_lines(action_text({"channel": name}, {}), weight=ROUTER_FIT_WEIGHT) for name in routes
        },
    )


def teaches_otherwise(before: Catalogue, after: Catalogue) -> bool:
    """Tell whether what was learned under one version would be learned otherwise under another: rebuild is due.

    So it is where outcomes are worth or combined otherwise, or where a content or slot of both reads otherwise.
    """
    one, other = before.campaign, after.campaign
    if any(getattr(one, field) != getattr(other, field) for field in _REWARD_FIELDS):
        return True
    for name in before.channels.keys() & after.channels.keys():
        for lines in ("content_lines", "slot_lines"):
            old, new = getattr(before.channels[name], lines), getattr(after.channels[name], lines)
            if any(old[key] != new[key] for key in old.keys() & new.keys()):
                return True
    return False


def _channel_catalogue(campaign: Campaign, name: str, usual: Mapping[str, UsualAmongContents]) -> ChannelCatalogue:
    channel = campaign.channels[name]
    contents = {content_id: campaign.contents[content_id] for content_id in campaign.contents_for(name)}
    ruled = {content_id: content for content_id, content in contents.items() if _ruled(content)}
    lines = {content_id: _content_lines(content_id, content, usual) for content_id, content in contents.items()}
    return ChannelCatalogue(
        channel=channel,
        for_all=channel.consent != "required" and not (channel.reached_by or campaign.audience or channel.audience),
        contents=contents,
        category_of={content_id: content.category for content_id, content in contents.items()},
        categories=frozenset(content.category for content in contents.values()),
        free_lines={content_id: line for content_id, line in lines.items() if content_id not in ruled},
        ruled=ruled,
        content_lines=lines,
        slot_lines={slot: _slot_lines(slot, window) for slot, window in channel.send_windows.items()},
        slot_intervals={slot: week_intervals(each, channel.quiet_hours) for slot, each in channel.send_windows.items()},
    )


def _ruled(content: Content) -> bool:
    dated = content.valid_from_us is not None or content.valid_until_us is not None
    return dated or any((content.sku, content.audience, content.cool_down, content.familiarity != "anonymous"))


def _content_lines(content_id: str, content: Content, usual: Mapping[str, UsualAmongContents]) -> Lines:
    """Describe a content by its id, so that it can be told apart, and by its features, so that a new one starts with
    what is known.
    """
    categories = {"content": content_id, "category": content.category}
    categories |= {name: value for name in ("tone", "season") if (value := getattr(content, name))}
    categories |= {
        f"features/{name}": str(value) for name, value in content.features.items() if not isinstance(value, float)
    }
    numbers = numbers_of(content)
    deviations = {name: usual[name].told(number) for name, number in numbers.items()}
    price = None if content.price is None else scaled(content.price)
    return fitted_lines(action_text(categories, numbers, deviations), price)


def _slot_lines(slot: str, window: SendWindow) -> Lines:
    """Describe a slot by its name and its hours; hours mean the same on every channel, so channels can teach each
    other.
    """
    days = "weekdays" if max(window.days) < 5 else "weekend" if min(window.days) > 4 else "any"
    hours = "any" if window.until_s - window.from_s == DAY_S else f"{window.from_s // 3600:02d}"
    return fitted_lines(action_text({"slot": slot, "days": days, "hours": hours}, {}))
