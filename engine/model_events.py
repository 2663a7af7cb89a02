"""Facts about a campaign's models, as they stand in the log. Never a model, never a fact that cannot be folded."""

from enum import StrEnum

from msgspec import Struct


class Switch(StrEnum):
    """What can be switched for one channel's models: whether they learn, and whether they are asked at all."""

    FROZEN = "frozen"  # they decide and do not learn
    FALLBACK = "fallback"  # the campaign's fallback rule decides in their place


class ChannelSwitched(Struct, frozen=True, tag="channel_switched", tag_field="kind"):
    """A channel's models were frozen or put on the fallback rule, or set free again; an empty channel is the router."""

    campaign: str
    channel: str
    switch: Switch
    on: bool


class ModelsRolledBack(Struct, frozen=True, tag="models_rolled_back", tag_field="kind", omit_defaults=True):
    """A channel's models went back to an earlier place in the log; an empty channel is the router.

    An operator asked for it, or (`model`) the one model named was unfit to decide, and went back to the last good
    snapshot that has it; `to_seq` is 0 where none has, and it begins anew.
    """

    campaign: str
    channel: str
    to_seq: int
    why: str
    model: str = ""


class RebuildStarted(Struct, frozen=True, tag="rebuild_started", tag_field="kind"):
    """A campaign's models begin to be learned anew from the log up to this event, under this version's settings."""

    campaign: str
    version: int


class ModelsRebuilt(Struct, frozen=True, tag="models_rebuilt", tag_field="kind", omit_defaults=True):
    """A campaign's models, learned anew from the log up to `upto_seq`, take the place of those that served.

    The `refused` ones came out unfit to decide: there the models that served go on.
    """

    campaign: str
    version: int
    upto_seq: int
    refused: tuple[str, ...] = ()
