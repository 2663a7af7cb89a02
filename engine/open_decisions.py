"""Open decisions: those whose reward window has not closed on the log's own time. Never a model, never a clock."""

from collections.abc import Collection, Iterable, Iterator
from heapq import heapify, heappop, heappush

from msgspec import Struct

from engine.events import DecisionTaken, LoggedEvent
from engine.outcomes import Outcome


class OpenDecision(Struct):
    """A decision that may still be rewarded: until when, whether it was carried out, what came of it, what was learned.

    `learned` is the value that was learned provisionally, None before. After a swap of rebuilt models, which know of no
    half, it is None again, and `half_taught` tells it for each model that kept its place. A decision that still waits
    for its activation expires at `close_time_us`.
    """

    seq: int
    campaign: str
    close_time_us: int
    activated: bool
    window_us: int
    channel: str = ""
    outcomes: list[Outcome] = []
    learned: float | None = None
    half_taught: dict[str, float] = {}

    def swap(self, kept: Collection[str], *, untaught: bool) -> None:
        """Take to account a swap of its campaign's models, all but the `kept`; `untaught`, the new know of no half."""
        before = {name: self.half_taught.get(name, self.learned if untaught else None) for name in kept}
        self.half_taught = {name: value for name, value in before.items() if value is not None}
        if untaught:
            self.learned = None


def window_start_us(decision: DecisionTaken, decided_us: int) -> int:
    """Return when a decision's reward window begins where it is carried out as decided: when it is sent, if it is."""
    return decided_us if decision.send_time_us is None else decision.send_time_us


def opened(logged: LoggedEvent, decision: DecisionTaken) -> OpenDecision | None:
    """Return the decision as it stands open, None where it has no reward window."""
    if decision.close_time_us is None:
        return None
    return OpenDecision(
        seq=logged.seq,
        campaign=decision.campaign,
        close_time_us=decision.close_time_us,
        activated=not decision.activation_required,
        window_us=decision.close_time_us - window_start_us(decision, logged.time_us),
        channel=decision.channel,
    )


class OpenDecisions:
    """All open decisions by their place in the log, and the order in which they close."""

    def __init__(self, decisions: list[OpenDecision] | None = None) -> None:
        self._hold(decisions or [])

    def __len__(self) -> int:
        """Return how many decisions are open."""
        return len(self._by_seq)

    def saved(self) -> list[OpenDecision]:
        """Return the decisions as they are saved."""
        return list(self._by_seq.values())

    def add(self, decision: OpenDecision) -> None:
        """Open a decision."""
        self._by_seq[decision.seq] = decision
        heappush(self._closing, (decision.close_time_us, decision.seq))

    def get(self, seq: int) -> OpenDecision | None:
        """Return the open decision at a place in the log, None where it has closed or never was open."""
        return self._by_seq.get(seq)

    def _hold(self, decisions: Iterable[OpenDecision]) -> None:
        self._by_seq = {decision.seq: decision for decision in decisions}
        self._closing = [(decision.close_time_us, decision.seq) for decision in self._by_seq.values()]
        heapify(self._closing)

    def of_campaign(self, campaign: str) -> list[OpenDecision]:
        """Return a campaign's open decisions."""
        return [decision for decision in self._by_seq.values() if decision.campaign == campaign]

    def activate(self, decision: OpenDecision, activate_time_us: int) -> None:
        """Note that a decision was carried out: its window begins now."""
        decision.activated = True
        decision.close_time_us = activate_time_us + decision.window_us
        heappush(self._closing, (decision.close_time_us, decision.seq))

    def closing_time_us(self, time_us: int, count_max: int) -> int | None:
        """Return up to when so many windows close at most (or all that close at one moment), at the latest this time.

        None where none closes by this time.
        """
        due: list[tuple[int, int]] = []
        while self._closing and self._closing[0][0] <= time_us and len(due) <= count_max:
            entry = heappop(self._closing)
            if self._closes(entry):
                due.append(entry)
        for entry in due:
            heappush(self._closing, entry)
        return (time_us if len(due) <= count_max else due[count_max - 1][0]) if due else None

    def forget(self, seqs: Collection[int]) -> None:
        """Take out the decisions at these places in the log, which teach nothing any more."""
        self._hold(decision for seq, decision in self._by_seq.items() if seq not in seqs)

    def due(self, time_us: int) -> Iterator[OpenDecision]:
        """Take out and yield the decisions whose window has closed at this time, in the order in which they closed."""
        while self._closing and self._closing[0][0] <= time_us:
            entry = heappop(self._closing)
            if self._closes(entry):
                yield self._by_seq.pop(entry[1])

    def _closes(self, entry: tuple[int, int]) -> bool:
        """Tell whether a window closes then, and not at another time because activation has moved it."""
        close_time_us, seq = entry
        decision = self._by_seq.get(seq)
        return decision is not None and decision.close_time_us == close_time_us
