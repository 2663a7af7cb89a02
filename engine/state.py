"""The state: every fold of the log the engine decides from, but for its customers.

Never a fact that is not in the log, never a draw, never a clock.
"""

from collections.abc import Callable

from msgspec import Struct, structs

from engine.campaign.catalogue import Catalogue, catalogue
from engine.errors import NotFound
from engine.events import (
    CampaignApplied,
    CampaignPaused,
    CampaignResumed,
    ChannelSwitched,
    DecisionActivated,
    DecisionTaken,
    LoggedEvent,
    ModelsRebuilt,
    ModelsRolledBack,
    RebuildStarted,
    RewardReceived,
)
from engine.features import shown
from engine.folds import CampaignFold, Folds, Learned, Rebuild
from engine.learner import Rewarded, rewarded_decision, teach
from engine.open_decisions import OpenDecision, OpenDecisions, opened
from engine.outcomes import Outcome, combined
from engine.policy import model_names
from engine.tombstones import RewardErased
from engine.types import CampaignStatus
from engine.vowpal_wabbit import Bandit


class Past(Struct, frozen=True):
    """What a fold may ask of the log before it, by sequence number.

    The decision there; every model as it stood there, with how much it had learned; and a campaign's models learned
    anew up to there, under a version of it.
    """

    decision_at: Callable[[int], LoggedEvent]
    models_at: Callable[[int], tuple[dict[str, bytes], dict[str, Learned]]]
    rebuilt_at: Callable[[int, str, int], dict[str, bytes]]


class State:
    """All folds at one sequence number: campaigns, open decisions and models."""

    def __init__(self, past: Past) -> None:
        self.seq = 0
        self.campaigns: dict[str, CampaignFold] = {}
        self.models: dict[str, Bandit] = {}
        self.open_decisions = OpenDecisions()
        self.clock_us = 0
        self.late_rewards = 0
        self.learned: dict[str, Learned] = {}
        self.rebuilds: dict[str, Rebuild] = {}
        self._past = past

    def restore(self, folds: Folds, models: dict[str, bytes]) -> None:
        """Continue from saved folds and models; raises ModelFailed where a model does not load."""
        self.seq = folds.seq
        self.campaigns = folds.campaigns
        self.open_decisions = OpenDecisions(folds.open_decisions)
        self.clock_us, self.late_rewards = folds.clock_us, folds.late_rewards
        self.learned, self.rebuilds = folds.learned, folds.rebuilds
        self.models = {name: Bandit(models[name]) for name in folds.model_sha256}

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
        )

    def fold(self, logged: LoggedEvent) -> None:
        """Apply the log's next event."""
        self.advance(logged.time_us)
        event = logged.event
        match event:
            case CampaignApplied():
                self._apply_campaign(event, logged.time_us)
            case CampaignPaused() | CampaignResumed():
                self._set_paused(event.campaign, paused=isinstance(event, CampaignPaused))
            case DecisionTaken():
                if waiting := opened(logged, event):
                    self.open_decisions.add(waiting)
            case DecisionActivated():
                self._activate(event)
            case RewardReceived():
                self._reward(event, logged.seq)
            case RewardErased():
                self.late_rewards += event.late
            case ChannelSwitched():
                self._switch(event)
            case ModelsRolledBack():
                self._roll_back(event)
            case RebuildStarted():
                self._start_rebuild(event, logged.seq)
            case ModelsRebuilt():
                self._swap(event)
            case _:
                pass  # time has advanced, which is all a tick is for; customers have a register of their own
        self.seq = logged.seq

    def catalogue(self, name: str, version: int | None = None) -> Catalogue:
        """Return the catalogue of a campaign's version, the newest by default; raises NotFound."""
        versions = self._campaign(name).versions
        number = version or len(versions)
        return catalogue(versions[number - 1][0], number)

    def category(self, decision: DecisionTaken) -> str:
        """Return the category of the content that a decision sent."""
        contents = self.catalogue(decision.campaign, decision.campaign_version).campaign.contents
        return contents[decision.content_id].category

    def status(self, name: str) -> CampaignStatus:
        """Return a campaign as it stands; raises NotFound."""
        found = self._campaign(name)
        source, applied_time_us = found.versions[-1]
        return CampaignStatus(
            name=name, version=len(found.versions), source=source, applied_time_us=applied_time_us, paused=found.paused
        )

    def _campaign(self, name: str) -> CampaignFold:
        found = self.campaigns.get(name)
        if found is None:
            raise NotFound(f"there is no campaign {shown(name)}; apply it first")
        return found

    def _apply_campaign(self, event: CampaignApplied, time_us: int) -> None:
        before = self.campaigns.get(event.campaign, CampaignFold(versions=()))
        versions = (*before.versions, (event.source, time_us))
        self.campaigns[event.campaign] = structs.replace(before, versions=versions)
        for name in _model_names(self.catalogue(event.campaign)):
            if name not in self.models:  # what was learned stays
                self.models[name] = Bandit()

    def _set_paused(self, name: str, *, paused: bool) -> None:
        self.campaigns[name] = structs.replace(self.campaigns[name], paused=paused)

    def _switch(self, event: ChannelSwitched) -> None:
        before = self.campaigns[event.campaign]
        channels: frozenset[str] = getattr(before, event.switch)
        changed = channels | {event.channel} if event.on else channels - {event.channel}
        self.campaigns[event.campaign] = structs.replace(before, **{event.switch.value: changed})

    def _roll_back(self, event: ModelsRolledBack) -> None:
        models, learned = self._past.models_at(event.to_seq)
        for name in model_names(event.campaign, event.channel):
            self.models[name] = Bandit(models.get(name))
            self.learned[name] = learned.get(name, Learned())

    def frozen_models(self, campaign: str) -> frozenset[str]:
        """Return the names of a campaign's models that do not learn."""
        channels = self._campaign(campaign).frozen
        return frozenset(name for channel in channels for name in model_names(campaign, channel))

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
            self._teach(event.decision_seq, event.value)
        elif event.late:
            self.late_rewards += 1
        elif (decision := self.open_decisions.get(event.decision_seq)) is not None:
            decision.outcomes.append(Outcome(event.occur_time_us, seq, event.value))
            self._learn_provisionally(decision)

    def _learn_provisionally(self, decision: OpenDecision) -> None:
        """Learn what is known of an open decision, once, where its campaign does not wait for the close."""
        campaign = self.catalogue(decision.campaign).campaign
        if decision.activated and decision.outcomes and decision.learned is None and campaign.learn == "provisionally":
            decision.learned = combined(decision.outcomes, campaign)
            self._teach(decision.seq, decision.learned)

    def _close(self, decision: OpenDecision) -> None:
        """Learn what a decision earned, or the half not yet learned of it; one never carried out teaches nothing."""
        if not decision.activated:
            return
        campaign = self.catalogue(decision.campaign).campaign
        final = combined(decision.outcomes, campaign)
        if decision.learned is None:
            self._teach(decision.seq, final)
            if campaign.learn == "provisionally":
                self._teach(decision.seq, final, final)
        else:
            self._teach(decision.seq, final, decision.learned)

    def _start_rebuild(self, event: RebuildStarted, seq: int) -> None:
        waiting = self.open_decisions.of_campaign(event.campaign)
        untaught = {decision.seq for decision in waiting if decision.learned is not None}
        self.rebuilds[event.campaign] = Rebuild(version=event.version, upto_seq=seq, untaught=untaught)

    def _swap(self, event: ModelsRebuilt) -> None:
        """Put the models learned anew in the place of those that served, caught up with what was taught meanwhile."""
        rebuild = self.rebuilds.pop(event.campaign)
        fresh = self._past.rebuilt_at(event.upto_seq, event.campaign, event.version)
        models = self.models | {name: Bandit(model) for name, model in fresh.items()}
        for later in rebuild.later:
            teach(models, self._rewarded(later.decision_seq), later.value, later.learned)
        frozen = self.frozen_models(event.campaign)
        self.models |= {name: models[name] for name in fresh if name not in frozen}
        for seq in rebuild.untaught:
            if decision := self.open_decisions.get(seq):
                decision.learned = None  # the new models learn it whole when its window closes

    def _teach(self, decision_seq: int, value: float, learned: float | None = None) -> None:
        """Let every model that a decision concerns learn its value, or the second half where one half was `learned`."""
        rewarded = self._rewarded(decision_seq)
        campaign = rewarded.decision.campaign
        frozen = self.frozen_models(campaign)
        learning = {name: model for name, model in self.models.items() if name not in frozen} if frozen else self.models
        for name, taught in teach(learning, rewarded, value, learned).items():
            before = self.learned.get(name, Learned())
            self.learned[name] = before.after(self.clock_us, taught=taught)
        if rebuild := self.rebuilds.get(campaign):
            rebuild.note(decision_seq, value, learned)

    def _rewarded(self, decision_seq: int) -> Rewarded:
        logged = self._past.decision_at(decision_seq)
        decision = decision_in(logged)
        taken = self.catalogue(decision.campaign, decision.campaign_version)
        return rewarded_decision(logged, decision, taken, self.catalogue(decision.campaign))


def decision_in(logged: LoggedEvent) -> DecisionTaken:
    """Return the decision that an event is; raises TypeError where it is none."""
    if not isinstance(logged.event, DecisionTaken):
        raise TypeError(f"event {logged.seq} of the log is rewarded but is no decision")
    return logged.event


def _model_names(current: Catalogue) -> list[str]:
    campaign = current.campaign
    return [name for channel in ("", *campaign.channels) for name in model_names(campaign.name, channel)]
