"""A seeded sequence of calls, one after the other in simulated time, for a service that gets killed. Never a check.

Which calls are made depends on the seed and on the answers' decision ids only, so two right services see the same.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from decisioning.v1 import campaign_service_pb2 as campaign_pb
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1 import model_service_pb2 as model_pb
from google.protobuf.timestamp_pb2 import Timestamp

from tests.wardrobe import NOON_US, SECOND_US

CAMPAIGN = """
campaign: {name}
reward: {{lowest: -1, highest: 1}}
outcomes: {{clicked: {clicked}, purchased: 1, returned: -1, spent: "amount / 200"}}
{learning}
default_reward: -0.1
control_share: 0.1
send_nothing: {{allowed: true, price: 0.05, reward_window: 20 minutes}}
channels:
  app:
    send_windows: {{now: now}}
    reward_window: 10 minutes
    message_limits: [{{messages: {limit}, per: 1 hour}}]
  email: {{send_windows: {{evening: {{from: "18:00", until: "20:00"}}}}, reward_window: 30 minutes}}
  web: {{send_windows: {{now: now}}{web_window}}}
contents:
  polo: {{category: polos, price: 29}}
  suit: {{category: suits, price: 399}}
  house-shirt: {{category: house-music, price: 49}}
  scarf-{limit}: {{category: winter, price: 19}}
"""
LEARNING = {
    "spring": "learn: provisionally\nactivation: assumed",
    "autumn": "learn: at_close\nactivation: required",
}
"""Two campaigns, which learn in different ways; in one a channel has no window, so that each of its rewards is learned.

Their versions differ in what no rebuild is due for, unless that is asked for.
"""
CHANCES = {
    "decide": 34,
    "batch": 4,
    "reward": 33,
    "activate": 12,
    "repeat": 11,
    "switch": 2,
    "mistake": 2,
    "apply": 1,
    "pause": 1,
}
SWITCHES = ("FreezeChannel", "UnfreezeChannel", "SwitchToFallback", "SwitchBack")
BATCH_MAX = 12  # decisions in one commit
RESUME_CHANCE = 0.2
CUSTOMERS = 300
RECENT = 80
SECONDS_MAX = 60


@dataclass(frozen=True)
class Call:
    """One call; `repeated` where its like was accepted before."""

    method: str
    message: Any
    repeated: bool = False


@dataclass(frozen=True)
class Decided:
    """What a reward needs to know of a decision."""

    decision_id: str
    time_us: int


class Workload:
    """Makes up the next call from a seed, the simulated time and the decisions so far.

    With `revalued`, campaigns change more often, and each version values a click otherwise, so that models are rebuilt.
    """

    def __init__(self, seed: int, *, revalued: bool = False) -> None:
        self._random = random.Random(seed)
        self._revalued = revalued
        self._chances = CHANCES | {"apply": 4} if revalued else CHANCES
        self._now_us = NOON_US
        self._made = 0
        self._versions = dict.fromkeys(LEARNING, 0)
        self._paused: list[str] = []
        self._decided: deque[Decided] = deque(maxlen=RECENT)
        self._accepted: deque[Call] = deque(maxlen=RECENT)

    def calls(self, count: int) -> Iterator[Call]:
        """Yield so many calls; `note` the answer to each before the next."""
        for name in LEARNING:
            yield self._apply(name)
        for self._made in range(len(LEARNING), count):
            self._now_us += self._random.randrange(SECONDS_MAX * SECOND_US)
            if self._paused and self._random.random() < RESUME_CHANCE:
                yield Call("ResumeCampaign", campaign_pb.ResumeCampaignRequest(name=self._paused.pop()))
            else:
                (kind,) = self._random.choices(list(self._chances), list(self._chances.values()))
                yield self._call(kind if self._decided else "decide")

    def note(self, call: Call, answer: Any) -> None:
        """Take an answer to account, where the call was not refused."""
        if call.repeated:
            return
        self._decided.extend(Decided(decision_id, self._now_us) for decision_id in decisions_of(call, answer))
        if call.method in {"Decide", "BatchDecide", "Reward", "Activate"}:
            self._accepted.append(call)

    def _call(self, kind: str) -> Call:
        choose = self._random.choice
        makers: dict[str, Callable[[], Call]] = {
            "decide": lambda: Call("Decide", self._decide(f"q{self._made}")),
            "batch": self._batch,
            "reward": lambda: Call("Reward", self._reward(choose(self._decided))),
            "activate": lambda: self._activate(choose(self._decided)),
            "repeat": lambda: replace(choose(self._accepted), repeated=True),
            "switch": lambda: self._switch(choose(SWITCHES)),
            "mistake": self._mistake,
            "apply": lambda: self._apply(choose(list(LEARNING))),
            "pause": lambda: self._pause(choose(list(LEARNING))),
        }
        return makers[kind]()

    def _batch(self) -> Call:
        requests = [self._decide(f"q{self._made}-{number}") for number in range(self._random.randint(2, BATCH_MAX))]
        return Call("BatchDecide", pb.BatchDecideRequest(requests=requests))

    def _decide(self, request_id: str) -> pb.DecideRequest:
        customer = self._random.randrange(CUSTOMERS)
        request = pb.DecideRequest(
            request_id=request_id,
            campaign=self._random.choice(list(LEARNING)),
            customer_id=f"customer-{customer}",
            decide_time=_timestamp(self._now_us),
        )
        request.context.numbers["age"] = 20 + customer % 50
        request.context.categories["city"] = ("Anytown", "Chicago")[customer % 2]
        return request

    def _reward(self, decided: Decided) -> pb.RewardRequest:
        """Return what came of a decision, now and then some time ago, often after its window."""
        ago_us = self._random.choice([0, 0, 0, self._random.randrange(self._now_us - decided.time_us + 1)])
        request = pb.RewardRequest(
            reward_id=f"r{self._made}",
            decision_id=decided.decision_id,
            outcome=self._random.choice(["clicked", "purchased", "returned", "spent"]),
            occur_time=_timestamp(self._now_us - ago_us),
        )
        if request.outcome == "spent":
            request.amount = self._random.randrange(250)
        return request

    def _activate(self, decided: Decided) -> Call:
        request = pb.ActivateRequest(decision_id=decided.decision_id, activate_time=_timestamp(self._now_us))
        return Call("Activate", request)

    def _mistake(self) -> Call:
        """Return a call to be refused: a decision that nobody took, or an id that came with other content."""
        if self._random.random() < 0.5:
            return Call("Reward", self._reward(Decided("f" * 32, self._now_us)))
        call = next((call for call in self._accepted if call.method == "Decide"), None)
        return Call("Decide", self._decide(call.message.request_id if call else f"q{self._made}"))

    def _apply(self, name: str) -> Call:
        self._versions[name] += 1
        limit = 2 + self._versions[name] % 3
        clicked = limit / 10 if self._revalued else 0.25
        window = ", reward_window: 5 minutes" if "required" in LEARNING[name] else ""
        parts = {"learning": LEARNING[name], "limit": limit, "clicked": clicked, "web_window": window}
        source = CAMPAIGN.format(name=name, **parts)
        return Call("ApplyCampaign", campaign_pb.ApplyCampaignRequest(source=source))

    def _switch(self, method: str) -> Call:
        campaign, channel = self._random.choice(list(LEARNING)), self._random.choice(["", "app", "email", "web"])
        return Call(method, getattr(model_pb, f"{method}Request")(campaign=campaign, channel=channel))

    def _pause(self, name: str) -> Call:
        if name in self._paused:
            return Call("Decide", self._decide(f"q{self._made}"))
        self._paused.append(name)
        return Call("PauseCampaign", campaign_pb.PauseCampaignRequest(name=name))


def decisions_of(call: Call, answer: Any) -> list[str]:
    """Return the ids of the decisions that a call was answered with."""
    if call.method == "BatchDecide":
        return [one.decision.decision_id for one in answer.results if one.HasField("decision")]
    return [answer.decision_id] if call.method == "Decide" else []


def _timestamp(time_us: int) -> Timestamp:
    seconds, microseconds = divmod(time_us, SECOND_US)
    return Timestamp(seconds=seconds, nanos=microseconds * 1_000)
