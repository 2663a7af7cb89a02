"""A content as a campaign describes it: what it is about, whom and where it fits, and when. Never its wording."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr

from engine.campaign.audience import AudienceText
from engine.campaign.values import (
    Duration,
    Entry,
    FeatureName,
    FeatureValue,
    Moment,
    Name,
    Number,
    Whole,
    duration_us,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)


class SellThrough(Entry):
    """So many units of the content's SKU should be sold between two moments, evenly.

    `units` in [1, 1,000,000]; `from_moment` and `until` (`from` in the file) are days, both included, or times. Where
    sales lag behind the straight line, up to `bonus`, in reward units, speaks for the content.
    """

    units: Annotated[Whole, Field(ge=1, le=1_000_000)]
    from_moment: Moment = Field(alias="from")
    until: Moment
    bonus: Annotated[Number, Field(gt=0)]


class Content(Entry):
    """Something to say: a category, optional traits that models learn from, the channels it fits, and its validity.

    `price` is at least 0, in the retailer's currency. `channels` is empty only before a campaign has placed the
    content, which fills in all of its channels. `features` are free: at most 64 texts, numbers or truth values.

    `familiarity` is how familiar the brand must be with a customer, `audience` whom it is for, `cool_down` how long it
    is not sent to her again. A content with a `sku` stops when the stock of that is known to be gone.
    """

    category: Name
    price: Annotated[Number, Field(ge=0)] | None = None
    tone: Name | None = None
    season: Name | None = None
    channels: Annotated[tuple[Name, ...], Field(min_length=1, max_length=20)] = ()
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    features: Annotated[dict[FeatureName, FeatureValue], Field(default_factory=dict, max_length=64)]
    familiarity: Literal["anonymous", "known", "engaged", "loyal"] = "anonymous"
    audience: AudienceText | None = None
    cool_down: Duration | None = None
    sku: Name | None = None
    sell_through: SellThrough | None = None
    _zone: ZoneInfo = PrivateAttr(default=ZoneInfo("UTC"))

    def placed(self, channels: tuple[str, ...], zone: ZoneInfo) -> Self:
        """Return the content as it stands in a campaign with these channels, its dates read in the campaign's zone."""
        placed = self.model_copy(update={"channels": self.channels or channels})
        placed._zone = zone
        return placed

    @cached_property
    def valid_from_us(self) -> int | None:
        """First instant of validity in microseconds UTC; None where it has always been valid."""
        return None if self.valid_from is None else first_instant_us(self.valid_from, self._zone)

    @cached_property
    def valid_until_us(self) -> int | None:
        """First instant after its validity in microseconds UTC; None where it stays valid.

        A date is valid through its last moment, a time ends at that time.
        """
        return None if self.valid_until is None else end_instant_us(self.valid_until, self._zone)

    @cached_property
    def cool_down_us(self) -> int:
        """How long it is not sent to a customer again, in microseconds; 0 where it may be at once."""
        return 0 if self.cool_down is None else duration_us(self.cool_down)

    @cached_property
    def sell_through_us(self) -> tuple[int, int]:
        """First instant of its sell-through target, and the first after it, in microseconds UTC; equal without one."""
        if self.sell_through is None:
            return 0, 0
        target = self.sell_through
        return first_instant_us(target.from_moment, self._zone), end_instant_us(target.until, self._zone)


def first_instant_us(moment: date | datetime, zone: ZoneInfo) -> int:
    """Return the first instant of a date in a zone, or the instant of a time, in microseconds UTC."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), zone)
    return (moment - _EPOCH) // _MICROSECOND


def end_instant_us(moment: date | datetime, zone: ZoneInfo) -> int:
    """Return the first instant after a date in a zone, or the instant of a time, in microseconds UTC."""
    return first_instant_us(moment if isinstance(moment, datetime) else moment + _ONE_DAY, zone)
