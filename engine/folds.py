"""What the folds of the log hold and how they are saved. Never how an event is applied, never a model's bytes."""

from collections.abc import Sequence

from msgspec import Struct, field

from engine.customers.suspected import Suspected
from engine.newcomers import Offered
from engine.open_decisions import OpenDecision
from engine.reward_unit import RewardUnit
from engine.stock import Stock
from engine.usual_numbers import Usual


class CampaignFold(Struct, frozen=True):
    """A campaign's versions, oldest first as (YAML text, time applied), whether it is paused, and its switches.

    `frozen` channels' models do not learn, `fallback` channels are decided by rule; the empty name is the router.
    """

    versions: tuple[tuple[str, int], ...]
    paused: bool = False
    frozen: frozenset[str] = frozenset()
    fallback: frozenset[str] = frozenset()


class Learned(Struct, frozen=True):
    """How much a model has learned: lessons taken, lessons that failed, when it took the last, and in which unit.

    `unit` is the reward that a cost of 1 stands for in its weights, 0 where that is the end of its campaign's range, as
    it was for all models once.
    """

    lessons: int = 0
    failed: int = 0
    last_time_us: int = 0
    unit: float = 0.0

    def after(self, time_us: int, unit: float, *, taught: bool) -> "Learned":
        """Return the count after one more lesson, the model's weights being in this unit."""
        if not taught:
            return Learned(self.lessons, self.failed + 1, self.last_time_us, unit)
        return Learned(self.lessons + 1, self.failed, time_us, unit)


class PutBack(Struct, frozen=True):
    """A model that was unfit to decide, and stands where it was put back: it has not learned since.

    `to_seq` is the last good snapshot's that has it, 0 where none has: then it is empty, and not asked.
    """

    to_seq: int
    why: str

    @property
    def problem(self) -> str:
        """Say what happened to the model, for those who read a decision."""
        where = f"put back to what it was at event {self.to_seq}" if self.to_seq else "begun anew, in no good snapshot"
        return f"the model was refused ({self.why}) and is {where}"


class Half(Struct, frozen=True):
    """What a decision teaches at once: a value, and what was learned of it provisionally, if it is the second half.

    `noticed` tells whether the message was noticed; None where nothing tells on its channel.
    """

    value: float
    learned: float | None = None
    noticed: bool | None = None


class Later(Struct, frozen=True):
    """What a decision taught while a rebuild ran."""

    decision_seq: int
    half: Half


class Rebuild(Struct):
    """A campaign's models being learned anew from the log up to `upto_seq`: what they must catch up with.

    `untaught` are the open decisions that had taught provisionally before: the new models do not know of them, so that
    what they teach next is taught whole. `kept` are the models that an operator rolled back meanwhile: they stay.
    """

    version: int
    upto_seq: int
    untaught: set[int] = set()
    later: list[Later] = []
    kept: set[str] = set()

    def note(self, decision_seq: int, lessons: Sequence[Half], whole: Sequence[Half]) -> None:
        """Note what a decision taught: its lessons, or the whole of them where the new models do not know of a half."""
        if decision_seq in self.untaught:
            self.untaught.discard(decision_seq)
            lessons = whole
        self.later += [Later(decision_seq, half) for half in lessons]


class Aside(Struct, frozen=True):
    """How many facts were put aside for a reason, and how many of them were let in after all."""

    quarantined: int = 0
    readmitted: int = 0


class Folds(Struct, frozen=True):
    """Every fold but the models, at the sequence number they all reached, and the SHA-256 of each saved model."""

    seq: int
    campaigns: dict[str, CampaignFold]
    model_sha256: dict[str, bytes]
    clock_us: int = 0
    open_decisions: list[OpenDecision] = []
    late_rewards: int = 0
    learned: dict[str, Learned] = {}
    rebuilds: dict[str, Rebuild] = {}
    put_back: dict[str, PutBack] = {}
    stock: dict[str, Stock] = {}
    aside: dict[str, Aside] = {}
    telling: dict[str, set[str]] = {}
    offered: dict[str, Offered] = {}
    suspected: Suspected = field(default_factory=Suspected)
    reward_units: dict[str, RewardUnit] = {}
    usual_numbers: dict[str, dict[str, Usual]] = {}
