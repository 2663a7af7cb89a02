"""The engine: the facade that orders the steps of each way.

Never a wire type, a wall clock, a thread or a global random generator. One thread uses it.
"""

from collections.abc import Callable, Mapping

from engine.campaign.catalogue import teaches_otherwise
from engine.campaign.loader import load_campaign
from engine.customers.gate import Gate
from engine.deciding import Whom, decide
from engine.eligibility import Calendar
from engine.errors import NotFound, NotPossible
from engine.events import CampaignApplied, CampaignPaused, CampaignResumed, DecisionActivated, DecisionTaken, Tick
from engine.features import check_text, require, shown
from engine.folded_log import FoldedLog
from engine.folds import Rebuild
from engine.gated_rewards import AskedIn, reward_before, reward_or_aside
from engine.joining import closed, windowed
from engine.keyed_hash import KeyedHash, decision_key
from engine.ladder import step_down
from engine.log.sqlite import Log
from engine.model_events import RebuildStarted
from engine.policy import unfit_models
from engine.requests import MAX_ID_BYTES, Ids, check_decide, check_reward, digest, same
from engine.rewards import LoggedDecision, activated, possible_time_us, receipt, received
from engine.types import (
    ActivateReceipt,
    ActivateRequest,
    CampaignStatus,
    DecideRequest,
    RewardReceipt,
    RewardRequest,
)

NewId = Callable[[], str]
"""Makes an id that never came before, for callers who send none."""

CLOSED_AT_ONCE_MAX = 200
"""Windows that one tick closes, some 50 ms of learning."""


class Engine(FoldedLog):
    """Decides, takes rewards and campaigns, and learns, over one log."""

    def __init__(
        self,
        log: Log,
        keyed_hash: KeyedHash,
        new_id: NewId,
        snapshots_kept: int,
        customers_in_memory: int,
        *,
        gate: Gate | None,
    ) -> None:
        super().__init__(log, snapshots_kept, customers_in_memory)
        self.gate = gate
        self.keyed_hash = keyed_hash
        self.new_id = new_id
        self.calendar = Calendar()

    def decide(self, request: DecideRequest, now_us: int) -> DecisionTaken:
        """Choose for one customer at one moment; a repeated `request_id` gets the first answer.

        Raises InvalidRequest, NotFound, IdReused, NotPossible or LogUnavailable.
        """
        self.heal()
        check_decide(request)
        request_id = request.request_id or self.new_id()
        decision_id = self.keyed_hash.decision_id(request_id)
        key = bytes.fromhex(decision_id)
        request_digest = self.keyed_hash.request_digest(digest(request))
        if request.request_id and (earlier := self.log.find(key)):
            return same(earlier, DecisionTaken, request_digest, "request_id")
        decision = self._decided(request, self.whom(request, now_us), Ids(decision_id, request_digest))
        self.accept(now_us, decision, key)
        return decision

    def _decided(self, request: DecideRequest, whom: Whom, ids: Ids) -> DecisionTaken:
        """Take a decision, and again from the rung below each time that a model of it was unfit.

        Each step down is in the log before the decision, so that a replay takes it from the same models. A model takes
        two at most between two of its lessons: on the last it is not asked.
        """
        while True:
            decision = decide(self.state, self.calendar, request, whom, ids)
            refused = unfit_models(decision, self.state.put_back)
            if not refused:
                return decision
            for name, why in refused.items():
                self.accept(whom.now_us, step_down(self.log, name, why, self.state.put_back.get(name)))

    def reward(self, request: RewardRequest, now_us: int) -> RewardReceipt:
        """Take what came of a decision and learn it; a repeated `reward_id` changes nothing.

        Raises InvalidRequest, NotFound, IdReused or LogUnavailable.
        """
        self.heal()
        check_reward(request)
        reward_id = request.reward_id or self.new_id()
        key, request_digest = self.keyed_hash.digest("reward", reward_id), digest(request)
        if request.reward_id and (earlier := self.log.find(key)):
            return receipt(reward_before(earlier, request_digest), duplicate=True)
        decision = self._decision(request.decision_id)
        campaign = self.state.campaigns.catalogue(decision.event.campaign).campaign
        event = received(request, Ids(reward_id, request_digest), decision, campaign, now_us)
        if decision.event.close_time_us is not None:
            event = windowed(self.log, self.state, event, decision, now_us)
        asked = AskedIn(event, decision, measured=request.occur_time_us is not None)
        taken = reward_or_aside(self.gate, asked, self.customers, self.log, self.state)
        self.accept(now_us, taken, key)
        return receipt(taken, duplicate=False)

    def activate(self, request: ActivateRequest, now_us: int) -> ActivateReceipt:
        """Note that a decision was carried out, from when its reward window runs; again changes nothing.

        Raises InvalidRequest, NotFound, NotPossible where its window has closed, or LogUnavailable.
        """
        self.heal()
        require(check_text("decision_id", request.decision_id, limit=MAX_ID_BYTES))
        decision = self._decision(request.decision_id)
        key = self.keyed_hash.digest("activation", request.decision_id)
        if earlier := self.log.find(key):
            return activated(earlier.event, decision, duplicate=True)
        if closed(self.state, decision, now_us):
            raise NotPossible("the decision's reward window has closed, so that nothing can come of it any more")
        time_us = possible_time_us("activate_time", request.activate_time_us, decision.time_us, now_us)
        event = DecisionActivated(request.decision_id, decision.seq, time_us)
        self.accept(now_us, event, key)
        return activated(event, decision, duplicate=False)

    def tick(self, now_us: int) -> bool:
        """Close the first windows that have ended by now, where nothing else has; tell whether there were any.

        Where more have ended than one turn should close, after a long stop perhaps, the tick is for the moment up to
        which it closes them: ask again for the rest. Raises LogUnavailable.
        """
        self.heal()
        due_us = self.state.open_decisions.closing_time_us(now_us, CLOSED_AT_ONCE_MAX)
        if due_us is None:
            return False
        self.accept(max(due_us, self.state.clock_us), Tick())
        return True

    def apply_campaign(self, source: str, now_us: int) -> CampaignStatus:
        """Put a campaign's YAML text in force as its next version; the text already in force changes nothing.

        Raises InvalidRequest with every problem and its line, or LogUnavailable.
        """
        self.heal()
        name = load_campaign(source).name
        known = self.state.campaigns.get(name)
        if known is None or known.versions[-1][0] != source:
            before = self.state.campaigns.catalogue(name) if known else None
            version = len(known.versions) + 1 if known else 1
            self.accept(now_us, CampaignApplied(campaign=name, version=version, source=source))
            if before and teaches_otherwise(before, self.state.campaigns.catalogue(name)):
                self.accept(now_us, RebuildStarted(campaign=name, version=version))
        return self.state.campaigns.status(name)

    def campaign(self, name: str) -> CampaignStatus:
        """Return one campaign as it stands; raises NotFound."""
        self.heal()
        return self.state.campaigns.status(name)

    def campaigns(self) -> list[CampaignStatus]:
        """Return every campaign, sorted by name."""
        self.heal()
        return [self.state.campaigns.status(name) for name in sorted(self.state.campaigns)]

    def pause_campaign(self, name: str, now_us: int) -> CampaignStatus:
        """Stop a campaign from deciding; pausing a paused one changes nothing. Raises NotFound or LogUnavailable."""
        if not self.campaign(name).paused:
            self.accept(now_us, CampaignPaused(campaign=name))
        return self.state.campaigns.status(name)

    def resume_campaign(self, name: str, now_us: int) -> CampaignStatus:
        """Let a paused campaign decide again; raises NotFound or LogUnavailable."""
        if self.campaign(name).paused:
            self.accept(now_us, CampaignResumed(campaign=name))
        return self.state.campaigns.status(name)

    @property
    def rebuilds(self) -> Mapping[str, Rebuild]:
        """The rebuilds under way, by campaign."""
        return self.state.rebuilds

    def whom(self, request: DecideRequest, now_us: int) -> Whom:
        """Return whom a request is about, as she is known now; raises NotFound where there is no such campaign.

        For this package's own ways only.
        """
        who = request.who
        identity = self.keyed_hash.identity(who)
        person, conduct = self.customers.meet(identity) or (None, None)
        share = self.state.campaigns.catalogue(request.campaign).campaign.control_share
        root = person.root if person else identity
        control = share > 0 and self.keyed_hash.control_position(request.campaign, root) < share
        return Whom(identity, who.type, person, control, now_us, conduct)

    def _decision(self, decision_id: str) -> LoggedDecision:
        key = decision_key(decision_id)
        found = self.log.find(key) if key else None
        if found is None or not isinstance(found.event, DecisionTaken):
            raise NotFound(f"there is no decision {shown(decision_id)}; send a decision_id that Decide answered")
        return LoggedDecision(seq=found.seq, time_us=found.time_us, event=found.event)
