"""Tombstones: what stands in the log where an erased customer's events stood. Never anything of hers.

Each has its event's place in the log and its time, and what totals are made of: nothing that tells whose it was, or
which of them were one customer's.
"""

from msgspec import Struct

from engine.customers.hazards import Suspicion


class StageErased(Struct, frozen=True):
    """One stage of an erased decision: the action drawn and, in `probabilities`, its propensity alone."""

    name: str
    action: str
    probabilities: dict[str, float]


class DecisionErased(Struct, frozen=True, tag="decision_erased", tag_field="kind", omit_defaults=True):
    """A decision whose customer was erased: what was chosen, not for whom or why.

    `close_time_us` is when its reward window closed or will close. `activation_required` is left true only where it
    was never reported as carried out, so that it is worth nothing. It teaches nothing any more. `suspicion` is what it
    counted for in how often lives change.
    """

    campaign: str
    campaign_version: int
    reason: str
    channel: str
    propensity: float
    stages: tuple[StageErased, ...]
    content_id: str = ""
    send_slot: str = ""
    send_time_us: int | None = None
    control: bool = False
    close_time_us: int | None = None
    default_reward: float | None = None
    activation_required: bool = False
    suspicion: Suspicion | None = None


class RewardErased(Struct, frozen=True, tag="reward_erased", tag_field="kind", omit_defaults=True):
    """What came of an erased decision; `decision_seq` is that one's place in the log."""

    decision_seq: int
    campaign: str
    value: float
    outcome: str = ""
    late: bool = False
    final_value: float | None = None


class FactErased(Struct, frozen=True, tag="fact_erased", tag_field="kind", omit_defaults=True):
    """Any other event of an erased customer, by its kind.

    `kept` are the identities it named that are other customers' now, each as (keyed hash, type): those she was once
    linked with, who are known since then. `sold` is what a purchase took from a stock that is counted: the SKU, the
    units and the UTC day since 1970. `put_aside` is why it was quarantined, empty where it was not.
    """

    erased_kind: str
    kept: tuple[tuple[str, str], ...] = ()
    sold: tuple[str, float, int] | None = None
    put_aside: str = ""


class CustomerErased(Struct, frozen=True, tag="customer_erased", tag_field="kind"):
    """A customer was erased: how many identities she had, and how many of her events became tombstones."""

    identities: int
    decisions: int
    rewards: int
    facts: int
