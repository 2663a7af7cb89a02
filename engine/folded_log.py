"""The log and its folds, kept in step: append and fold, commit, save, recover. Never a question whether a fact may be.

A fact is appended, folded, and durable after `commit`; nobody may be told of it before.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.customers.events import CustomerIdentified, EventTracked
from engine.customers.register import CustomerRegister
from engine.errors import LogUnavailable
from engine.events import DecisionTaken, Event, FactQuarantined
from engine.fault_points import FaultPoint, reached
from engine.history import past_of
from engine.ladder import put_back
from engine.learner import decision_in
from engine.log import snapshot_rows
from engine.log.customers_table import CustomersTable
from engine.log.erasing import scrub
from engine.log.sqlite import Log
from engine.model_bytes import fault_in
from engine.snapshots import newest_good, saved_models, taken
from engine.state import State

LIGHT_EVENTS = (CustomerIdentified, EventTracked, FactQuarantined)
"""Events that tell models nothing, so that a start folds them quickly; and a stream brings thousands a second."""
LIGHT_EVENTS_PER_EVENT = 20
FOLDED_PER_COMMIT = 10_000
"""Events folded anew between two commits of the customers, so that a recovery needs no memory for all of them."""


class FoldedLog:
    """A log with the two folds that decisions are taken from: the state and the register of customers.

    `epoch` grows each time that something accepted is taken back; whoever waits for it to be durable waits in vain.
    """

    def __init__(self, log: Log, snapshots_kept: int, customers_in_memory: int) -> None:
        self.log = log
        self.customers = CustomerRegister(CustomersTable(log), self._category, self._decision_at, customers_in_memory)
        self.epoch = 0
        self.refused_snapshots: tuple[str, ...] = ()
        self._snapshots_kept = snapshots_kept
        self._healthy = False
        self._recover()

    def commit(self) -> None:
        """Make every accepted fact durable.

        Raises LogUnavailable where the log cannot; then nothing since the last commit was accepted, `epoch` has grown,
        and the engine goes back to what the log holds.
        """
        try:
            reached(FaultPoint.BEFORE_COMMIT)
            self.customers.save()
            self.log.commit()
        except LogUnavailable:
            self._lose()
            raise
        except Exception:  # such as an event that cannot be written, which no later commit may meet again
            self._take_back()
            raise
        reached(FaultPoint.AFTER_COMMIT)

    def snapshot(self, now_us: int) -> None:
        """Save models and folds, so that a start has only the tail to fold; raises LogUnavailable."""
        self.heal()
        models = self.sound_models()
        self.commit()
        reached(FaultPoint.BEFORE_SNAPSHOT)
        snapshot_rows.save(self.log, taken(self.state, models, now_us), self._snapshots_kept)
        reached(FaultPoint.AFTER_SNAPSHOT)
        scrub(self.log)
        self.saved()

    @property
    def lessons_owed(self) -> int:
        """How many lessons the models are owed."""
        return self.state.taught.owed

    def learn(self, most: int) -> None:
        """Teach models at most so many of the lessons that they are owed.

        Nobody has to ask for it: whoever asks a model finds it taught. It only takes the time while nobody waits.
        """
        self.state.taught.teach_owed(most)

    def take_doubting(self) -> list[str]:
        """Return the models that have come to doubt what they had learned since this was asked last."""
        return self.state.taught.take_doubting()

    def saved(self) -> None:
        """Note that a snapshot holds everything up to now; for this package's own ways only."""
        self.snapshot_seq, self._light = self.state.seq, 0

    @property
    def events_since_snapshot(self) -> int:
        """How many events a start would have to fold, in events of the weight of a decision."""
        return self.state.seq - self.snapshot_seq - self._light + self._light // LIGHT_EVENTS_PER_EVENT

    def close(self) -> None:
        """Give the data folder free; what was not committed is undone."""
        self.log.close()

    def _category(self, decision: DecisionTaken) -> str:
        return self.state.campaigns.category(decision)

    def _decision_at(self, seq: int) -> DecisionTaken:
        return decision_in(self.log.decision(seq))

    def accept(self, now_us: int, event: Event, key: bytes | None = None) -> None:
        """Append and fold one event; a failure of either takes back everything since the last commit.

        For this package's own ways only: nothing here asks whether the event may be.
        """
        try:  # what `all_or_nothing` does, at less cost: this is done for every event
            reached(FaultPoint.BEFORE_APPEND)
            logged = self.log.append(now_us, event, key)
            reached(FaultPoint.AFTER_APPEND)
            self.state.fold(logged)
            self.customers.fold(logged)
            self._light += isinstance(event, LIGHT_EVENTS)
            reached(FaultPoint.AFTER_FOLD)
        except Exception:
            self._take_back()
            raise

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Take back everything since the last commit where the block fails; the engine then goes back to the log."""
        try:
            yield
        except Exception:
            self._take_back()
            raise

    def _take_back(self) -> None:
        self.log.undo()
        self._lose()

    def _lose(self) -> None:
        self.epoch += 1
        self._healthy = False

    def sound_models(self) -> dict[str, bytes]:
        """Put back every model that is unfit to decide, whoever's it is, and return the bytes of all.

        With an unfit one no snapshot is good.
        """
        models = saved_models(self.state)
        faults = {name: fault for name, model in models.items() if (fault := fault_in(model))}
        for name, why in faults.items():
            self.accept(self.state.clock_us, put_back(self.log, name, why))
        return saved_models(self.state) if faults else models

    def heal(self) -> None:
        """Go back to what the log holds where something failed; raises LogUnavailable while that cannot be."""
        if not self._healthy:
            self.log.check_writable()
            self._recover()

    def _recover(self) -> None:
        restored = newest_good(snapshot_rows.stored(self.log), past_of(self.log))
        self.state: State = restored.state
        self.snapshot_seq, self._light = restored.state.seq, 0
        self.refused_snapshots = restored.refused
        self.customers.forget_unsaved()
        for logged in self.log.read(after_seq=min(self.state.seq, self.customers.seq)):
            if logged.seq > self.state.seq:
                self.state.fold(logged)
                self._light += isinstance(logged.event, LIGHT_EVENTS)
            if logged.seq > self.customers.seq:
                self.customers.fold(logged)
                if logged.seq % FOLDED_PER_COMMIT == 0:
                    self._keep_customers()
        self._keep_customers()
        self._healthy = True

    def _keep_customers(self) -> None:
        self.customers.save()
        self.log.commit()
