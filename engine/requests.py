"""The door: what is wrong with a request before anything is looked up, and whether an id came before.

Never a default that hides a mistake.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b
from math import isfinite
from typing import TypeVar

from msgspec import Struct, ValidationError, convert, json, to_builtins

from engine.errors import IdReused, InvalidRequest
from engine.events import DecisionTaken, LoggedEvent, RewardReceived
from engine.features import MAX_NUMBER, check_features, check_text, require, shown
from engine.times import LATEST_TIME_US
from engine.types import ActivateRequest, DecideRequest, Identity, RewardRequest

MAX_ID_BYTES = 512
MAX_NARROWED = 1_000
_IDENTITY_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")

_encoder = json.Encoder(order="deterministic")
_Identified = TypeVar("_Identified", DecisionTaken, RewardReceived)


class Ids(Struct, frozen=True):
    """The id under which a fact is logged, and the digest of the request that made it."""

    fact_id: str
    request_digest: str


def check_types(request: DecideRequest | RewardRequest | ActivateRequest) -> None:
    """Raise InvalidRequest naming the first field of a wrong type, which a caller in process can hand in."""
    try:
        convert(to_builtins(request, builtin_types=(bytes,)), type(request))
    except ValidationError as error:
        problem, _, path = str(error).partition(" - at `$.")
        raise InvalidRequest(
            (path.removesuffix("`").removesuffix("_us") or "request", f"is of a wrong type: {problem}")
        ) from error
    except UnicodeEncodeError as error:
        raise InvalidRequest(("request", "holds text that is not valid Unicode")) from error


def check_decide(request: DecideRequest) -> None:
    """Raise InvalidRequest with every field that no campaign could accept."""
    check_types(request)
    found = check_text("campaign", request.campaign, limit=MAX_ID_BYTES)
    found += _check_who(request)
    found += check_text("request_id", request.request_id, limit=MAX_ID_BYTES, empty_allowed=True)
    found += check_text("time_zone", request.time_zone, empty_allowed=True)
    found += _check_narrowed("channels", request.channels) + _check_narrowed("content_ids", request.content_ids)
    require(found + check_features("context", request.context))


def _check_who(request: DecideRequest) -> list[tuple[str, str]]:
    if request.identity is None:
        return check_text("customer_id", request.customer_id, limit=MAX_ID_BYTES)
    if request.customer_id:
        return [("identity", "is given and customer_id too; send one of them")]
    return check_identity("identity", request.identity)


def check_identity(field: str, identity: Identity) -> list[tuple[str, str]]:
    """Return what is wrong with an identity, as (field, problem) pairs."""
    found = check_text(f"{field}.value", identity.value, limit=MAX_ID_BYTES)
    if not _IDENTITY_TYPE.fullmatch(identity.type):
        problem = f"{shown(identity.type)} is no type; send one such as customer_id, cookie, email, phone or app"
        found.append((f"{field}.type", problem))
    return found


def _check_narrowed(field: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    if len(names) > MAX_NARROWED:
        return [(field, f"has {len(names)} entries; send at most {MAX_NARROWED}")]
    if not names:
        return []
    return [
        problem
        for index, name in enumerate(names)
        for problem in check_text(f"{field}[{index}]", name, limit=MAX_ID_BYTES)
    ]


def check_reward(request: RewardRequest) -> None:
    """Raise InvalidRequest with every field that no decision could accept."""
    check_types(request)
    found = check_text("decision_id", request.decision_id, limit=MAX_ID_BYTES)
    found += check_text("reward_id", request.reward_id, limit=MAX_ID_BYTES, empty_allowed=True)
    found += check_text("outcome", request.outcome, limit=MAX_ID_BYTES, empty_allowed=True)
    if request.value is None and not request.outcome:
        found.append(("outcome", "is empty and there is no value; send an outcome of the campaign, or a value"))
    if request.value is not None and not isfinite(request.value):
        found.append(("value", f"is {request.value}; send a finite number"))
    if request.amount is not None and not (isfinite(request.amount) and abs(request.amount) <= MAX_NUMBER):
        found.append(("amount", f"is {request.amount}; send a finite number within ±{MAX_NUMBER:g}"))
    if request.occur_time_us is not None and not 0 <= request.occur_time_us <= LATEST_TIME_US:
        found.append(("occur_time", "is no time between 1970 and 2200; send when it happened"))
    require(found)


def digest(request: Struct) -> str:
    """Return 16 hexadecimal digits that tell this request's content from any other's."""
    return blake2b(_encoder.encode(request), digest_size=8).hexdigest()


def same(earlier: LoggedEvent, kind: type[_Identified], request_digest: str, field: str) -> _Identified:
    """Return the event that the same request made earlier; raises IdReused where another request did."""
    event = earlier.event
    if not isinstance(event, kind) or event.request_digest != request_digest:
        raise IdReused(f"{field} came before with other content; send a new one, or the same request again")
    return event


def check_known(field: str, names: tuple[str, ...], known: Mapping[str, object], campaign: str) -> None:
    """Raise InvalidRequest naming each entry that the campaign does not have."""
    if not names:
        return
    problems = [
        (
            f"{field}[{index}]",
            f"{shown(name)} is not in campaign {shown(campaign)}; leave it out or apply a version with it",
        )
        for index, name in enumerate(names)
        if name not in known
    ]
    if problems:
        raise InvalidRequest(*problems[:20])
