"""Earned: what an open decision teaches by what came of it, at once and at its close. Never a model, never the log."""

from collections.abc import Set

from engine.campaign.spec import Campaign
from engine.folds import Half
from engine.open_decisions import OpenDecision
from engine.outcomes import combined


def at_once(decision: OpenDecision, campaign: Campaign, telling: Set[str]) -> Half | None:
    """Return the half that a decision teaches before its close, None where it taught it, nothing came, or it waits.

    `telling` are the channels on which outcomes ever told that a message was noticed.
    """
    if not (decision.activated and decision.outcomes) or decision.learned is not None:
        return None
    if campaign.learn != "provisionally":
        return None
    return _half(decision, campaign, telling, combined(decision.outcomes, campaign))


def at_close(decision: OpenDecision, campaign: Campaign, telling: Set[str]) -> tuple[list[Half], list[Half]]:
    """Return what a decision teaches at its close, and the whole of it, for models that learned nothing of it yet.

    The whole is both halves where two are taught; where one was taught at once only the other is left.
    """
    final = combined(decision.outcomes, campaign)
    whole = [_half(decision, campaign, telling, final)]
    if campaign.learn == "provisionally":
        whole.append(_half(decision, campaign, telling, final, final))
    if decision.learned is None:
        return whole, whole
    return [_half(decision, campaign, telling, final, decision.learned)], whole


def _half(
    decision: OpenDecision, campaign: Campaign, telling: Set[str], value: float, learned: float | None = None
) -> Half:
    """Return a half, which says whether the message was noticed where its channel was ever told of that."""
    tells = decision.channel in telling and bool(campaign.noticing)
    return Half(value, learned, bool(decision.outcomes) if tells else None)
