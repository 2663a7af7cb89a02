"""The customers' door: what is wrong with a fact about a customer before anything is looked up. Never a lookup.

Nothing raw goes further than this: a value that looks like an e-mail address or a telephone number is refused.
"""

from engine.customers.profile import ATTRIBUTES
from engine.customers.types import EventType, IdentifyRequest, LinkRequest, TrackRequest
from engine.features import PERSONAL, check_text, require, shown
from engine.requests import MAX_ID_BYTES, check_identity
from engine.times import LATEST_TIME_US
from engine.types import Features

Violations = list[tuple[str, str]]

PREFERRED_CHANNEL = "preferred_channel"
TOLD = (*ATTRIBUTES, PREFERRED_CHANNEL)
"""Attributes that may be told of a customer: those that become features, and what she wishes."""
CONSENTS_MAX = 100
EVENT_TYPES = frozenset(EventType)
PROPERTIES_MAX = 1_000


def check_identify(request: IdentifyRequest) -> None:
    """Raise InvalidRequest with every field of it that cannot be."""
    found = check_identity("identity", request.identity) + check_event(request.event_id, request.occur_time_us)
    if not request.attributes and not request.consents:
        found.append(("attributes", "is empty and so is consents; say something of the customer"))
    for name, value in request.attributes.items():
        found += _check_attribute(f"attributes[{shown(name)}]", name, value)
    if len(request.consents) > CONSENTS_MAX:
        found.append(("consents", f"has {len(request.consents)} entries; send at most {CONSENTS_MAX}"))
    for index, consent in enumerate(request.consents[:CONSENTS_MAX]):
        found += check_text(f"consents[{index}].purpose", consent.purpose)
        found += check_text(f"consents[{index}].channel", consent.channel, empty_allowed=True)
    require(found)


def check_link(request: LinkRequest) -> None:
    """Raise InvalidRequest with every field of it that cannot be."""
    found = check_identity("identity", request.identity) + check_identity("other", request.other)
    found += check_event(request.event_id, request.occur_time_us)
    if request.identity == request.other:
        found.append(("other", "is the same as identity; send two identities of one customer"))
    require(found)


def check_track(request: TrackRequest) -> None:
    """Raise InvalidRequest with every field without which nobody could say whose event it is, or which."""
    found = check_identity("identity", request.identity) + check_event(request.event_id, request.occur_time_us)
    if request.type not in EVENT_TYPES:
        found.append(("type", f"{shown(request.type)} is no type of event; send one of: {', '.join(EventType)}"))
    for field in ("device", "channel"):
        found += check_text(field, getattr(request, field), empty_allowed=True)
    found += _check_texts(request.properties)
    require(found)


def check_event(event_id: str, occur_time_us: int | None) -> Violations:
    """Return what is wrong with an event's id or time."""
    found = check_text("event_id", event_id, limit=MAX_ID_BYTES, empty_allowed=True)
    if occur_time_us is not None and not 0 <= occur_time_us <= LATEST_TIME_US:
        found.append(("occur_time", "is no time between 1970 and 2200; send when it happened"))
    return found


def looks_personal(value: str) -> bool:
    """Tell whether a text looks like an e-mail address or a telephone number."""
    return bool(PERSONAL.fullmatch(value.strip()))


def _check_attribute(path: str, name: str, value: str) -> Violations:
    if name not in TOLD:
        problem = f"is no attribute; send any of: {', '.join(TOLD)}; identities belong into identity and Link"
        return [(path, problem)]
    found = check_text(path, value, empty_allowed=True)
    if looks_personal(value):
        found.append((path, "looks like an e-mail address or a telephone number; send none of them as an attribute"))
    return found


def _check_texts(properties: Features) -> Violations:
    """Return what cannot even be written down; what is wrong with a property otherwise, the gate judges."""
    texts = [*properties.categories, *properties.categories.values(), *properties.numbers]
    if len(texts) > PROPERTIES_MAX:
        return [("properties", f"has {len(texts)} names and texts; send at most {PROPERTIES_MAX}")]
    try:
        "".join(text for text in texts if isinstance(text, str)).encode()
    except UnicodeEncodeError:
        return [("properties", "holds text that is not valid Unicode; send text that UTF-8 can hold")]
    return []
