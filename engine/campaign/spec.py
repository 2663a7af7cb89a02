"""The campaign: an objective with its contents, channels, send windows, rules and reward. Never its YAML or version."""

from functools import cached_property
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from engine.campaign.agreements import NOTICED, OPT_OUTS, Draft, disagreements
from engine.campaign.audience import AudienceText
from engine.campaign.channels import Channel, MessageLimit, QuietHours, SendWindow
from engine.campaign.contents import Content, SellThrough
from engine.campaign.objective import Exploration, NamedChoice, RewardRange, SendNothing
from engine.campaign.time_zones import nearest_zone, zone_named
from engine.campaign.values import Description, Entry, Name, Number, Worth, name, refusal, shown
from engine.types import NOTHING

__all__ = [
    "Campaign",
    "Channel",
    "Content",
    "Exploration",
    "MessageLimit",
    "NamedChoice",
    "QuietHours",
    "RewardRange",
    "SellThrough",
    "SendNothing",
    "SendWindow",
]

UNIFORM = "uniform"


def _time_zone(value: object) -> str:
    if not isinstance(value, str):
        raise refusal(f"must be a time zone such as America/Chicago, but is {shown(value)}")
    try:
        return zone_named(value.strip()).key
    except ValueError:
        near = nearest_zone(value) or "America/Chicago"
        raise refusal(f"must be a time zone such as {near}, but is {shown(value)}") from None


def _channel_name(value: object) -> str:
    if (channel := name(value)) == NOTHING:
        raise refusal("is the word for sending no message, so no channel may have it; choose another name")
    return channel


def _fallback(value: Any) -> Any:
    if isinstance(value, str):
        if value.strip() != UNIFORM:
            raise refusal(
                f"must be uniform, or a choice with its channel, content and send_window, but is {shown(value)}"
            )
        return None
    return value


ChannelName = Annotated[str, BeforeValidator(_channel_name)]


class Campaign(Entry):
    """An objective with everything that may be chosen for it: 1 to 20 channels, 1 to 1,000 contents, 1 to 100 outcomes.

    `name` is `campaign` in the file. `control_share` in [0, 0.9] is the share of customers that the fallback decides
    for, so that the models' worth can be measured. `fallback` None means uniformly at random, which
    also stands in for a fixed choice that is not eligible. Contents are placed: their channels are filled in and their
    dates read in the campaign's time zone.

    A decision's outcomes are combined in the order in which they happened (`combine`); where none came in its window it
    is worth `default_reward`. `learn` provisionally takes the first outcome at once and corrects it when the window
    closes; at_close waits. `activation` required means that a decision teaches nothing before it is reported as carried
    out. An outcome's worth is a number, or a formula over its amount.

    `message_limits` are over this campaign's messages on any channel, `overall_message_limits` over all messages, and
    bind every campaign. Consent is asked for its `purpose`; any of `opt_out_outcomes` (None means the usual ones that
    are declared) takes it back. Where one of `noticed_outcomes` (None means the usual ones that are declared) ever came
    of a channel's message, one without any outcome counts as not noticed there. `personalisation_consent` required
    keeps features that make it personal from the models until a customer has granted them.
    """

    name: Name = Field(alias="campaign")
    description: Description = ""
    time_zone: Annotated[str, BeforeValidator(_time_zone)] = "UTC"
    reward: RewardRange
    outcomes: Annotated[dict[Name, Worth], Field(min_length=1, max_length=100)]
    combine: Literal["sum", "max", "first", "last"] = "sum"
    default_reward: Number | None = None
    learn: Literal["provisionally", "at_close"] = "at_close"
    activation: Literal["assumed", "required"] = "assumed"
    purpose: Name = "marketing"
    personalisation_consent: Literal["assumed", "required"] = "assumed"
    opt_out_outcomes: Annotated[tuple[Name, ...] | None, Field(max_length=100)] = None
    noticed_outcomes: Annotated[tuple[Name, ...] | None, Field(max_length=100)] = None
    audience: AudienceText | None = None
    message_limits: Annotated[tuple[MessageLimit, ...], Field(max_length=10)] = ()
    overall_message_limits: Annotated[tuple[MessageLimit, ...], Field(max_length=10)] = ()
    control_share: Annotated[Number, Field(ge=0, le=0.9)] = 0.0
    fallback: Annotated[NamedChoice | None, BeforeValidator(_fallback)] = None
    send_nothing: SendNothing = SendNothing()
    exploration: Exploration = Exploration()
    channels: Annotated[dict[ChannelName, Channel], Field(min_length=1, max_length=20)]
    contents: Annotated[dict[Name, Content], Field(min_length=1, max_length=1000)]

    @field_validator("contents")
    @classmethod
    def _placed(cls, contents: dict[str, Content], info: ValidationInfo) -> dict[str, Content]:
        channels = tuple(info.data.get("channels", ()))
        zone = zone_named(info.data.get("time_zone", "UTC"))
        return {content_id: content.placed(channels, zone) for content_id, content in contents.items()}

    @model_validator(mode="after")
    def _agreed(self) -> Self:
        problems = [
            InitErrorDetails(type=PydanticCustomError("disagreement", sentence), loc=path, input=None)
            for path, sentence in disagreements(self._draft())
        ]
        if problems:
            raise ValidationError.from_exception_data("Campaign", problems)
        return self

    def _draft(self) -> Draft:
        return Draft(
            reward=self.reward,
            outcomes={name: worth for name, worth in self.outcomes.items() if isinstance(worth, float)},
            declared=list(self.outcomes),
            opt_out_outcomes=self.opt_out_outcomes or (),
            noticed_outcomes=self.noticed_outcomes or (),
            default_reward=self.default_reward,
            activation=self.activation,
            windowless=[name for name, channel in self.channels.items() if channel.reward_window is None],
            send_nothing=self.send_nothing,
            windows={channel: entry.send_windows for channel, entry in self.channels.items()},
            quiet_hours={channel: entry.quiet_hours for channel, entry in self.channels.items()},
            contents=self.contents,
            fallback=self.fallback,
            zone=self.zone,
        )

    @cached_property
    def zone(self) -> ZoneInfo:
        """The campaign's time zone, for customers whose own is unknown."""
        return zone_named(self.time_zone)

    @cached_property
    def reward_without_outcome(self) -> float:
        """What a decision is worth whose window closed without an outcome: `default_reward`, or the nearest to 0."""
        if self.default_reward is not None:
            return self.default_reward
        return min(max(0.0, self.reward.lowest), self.reward.highest)

    @cached_property
    def opt_outs(self) -> frozenset[str]:
        """The outcomes that take back a customer's consent to the channel, for the campaign's purpose."""
        return frozenset(OPT_OUTS & self.outcomes.keys() if self.opt_out_outcomes is None else self.opt_out_outcomes)

    @cached_property
    def noticing(self) -> frozenset[str]:
        """The outcomes that tell that a message was noticed."""
        return frozenset(NOTICED & self.outcomes.keys() if self.noticed_outcomes is None else self.noticed_outcomes)

    @cached_property
    def targeted(self) -> tuple[str, ...]:
        """The ids of the contents with a sell-through target."""
        return tuple(content_id for content_id, content in self.contents.items() if content.sell_through)

    def reward_window_us(self, channel: str) -> int | None:
        """Return how long a decision's outcomes are waited for, in microseconds; None where they are learned singly."""
        return self._silence_window_us if channel == NOTHING else self.channels[channel].reward_window_us

    @cached_property
    def _silence_window_us(self) -> int | None:
        """How long silence is waited on: as long as any message is, so that it teaches what it costs as they do."""
        if self.send_nothing.reward_window_us is not None:
            return self.send_nothing.reward_window_us
        windows = [window for channel in self.channels.values() if (window := channel.reward_window_us) is not None]
        return max(windows) if len(windows) == len(self.channels) else None

    def contents_for(self, channel: str) -> tuple[str, ...]:
        """Return the ids of the contents that fit a channel, in the file's order; empty for an unknown channel."""
        return self._contents_by_channel.get(channel, ())

    @cached_property
    def _contents_by_channel(self) -> dict[str, tuple[str, ...]]:
        return {
            channel: tuple(content_id for content_id, content in self.contents.items() if channel in content.channels)
            for channel in self.channels
        }
