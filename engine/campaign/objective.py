"""What a campaign is after: its reward, the price of silence, exploration, fallback. Never a learned weight."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from engine.campaign.values import Entry, Name, Number, Truth, Window, duration_us, refusal, shown

_LEAST_WIDTH = 1e-6


class RewardRange(Entry):
    """The range that every reward lies in, in the campaign's own unit, higher being better; within ±1e6."""

    lowest: Number
    highest: Number

    @field_validator("highest")
    @classmethod
    def _above_lowest(cls, highest: float, info: ValidationInfo) -> float:
        if highest - info.data.get("lowest", -2e6) < _LEAST_WIDTH:
            raise refusal(f"must be above lowest, which is {shown(info.data['lowest'])}, but is {shown(highest)}")
        return highest

    @cached_property
    def scale(self) -> float:
        """The larger distance of an end from zero, above 0: how large a reward may be."""
        return max(abs(self.lowest), abs(self.highest))


class SendNothing(Entry):
    """Whether the engine may choose to send nothing, and what silence costs.

    `price` is in reward units, at most the reward's scale either way, and is taken from the reward of a decision that
    sends nothing: with 0.02 such a decision is worth -0.02.
    """

    allowed: Truth = False
    price: Number = 0.0
    reward_window: Window | None = None

    @cached_property
    def reward_window_us(self) -> int | None:
        """How long after sending nothing its outcomes count, in microseconds; None for as long as messages' do."""
        return None if self.reward_window is None else duration_us(self.reward_window)


class Exploration(Entry):
    """How the engine keeps trying what it does not know.

    `greed` in (0, 1e6] says how fast mixed and squarecb settle on what works (a 30th of it is how many times each
    lesson counts, and how many times the number of a model's lessons is SquareCB's gamma), `epsilon` in (0, 1] is the
    share of epsilon_greedy draws that try anything, `floor` in [0.001, 0.5] is the share of every stage's draws that is
    spread evenly over all eligible actions, which keeps every propensity above zero and so off-policy evaluation
    possible.
    """

    method: Literal["mixed", "squarecb", "epsilon_greedy"] = "mixed"
    greed: Annotated[Number, Field(gt=0)] = 30.0
    epsilon: Annotated[Number, Field(gt=0, le=1)] = 0.05
    floor: Annotated[Number, Field(ge=0.001, le=0.5)] = 0.005


class NamedChoice(Entry):
    """One fixed choice: a channel with a content and a send window, or the channel `nothing` alone."""

    channel: Name
    content: Name = ""
    send_window: Name = ""
