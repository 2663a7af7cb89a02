"""Whom and when a decision is for: everything the rules may ask about. Never a rule."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from engine.campaign.audience import Facts
from engine.campaign.channels import MessageLimit
from engine.customers.requests import PREFERRED_CHANNEL
from engine.customers.standing import Standing
from engine.fit import NO_HOURS
from engine.stock import Stock
from engine.times import local_minute
from engine.types import Features


class Moment(Struct, frozen=True, dict=True):
    """How a customer stands, her time zone and now; what was asked for, and what is the same for every customer.

    `context` and `told` are what models see of the request and of her. Empty `channels` or `content_ids` mean all.
    `overall_limits` are those that every campaign in force has set on all messages. `stock` is by SKU; one that is not
    in it is not counted. `lively` are the steps at which her week's hours fit (`engine.fit`).
    """

    customer: Standing
    zone: ZoneInfo
    now_us: int
    context: Features
    told: Features
    channels: frozenset[str] = frozenset()
    content_ids: frozenset[str] = frozenset()
    overall_limits: tuple[MessageLimit, ...] = ()
    stock: Mapping[str, Stock] = {}
    lively: tuple[int, ...] = NO_HOURS

    @cached_property
    def local(self) -> datetime:
        """The beginning of the minute, as her wall clock shows it."""
        return local_minute(self.now_us, self.zone)

    @cached_property
    def send_times_us(self) -> list[int]:
        """The send times of all messages to her, oldest first."""
        return [contact.time_us for contact in self.customer.contacts]

    @cached_property
    def facts(self) -> Facts:
        """What audiences may ask about her, put together when the first one asks."""
        return facts(self.customer, self.context, self.told)


def facts(customer: Standing, context: Features, told: Features) -> Facts:
    """Return what audiences may ask about a customer: what models may be `told` of her too, and no more."""
    wish = {name: customer.attributes[name] for name in (PREFERRED_CHANNEL,) if name in customer.attributes}
    variables: dict[str, Any] = {
        "attributes": told.categories | wish,
        "context": context.categories,
        "context_numbers": context.numbers,
        "identities": sorted(customer.identity_types),
        "level": customer.level.name.lower(),
        "profile": told.numbers,
    }
    return Facts(variables)
