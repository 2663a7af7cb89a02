"""Erasure knows every kind of event, by what its fields are of."""

from types import UnionType
from typing import get_args

from engine.customers.events import CustomerIdentified
from engine.customers.folding import NAMING, named_in
from engine.effacing import effaced
from engine.events import Event, LoggedEvent
from engine.tombstones import FactErased
from tests.wardrobe import NOON_US

KNOWN_FIELDS = {
    "of an identity": {*NAMING, "identity_type", "other_type", "kept"},
    "told under an identity, and gone with its event": {
        *("occur_time_us", "request_digest", "attributes", "consents", "type", "device", "category", "sku", "order"),
        *("amount", "quantity", "properties", "fact", "detail"),
    },
    "of a decision or of what refers to it, which effacing sees to": {
        *("decision_id", "decision_seq", "reward_id", "activate_time_us", "context", "profile", "time_zone", "stages"),
        *("reason", "channel", "propensity", "content_id", "send_slot", "send_time_us", "control", "close_time_us"),
        *("default_reward", "activation_required", "requested_channels", "requested_content_ids", "outcome", "value"),
        *("stated", "late", "final_value", "opts_out", "campaign_version", "route_fit", "suspicion"),
        "context_told",
    },
    "of no customer": {
        *("campaign", "version", "source", "switch", "on", "to_seq", "why", "upto_seq", "erased_kind", "identities"),
        *("decisions", "rewards", "facts", "sold", "put_aside", "quarantined_seq", "refused", "model", "units"),
    },
}


def test_every_kind_of_event_is_known_to_erasure() -> None:
    """Each field of each kind of event is of an identity, of a decision or of no customer; a new one has to say."""
    assert isinstance(Event, UnionType)
    known = set().union(*KNOWN_FIELDS.values())
    fields = {kind.__name__: set(kind.__struct_fields__) - known for kind in get_args(Event)}
    assert {name: strange for name, strange in fields.items() if strange} == {}


def test_an_event_of_any_kind_that_names_an_identity_is_found_and_effaced() -> None:
    """What erasure does not know becomes a tombstone all the same, with nothing in it but its kind."""
    event = CustomerIdentified("ab" * 16, "email", NOON_US, "digest", {"city": "Chicago"})
    assert named_in(event) == {"ab" * 16}
    assert effaced(LoggedEvent(1, NOON_US, event), frozenset({"ab" * 16})) == FactErased("customer_identified")
