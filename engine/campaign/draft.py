"""What can still be read of a broken campaign, so that all its problems are told at once. Never an error."""

from collections.abc import Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from engine.campaign.agreements import Draft
from engine.campaign.channels import QuietHours, SendWindow
from engine.campaign.contents import Content
from engine.campaign.objective import NamedChoice, RewardRange, SendNothing
from engine.campaign.time_zones import zone_named
from engine.campaign.values import Entry, number

AnyEntry = TypeVar("AnyEntry", bound=Entry)


def readable_draft(tree: object) -> Draft:
    """Return the readable parts of a campaign's data, whatever the data is."""
    fields = _fields(tree)
    channels = {name: _fields(raw) for name, raw in _fields(fields.get("channels")).items()}
    return Draft(
        reward=_readable(RewardRange, fields.get("reward")),
        outcomes=_numbers(fields.get("outcomes")),
        declared=list(_fields(fields.get("outcomes"))),
        opt_out_outcomes=_listed(fields.get("opt_out_outcomes")),
        noticed_outcomes=_listed(fields.get("noticed_outcomes")),
        default_reward=_numbers(fields).get("default_reward"),
        activation=str(fields.get("activation", "")),
        windowless=[name for name, channel in channels.items() if "reward_window" not in channel],
        send_nothing=_readable(SendNothing, fields.get("send_nothing", {})),
        windows={name: _windows(channel) for name, channel in channels.items()},
        quiet_hours={name: _readable(QuietHours, channel.get("quiet_hours")) for name, channel in channels.items()},
        contents={name: _content(raw) for name, raw in _fields(fields.get("contents")).items()},
        fallback=_readable(NamedChoice, fields.get("fallback")),
        zone=_zone(fields.get("time_zone")),
    )


def _fields(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _listed(raw: object) -> list[object]:
    return raw if isinstance(raw, list) else []


def _readable(kind: type[AnyEntry], raw: object) -> AnyEntry | None:
    try:
        return kind.model_validate(raw)
    except ValidationError:
        return None


def _windows(channel: Mapping[str, Any]) -> dict[str, SendWindow | None]:
    return {name: _readable(SendWindow, raw) for name, raw in _fields(channel.get("send_windows")).items()}


def _content(raw: object) -> Content:
    """Return a content with the fields that must agree with others, each where it can be read."""
    looked_at = ("channels", "valid_from", "valid_until", "sku", "sell_through")
    checked = {field: value for field, value in _fields(raw).items() if field in looked_at}
    content: dict[str, Any] = {"category": "not looked at"}
    for field, value in checked.items():
        if _readable(Content, content | {field: value}) is not None:
            content[field] = value
    return Content.model_validate(content)


def _numbers(raw: object) -> dict[str, float]:
    found = {}
    for name, value in _fields(raw).items():
        try:
            found[name] = number(value)
        except PydanticCustomError:
            continue
    return found


def _zone(raw: object) -> ZoneInfo:
    try:
        return zone_named(raw) if isinstance(raw, str) else ZoneInfo("UTC")
    except ValueError:
        return ZoneInfo("UTC")
