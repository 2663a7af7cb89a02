"""One decision, from the state and the request alone, so that a replay takes it again.

Never an append, never a clock.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from engine.campaign.catalogue import Catalogue
from engine.customers.conduct import Conduct
from engine.customers.person import Person
from engine.customers.profile import NOTHING_TOLD, Told, permitted, told
from engine.customers.standing import standing
from engine.eligibility import Calendar, Moment, eligible
from engine.eligibility.explaining import removals
from engine.eligibility.removals import Removal
from engine.errors import NotPossible
from engine.events import DecisionTaken
from engine.features import shared_line, shown
from engine.keyed_hash import draws
from engine.policy import choose, model_names, reason_for
from engine.requests import Ids, check_known
from engine.stage_policies import StagePolicy, fallback_policy, model_policy, switched_policy
from engine.state import State
from engine.stock import prices
from engine.times import zone
from engine.types import NOTHING, DecideRequest
from engine.usual_numbers import told_numbers


class Whom(Struct, frozen=True):
    """Whom a decision is for, and when: the keyed hash of the identity that names her, and what is known of her.

    `person` is None where the identity was never seen. `control` says whether she is in the campaign's control group.
    `conduct` is hers where it is at hand.
    """

    identity: str
    identity_type: str
    person: Person | None
    control: bool
    now_us: int
    conduct: Conduct | None = None

    @property
    def customer(self) -> str:
        """The identity she has been known by for longest."""
        return self.person.root if self.person else self.identity


def decide(state: State, calendar: Calendar, request: DecideRequest, whom: Whom, ids: Ids) -> DecisionTaken:
    """Return the decision for a checked request.

    Raises NotFound or NotPossible for the campaign's state, InvalidRequest for a zone, channel or content that is none.
    """
    catalogue = state.campaigns.catalogue(request.campaign)
    if state.campaigns[request.campaign].paused:
        raise NotPossible(f"campaign {shown(request.campaign)} is paused; resume it to decide")
    moment, known = _asked(state, catalogue, request, whom)
    options = eligible(catalogue, moment, calendar)
    if not options.openings and not catalogue.campaign.send_nothing.allowed:
        raise NotPossible(_nothing_eligible(removals(catalogue, moment, calendar)))
    where = moment.zone
    numbers = request.context.numbers
    context_told = told_numbers(state.usual_numbers.get(catalogue.campaign.name, {}), numbers) if numbers else None
    shared = shared_line(request.context, context_told, moment.local, known.text)
    priced = prices(catalogue.campaign, state.tallies.stock, whom.now_us)
    policy = _policy(state, catalogue, shared, priced, control=whom.control)
    choice = choose(options, policy, draws(ids.fact_id), priced)
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
        profile=known.features,
        route_fit=choice.route_fit,
        suspicion=known.suspicion,
        context_told=context_told,
    )


def explain(state: State, calendar: Calendar, request: DecideRequest, whom: Whom) -> tuple[Removal, ...]:
    """Return what the rules remove for a checked request; raises as `decide` does for what the request names."""
    catalogue = state.campaigns.catalogue(request.campaign)
    return removals(catalogue, _asked(state, catalogue, request, whom)[0], calendar)


def _asked(state: State, catalogue: Catalogue, request: DecideRequest, whom: Whom) -> tuple[Moment, Told]:
    """Return what the rules may ask about, and what the models are told of the customer."""
    campaign = catalogue.campaign
    check_known("channels", request.channels, campaign.channels, campaign.name)
    check_known("content_ids", request.content_ids, campaign.contents, campaign.name)
    customer = standing(whom.person, whom.identity_type, whom.now_us, whom.conduct)
    where = zone(request.time_zone or customer.attributes.get("time_zone") or campaign.time_zone)
    required = campaign.personalisation_consent == "required"
    allowed = permitted(customer.level, customer.consents, consent_required=required)
    known = NOTHING_TOLD
    if whom.person is not None:
        hazards = state.tallies.suspected.hazards
        known = told(whom.person, customer.conduct, whom.now_us, where, allowed, hazards=hazards)
    moment = Moment(
        customer=customer,
        zone=where,
        now_us=whom.now_us,
        context=request.context,
        told=known.features,
        channels=frozenset(request.channels),
        content_ids=frozenset(request.content_ids),
        overall_limits=state.campaigns.overall_limits,
        stock=state.tallies.stock,
        lively=known.lively,
    )
    return moment, known


def _nothing_eligible(removed: Sequence[Removal]) -> str:
    """Say that nothing may be sent, and by which rules."""
    rules = ", ".join(sorted({removal.because.upper() for removal in removed}))
    return f"nothing may be sent now, and the campaign does not allow sending nothing; the rules that say so: {rules}"


def _policy(
    state: State, catalogue: Catalogue, shared: str, priced: Mapping[str, float], *, control: bool
) -> StagePolicy:
    campaign = catalogue.campaign
    if control:
        return fallback_policy(campaign)
    offered = state.tallies.offered.get(campaign.name)
    newcomers = offered.newcomers if offered else {}
    unit = state.reward_unit(campaign).size
    bonuses = {content_id: price / unit for content_id, price in priced.items()}
    policy = model_policy(
        state.models, state.put_back, shared, campaign.exploration, newcomers=newcomers, bonuses=bonuses
    )
    switched = state.campaigns[campaign.name].fallback
    if not switched:
        return policy
    names = frozenset(name for channel in switched for name in model_names(campaign.name, channel))
    return switched_policy(names, fallback_policy(campaign), policy)
