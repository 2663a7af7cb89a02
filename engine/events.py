"""Every fact the service accepts, as it stands in the log. Never a fact that cannot be folded, never a wire type."""

from enum import StrEnum

from msgspec import Struct, json

from engine.customers.events import CustomerIdentified, EventTracked, IdentitiesLinked, IdentitiesUnlinked
from engine.customers.hazards import Suspicion
from engine.customers.types import QuarantineReason
from engine.model_events import ChannelSwitched, ModelsRebuilt, ModelsRolledBack, RebuildStarted
from engine.tombstones import CustomerErased, DecisionErased, FactErased, RewardErased
from engine.types import CUSTOMER_ID, Features


class Reason(StrEnum):
    """Why a decision came out as it did."""

    MODEL = "model"  # every stage took its most probable action
    EXPLORED = "explored"  # some stage drew a less probable action, to learn
    ONLY_CHOICE = "only_choice"  # the rules left a single action at every stage
    CONTROL = "control"  # the customer is in the control group: the campaign's fallback rule chose
    PREVIOUS_SNAPSHOT = "previous_snapshot"  # a model was refused; the last good snapshot's weights chose
    UNIFORM = "uniform"  # a model is missing or was refused, and no good snapshot has it: all eligible alike
    FALLBACK = "fallback"  # an operator's kill switch: the campaign's fallback rule chose in a model's place
    NOTHING_SENT = "nothing_sent"  # sending nothing was chosen, or nothing else was eligible


class Stage(Struct, frozen=True, omit_defaults=True, gc=False):
    """One stage of the choice: the distribution over its eligible actions, in the order drawn from, and the action
    drawn.

    `probabilities` sum to 1; their keys are the eligible set. `policy` says who gave them: a model's name, `uniform`,
    `named`, or `only`. `problem` says why the model as it learned did not, else is empty. `prices` are the rewards that
    speak for contents whose sales lag; the probabilities have taken them in.
    """

    name: str
    action: str
    probabilities: dict[str, float]
    policy: str
    problem: str = ""
    prices: dict[str, float] = {}

    @property
    def propensity(self) -> float:
        """Probability with which the action was drawn, in (0, 1]."""
        return self.probabilities[self.action]


class CampaignApplied(Struct, frozen=True, tag="campaign_applied", tag_field="kind"):
    """A version of a campaign came into force; `source` is the YAML text as it was given."""

    campaign: str
    version: int
    source: str


class CampaignPaused(Struct, frozen=True, tag="campaign_paused", tag_field="kind"):
    """A campaign stopped deciding; rewards of its past decisions are still taken."""

    campaign: str


class CampaignResumed(Struct, frozen=True, tag="campaign_resumed", tag_field="kind"):
    """A paused campaign decides again."""

    campaign: str


class DecisionTaken(Struct, frozen=True, tag="decision_taken", tag_field="kind", omit_defaults=True):
    """One recorded choice, with everything needed to learn from it, judge it and take it again.

    `customer` is the keyed hash of the identity she has been known by for longest, never the identity; `identity` that
    of the one she was asked for under, empty where they are the same. `context` is what the caller knew, `profile` what
    the engine knew of her: models see both, the context's numbers as `context_told` has them (`engine.usual_numbers`),
    which is None where there are none, and of old. `propensity` is the product of the stages' propensities. `channel`
    is `nothing` and `send_time_us` is None where nothing is sent. `close_time_us` is when its reward window closes if
    it is carried out at its send time; without a window there is no `default_reward` either. With
    `activation_required` it is worth nothing before it is reported as carried out. `route_fit` is the step at
    which the channel fitted (`engine.fit`), as its model was told. `suspicion` is when her life seems to have changed,
    where she did something since the message before.
    """

    decision_id: str
    request_digest: str
    campaign: str
    campaign_version: int
    customer: str
    time_zone: str
    context: Features
    reason: Reason
    channel: str
    propensity: float
    stages: tuple[Stage, ...]
    content_id: str = ""
    send_slot: str = ""
    send_time_us: int | None = None
    control: bool = False
    close_time_us: int | None = None
    default_reward: float | None = None
    activation_required: bool = False
    requested_channels: tuple[str, ...] = ()
    requested_content_ids: tuple[str, ...] = ()
    identity: str = ""
    identity_type: str = CUSTOMER_ID
    profile: Features = Features()
    route_fit: int = 0
    suspicion: Suspicion | None = None
    context_told: dict[str, float] | None = None


class RewardReceived(Struct, frozen=True, tag="reward_received", tag_field="kind", omit_defaults=True):
    """What came of a decision; `decision_seq` is the decision's place in the log.

    `value` lies in the declared range; it is `stated` where the caller gave it in place of what the outcome is worth.
    `late` says that it came after the decision's window. `final_value` is the decision's reward with all outcomes so
    far, late ones too; None where the decision has no window, and each of its rewards stands by itself.
    `opts_out` is the purpose for which the outcome withdraws her consent to the decision's channel; empty for none.
    """

    reward_id: str
    decision_id: str
    decision_seq: int
    request_digest: str
    campaign: str
    value: float
    occur_time_us: int
    outcome: str = ""
    amount: float | None = None
    stated: bool = False
    late: bool = False
    final_value: float | None = None
    opts_out: str = ""


class StockSet(Struct, frozen=True, tag="stock_set", tag_field="kind"):
    """So many units of a SKU are left, as they were counted."""

    sku: str
    units: int


class FactQuarantined(Struct, frozen=True, tag="fact_quarantined", tag_field="kind"):
    """A fact that can hardly be true was put aside: nothing is learned from it unless it is re-admitted.

    `identity` is the keyed hash of the one that it is about, `detail` what is odd about it, in words. `fact` is what
    could be read of it, as it would have been logged.
    """

    reason: QuarantineReason
    detail: str
    identity: str
    identity_type: str
    fact: CustomerIdentified | EventTracked | RewardReceived

    @property
    def request_digest(self) -> str:
        """The digest of the request that told the fact."""
        return self.fact.request_digest


class FactReadmitted(Struct, frozen=True, tag="fact_readmitted", tag_field="kind"):
    """A fact that was put aside is let in after all; it follows as the very next event."""

    quarantined_seq: int
    reason: QuarantineReason


class DecisionActivated(Struct, frozen=True, tag="decision_activated", tag_field="kind"):
    """A decision was reported as carried out; from then on it can teach."""

    decision_id: str
    decision_seq: int
    activate_time_us: int


class Tick(Struct, frozen=True, tag="tick", tag_field="kind"):
    """Time passed: windows that end by now close, though nothing else has happened."""


Event = (
    CampaignApplied
    | CampaignPaused
    | CampaignResumed
    | DecisionTaken
    | DecisionActivated
    | RewardReceived
    | ChannelSwitched
    | ModelsRolledBack
    | RebuildStarted
    | ModelsRebuilt
    | Tick
    | CustomerIdentified
    | IdentitiesLinked
    | IdentitiesUnlinked
    | EventTracked
    | StockSet
    | FactQuarantined
    | FactReadmitted
    | DecisionErased
    | RewardErased
    | FactErased
    | CustomerErased
)


class LoggedEvent(Struct, frozen=True):
    """An event with its place in the log's one order and the time the service accepted it."""

    seq: int
    time_us: int
    event: Event


_encoder = json.Encoder()
_decoder = json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return the event as one JSON object in UTF-8, doubles round-tripping exactly."""
    return _encoder.encode(event)


def decode(body: bytes | str) -> Event:
    """Return the event that `encode` wrote; raises msgspec.ValidationError where the text is not one."""
    event: Event = _decoder.decode(body)
    return event
