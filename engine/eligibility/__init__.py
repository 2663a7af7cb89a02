"""What may be chosen for one customer at one moment, by rule. Never a model, never a draw, never a wire type."""

from engine.eligibility.calendar import Calendar
from engine.eligibility.moment import Moment
from engine.eligibility.options import Eligible, eligible

__all__ = ["Calendar", "Eligible", "Moment", "eligible"]
