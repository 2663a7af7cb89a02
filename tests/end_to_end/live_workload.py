"""Seeded volleys of calls, a dozen in flight at once on the machine's own clock, for a service that gets killed.

Never a check. What is in the log's order is the service's affair; the ids say what may be in it only once.
"""

import random
from collections import deque
from collections.abc import Sequence
from typing import Any

import grpc
from decisioning.v1 import campaign_service_pb2 as campaign_pb
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1 import model_service_pb2 as model_pb

from tests.end_to_end.kill_workload import SWITCHES, Call, decisions_of

NAME = "live"
CAMPAIGN = """
campaign: live
reward: {lowest: -1, highest: 1}
outcomes: {clicked: 0.25, purchased: 1}
default_reward: -0.1
control_share: 0.1
send_nothing: {allowed: true, price: 0.05, reward_window: 2 seconds}
channels:
  app: {send_windows: {now: now}, reward_window: 1 second}
  web: {send_windows: {now: now}, reward_window: 2 seconds}
  mail: {send_windows: {now: now}}
contents:
  polo: {category: polos, price: 29}
  suit: {category: suits, price: 399}
"""
CHANNELS = ("", "app", "web", "mail")
VOLLEY_MAX, BATCH_MAX, RECENT = 12, 5, 60
CHANCES = {"decide": 40, "batch": 5, "reward": 40, "activate": 10, "switch": 4, "rebuild": 0.4}


class LiveWorkload:
    """Makes up the next volley from a seed and the answers so far; `switched` is how each channel was last switched.

    `rollback_chance` is in per cent of the calls: each rollback makes a replay fold the log up to its snapshot anew.
    """

    def __init__(self, seed: int, rollback_chance: float) -> None:
        self.switched: dict[tuple[str, str], bool] = {}
        self._random = random.Random(seed)
        self._chances = CHANCES | {"rollback": rollback_chance}
        self._made = 0
        self._decided: deque[str] = deque(maxlen=RECENT)
        self._snapshots: list[int] = []

    def volley(self) -> list[Call]:
        """Return calls to be made all at once, of which no two switch the same channel."""
        if not self._made:
            self._made += 1
            return [Call("ApplyCampaign", campaign_pb.ApplyCampaignRequest(source=CAMPAIGN))]
        count = self._random.randint(1, VOLLEY_MAX)
        kinds = self._random.choices(list(self._chances), list(self._chances.values()), k=count)
        calls = [self._call(kind if self._decided else "decide") for kind in kinds]
        switches = {
            (call.message.channel, call.method in SWITCHES[:2]): call for call in calls if call.method in SWITCHES
        }
        return [call for call in calls if call.method not in SWITCHES or call in switches.values()]

    def note(self, calls: Sequence[Call], answers: Sequence[Any]) -> None:
        """Take the answers of a volley to account."""
        for call, answer in zip(calls, answers, strict=True):
            if isinstance(answer, grpc.StatusCode):
                continue
            self._decided.extend(decisions_of(call, answer))
            if call.method == "ListSnapshots":
                self._snapshots = [snapshot.seq for snapshot in answer.snapshots]
            if call.method in SWITCHES:
                frozen = "frozen" if call.method in SWITCHES[:2] else "fallback"
                self.switched[frozen, call.message.channel] = call.method in SWITCHES[::2]

    def _call(self, kind: str) -> Call:
        self._made += 1
        choose = self._random.choice
        if kind == "decide":
            return Call("Decide", self._decide(f"q{self._made}"))
        if kind == "batch":
            requests = [self._decide(f"q{self._made}-{number}") for number in range(BATCH_MAX)]
            return Call("BatchDecide", pb.BatchDecideRequest(requests=requests))
        if kind == "reward":
            outcome = choose(["clicked", "purchased"])
            request = pb.RewardRequest(reward_id=f"r{self._made}", decision_id=choose(self._decided), outcome=outcome)
            return Call("Reward", request)
        if kind == "activate":
            return Call("Activate", pb.ActivateRequest(decision_id=choose(self._decided)))
        return self._operation(kind)

    def _operation(self, kind: str) -> Call:
        choose = self._random.choice
        if kind == "rebuild":
            return Call("RebuildModels", model_pb.RebuildModelsRequest(campaign=NAME))
        if kind == "switch":
            method = choose(SWITCHES)
            request = getattr(model_pb, f"{method}Request")(campaign=NAME, channel=choose(CHANNELS))
            return Call(method, request)
        if not self._snapshots or choose([True, False]):
            return Call("ListSnapshots", model_pb.ListSnapshotsRequest())
        request = model_pb.RollbackRequest(
            campaign=NAME, channel=choose(CHANNELS), snapshot_seq=choose(self._snapshots)
        )
        return Call("Rollback", request)

    def _decide(self, request_id: str) -> pb.DecideRequest:
        customer = self._random.randrange(1_000)
        request = pb.DecideRequest(request_id=request_id, campaign=NAME, customer_id=f"customer-{customer}")
        request.context.categories["city"] = ("Anytown", "Chicago")[customer % 2]
        return request
