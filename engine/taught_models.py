"""The models of a state, taught before anybody looks at them. Never what an event means, never a question to the log.

A lesson costs more than all else that a reward does, and nobody who sends a reward waits for it: it is owed, and taught
when there is time, at the latest when models, or what is known of them, are asked for. Nothing else leads to them, so
that nobody can see them without a lesson of the events before.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence, Set

from msgspec import Struct, structs

from engine.campaign.catalogue import Catalogue
from engine.events import LoggedEvent
from engine.folds import Half, Learned, PutBack
from engine.learner import decision_in, rewarded_decision, teach
from engine.vowpal_wabbit import Bandit

OWED_MAX = 32
"""Lessons that are owed at most, some 8 ms of learning."""


class Owed(Struct, frozen=True):
    """What a rewarded decision teaches, with all that this depends on as it stood at the event that brought it.

    `half_taught` are the models that learn their second half, and what of the first; `whole` tells what models learn
    that know of no half. `frozen` models learn nothing. `unit` is the reward unit to learn in.
    """

    logged: LoggedEvent
    taken: Catalogue
    current: Catalogue
    lessons: Sequence[Half]
    whole: Sequence[Half]
    half_taught: Mapping[str, float]
    frozen: Set[str]
    clock_us: int
    unit: float


class TaughtModels:
    """Models by name, how much each has learned, which were put back, and the lessons that are owed to them."""

    def __init__(
        self,
        models: dict[str, Bandit] | None = None,
        learned: dict[str, Learned] | None = None,
        put_back: dict[str, PutBack] | None = None,
    ) -> None:
        self._models, self._learned, self._put_back = models or {}, learned or {}, put_back or {}
        self._owed: deque[Owed] = deque()
        self._doubts = {name: model.kept.surprise.doubts for name, model in self._models.items()}
        self._doubting: list[str] = []

    @property
    def models(self) -> dict[str, Bandit]:
        """Every model, having learned everything."""
        if self._owed:
            self.teach_owed()
        return self._models

    @property
    def learned(self) -> dict[str, Learned]:
        """How much each model has learned."""
        if self._owed:
            self.teach_owed()
        return self._learned

    @property
    def put_back(self) -> dict[str, PutBack]:
        """The models that were put back and have not learned since."""
        if self._owed:
            self.teach_owed()
        return self._put_back

    @property
    def owed(self) -> int:
        """How many lessons are owed."""
        return len(self._owed)

    def begin(self, names: Iterable[str], unit: float) -> None:
        """Begin every model of these that is not there, in a reward unit; what was learned stays."""
        for name in names:
            if name not in self.models:
                self.models[name] = Bandit(unit=unit)

    def owe(self, lesson: Owed) -> None:
        """Note a lesson; where too many are owed, the first is taught now."""
        self._owed.append(lesson)
        if len(self._owed) > OWED_MAX:
            self.teach_owed(1)

    def teach_owed(self, most: int | None = None) -> None:
        """Teach what is owed, the first lessons first, or so many of them at most."""
        for _ in range(len(self._owed) if most is None else min(most, len(self._owed))):
            self._teach(self._owed[0])
            self._owed.popleft()

    def _teach(self, owed: Owed) -> None:
        rewarded = rewarded_decision(owed.logged, decision_in(owed.logged), owed.taken, owed.current)
        apart = owed.frozen | owed.half_taught.keys()
        models = self._models
        learning = {name: model for name, model in models.items() if name not in apart} if apart else models
        for half in owed.lessons:
            self._count(teach(learning, rewarded, half, owed.unit), owed.clock_us)
        if owed.whole:
            for name in owed.half_taught.keys() & models.keys() - owed.frozen:
                second = structs.replace(owed.whole[0], learned=owed.half_taught[name])
                self._count(teach({name: models[name]}, rewarded, second, owed.unit), owed.clock_us)

    def take_doubting(self) -> list[str]:
        """Return the models that have come to doubt what they had learned since this was asked last."""
        found, self._doubting = self._doubting, []
        return found

    def _count(self, taught: Mapping[str, bool], clock_us: int) -> None:
        for name, learned in taught.items():
            before, model = self._learned.get(name, Learned()), self._models[name]
            self._learned[name] = before.after(clock_us, model.unit, taught=learned)
            doubts, known = model.kept.surprise.doubts, self._doubts.get(name, 0)
            if doubts != known:  # less where it was rolled back
                self._doubts[name] = doubts
                self._doubting += [name] if doubts > known else []
            if learned:
                self._put_back.pop(name, None)
