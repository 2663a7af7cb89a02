"""Stock: what is left of each SKU, what was sold of it, and what a lag behind a target is worth. Never a decision."""

from collections.abc import Sequence
from math import exp

from msgspec import Struct, structs

from engine.campaign.spec import Campaign, Content
from engine.customers.events import EventTracked
from engine.customers.memory import DAY_US
from engine.customers.types import EventType
from engine.events import StockSet
from engine.tombstones import FactErased

DAYS_KEPT = 400
"""Days of sales that are remembered of a SKU; a longer target counts from then."""
TILT = 10.0
"""A price of a tenth of the reward unit makes a content's odds e times what its model says."""


class Stock(Struct, frozen=True):
    """The units left of a SKU: as last set, less what was sold since; and the units sold by UTC day since 1970."""

    units: float
    set_time_us: int
    sold: dict[int, float] = {}

    def sold_since(self, time_us: int) -> float:
        """Return the units sold since the beginning of a moment's day."""
        first = time_us // DAY_US
        return sum(units for day, units in self.sold.items() if day >= first)


def fold(known: dict[str, Stock], event: StockSet | EventTracked | FactErased, time_us: int) -> None:
    """Take what is left of a SKU as it was counted, or a purchase of it; what was sold stays."""
    if not isinstance(event, StockSet):
        if sale := sold(event):
            _take(known, *sale)
        return
    before = known.get(event.sku)
    known[event.sku] = Stock(float(event.units), time_us, before.sold if before else {})


def sold(event: EventTracked | FactErased) -> tuple[str, float, int] | None:
    """Return what a purchase takes from a stock: the SKU, the units and the UTC day since 1970; else None."""
    if isinstance(event, FactErased):
        return event.sold
    if event.type != EventType.PURCHASE or not event.sku:
        return None
    return event.sku, 1.0 if event.quantity is None else event.quantity, event.occur_time_us // DAY_US


def _take(known: dict[str, Stock], sku: str, units: float, day: int) -> None:
    """Take what was sold from the stock of its SKU, where that is counted; never below nothing."""
    before = known.get(sku)
    if before is None:
        return
    days = before.sold | {day: before.sold.get(day, 0.0) + units}
    if len(days) > DAYS_KEPT:
        del days[min(days)]
    known[sku] = structs.replace(before, units=max(0.0, before.units - units), sold=days)


def prices(campaign: Campaign, known: dict[str, Stock], now_us: int) -> dict[str, float]:
    """Return what speaks for each content whose sales lag behind its target, in reward units; the others are left
    out.
    """
    if not campaign.targeted:
        return {}
    found = {content_id: _price(campaign.contents[content_id], known, now_us) for content_id in campaign.targeted}
    return {content_id: price for content_id, price in found.items() if price > 0}


def _price(content: Content, known: dict[str, Stock], now_us: int) -> float:
    """Return the bonus times the share of the target by which sales lag behind the straight line to it."""
    target, stock = content.sell_through, known.get(content.sku or "")
    first_us, end_us = content.sell_through_us
    if target is None or stock is None or not first_us <= now_us < end_us:
        return 0.0
    due = target.units * (now_us - first_us) / (end_us - first_us)
    lag = (due - stock.sold_since(first_us)) / target.units
    return round(target.bonus * max(0.0, lag), 6)


def tilted(probabilities: Sequence[float], bonus: Sequence[float]) -> list[float]:
    """Return a distribution whose odds are multiplied by e^(TILT x bonus), in the same order; in reward units."""
    weights = [p * exp(TILT * one) for p, one in zip(probabilities, bonus, strict=True)]
    total = sum(weights)
    return [weight / total for weight in weights]
