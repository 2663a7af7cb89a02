"""The target: an engine as a simulator drives it, in process or over the wire. Never the world, never a choice.

Both targets speak the engine's own records. With the same ids and the same secret key they give the same decisions.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from engine.customers.types import IdentifyRequest, TrackRequest
from engine.types import DecideRequest, RewardRequest

SECRET_KEY = "a key for simulations only, no secret"  # noqa: S105  nothing real is hashed with it
"""What customers are hashed with in process; start a server with the same one to compare."""


class Refused(Exception):
    """The engine would not take a fact; the text is its own."""


class Decided(Struct, frozen=True):
    """One decision as its caller hears of it; channel, content and slot are empty where nothing is sent.

    `explored` says that some stage drew another action than its most probable one.
    """

    decision_id: str
    channel: str
    content_id: str
    send_slot: str
    send_time_us: int | None
    propensity: float
    explored: bool


class Target(Protocol):
    """One engine. Times are those of the simulated world and never run backwards.

    A fact's own time (`occur_time_us`) is when it is told. Every method but `close` raises Refused where the engine
    does, and the client's own error where it cannot be reached.
    """

    def apply_campaign(self, source: str) -> None:
        """Put a campaign's text in force."""

    def decide(self, requests: Sequence[DecideRequest], now_us: int) -> list[Decided]:
        """Choose for each request, all at one moment, in their order."""

    def reward(self, request: RewardRequest) -> None:
        """Report what came of a decision, now."""

    def track(self, request: TrackRequest) -> None:
        """Report what a customer did by herself, now."""

    def identify(self, request: IdentifyRequest) -> None:
        """Report what a customer declared, now."""

    def freeze(self, campaign: str, channels: Sequence[str]) -> None:
        """Let no model of a campaign learn any more; they go on deciding."""

    def advance(self, now_us: int) -> None:
        """Let what was told so far be kept; time has come to this moment."""

    def close(self) -> None:
        """End the use of it."""
