"""One decision, from the state and the request alone, so that a replay takes it again.

Never an append, never a clock.
"""

from msgspec import Struct

from engine.campaign.catalogue import Catalogue
from engine.customers.person import Person
from engine.customers.profile import permitted, profile
from engine.customers.standing import standing
from engine.eligibility import Calendar, Moment, eligible
from engine.errors import NotPossible
from engine.events import DecisionTaken
from engine.features import shared_text, shown
from engine.keyed_hash import draws
from engine.policy import (
    StagePolicy,
    choose,
    fallback_policy,
    model_names,
    model_policy,
    reason_for,
    switched_policy,
)
from engine.requests import Ids, check_known
from engine.state import State
from engine.times import local_time, zone
from engine.types import NOTHING, DecideRequest


class Whom(Struct, frozen=True):
    """Whom a decision is for, and when: the keyed hash of the identity that names her, and what is known of her.

    `person` is None where the identity was never seen. `control` says whether she is in the campaign's control group.
    """

    identity: str
    identity_type: str
    person: Person | None
    control: bool
    now_us: int

    @property
    def customer(self) -> str:
        """The identity she has been known by for longest."""
        return self.person.root if self.person else self.identity


def decide(state: State, calendar: Calendar, request: DecideRequest, whom: Whom, ids: Ids) -> DecisionTaken:
    """Return the decision for a checked request.

    Raises NotFound or NotPossible for the campaign's state, InvalidRequest for a zone, channel or content that is none.
    """
    catalogue = state.catalogue(request.campaign)
    if state.campaigns[request.campaign].paused:
        raise NotPossible(f"campaign {shown(request.campaign)} is paused; resume it to decide")
    check_known("channels", request.channels, dict(catalogue.campaign.channels), request.campaign)
    check_known("content_ids", request.content_ids, dict(catalogue.campaign.contents), request.campaign)
    customer = standing(whom.person, whom.identity_type, whom.now_us)
    where = zone(request.time_zone or customer.attributes.get("time_zone") or catalogue.campaign.time_zone)
    options = eligible(
        catalogue,
        Moment(customer=customer, zone=where, now_us=whom.now_us),
        calendar,
        channels=request.channels,
        content_ids=request.content_ids,
    )
    if not options.send_times_us and not catalogue.campaign.send_nothing.allowed:
        raise NotPossible("no content may be sent now by the campaign's rules, and it does not allow sending nothing")
    told = permitted(customer.level, customer.consents, consent_required=False)
    known = profile(whom.person, whom.now_us, where, told)
    shared = shared_text(request.context, local_time(whom.now_us, where), known)
    choice = choose(catalogue, options, _policy(state, catalogue, shared, whom.control), draws(ids.fact_id))
    window_us = catalogue.campaign.reward_window_us(choice.channel)
    needs_activation = choice.channel != NOTHING and catalogue.campaign.activation == "required"
    return DecisionTaken(
        decision_id=ids.fact_id,
        request_digest=ids.request_digest,
        campaign=request.campaign,
        campaign_version=catalogue.version,
        customer=whom.customer,
        time_zone=where.key,
        context=request.context,
        reason=reason_for(choice, whom.control),
        channel=choice.channel,
        propensity=choice.propensity,
        stages=choice.stages,
        content_id=choice.content_id,
        send_slot=choice.send_slot,
        send_time_us=choice.send_time_us,
        control=whom.control,
        close_time_us=None if window_us is None else (choice.send_time_us or whom.now_us) + window_us,
        activation_required=needs_activation,
        default_reward=None if window_us is None else catalogue.campaign.reward_without_outcome,
        requested_channels=request.channels,
        requested_content_ids=request.content_ids,
        identity="" if whom.identity == whom.customer else whom.identity,
        identity_type=whom.identity_type,
        profile=known,
    )


def _policy(state: State, catalogue: Catalogue, shared: str, control: bool) -> StagePolicy:
    campaign = catalogue.campaign
    if control:
        return fallback_policy(campaign)
    policy = model_policy(state.models, state.put_back, shared, campaign.exploration)
    switched = state.campaigns[campaign.name].fallback
    if not switched:
        return policy
    names = frozenset(name for channel in switched for name in model_names(campaign.name, channel))
    return switched_policy(names, fallback_policy(campaign), policy)
