"""A channel as a campaign describes it: send windows, quiet hours, message limits. Never a message or a customer."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from engine.campaign.audience import AudienceText
from engine.campaign.values import (
    Days,
    Duration,
    Entry,
    FromTime,
    IdentityType,
    Name,
    UntilTime,
    Whole,
    Window,
    duration_us,
    refusal,
    shown,
)

NOW = {"days": "all", "from": "00:00", "until": "24:00"}
"""What the word `now` stands for: whenever the decision is taken, as far as quiet hours allow."""


class QuietHours(Entry):
    """Hours of local wall time in which a channel sends nothing; they may run past midnight.

    `from_s` and `until_s` (`from` and `until` in the file) are seconds after local midnight.
    """

    from_s: FromTime = Field(alias="from")
    until_s: UntilTime = Field(alias="until")

    @field_validator("until_s")
    @classmethod
    def _some_hours_left(cls, until_s: int, info: ValidationInfo) -> int:
        length = (until_s - info.data.get("from_s", until_s + 1)) % 86_400
        if length == 0:
            raise refusal("must differ from `from`, because quiet hours all day leave no time to send")
        return until_s


class SendWindow(Entry):
    """Hours of local wall time in which a message may be sent, on some days of the week.

    `from_s` and `until_s` (`from` and `until` in the file) are seconds after local midnight; where `until_s` is not
    after `from_s` the window runs past midnight and belongs to the day it starts on. `days` are numbers, Monday 0.
    """

    days: Days = (0, 1, 2, 3, 4, 5, 6)
    from_s: FromTime = Field(alias="from")
    until_s: UntilTime = Field(alias="until")

    @model_validator(mode="before")
    @classmethod
    def _the_word_now(cls, value: Any) -> Any:
        if value == "now":
            return NOW
        if isinstance(value, SendWindow | Mapping):
            return value
        raise refusal(f"must be the word now, or hours such as {{from: 09:00, until: 12:00}}, but is {shown(value)}")


class MessageLimit(Entry):
    """At most so many messages to one customer in any stretch of this length.

    `messages` lies in [1, 1000], `per` between one minute and 90 days.
    """

    messages: Annotated[Whole, Field(ge=1, le=1000)]
    per: Duration

    @cached_property
    def per_us(self) -> int:
        """Length of the stretch in microseconds."""
        return duration_us(self.per)


class Channel(Entry):
    """One way to reach a customer: 1 to 48 send windows by name, quiet hours if any, at most 10 message limits.

    `reward_window`, one second to 90 days, says how long after its sending a message's outcomes are waited for; without
    one every outcome is a lesson of its own, and a message without outcome teaches nothing.

    A refusal of hers always closes the channel; with `consent` required, so does her silence about it. It reaches a
    customer who has an identity of one of the types in `reached_by` (empty: everyone) and belongs to its `audience`.
    """

    send_windows: Annotated[dict[Name, SendWindow], Field(min_length=1, max_length=48)]
    quiet_hours: QuietHours | None = None
    message_limits: Annotated[tuple[MessageLimit, ...], Field(max_length=10)] = ()
    reward_window: Window | None = None
    consent: Literal["assumed", "required"] = "assumed"
    reached_by: Annotated[tuple[IdentityType, ...], Field(max_length=20)] = ()
    audience: AudienceText | None = None

    @cached_property
    def reward_window_us(self) -> int | None:
        """How long after its sending a message's outcomes count, in microseconds; None where each is learned singly."""
        return None if self.reward_window is None else duration_us(self.reward_window)
