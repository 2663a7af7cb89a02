"""The choice: a channel, then a content for it, then a send slot for it, each drawn from a known distribution.

Never a rule about eligibility, never the log.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote

from msgspec import Struct, structs

from engine.campaign.spec import Campaign
from engine.eligibility import Eligible
from engine.events import DecisionTaken, Reason, Stage
from engine.exploration import drawn
from engine.features import encoded
from engine.folds import PutBack
from engine.offered_lines import content_lines, route_steps, slot_lines
from engine.stage_policies import ONLY, SWITCHED, UNIFORM, StagePolicy, begun_anew
from engine.types import NOTHING

NO_PRICES: Mapping[str, float] = MappingProxyType({})


class Choice(Struct, frozen=True):
    """What was chosen, with every stage's distribution; no content, slot or send time where nothing is sent.

    `route_fit` is the step at which the chosen channel fitted.
    """

    stages: tuple[Stage, ...]
    channel: str
    content_id: str = ""
    send_slot: str = ""
    send_time_us: int | None = None
    route_fit: int = 0

    @property
    def propensity(self) -> float:
        """Joint probability of the whole choice, the product of its stages'."""
        product = 1.0
        for stage in self.stages:
            product *= stage.propensity
        return product


@lru_cache(maxsize=4_096)
def router_name(campaign: str) -> str:
    """Return the name of the model that chooses among a campaign's channels."""
    return f"{encoded(campaign)}/router"


@lru_cache(maxsize=4_096)
def content_name(campaign: str, channel: str) -> str:
    """Return the name of the model that chooses among a channel's contents."""
    return f"{encoded(campaign)}/{encoded(channel)}/content"


@lru_cache(maxsize=4_096)
def slot_name(campaign: str, channel: str) -> str:
    """Return the name of the model that chooses among a channel's send slots."""
    return f"{encoded(campaign)}/{encoded(channel)}/send_slot"


def campaign_of(model: str) -> str:
    """Return the campaign whose model one of this name is."""
    return unquote(model.split("/", 1)[0])


def model_names(campaign: str, channel: str) -> tuple[str, ...]:
    """Return the names of a channel's models; an empty channel is the router's."""
    return (content_name(campaign, channel), slot_name(campaign, channel)) if channel else (router_name(campaign),)


def all_model_names(campaign: Campaign) -> tuple[str, ...]:
    """Return the names of every model that a campaign needs, the router's first."""
    return tuple(name for channel in ("", *campaign.channels) for name in model_names(campaign.name, channel))


def choose(
    options: Eligible,
    policy: StagePolicy,
    uniforms: tuple[float, float, float],
    prices: Mapping[str, float] = NO_PRICES,
) -> Choice:
    """Draw a choice stage by stage; some channel must be usable unless sending nothing is allowed.

    `prices` are rewards that speak for contents, which a policy that is a model has taken in: the stage tells them.
    """
    catalogue = options.catalogue
    name = catalogue.campaign.name
    hours = options.hours()
    steps = route_steps(options, hours)
    router_lines = {channel: catalogue.router_lines[channel][step] for channel, step in steps.items()}
    router = _stage("router", router_name(name), router_lines, policy, uniforms[0])
    channel = router.action
    if channel == NOTHING:
        return Choice(stages=(router,), channel=NOTHING)
    content = _stage("content", content_name(name, channel), content_lines(options, channel), policy, uniforms[1])
    if prices and content.policy == content_name(name, channel):
        priced = {content_id: price for content_id, price in prices.items() if content_id in content.probabilities}
        content = structs.replace(content, prices=priced)
    send_times_us = options.send_times_us(channel, content.action)
    slots = slot_lines(options, channel, send_times_us, hours[channel])
    slot = _stage("send_slot", slot_name(name, channel), slots, policy, uniforms[2])
    return Choice(
        stages=(router, content, slot),
        channel=channel,
        content_id=content.action,
        send_slot=slot.action,
        send_time_us=send_times_us[slot.action],
        route_fit=steps[channel],
    )


def _stage(name: str, model: str, lines: Mapping[str, str], policy: StagePolicy, uniform: float) -> Stage:
    actions = tuple(lines)
    if len(actions) == 1:
        return Stage(name=name, action=actions[0], probabilities={actions[0]: 1.0}, policy=ONLY)
    probabilities, given_by, problem = policy(model, lines)
    return Stage(
        name=name,
        action=actions[drawn(probabilities, uniform)],
        probabilities=dict(zip(actions, probabilities, strict=True)),
        policy=given_by,
        problem=problem,
    )


def _degraded(stage: Stage) -> Reason:
    """Return how a stage with a problem was degraded: what gave its probabilities in the place of its model."""
    if stage.problem == SWITCHED:
        return Reason.FALLBACK
    return Reason.UNIFORM if stage.policy == UNIFORM else Reason.PREVIOUS_SNAPSHOT


def unfit_models(decision: DecisionTaken, put_back: Mapping[str, PutBack]) -> dict[str, str]:
    """Return the models that should have given a stage of the decision and could not, and what is wrong.

    One that was begun anew, and has not learned since, is not asked, and is none of them.
    """
    degraded = [stage for stage in decision.stages if stage.problem and _degraded(stage) is Reason.UNIFORM]
    unfit = {_stage_model(stage, decision): stage.problem for stage in degraded}
    return {name: problem for name, problem in unfit.items() if not begun_anew(put_back.get(name))}


def _stage_model(stage: Stage, decision: DecisionTaken) -> str:
    """Return the name of the model that a stage of the decision asks."""
    names = {"router": router_name(decision.campaign)}
    if decision.channel != NOTHING:
        names["content"] = content_name(decision.campaign, decision.channel)
        names["send_slot"] = slot_name(decision.campaign, decision.channel)
    return names[stage.name]


def reason_for(choice: Choice, control: bool) -> Reason:
    """Say in one word why the choice came out as it did; what matters most comes first.

    That is the control group, which no model decides for; then a degraded stage, faults before what an operator asked
    for and the worse fault first, even where nothing is sent; then what the models, or the rules alone, came to.
    """
    if control:
        return Reason.CONTROL
    degraded = {_degraded(stage) for stage in choice.stages if stage.problem}
    for reason in (Reason.UNIFORM, Reason.PREVIOUS_SNAPSHOT, Reason.FALLBACK) if degraded else ():
        if reason in degraded:
            return reason
    if choice.channel == NOTHING:
        return Reason.NOTHING_SENT
    if {stage.policy for stage in choice.stages} == {ONLY}:
        return Reason.ONLY_CHOICE
    for stage in choice.stages:
        if stage.propensity < max(stage.probabilities.values()):
            return Reason.EXPLORED
    return Reason.MODEL
