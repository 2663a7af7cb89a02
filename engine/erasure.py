"""Erasure: every trace of one customer leaves the log, the folds and the file. Never an identity in a text or an event.

What was hers becomes tombstones of the same place and time, so that totals stay right and the log folds as before
without her. Snapshots older than the erasure go, since they rest on what was hers.
"""

from collections.abc import Iterable

from msgspec import Struct

from engine import model_operations
from engine.customers.profile import forget
from engine.effacing import effaced
from engine.engine import Engine
from engine.errors import NotFound
from engine.events import DecisionActivated, DecisionTaken, Event, LoggedEvent
from engine.fault_points import ErasurePoint, reached
from engine.features import require
from engine.learner import decision_in
from engine.log import snapshot_rows
from engine.log.erasing import replace_events, scrub
from engine.rebuilt_file import drop_rebuilt
from engine.requests import check_identity
from engine.snapshots import saved_models, taken
from engine.tombstones import CustomerErased, DecisionErased, RewardErased
from engine.traces import events_at, traces
from engine.types import Identity
from engine.usual_numbers import take_back


class Erased(Struct, frozen=True):
    """What an erasure took: her identities, and how many of her events became tombstones, by what they were.

    `campaigns` are those she had decisions in, `rebuilding` those whose models are now learned anew without her.
    """

    identities: int
    decisions: int
    rewards: int
    facts: int
    campaigns: tuple[str, ...]
    rebuilding: tuple[str, ...]


def erase(engine: Engine, identity: Identity, now_us: int, *, rebuild_models: bool) -> Erased:
    """Erase the customer that an identity belongs to, under all her identities, durably, all of it or nothing.

    Her next event begins a new customer. Unless `rebuild_models`, the models keep what her rewards taught them until
    they are rebuilt; those that were being rebuilt from her decisions too begin again. The file is clean of her bytes
    after `scrub`. Raises InvalidRequest, NotFound for one who was never seen or is erased, or LogUnavailable.
    """
    engine.heal()
    require(check_identity("identity", identity))
    known_as = engine.keyed_hash.identity(identity)
    person = engine.customers.find(known_as)
    if person is None:
        raise NotFound("there is no such customer: nothing is known under this identity")
    engine.sound_models()
    engine.commit()
    hers = frozenset(person.identities)
    with engine.all_or_nothing():
        effacing = list(_effacing(engine, hers))
        tombstones = [(logged.seq, event) for logged, event in effacing]
        gone = {seq: event for seq, event in tombstones if isinstance(event, DecisionErased)}
        engine.state.open_decisions.forget(gone.keys())
        for logged, _ in effacing:
            if logged.seq in gone:
                take_back(engine.state.usual_numbers, decision_in(logged), logged.time_us)
        replace_events(engine.log, tombstones, now_us)
        engine.customers.erase(known_as)
        counts = _counted(len(hers), [event for _, event in tombstones])
        engine.accept(now_us, counts)
        campaigns = sorted({event.campaign for event in gone.values()})
        rebuilding = [name for name in campaigns if rebuild_models or name in engine.rebuilds]
        for name in campaigns:
            drop_rebuilt(engine.log.folder, name)  # a fold over a past rebuild learns it again, without her
        for name in rebuilding:
            model_operations.start_rebuild(engine, name, now_us)
        engine.customers.save()
        snapshot_rows.store(engine.log, taken(engine.state, saved_models(engine.state), now_us), kept=1)
        reached(ErasurePoint.IN_ERASURE)
        engine.log.commit()
    forget()
    engine.saved()
    reached(ErasurePoint.AFTER_ERASURE)
    return Erased(
        counts.identities, counts.decisions, counts.rewards, counts.facts, tuple(campaigns), tuple(rebuilding)
    )


def scrubbed(engine: Engine) -> bool:
    """Remove the bytes of what was erased from the data folder, and tell whether they are gone.

    They are not yet where another process reads an older state of the log, or the disk is too full: every snapshot and
    every start try again. Raises LogUnavailable.
    """
    engine.heal()
    engine.commit()
    return scrub(engine.log)


def _effacing(engine: Engine, hers: frozenset[str]) -> Iterable[tuple[LoggedEvent, Event]]:
    """Yield every event that tells of her, and what takes its place."""
    events = list(events_at(engine.log, traces(engine.log, engine.customers, hers)))
    activations = {
        logged.event.decision_seq: logged.event for logged in events if isinstance(logged.event, DecisionActivated)
    }
    for logged in events:
        yield logged, effaced(logged, hers, engine.state.tallies.stock.keys(), activations.get(logged.seq))


def _counted(identities: int, tombstones: list[Event]) -> CustomerErased:
    decisions = sum(isinstance(event, DecisionErased) for event in tombstones)
    rewards = sum(isinstance(event, RewardErased) for event in tombstones)
    stayed = sum(isinstance(event, DecisionTaken) for event in tombstones)
    return CustomerErased(identities, decisions, rewards, len(tombstones) - decisions - rewards - stayed)
