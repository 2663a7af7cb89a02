"""What is told and asked of stock. Never a decision, never what a content of a SKU is worth."""

from msgspec import Struct

from engine.engine import Engine
from engine.events import StockSet
from engine.features import check_text, require

MAX_UNITS = 1_000_000_000


class StockStatus(Struct, frozen=True):
    """What is left of a SKU in units, and when it was last counted."""

    sku: str
    units: float
    set_time_us: int


def set_stock(engine: Engine, sku: str, units: int, now_us: int) -> StockStatus:
    """Note how many units of a SKU are left; tracked purchases are taken from it from then on.

    Raises InvalidRequest or LogUnavailable.
    """
    engine.heal()
    found = check_text("sku", sku)
    if not 0 <= units <= MAX_UNITS:
        found.append(("units", f"is {units}; send a whole number from 0 to {MAX_UNITS}"))
    require(found)
    engine.accept(now_us, StockSet(sku, units))
    return _status(engine, sku)


def stock(engine: Engine) -> list[StockStatus]:
    """Return every SKU whose stock is counted, by name."""
    engine.heal()
    return [_status(engine, sku) for sku in sorted(engine.state.tallies.stock)]


def _status(engine: Engine, sku: str) -> StockStatus:
    found = engine.state.tallies.stock[sku]
    return StockStatus(sku, found.units, found.set_time_us)
