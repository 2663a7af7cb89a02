"""A validator's error as a sentence for a marketer: what is wrong, what to write instead. Never a rule of its own."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from engine.campaign.agreements import nearest
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
from engine.campaign.values import Entry, Path, shown, subject

_ENTRIES: Mapping[tuple[str, ...], type[Entry]] = {
    # where each kind of entry stands; * is any name or place in a list
    (): Campaign,
    ("reward",): RewardRange,
    ("fallback",): NamedChoice,
    ("send_nothing",): SendNothing,
    ("exploration",): Exploration,
    ("channels", "*"): Channel,
    ("channels", "*", "send_windows", "*"): SendWindow,
    ("channels", "*", "quiet_hours"): QuietHours,
    ("channels", "*", "message_limits", "*"): MessageLimit,
    ("message_limits", "*"): MessageLimit,
    ("overall_message_limits", "*"): MessageLimit,
    ("contents", "*"): Content,
    ("contents", "*", "sell_through"): SellThrough,
}

_EXAMPLES = {
    "campaign": "campaign: autumn-wardrobe",
    "reward": "reward: {lowest: -1, highest: 1}",
    "lowest": "lowest: -1",
    "highest": "highest: 1",
    "outcomes": "outcomes: {clicked: 0.1, purchased: 1}",
    "channels": "channels: {email: {send_windows: {morning: {from: 08:00, until: 11:00}}}}",
    "channel": "channel: email",
    "send_windows": "send_windows: {morning: {from: 08:00, until: 11:00}}",
    "quiet_hours": "quiet_hours: {from: 21:00, until: 08:00}",
    "message_limits": "message_limits: [{messages: 3, per: 7 days}]",
    "from": "from: 08:00",
    "until": "until: 11:00",
    "messages": "messages: 3",
    "per": "per: 7 days",
    "contents": "contents: {striped-polo: {category: polos, price: 29.90}}",
    "category": "category: polos",
    "features": "features: {device: desktop}",
    "reward_window": "reward_window: 3 days",
    "send_nothing": "send_nothing: {allowed: true, price: 0.02}",
    "overall_message_limits": "overall_message_limits: [{messages: 3, per: 1 day}]",
    "sell_through": "sell_through: {units: 200, from: 2026-10-01, until: 2026-11-30, bonus: 0.1}",
    "units": "units: 200",
    "bonus": "bonus: 0.1",
    "exploration": "exploration: {method: mixed}",
}

_MISSPELT = 0.8  # as channel is of channels, and reward_window, which has a place of its own, is not of reward

_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def mended(error: ErrorDetails) -> tuple[Path, str]:
    """Return the path of the field an error is about and the sentence that mends it."""
    path = tuple(error["loc"])
    kind, context = error["type"], error.get("ctx", {})
    if kind == "disagreement":
        return path, error["msg"]
    if path and path[-1] == "[key]":  # how pydantic says that a mapping's own key is wrong
        return path[:-1], f"the name {shown(error['input'])} {error['msg']}"
    if kind == "missing":
        return path, _missing(path)
    if kind == "extra_forbidden":
        return path, f"unknown field {shown(path[-1])}{_instead(str(path[-1]), path[:-1])}"
    return path, f"{subject(path)} {_predicate(error, path, kind, context)}"


def _instead(field: str, path: Path) -> str:
    """Say which field was probably meant, or where a misplaced one belongs."""
    known = next((_fields(entry) for place, entry in _ENTRIES.items() if _stands_at(place, path)), [])
    homes = [place for place, entry in _ENTRIES.items() if field in _fields(entry)]
    if not homes or get_close_matches(field, known, n=1, cutoff=_MISSPELT):
        return nearest(field, known)
    places = [".".join(place).replace("*", "<name>") or "the campaign itself" for place in homes]
    return f" here; it belongs to {' or '.join(places)}"


def _stands_at(place: tuple[str, ...], path: Path) -> bool:
    return len(place) == len(path) and all(a in ("*", b) for a, b in zip(place, path, strict=True))


def _fields(entry: type[Entry]) -> list[str]:
    """Return an entry's fields as they are written in the file."""
    return [field.alias or name for name, field in entry.model_fields.items()]


def _missing(path: Path) -> str:
    field = str(path[-1])
    return f"{subject(path[:-1])} has no {field}; add one, for example `{_EXAMPLES.get(field, field + ': ...')}`"


def _predicate(error: ErrorDetails, path: Path, kind: str, context: Mapping[str, Any]) -> str:
    given = shown(error["input"])
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"must be {words} {context[bound]:g}, but is {given}"
    predicates = {
        "mend": error["msg"],
        "too_short": f"must have at least one entry; add it{_example(path)}",
        "too_long": f"must have at most {context.get('max_length')} entries; remove some",
        "literal_error": f"must be {context.get('expected')}, but is {given}",
        "tuple_type": f"must be a list such as [email, sms], but is {given}",
        "dict_type": f"must have fields of its own below it{_example(path)}, but is {given}",
        "model_type": f"must have fields of its own below it{_example(path)}, but is {given}",
    }
    return predicates.get(kind, f"cannot be used: {error['msg']}")


def _example(path: Path) -> str:
    example = _EXAMPLES.get(str(path[-1]), "") if path else "campaign: autumn-wardrobe"
    return f", for example `{example}`" if example else ""
