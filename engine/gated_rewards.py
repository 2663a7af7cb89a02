"""Rewards at the gate: what it needs to know of the decision and her, and a reward put aside. Never a rule."""

from msgspec import Struct, structs

from engine.customers.folding import asked_under
from engine.customers.gate import Gate, aside, reward_problem, test_account_problem
from engine.customers.person import Person
from engine.customers.properties import Problem
from engine.customers.register import CustomerRegister
from engine.customers.types import QuarantineReason
from engine.events import FactQuarantined, LoggedEvent, RewardReceived
from engine.joining import earned
from engine.log.sqlite import Log
from engine.open_decisions import window_start_us
from engine.requests import same
from engine.rewards import LoggedDecision
from engine.state import State


class AskedIn(Struct, frozen=True):
    """A reward before the gate, with its decision; `measured` tells whether its caller said when it happened."""

    event: RewardReceived
    decision: LoggedDecision
    measured: bool


def reward_or_aside(
    gate: Gate | None, asked: AskedIn, customers: CustomerRegister, log: Log, state: State
) -> RewardReceived | FactQuarantined:
    """Return a reward as it is logged: itself, or put aside with what its decision earns without it."""
    event = asked.event
    identity, identity_type = asked_under(asked.decision.event)
    problem = _problem(gate, asked, customers.find(identity), log, state) if gate else None
    if problem is None:
        return event
    if event.final_value is not None:
        event = structs.replace(event, final_value=earned(log, state, asked.decision))
    return aside(problem, identity, identity_type, event)


def _problem(gate: Gate, asked: AskedIn, person: Person | None, log: Log, state: State) -> Problem | None:
    """Return why a reward is put aside; one without a time of its own says when it was told, not how it came about.

    An outcome that opts out is believed however it came, unless it came before: it is better to lose a reward than to
    go on writing to her.
    """
    event, decision = asked.event, asked.decision
    identity, _ = asked_under(decision.event)
    problem = test_account_problem(gate, identity, person)
    if problem or not asked.measured:
        return problem
    sent_us, window_us = _sent_us(state, decision), _window_us(decision)
    problem = reward_problem(
        gate,
        event,
        person.identities.get(identity) if person else None,
        sent_us=sent_us,
        window_us=window_us,
        silence=state.campaigns.catalogue(event.campaign).campaign.reward_without_outcome,
        earlier=_earlier(log, state, asked),
    )
    repeated = problem is not None and problem.reason is QuarantineReason.DUPLICATE_OUTCOME
    return None if event.opts_out and not repeated else problem


def _earlier(log: Log, state: State, asked: AskedIn) -> list[RewardReceived]:
    """Return the rewards of the same decision that this one may repeat.

    Those of an open decision are known by when they happened and by their worth, so that hardly ever the disk is asked.
    """
    waiting, event = state.open_decisions.get(asked.decision.seq), asked.event
    this = (event.occur_time_us, event.value)
    if waiting is not None and this not in [(one.occur_time_us, one.value) for one in waiting.outcomes]:
        return []
    return [reward.event for reward in log.rewards(asked.decision.seq)]


def reward_before(earlier: LoggedEvent, request_digest: str) -> RewardReceived | FactQuarantined:
    """Return what the same reward was logged as; raises IdReused where another request had its id."""
    event = earlier.event
    if isinstance(event, FactQuarantined):
        same(structs.replace(earlier, event=event.fact), RewardReceived, request_digest, "reward_id")
        return event
    return same(earlier, RewardReceived, request_digest, "reward_id")


def _sent_us(state: State, decision: LoggedDecision) -> int | None:
    """Return when a message left: as it was activated where that is known, else as it was decided."""
    waiting = state.open_decisions.get(decision.seq)
    if waiting is None or decision.event.send_time_us is None:
        return decision.event.send_time_us
    return waiting.close_time_us - waiting.window_us


def _window_us(decision: LoggedDecision) -> int | None:
    if decision.event.close_time_us is None:
        return None
    return decision.event.close_time_us - window_start_us(decision.event, decision.time_us)
