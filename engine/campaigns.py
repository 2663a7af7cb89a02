"""Every campaign as it stands: a fold of the log. Never a model, never a customer."""

from msgspec import structs

from engine.campaign.catalogue import Catalogue, catalogue
from engine.campaign.channels import MessageLimit
from engine.errors import NotFound
from engine.events import CampaignApplied, CampaignPaused, CampaignResumed, DecisionTaken
from engine.features import shown
from engine.folds import CampaignFold
from engine.model_events import ChannelSwitched
from engine.policy import campaign_of, model_names
from engine.types import CampaignStatus


class Campaigns(dict[str, CampaignFold]):
    """Campaigns by name, and what their versions come to."""

    _overall_limits: tuple[MessageLimit, ...] | None = None

    def fold(self, event: CampaignApplied | CampaignPaused | CampaignResumed | ChannelSwitched, time_us: int) -> None:
        """Apply an event to its campaign."""
        self._overall_limits = None
        match event:
            case CampaignApplied():
                before = self.get(event.campaign, CampaignFold(versions=()))
                versions = (*before.versions, (event.source, time_us))
                self[event.campaign] = structs.replace(before, versions=versions)
            case CampaignPaused() | CampaignResumed():
                paused = isinstance(event, CampaignPaused)
                self[event.campaign] = structs.replace(self[event.campaign], paused=paused)
            case ChannelSwitched():
                self._switch(event)

    def _switch(self, event: ChannelSwitched) -> None:
        before = self[event.campaign]
        channels: frozenset[str] = getattr(before, event.switch)
        changed = channels | {event.channel} if event.on else channels - {event.channel}
        self[event.campaign] = structs.replace(before, **{event.switch.value: changed})

    def named(self, name: str) -> CampaignFold:
        """Return a campaign; raises NotFound."""
        found = self.get(name)
        if found is None:
            raise NotFound(f"there is no campaign {shown(name)}; apply it first")
        return found

    def catalogue(self, name: str, version: int | None = None) -> Catalogue:
        """Return the catalogue of a campaign's version, the newest by default; raises NotFound."""
        versions = self.named(name).versions
        number = version or len(versions)
        return catalogue(versions[number - 1][0], number)

    def category(self, decision: DecisionTaken) -> str:
        """Return the category of the content that a decision sent."""
        contents = self.catalogue(decision.campaign, decision.campaign_version).campaign.contents
        return contents[decision.content_id].category

    def sources(self, name: str) -> dict[int, str]:
        """Return the YAML text of each of a campaign's versions; raises NotFound."""
        return {number: source for number, (source, _) in enumerate(self.named(name).versions, start=1)}

    def scale_of(self, model: str) -> float:
        """Return the scale of the campaign whose model one of this name is: its unit, if no other was ever noted.

        It is 1 for a model that no campaign has any more.
        """
        campaign = campaign_of(model)
        return self.catalogue(campaign).campaign.reward.scale if campaign in self else 1.0

    @property
    def overall_limits(self) -> tuple[MessageLimit, ...]:
        """The limits on all messages to a customer, of whatever campaign: those that any campaign in force sets."""
        if self._overall_limits is None:
            found = (self.catalogue(name).campaign.overall_message_limits for name in sorted(self))
            self._overall_limits = tuple(dict.fromkeys(limit for limits in found for limit in limits))
        return self._overall_limits

    def status(self, name: str) -> CampaignStatus:
        """Return a campaign as it stands; raises NotFound."""
        found = self.named(name)
        source, applied_time_us = found.versions[-1]
        return CampaignStatus(
            name=name, version=len(found.versions), source=source, applied_time_us=applied_time_us, paused=found.paused
        )

    def frozen_models(self, campaign: str) -> frozenset[str]:
        """Return the names of a campaign's models that do not learn."""
        channels = self.named(campaign).frozen
        return frozenset(name for channel in channels for name in model_names(campaign, channel))
