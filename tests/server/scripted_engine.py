"""An engine that does as it is told, for what a real one cannot do on demand. Never used where a real one can be."""

from collections.abc import Callable
from typing import Any

from engine.events import DecisionTaken, Reason, Stage
from engine.types import (
    ActivateReceipt,
    ActivateRequest,
    CampaignStatus,
    DecideRequest,
    Features,
    RewardReceipt,
    RewardRequest,
)


def decision_of(request: DecideRequest, number: int = 1) -> DecisionTaken:
    """Return a plain decision that carries what was asked."""
    return DecisionTaken(
        decision_id=f"decision-{number}",
        request_digest="",
        campaign=request.campaign,
        campaign_version=1,
        customer="hash",
        time_zone="UTC",
        context=Features(),
        reason=Reason.EXPLORED,
        channel="email",
        propensity=0.25,
        stages=(Stage("router", "email", {"email": 0.25, "sms": 0.75}, "uniform"),),
        content_id="polo",
        send_slot="morning",
        send_time_us=1_800_000_000_000_000,
    )


class ScriptedEngine:
    """Answers every call, after `before`, which may raise; counts its commits, which `on_commit` may refuse."""

    def __init__(self) -> None:
        self.before: Callable[[str], None] = lambda _name: None
        self.on_commit: Callable[[], None] = lambda: None
        self.epoch = 0
        self.commits = 0
        self.appended = 0
        self.committed = 0
        self.snapshots = 0
        self.log = self
        self.last_seq = 0
        self.events_since_snapshot = 0
        self.lessons_owed = 0
        self.asked: list[tuple[Any, int]] = []
        self.ticks: list[int] = []
        self.rebuilds: dict[str, Any] = {}

    def learn(self, most: int) -> None:
        """Learn some of what is owed."""
        self.lessons_owed -= min(most, self.lessons_owed)

    def take_doubting(self) -> list[str]:
        """Return the models that have come to doubt: none does."""
        return []

    def decide(self, request: DecideRequest, now_us: int) -> DecisionTaken:
        """Take a decision, the same for everyone."""
        self._accept("decide", request, now_us)
        return decision_of(request, self.appended)

    def reward(self, request: RewardRequest, now_us: int) -> RewardReceipt:
        """Take a reward."""
        self._accept("reward", request, now_us)
        value = request.value or 1.0
        return RewardReceipt(
            request.reward_id or "made", request.decision_id, value, duplicate=False, late=False, final_value=value
        )

    def activate(self, request: ActivateRequest, now_us: int) -> ActivateReceipt:
        """Activate any decision."""
        self._accept("activate", request, now_us)
        return ActivateReceipt(request.decision_id, duplicate=False, close_time_us=None)

    def tick(self, now_us: int) -> bool:
        """Have no windows that could close; note when it was asked."""
        self.before("tick")
        self.ticks.append(now_us)
        return False

    def apply_campaign(self, source: str, now_us: int) -> CampaignStatus:
        """Apply any text."""
        self._accept("apply_campaign", source, now_us)
        return CampaignStatus("spring", 1, source, now_us, paused=False)

    def campaign(self, name: str) -> CampaignStatus:
        """Know every campaign."""
        self.before("campaign")
        return CampaignStatus(name, 1, "source", 0, paused=False)

    def campaigns(self) -> list[CampaignStatus]:
        """Return five campaigns."""
        self.before("campaigns")
        return [CampaignStatus(f"c{number}", 1, "source", 0, paused=False) for number in range(5)]

    def pause_campaign(self, name: str, now_us: int) -> CampaignStatus:
        """Pause any campaign."""
        self._accept("pause_campaign", name, now_us)
        return CampaignStatus(name, 1, "source", 0, paused=True)

    def resume_campaign(self, name: str, now_us: int) -> CampaignStatus:
        """Resume any campaign."""
        self._accept("resume_campaign", name, now_us)
        return CampaignStatus(name, 1, "source", 0, paused=False)

    def commit(self) -> None:
        """Count, and fail where the script says so."""
        self.commits += 1
        self.on_commit()
        self.committed = self.appended

    def snapshot(self, _now_us: int) -> None:
        """Count, and fail where the script says so."""
        self.before("snapshot")
        self.snapshots += 1
        self.events_since_snapshot = 0

    def close(self) -> None:
        """Hold nothing that would have to be given back."""

    def _accept(self, name: str, request: object, now_us: int) -> None:
        self.before(name)
        self.asked.append((request, now_us))
        self.appended += 1
        self.last_seq += 1
        self.events_since_snapshot += 1
