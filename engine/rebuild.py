"""Rebuild: a campaign's models learned anew from the log, under a version's settings and with hindsight.

Never an append, never the models that serve.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from engine.campaign.catalogue import Catalogue, catalogue
from engine.errors import InvalidRequest
from engine.events import CampaignApplied, DecisionActivated, DecisionTaken, Event, LoggedEvent, RewardReceived
from engine.folds import Half, Later
from engine.learner import Rewarded, count_taught, decision_in, rewarded_decision, teach
from engine.open_decisions import OpenDecisions, opened
from engine.outcomes import Outcome, combined
from engine.policy import all_model_names
from engine.rebuilt_file import Rebuilt
from engine.reward_unit import RewardUnit, range_unit
from engine.rewards import outcome_worth
from engine.vowpal_wabbit import Bandit

Progress = Callable[[int], None]
"""Told the sequence number that has been dealt with."""


class Round(Struct, frozen=True):
    """Lessons that were taught to the models that serve while a rebuild ran, and the versions that came meanwhile."""

    later: list[Later]
    sources: dict[int, str]


class Note(Struct, frozen=True):
    """A decision that teaches, and what: one reward of its own, or (None) all its outcomes together.

    `told` are the outcomes that had come of messages on its channel when it closed.
    """

    decision_seq: int
    reward: RewardReceived | None
    told: frozenset[str] = frozenset()


class Anew(Struct, frozen=True):
    """Models learned anew, and the reward unit that their rewards lead to, each lesson's in those before it."""

    models: dict[str, Bandit]
    unit: RewardUnit

    def teach(self, rewarded: Rewarded, halves: Sequence[Half]) -> None:
        """Let the models learn what a decision teaches at once, as those that serve do."""
        unit = count_taught(self.unit, rewarded.decision, halves)
        for half in halves:
            teach(self.models, rewarded, half, unit)

    def left(self, unfit: tuple[str, ...] = (), caught_up: int = 0) -> Rebuilt:
        """Return them as they are left for the service."""
        saved = {name: model.saved() for name, model in self.models.items()}
        return Rebuilt(saved, {name: model.unit for name, model in self.models.items()}, self.unit, unfit, caught_up)


def loaded(rebuilt: Rebuilt, but: Container[str]) -> Anew:
    """Return models as they were left, but some."""
    models = {name: Bandit(model, rebuilt.units[name]) for name, model in rebuilt.models.items() if name not in but}
    return Anew(models, rebuilt.unit)


class Listener:
    """Hears a campaign's part of the log: its versions, and which decisions teach what in which order.

    A decision with a window teaches where its window closed, but all that came of it, late outcomes and returns too;
    one that is still open teaches the new models when it closes.
    """

    def __init__(self, campaign: str) -> None:
        self.sources: dict[int, str] = {}
        self.notes: list[Note] = []
        self.outcomes: dict[int, list[tuple[int, RewardReceived]]] = {}
        self._campaign = campaign
        self._open = OpenDecisions()
        self._told: dict[str, frozenset[str]] = {}

    def hear(self, logged: LoggedEvent) -> None:
        """Take in the log's next event."""
        self._open_until(logged.time_us)
        event: Event = logged.event
        match event:
            case DecisionActivated():
                waiting = self._open.get(event.decision_seq)
                if waiting is not None and not waiting.activated:
                    self._open.activate(waiting, event.activate_time_us)
            case CampaignApplied() if event.campaign == self._campaign:
                self.sources[event.version] = event.source
            case DecisionTaken() if event.campaign == self._campaign and not event.control:
                if waiting := opened(logged, event):
                    self._open.add(waiting)
            case RewardReceived() if event.campaign == self._campaign:
                if event.final_value is None:
                    self.notes.append(Note(event.decision_seq, event))
                else:
                    self.outcomes.setdefault(event.decision_seq, []).append((logged.seq, event))
                    if not event.late and (waiting := self._open.get(event.decision_seq)):
                        self._told[waiting.channel] = self._told.get(waiting.channel, frozenset()) | {event.outcome}

    def _open_until(self, time_us: int) -> None:
        for closed in self._open.due(time_us):
            if closed.activated:
                self.notes.append(Note(closed.seq, None, self._told.get(closed.channel, frozenset())))


def rebuilt_models(
    events: Iterable[LoggedEvent],
    decision_at: Callable[[int], LoggedEvent],
    campaign: str,
    version: int,
    progress: Progress = lambda _: None,
) -> Anew:
    """Return a campaign's models learned from these events under a version of it; the events must hold that version."""
    return learned_anew(heard(events, campaign), decision_at, version, progress)


def heard(events: Iterable[LoggedEvent], campaign: str) -> Listener:
    """Return a campaign's part of these events."""
    listener = Listener(campaign)
    for logged in events:
        listener.hear(logged)
    return listener


def learned_anew(
    listener: Listener,
    decision_at: Callable[[int], LoggedEvent],
    version: int,
    progress: Progress = lambda _: None,
) -> Anew:
    """Return a campaign's models learned from its part of the log, which must hold the version."""
    current = catalogue(listener.sources[version], version)
    unit = range_unit(current.campaign.reward.scale)
    anew = Anew({name: Bandit(unit=unit.size) for name in all_model_names(current.campaign)}, unit)
    for decision_seq, half in _valued(listener, current):
        logged = decision_at(decision_seq)
        decision = logged.event
        if isinstance(decision, DecisionTaken):
            taken = _seen_under(decision, current, listener.sources)
            rewarded = rewarded_decision(logged, decision, taken, current)
            provisionally = decision.close_time_us is not None and current.campaign.learn == "provisionally"
            second = [structs.replace(half, learned=half.value)] if provisionally else []
            anew.teach(rewarded, [half, *second])  # both halves, as the models that serve
            progress(decision_seq)
    return anew


def catch_up(
    anew: Anew,
    later: Iterable[Later],
    decision_at: Callable[[int], LoggedEvent],
    sources: Mapping[int, str],
    version: int,
) -> None:
    """Let models that were learned anew under a version learn what was taught meanwhile, under that same version.

    However the lessons are divided into calls, and whatever version came since, the weights come out the same.
    """
    current = catalogue(sources[version], version)
    for one in later:
        logged = decision_at(one.decision_seq)
        decision = decision_in(logged)
        rewarded = rewarded_decision(logged, decision, _seen_under(decision, current, sources), current)
        anew.teach(rewarded, [one.half])


def _valued(listener: Listener, current: Catalogue) -> Iterator[tuple[int, Half]]:
    """Yield each note's decision and what it teaches now."""
    for note in listener.notes:
        if note.reward is not None:
            yield note.decision_seq, Half(revalued(note.reward, current))
            continue
        rewards = listener.outcomes.get(note.decision_seq, [])
        outcomes = [Outcome(event.occur_time_us, seq, revalued(event, current)) for seq, event in rewards]
        told = not current.campaign.noticing.isdisjoint(note.told)
        yield note.decision_seq, Half(combined(outcomes, current.campaign), noticed=bool(outcomes) if told else None)


def revalued(event: RewardReceived, current: Catalogue) -> float:
    """Return what a logged reward is worth under the current version, clipped to its range.

    A value that the caller stated stays; so does that of an outcome which the version no longer knows or cannot value.
    """
    campaign = current.campaign
    value = event.value
    if not event.stated and event.outcome in campaign.outcomes:
        try:
            value = outcome_worth(campaign, event.outcome, event.amount)
        except InvalidRequest:
            value = event.value
    return min(max(value, campaign.reward.lowest), campaign.reward.highest)


def _seen_under(decision: DecisionTaken, current: Catalogue, sources: Mapping[int, str]) -> Catalogue:
    """Return the version that describes what was chosen: the current one where it still has it, else the decision's."""
    offer = current.channels.get(decision.channel)
    known = offer is not None and decision.content_id in offer.contents and decision.send_slot in offer.slot_lines
    if known or (not decision.content_id):
        return current
    return catalogue(sources[decision.campaign_version], decision.campaign_version)
