"""Tallies: what is counted of all customers together, which stays as it was when one of them is erased.

Never a model, never anything about one customer.
"""

from msgspec import Struct, field

from engine import newcomers, stock
from engine.customers import suspected
from engine.customers.events import EventTracked
from engine.customers.suspected import Suspected
from engine.events import DecisionTaken, FactQuarantined, FactReadmitted, StockSet
from engine.folds import Aside, Folds
from engine.newcomers import Offered
from engine.stock import Stock
from engine.tombstones import DecisionErased, FactErased

Counted = DecisionTaken | DecisionErased | StockSet | EventTracked | FactErased | FactQuarantined | FactReadmitted
"""Events that count, and what is left of those that were erased."""


class Tallies(Struct):
    """Stock by SKU, facts put aside by reason, contents offered by campaign, and what all looks at customers tell."""

    stock: dict[str, Stock] = {}
    aside: dict[str, Aside] = {}
    offered: dict[str, Offered] = {}
    suspected: Suspected = field(default_factory=Suspected)

    @classmethod
    def saved(cls, folds: Folds) -> "Tallies":
        """Return the tallies as they were saved."""
        return cls(stock=folds.stock, aside=folds.aside, offered=folds.offered, suspected=folds.suspected)

    def fold(self, event: Counted, time_us: int) -> None:
        """Count one more event."""
        match event:
            case DecisionTaken() | DecisionErased():
                newcomers.fold(self.offered, event)
                if event.suspicion:
                    suspected.fold(self.suspected, event.suspicion, time_us)
            case StockSet() | EventTracked():
                stock.fold(self.stock, event, time_us)
            case FactErased():
                stock.fold(self.stock, event, time_us)
                self._count_aside(event.put_aside, quarantined=1)
            case FactQuarantined():
                self._count_aside(event.reason, quarantined=1)
            case FactReadmitted():
                self._count_aside(event.reason, readmitted=1)

    def _count_aside(self, reason: str, *, quarantined: int = 0, readmitted: int = 0) -> None:
        if reason:
            before = self.aside.get(reason, Aside())
            self.aside[reason] = Aside(before.quarantined + quarantined, before.readmitted + readmitted)
