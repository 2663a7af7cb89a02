"""What the folds of the log hold and how they are saved. Never how an event is applied, never a model's bytes."""

from msgspec import Struct, structs

from engine.open_decisions import OpenDecision


class CampaignFold(Struct, frozen=True):
    """A campaign's versions, oldest first as (YAML text, time applied), whether it is paused, and its switches.

    `frozen` channels' models do not learn, `fallback` channels are decided by rule; the empty name is the router.
    """

    versions: tuple[tuple[str, int], ...]
    paused: bool = False
    frozen: frozenset[str] = frozenset()
    fallback: frozenset[str] = frozenset()


class Learned(Struct, frozen=True):
    """How much a model has learned: lessons taken, lessons that failed, and when it took the last."""

    lessons: int = 0
    failed: int = 0
    last_time_us: int = 0

    def after(self, time_us: int, *, taught: bool) -> "Learned":
        """Return the count after one more lesson."""
        if not taught:
            return structs.replace(self, failed=self.failed + 1)
        return structs.replace(self, lessons=self.lessons + 1, last_time_us=time_us)


class Later(Struct, frozen=True):
    """What was taught while a rebuild ran: the decision, its value, and what had been learned of it provisionally."""

    decision_seq: int
    value: float
    learned: float | None


class Rebuild(Struct):
    """A campaign's models being learned anew from the log up to `upto_seq`: what they must catch up with.

    `untaught` are the open decisions that had taught provisionally before: the new models do not know of them, so that
    what they teach next is taught whole.
    """

    version: int
    upto_seq: int
    untaught: set[int] = set()
    later: list[Later] = []

    def note(self, decision_seq: int, value: float, learned: float | None) -> None:
        """Note that a decision taught this value, or the difference to what was `learned` of it."""
        if decision_seq in self.untaught:
            self.untaught.discard(decision_seq)
            learned = None
        self.later.append(Later(decision_seq, value, learned))


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
    aside: dict[str, Aside] = {}
