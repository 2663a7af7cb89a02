"""Explaining: what the rules remove for a request, and why. Never an append: whoever asks changes nothing."""

from engine import deciding
from engine.eligibility.removals import Removal
from engine.engine import Engine
from engine.requests import check_decide
from engine.types import DecideRequest


def explain(engine: Engine, request: DecideRequest, now_us: int) -> tuple[Removal, ...]:
    """Return what the rules remove for a request now, and why; nothing for one that was answered before.

    Raises InvalidRequest, NotFound or LogUnavailable.
    """
    engine.heal()
    check_decide(request)
    if request.request_id and engine.log.find(bytes.fromhex(engine.keyed_hash.decision_id(request.request_id))):
        return ()
    return deciding.explain(engine.state, engine.calendar, request, engine.whom(request, now_us))
