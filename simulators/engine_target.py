"""The engine in process as a target: fast, in a folder of its own that is gone afterwards. Never the wire."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.customer_operations import identify, track
from engine.customers.types import IdentifyRequest, TrackRequest
from engine.errors import EngineError, LogUnavailable
from engine.events import DecisionTaken
from engine.model_events import Switch
from engine.model_operations import switch
from engine.opening import open_engine
from engine.types import NOTHING, DecideRequest, RewardRequest
from simulators.target import SECRET_KEY, Decided, Refused


class EngineTarget:
    """An engine of its own, for one run."""

    def __init__(self, secret_key: str = SECRET_KEY) -> None:
        """Open a new engine in a temporary folder."""
        self._folder = TemporaryDirectory(prefix="simulated-")
        self.engine = open_engine(Path(self._folder.name), durability="process", secret_key=secret_key.encode())

    def apply_campaign(self, source: str) -> None:
        """Put a campaign's text in force."""
        self.engine.apply_campaign(source, self.engine.state.clock_us)

    def decide(self, requests: Sequence[DecideRequest], now_us: int) -> list[Decided]:
        """Choose for each request, all at one moment, in their order."""
        return [decided(self.engine.decide(request, now_us)) for request in requests]

    def reward(self, request: RewardRequest) -> None:
        """Report what came of a decision; raises Refused."""
        try:
            self.engine.reward(request, _time_us(request))
        except LogUnavailable:
            raise
        except EngineError as error:
            raise Refused(str(error)) from None

    def track(self, request: TrackRequest) -> None:
        """Report what a customer did by herself; raises Refused."""
        try:
            track(self.engine, request, _time_us(request))
        except LogUnavailable:
            raise
        except EngineError as error:
            raise Refused(str(error)) from None

    def identify(self, request: IdentifyRequest) -> None:
        """Report what a customer declared."""
        identify(self.engine, request, _time_us(request))

    def freeze(self, campaign: str, channels: Sequence[str]) -> None:
        """Let no model of a campaign learn any more."""
        for channel in ("", *channels):
            switch(self.engine, campaign, channel, Switch.FROZEN, self.engine.state.clock_us, on=True)

    def advance(self, now_us: int) -> None:  # noqa: ARG002  every fact brings its own time
        """Commit what was told so far."""
        self.engine.commit()

    def close(self) -> None:
        """Close the engine and delete its folder."""
        self.engine.close()
        self._folder.cleanup()


def decided(decision: DecisionTaken) -> Decided:
    """Return a decision as its caller hears of it."""
    return Decided(
        decision_id=decision.decision_id,
        channel="" if decision.channel == NOTHING else decision.channel,
        content_id=decision.content_id,
        send_slot=decision.send_slot,
        send_time_us=decision.send_time_us,
        propensity=decision.propensity,
        explored=any(stage.propensity < max(stage.probabilities.values()) for stage in decision.stages),
    )


def _time_us(request: RewardRequest | TrackRequest | IdentifyRequest) -> int:
    """Return when something is told: when it happens."""
    if request.occur_time_us is None:
        raise ValueError("a simulated fact has its own time")
    return request.occur_time_us
