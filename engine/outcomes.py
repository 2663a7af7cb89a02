"""Outcomes combined: the one rule that says what a decision earned. Never a model, never the log, never a clock."""

from collections.abc import Sequence

from msgspec import Struct

from engine.campaign.spec import Campaign


class Outcome(Struct, frozen=True, order=True, array_like=True):
    """One outcome: when it happened, its place in the log (which orders what happened at once), and its value."""

    occur_time_us: int
    seq: int
    value: float


def combined(outcomes: Sequence[Outcome], campaign: Campaign) -> float:
    """Return the reward of a decision with these outcomes, whatever order they arrived in.

    They count in the order in which they happened, as the campaign combines them, clipped to its range; without any the
    campaign's default reward is returned.
    """
    if not outcomes:
        return campaign.reward_without_outcome
    values = [outcome.value for outcome in sorted(outcomes)]
    match campaign.combine:
        case "sum":
            value = sum(values)
        case "max":
            value = max(values)
        case "first":
            value = values[0]
        case "last":
            value = values[-1]
    return min(max(value, campaign.reward.lowest), campaign.reward.highest)
