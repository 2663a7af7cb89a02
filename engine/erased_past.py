"""The erased past: which decisions of a log rest on what erasures took from it, so that none can take them again.

Never a decision taken again, never what was erased.
"""

from collections import Counter

from engine.customers.person import Person
from engine.events import DecisionTaken, LoggedEvent
from engine.tombstones import DecisionErased, FactErased


class ErasedPast:
    """What a fold of the log lacks, up to its last event heard: lessons, and what was known of linked customers."""

    def __init__(self) -> None:
        self._unlearned: set[str] = set()
        self._linked: Counter[str] = Counter()

    def hear(self, logged: LoggedEvent) -> None:
        """Take in the log's next event."""
        event = logged.event
        match event:
            case DecisionErased() if not event.control:
                self._unlearned.add(event.campaign)
            case FactErased(erased_kind="identities_linked" | "identities_unlinked" as kind):
                change = 1 if kind == "identities_linked" else -1
                self._linked.update({identity: change for identity, _ in event.kept})

    def known_otherwise(self, person: Person | None) -> bool:
        """Tell whether she was linked with an erased customer, so that more was known of her than the log tells."""
        return person is not None and any(self._linked[identity] > 0 for identity in person.identities)

    def as_far_as_known(self, decision: DecisionTaken, again: DecisionTaken) -> bool:
        """Tell whether a decision, taken again, differs only by models that had learned from erased customers.

        All that no model has a say in must be the same: what was asked, what was known, what was eligible.
        """
        return decision.campaign in self._unlearned and _without_models(decision) == _without_models(again)


def _without_models(decision: DecisionTaken) -> tuple[object, ...]:
    return (
        decision.campaign_version,
        decision.customer,
        decision.time_zone,
        decision.context,
        decision.profile,
        decision.control,
        sorted(decision.stages[0].probabilities) if decision.stages else (),
    )
