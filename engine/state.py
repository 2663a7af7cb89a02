"""The state: every fold of the log the engine decides from, but for its customers.

Never a fact that is not in the log, never a draw, never a clock.
"""

from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType

from msgspec import structs

from engine import earned, usual_numbers
from engine.campaign.spec import Campaign
from engine.campaigns import Campaigns
from engine.customers.events import EventTracked
from engine.events import (
    CampaignApplied,
    CampaignPaused,
    CampaignResumed,
    DecisionActivated,
    DecisionTaken,
    FactQuarantined,
    FactReadmitted,
    LoggedEvent,
    RewardReceived,
    StockSet,
)
from engine.folds import Folds, Half, Learned, PutBack, Rebuild
from engine.learner import count_taught, decision_in
from engine.model_events import ChannelSwitched, ModelsRebuilt, ModelsRolledBack, RebuildStarted
from engine.open_decisions import OpenDecision, OpenDecisions, opened
from engine.outcomes import Outcome
from engine.past import Past
from engine.policy import all_model_names, model_names
from engine.rebuild import catch_up, loaded
from engine.reward_unit import RewardUnit, range_unit
from engine.tallies import Tallies
from engine.taught_models import Owed, TaughtModels
from engine.tombstones import DecisionErased, FactErased, RewardErased
from engine.usual_numbers import Usual
from engine.vowpal_wabbit import Bandit


class State:
    """All folds at one sequence number: campaigns, open decisions, models and tallies."""

    def __init__(self, past: Past) -> None:
        self.seq = 0
        self.campaigns = Campaigns()
        self.taught = TaughtModels()
        self.open_decisions = OpenDecisions()
        self.clock_us = 0
        self.late_rewards = 0
        self.rebuilds: dict[str, Rebuild] = {}
        self.telling: dict[str, set[str]] = {}
        self.reward_units: dict[str, RewardUnit] = {}
        self.usual_numbers: dict[str, dict[str, Usual]] = {}
        self.tallies = Tallies()
        self._past = past

    def restore(self, folds: Folds, models: dict[str, bytes]) -> None:
        """Continue from saved folds and models; raises ModelFailed where a model does not load."""
        self.seq = folds.seq
        self.campaigns = Campaigns(folds.campaigns)
        self.open_decisions = OpenDecisions(folds.open_decisions)
        self.clock_us, self.late_rewards = folds.clock_us, folds.late_rewards
        self.rebuilds, self.telling = folds.rebuilds, folds.telling
        self.reward_units, self.usual_numbers = folds.reward_units, folds.usual_numbers
        self.tallies = Tallies.saved(folds)
        loaded = {name: self._stood(name, models[name], folds.learned) for name in folds.model_sha256}
        self.taught = TaughtModels(loaded, folds.learned, folds.put_back)

    def _stood(self, name: str, model: bytes | None, learned: Mapping[str, Learned]) -> Bandit:
        """Return a model as it stood with what it had learned then."""
        return Bandit(model, learned.get(name, Learned()).unit or self.campaigns.scale_of(name))

    @property
    def models(self) -> dict[str, Bandit]:
        """Every model, having learned from every event folded."""
        return self.taught.models

    @property
    def learned(self) -> dict[str, Learned]:
        """How much each model has learned."""
        return self.taught.learned

    @property
    def put_back(self) -> dict[str, PutBack]:
        """The models that were unfit to decide, and have not learned since they were put back."""
        return self.taught.put_back

    def folds(self, model_sha256: dict[str, bytes]) -> Folds:
        """Return the folds as they are saved; not a copy, so encode it before the next event."""
        return Folds(
            seq=self.seq,
            campaigns=self.campaigns,
            model_sha256=model_sha256,
            clock_us=self.clock_us,
            open_decisions=self.open_decisions.saved(),
            late_rewards=self.late_rewards,
            learned=self.learned,
            rebuilds=self.rebuilds,
            put_back=self.put_back,
            stock=self.tallies.stock,
            aside=self.tallies.aside,
            telling=self.telling,
            offered=self.tallies.offered,
            suspected=self.tallies.suspected,
            reward_units=self.reward_units,
            usual_numbers=self.usual_numbers,
        )

    def fold(self, logged: LoggedEvent) -> None:
        """Apply the log's next event."""
        self.advance(logged.time_us)
        event = logged.event
        match event:
            case CampaignApplied() | CampaignPaused() | CampaignResumed() | ChannelSwitched():
                self.campaigns.fold(event, logged.time_us)
                campaign = self.campaigns.catalogue(event.campaign).campaign
                self.taught.begin(all_model_names(campaign), self.reward_unit(campaign).size)
            case DecisionTaken():
                self.tallies.fold(event, logged.time_us)
                usual_numbers.fold(self.usual_numbers, event, logged.time_us)
                if waiting := opened(logged, event):
                    self.open_decisions.add(waiting)
            case DecisionActivated():
                self._activate(event)
            case RewardReceived():
                self._reward(event, logged.seq)
            case ModelsRolledBack():
                self._roll_back(event)
            case RebuildStarted():
                self._start_rebuild(event, logged.seq)
            case ModelsRebuilt():
                self._swap(event)
            case RewardErased():
                self.late_rewards += event.late
            case StockSet() | EventTracked() | DecisionErased() | FactErased() | FactQuarantined() | FactReadmitted():
                self.tallies.fold(event, logged.time_us)
            case _:
                pass  # time has advanced, which is all a tick is for; customers have a register of their own
        self.seq = logged.seq

    def _roll_back(self, event: ModelsRolledBack) -> None:
        models, learned = self._past.models_at(event.to_seq)
        names = (event.model,) if event.model else model_names(event.campaign, event.channel)
        for name in names:
            self.models[name] = self._stood(name, models.get(name), learned)
            self.learned[name] = learned.get(name, Learned())
            self.put_back.pop(name, None)
        if event.model:
            self.put_back[event.model] = PutBack(event.to_seq, event.why)
        elif rebuild := self.rebuilds.get(event.campaign):
            rebuild.kept |= set(names)

    def advance(self, time_us: int) -> None:
        """Close every window that has ended by now on the log's own time, which never runs backwards."""
        self.clock_us = max(self.clock_us, time_us)
        for closed in self.open_decisions.due(self.clock_us):
            self._close(closed)

    def _activate(self, event: DecisionActivated) -> None:
        decision = self.open_decisions.get(event.decision_seq)
        if decision is not None and not decision.activated:
            self.open_decisions.activate(decision, event.activate_time_us)
            self._learn_provisionally(decision)

    def _reward(self, event: RewardReceived, seq: int) -> None:
        if event.final_value is None:  # no window: each reward is a lesson of its own
            self._teach(event.decision_seq, [Half(event.value)])
        elif event.late:
            self.late_rewards += 1
        elif (decision := self.open_decisions.get(event.decision_seq)) is not None:
            if event.outcome in self.campaigns.catalogue(decision.campaign).campaign.noticing:
                self.telling.setdefault(decision.campaign, set()).add(decision.channel)
            decision.outcomes.append(Outcome(event.occur_time_us, seq, event.value))
            self._learn_provisionally(decision)

    def _learn_provisionally(self, decision: OpenDecision) -> None:
        """Learn what is known of an open decision, once, where its campaign does not wait for the close."""
        half = earned.at_once(decision, *self._terms(decision))
        if half is not None:
            decision.learned = half.value
            self._teach(decision.seq, [half], half_taught=decision.half_taught)

    def _close(self, decision: OpenDecision) -> None:
        """Learn what a decision earned, or the half not yet learned of it; one never carried out teaches nothing."""
        if decision.activated:
            lessons, whole = earned.at_close(decision, *self._terms(decision))
            self._teach(decision.seq, lessons, whole=whole, half_taught=decision.half_taught)

    def _terms(self, decision: OpenDecision) -> tuple[Campaign, Set[str]]:
        """Return the campaign that says what a decision earns, and its channels that were ever told who noticed."""
        campaign = decision.campaign
        return self.campaigns.catalogue(campaign).campaign, self.telling.get(campaign, frozenset())

    def reward_unit(self, campaign: Campaign) -> RewardUnit:
        """Return the unit of a campaign's rewards; what is counted in it is folded."""
        if campaign.name not in self.reward_units:
            self.reward_units[campaign.name] = range_unit(campaign.reward.scale)
        return self.reward_units[campaign.name]

    def _start_rebuild(self, event: RebuildStarted, seq: int) -> None:
        waiting = self.open_decisions.of_campaign(event.campaign)
        untaught = {decision.seq for decision in waiting if decision.learned is not None}
        self.rebuilds[event.campaign] = Rebuild(version=event.version, upto_seq=seq, untaught=untaught)

    def _swap(self, event: ModelsRebuilt) -> None:
        """Put the models learned anew in the place of those that served, caught up with what was taught meanwhile.

        Those that are frozen, were rolled back meanwhile, or came out unfit stay out: the models that serve go on.
        """
        rebuild = self.rebuilds.pop(event.campaign)
        rebuilt = self._past.rebuilt_at(event.upto_seq, event.campaign, event.version)
        kept = rebuilt.models.keys() & {*self.campaigns.frozen_models(event.campaign), *rebuild.kept, *event.refused}
        anew = loaded(rebuilt, kept)
        sources, later = self.campaigns.sources(event.campaign), rebuild.later[rebuilt.caught_up :]
        catch_up(anew, later, self._past.decision_at, sources, event.version)
        self.models.update(anew.models)
        self.reward_units[event.campaign] = anew.unit
        for name, model in anew.models.items():
            self.learned[name] = structs.replace(self.learned.get(name, Learned()), unit=model.unit)
            self.put_back.pop(name, None)
        for decision in self.open_decisions.of_campaign(event.campaign):
            decision.swap(kept, untaught=decision.seq in rebuild.untaught)

    def _teach(
        self,
        decision_seq: int,
        lessons: Sequence[Half],
        *,
        whole: Sequence[Half] = (),
        half_taught: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """Owe every model that a decision concerns its lessons, but `half_taught` ones.

        Those learn their second half, at the close, when `whole` tells what models learn that know of no half.
        """
        logged = self._past.decision_at(decision_seq)
        decision = decision_in(logged)
        campaign, current = decision.campaign, self.campaigns.catalogue(decision.campaign)
        unit = count_taught(self.reward_unit(current.campaign), decision, lessons)
        owed = Owed(
            logged=logged,
            taken=self.campaigns.catalogue(campaign, decision.campaign_version),
            current=current,
            lessons=lessons,
            whole=whole,
            half_taught=dict(half_taught),
            frozen=self.campaigns.frozen_models(campaign),
            clock_us=self.clock_us,
            unit=unit,
        )
        self.taught.owe(owed)
        if rebuild := self.rebuilds.get(campaign):
            rebuild.note(decision_seq, lessons, whole)
