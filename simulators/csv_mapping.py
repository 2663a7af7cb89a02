"""The mapping: what the columns of a recorded experiment mean to a campaign. Never a file, a row or the service.

Every value in a mapping is text, as every cell of a CSV is: ``1`` and ``01`` stay different, and ``yes`` stays a word.
"""

import codecs
from math import isclose
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

NOTHING = "nothing"

Place = tuple[str | int, ...]
"""Where a field stands in the mapping, from the top."""


class Part(BaseModel):
    """A group of fields in a mapping: frozen, and no field that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SentDecision(Part):
    """A message that an action value stands for, by the campaign's own names."""

    channel: str = Field(min_length=1)
    content: str = Field(min_length=1)


def _sent(value: object) -> object:
    if value == NOTHING:
        return None
    if isinstance(value, str):
        raise ValueError(f"must be `{NOTHING}` or a message such as {{channel: email, content: spring-sale}}")
    return value


def _names(value: object) -> object:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: name for name in value}
    return value


class Action(Part):
    """The randomised action: its column, the decision that each of its values stands for, and how often each was given.

    `shares` are the experiment's own probabilities; empty means all values were given equally often. Rows with a value
    in `leave_out` are passed over.
    """

    column: str
    values: dict[str, Annotated[SentDecision | None, BeforeValidator(_sent)]] = Field(min_length=2)
    shares: dict[str, Annotated[float, Field(gt=0, lt=1)]] = Field(default_factory=dict)
    leave_out: tuple[str, ...] = ()

    @field_validator("values")
    @classmethod
    def _check_values(cls, values: dict[str, SentDecision | None]) -> dict[str, SentDecision | None]:
        seen: dict[SentDecision | None, str] = {}
        for value, decision in values.items():
            if decision in seen:
                raise ValueError(f"{seen[decision]!r} and {value!r} stand for the same decision; give each its own")
            seen[decision] = value
        return values

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        if self.shares and set(self.shares) != set(self.values):
            raise ValueError("shares must name exactly the entries of values, or be left out where all are equal")
        if self.shares and not isclose(sum(self.shares.values()), 1, abs_tol=0.005):
            raise ValueError(f"shares must sum to 1, not {sum(self.shares.values()):g}")
        return self

    def share_of(self) -> dict[str, float]:
        """Return the probability in (0, 1) with which the experiment gave each value."""
        return self.shares or dict.fromkeys(self.values, 1 / len(self.values))


class Context(Part):
    """What was known of a customer: feature names and their columns; a list means the columns' own names."""

    numbers: Annotated[dict[str, str], BeforeValidator(_names)] = Field(default_factory=dict)
    categories: Annotated[dict[str, str], BeforeValidator(_names)] = Field(default_factory=dict)


class OutcomeColumn(Part):
    """A column whose values are outcomes that the campaign declares."""

    column: str
    values: dict[str, str] = Field(min_length=1)


class ValueColumn(Part):
    """A column of numbers that, divided by `divide_by`, lie in the campaign's reward range."""

    column: str
    divide_by: float = Field(1.0, allow_inf_nan=False)

    @field_validator("divide_by")
    @classmethod
    def _check_divisor(cls, divide_by: float) -> float:
        if divide_by == 0:
            raise ValueError("must not be 0; leave it out where the column is in the campaign's own unit")
        return divide_by


class Reward(Part):
    """What a customer did, as the service is told it: an outcome, a value, or both."""

    outcome: OutcomeColumn | None = None
    value: ValueColumn | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if self.outcome is None and self.value is None:
            raise ValueError("must have an `outcome` or a `value`")
        return self


class Metric(Part):
    """The column of numbers that the report is about, and what to call its mean."""

    column: str
    label: str = ""


class Mapping(Part):
    """A recorded experiment described: its campaign, its file's form, and what its columns mean.

    Without a `customer_column` every row is a customer of her own.
    """

    campaign: Path
    delimiter: str = Field(",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    customer_column: str = ""
    context: Context = Field(default_factory=Context)
    action: Action
    reward: Reward
    metric: Metric

    @field_validator("encoding")
    @classmethod
    def _check_encoding(cls, encoding: str) -> str:
        try:
            name = codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"{encoding!r} is no encoding; utf-8 and latin-1 are common ones") from None
        return "utf-8-sig" if name == "utf-8" else name  # so that a byte order mark is no part of the first column

    @property
    def label(self) -> str:
        """What the report calls the metric's mean."""
        return self.metric.label or f"mean {self.metric.column}"

    def columns(self) -> list[tuple[Place, str]]:
        """Return every column that the mapping names, each with the field that names it."""
        named: list[tuple[Place, str]] = [(("customer_column",), self.customer_column)] if self.customer_column else []
        named += [(("context", "numbers", name), column) for name, column in self.context.numbers.items()]
        named += [(("context", "categories", name), column) for name, column in self.context.categories.items()]
        named.append((("action", "column"), self.action.column))
        if self.reward.outcome:
            named.append((("reward", "outcome", "column"), self.reward.outcome.column))
        if self.reward.value:
            named.append((("reward", "value", "column"), self.reward.value.column))
        return [*named, (("metric", "column"), self.metric.column)]
