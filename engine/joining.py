"""Joining a reward with its decision: is its window closed, and what do all its outcomes come to. Never an append."""

from msgspec import structs

from engine.events import RewardReceived
from engine.log.sqlite import Log
from engine.outcomes import Outcome, combined
from engine.rewards import LoggedDecision
from engine.state import State


def closed(state: State, decision: LoggedDecision, now_us: int) -> bool:
    """Tell whether a decision has a window and it has closed by now."""
    waiting = state.open_decisions.get(decision.seq)
    ended = waiting is None or waiting.close_time_us <= max(now_us, state.clock_us)
    return decision.event.close_time_us is not None and ended


def windowed(log: Log, state: State, event: RewardReceived, decision: LoggedDecision, now_us: int) -> RewardReceived:
    """Return the event with its lateness and with what all outcomes of its decision come to, itself included."""
    this = Outcome(event.occur_time_us, log.last_seq + 1, event.value)
    return structs.replace(event, late=closed(state, decision, now_us), final_value=earned(log, state, decision, this))


def earned(log: Log, state: State, decision: LoggedDecision, *more: Outcome) -> float:
    """Return what all outcomes of a decision come to, and these with them."""
    campaign = state.campaigns.catalogue(decision.event.campaign).campaign
    if waiting := state.open_decisions.get(decision.seq):
        return combined([*waiting.outcomes, *more], campaign)  # the fold holds what the log has, and asks no disk
    taken = [
        Outcome(logged.event.occur_time_us, logged.seq, logged.event.value) for logged in log.rewards(decision.seq)
    ]
    return combined([*taken, *more], campaign)
