"""The state: every fold of the log the engine decides from.

Never a fact that is not in the log, never a draw, never a clock.
"""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from engine.campaign.catalogue import Catalogue, catalogue
from engine.customers.contacts import ContactLedger
from engine.errors import NotFound
from engine.events import (
    CampaignApplied,
    CampaignPaused,
    CampaignResumed,
    DecisionTaken,
    LoggedEvent,
    RewardReceived,
)
from engine.features import shared_text, shown
from engine.learner import learn, lessons
from engine.policy import content_name, router_name, slot_name
from engine.times import local_time
from engine.types import CampaignStatus
from engine.vowpal_wabbit import Bandit, ModelFailed

DecisionLookup = Callable[[int], LoggedEvent]
"""From a sequence number to the decision there; a reward's fold needs the decision it rewards."""


class CampaignFold(Struct, frozen=True):
    """A campaign's versions, oldest first as (YAML text, time applied), and whether it is paused."""

    versions: tuple[tuple[str, int], ...]
    paused: bool = False


class Folds(Struct, frozen=True):
    """Every fold but the models, at the sequence number they all reached, and the SHA-256 of each saved model."""

    seq: int
    campaigns: dict[str, CampaignFold]
    contacts: dict[str, list[tuple[int, str]]]
    model_sha256: dict[str, bytes]


class State:
    """All folds at one sequence number: campaigns, contacts and models."""

    def __init__(self, decision_at: DecisionLookup) -> None:
        self.seq = 0
        self.campaigns: dict[str, CampaignFold] = {}
        self.contacts = ContactLedger()
        self.models: dict[str, Bandit] = {}
        self.failed_lessons = 0
        self._decision_at = decision_at

    def restore(self, folds: Folds, models: dict[str, bytes]) -> None:
        """Continue from saved folds and models; raises ModelFailed where a model does not load."""
        self.seq = folds.seq
        self.campaigns = folds.campaigns
        self.contacts = ContactLedger(folds.contacts)
        self.models = {name: Bandit(models[name]) for name in folds.model_sha256}

    def folds(self, model_sha256: dict[str, bytes]) -> Folds:
        """Return the folds as they are saved; not a copy, so encode it before the next event."""
        return Folds(seq=self.seq, campaigns=self.campaigns, contacts=self.contacts.contacts, model_sha256=model_sha256)

    def fold(self, logged: LoggedEvent) -> None:
        """Apply the log's next event."""
        event = logged.event
        match event:
            case CampaignApplied():
                self._apply_campaign(event, logged.time_us)
            case CampaignPaused():
                self._set_paused(event.campaign, paused=True)
            case CampaignResumed():
                self._set_paused(event.campaign, paused=False)
            case DecisionTaken():
                if event.send_time_us is not None:
                    self.contacts.record(event.customer, event.channel, event.send_time_us)
            case RewardReceived():
                self._learn(event)
        self.seq = logged.seq

    def catalogue(self, name: str, version: int | None = None) -> Catalogue:
        """Return the catalogue of a campaign's version, the newest by default; raises NotFound."""
        versions = self._campaign(name).versions
        number = version or len(versions)
        return catalogue(versions[number - 1][0], number)

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

    def _learn(self, event: RewardReceived) -> None:
        logged = self._decision_at(event.decision_seq)
        decision = logged.event
        if not isinstance(decision, DecisionTaken):
            raise TypeError(f"event {event.decision_seq} of the log is rewarded but is no decision")
        shared = shared_text(decision.context, local_time(logged.time_us, ZoneInfo(decision.time_zone)))
        taken = self.catalogue(decision.campaign, decision.campaign_version)
        for lesson in lessons(decision, event.value, shared, taken, self.catalogue(decision.campaign)):
            try:
                learn(self.models, lesson)
            except ModelFailed:  # the other models still learn; the same happens again at every replay
                self.failed_lessons += 1


def _model_names(current: Catalogue) -> list[str]:
    name = current.campaign.name
    channels = current.campaign.channels
    return [
        router_name(name),
        *(content_name(name, channel) for channel in channels),
        *(slot_name(name, channel) for channel in channels),
    ]
