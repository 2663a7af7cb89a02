"""Ryan's story over gRPC in simulated time: two years in Anytown, then Chicago; he is one person all the while."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from decisioning.v1 import customer_service_pb2 as customer_pb
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.features_pb2 import Features
from decisioning.v1.identity_pb2 import Identity
from google.protobuf.timestamp_pb2 import Timestamp

from engine.campaign.loader import load_campaign
from simulators.client import DecisioningClient, ServiceError
from tests.conftest import ROOT, StartedServer

RETAIL = ROOT / "simulators" / "campaigns" / "retail.yaml"
NAME = "autumn-wardrobe"
START = 1_700_000_000  # a Tuesday evening of November 2023
HOUR, DAY = 3_600, 86_400
COOKIE = Identity(type="cookie", value="desktop-cookie-77f1")
EMAIL = Identity(type="email", value="ryan.miller@example.com")
PHONE = Identity(type="phone", value="+13125550142")
APP = Identity(type="app", value="installation-5e0c")
HIS = (COOKIE, EMAIL, PHONE, APP)


@dataclass
class Story:
    """A service in simulated time, what day it is there, and what was answered so far."""

    client: DecisioningClient
    data: Path
    now: int = START
    asked: list[tuple[pb.DecideRequest, pb.DecideResponse]] = field(default_factory=list)
    told: int = 0

    def time(self) -> Timestamp:
        """Return the story's now."""
        return Timestamp(seconds=self.now)

    def did(self, who: Identity, category: str, device: str, place: str, type_: str = "browse") -> Any:
        """Return something that Ryan did now."""
        self.told += 1
        about = Features(categories={"category": category})
        if type_ == "purchase":
            about.categories["order_id"], about.numbers["amount"] = f"order-{self.told}", 40.0
        return customer_pb.TrackRequest(event_id=f"event-{self.told}", identity=who, type=type_, occur_time=self.time(),
                                        device=device, channel=place, properties=about)  # fmt: skip

    def decide(self, who: Identity) -> dict[str, Any]:
        """Decide for Ryan now and return the decision as it stands in the log."""
        request = pb.DecideRequest(
            request_id=f"visit-{len(self.asked)}", campaign=NAME, identity=who, decide_time=self.time()
        )
        self.asked.append((request, self.client.decide(request)))
        return self.logged(self.asked[-1][1].decision_id)

    def link(self, one: Identity, other: Identity) -> customer_pb.LinkResponse:
        """Say that two identities are Ryan's."""
        return self.client.link(customer_pb.LinkRequest(identity=one, other=other, occur_time=self.time()))

    def logged(self, decision_id: str) -> dict[str, Any]:
        """Return a decision from the log, read beside the running service."""
        with closing(sqlite3.connect(f"file:{self.data / 'log.db'}?mode=ro", uri=True)) as connection:
            query = "SELECT body FROM events WHERE key = ?"
            return dict(json.loads(connection.execute(query, (bytes.fromhex(decision_id),)).fetchone()[0]))

    def events(self) -> int:
        """Return how many events the log holds."""
        with closing(sqlite3.connect(f"file:{self.data / 'log.db'}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])


@pytest.fixture
def story(start_server: Callable[..., StartedServer], tmp_path: Path) -> Iterator[Story]:
    """Start the shipped campaign in simulated time, before Ryan comes along."""
    data = tmp_path / "data"
    server = start_server("--data", data, "--simulated-time")
    with closing(DecisioningClient(server.address)) as client:
        client.apply_campaign(RETAIL.read_text())
        yield Story(client, data)


def lives_in_anytown(story: Story) -> None:
    """Let two years pass: every few days he looks at the same things on his desktop, and now and then he is asked."""
    things, events = cycle(("polos", "t-shirts", "jeans", "polos")), []
    for day in range(0, 2 * 365, 2):
        story.now = START + day * DAY
        type_ = "purchase" if day % 60 == 0 else "browse"
        events.append(story.did(COOKIE, next(things), "desktop", "web", type_))
        if day % 28 == 0:
            answer = story.client.track_stream(events)
            assert (answer.accepted, answer.refused) == (len(events), 0)
            events = []
            story.decide(COOKIE)
    story.client.track_stream(events)


def moves_to_chicago(story: Story) -> None:
    """Let him log in, move, and shop on his phone on the commute: five things he did."""
    story.now += DAY
    assert story.link(COOKIE, EMAIL).one_customer
    story.now += DAY
    home = {"city": "Chicago", "time_zone": "America/Chicago"}
    story.client.identify(customer_pb.IdentifyRequest(identity=EMAIL, attributes=home, occur_time=story.time()))
    assert story.link(EMAIL, PHONE).one_customer
    assert story.link(APP, PHONE).one_customer
    for who, category in ((APP, "suits"), (APP, "ties"), (PHONE, "suits"), (APP, "house-music"), (APP, "suits")):
        story.now += 3 * HOUR
        story.client.track(story.did(who, category, "phone", "app"))


def test_his_features_show_the_move_within_five_events(story: Story) -> None:
    """After two years on a desktop, five things done on a phone and one word of his are enough to see the new Ryan."""
    lives_in_anytown(story)
    before = story.decide(COOKIE)["profile"]
    assert before["numbers"]["device/desktop"] > 0.5
    assert before["numbers"].get("change", 0.0) < 0.2
    assert before["numbers"]["category/polos"] > before["numbers"]["category/jeans"]
    assert "city" not in before.get("categories", {})
    moves_to_chicago(story)
    for who in HIS:
        now = story.decide(who)["profile"]
        numbers = now["numbers"]
        assert numbers["change"] > 0.9
        assert numbers["device/phone"] > 3 * numbers.get("device/desktop", 0.0)  # shares below 2 % are left out
        assert numbers["category/suits"] > 3 * numbers.get("category/polos", 0.0)
        assert now["categories"]["city"] == "Chicago"


def test_he_is_one_person_to_every_rule(story: Story) -> None:
    """Whatever identity he is asked for under, one control group, one message limit, and no message twice."""
    lives_in_anytown(story)
    moves_to_chicago(story)
    for _ in range(40):
        for who in HIS:
            story.decide(who)
        story.now += 2 * HOUR
    logged = [story.logged(answer.decision_id) for _, answer in story.asked]
    assert len({decision["customer"] for decision in logged}) == 1
    assert len({answer.control for _, answer in story.asked}) == 1
    assert {who.type for who in HIS} <= {request.identity.type for request, _ in story.asked}
    keeps_every_limit(story)
    before = story.events()
    for request, answer in story.asked:
        assert story.client.decide(request) == answer
    assert story.events() == before


def keeps_every_limit(story: Story) -> None:
    """Check by force that no channel wrote to him more often, in any stretch of time, than the campaign allows."""
    times = defaultdict(list)
    for _, answer in story.asked:
        if answer.channel:
            times[answer.channel].append(answer.send_time.ToMicroseconds())
    limits = {name: channel.message_limits for name, channel in load_campaign(RETAIL.read_text()).channels.items()}
    reached = 0
    for channel, sent in times.items():
        for limit in limits[channel]:
            for first in sent:
                messages = sum(first <= time < first + limit.per_us for time in sent)
                assert messages <= limit.messages
                reached += messages == limit.messages
    assert reached > 10  # or nothing would have been put to the test


def test_what_was_sent_before_the_login_is_rewarded_after_it(story: Story) -> None:
    """A message to the cookie earns its click after the login, and the next decision, by e-mail, knows of it."""
    sent: pb.DecideResponse | None = None
    while sent is None or not sent.channel:
        story.now += DAY
        story.decide(COOKIE)
        sent = story.asked[-1][1]
    assert story.link(COOKIE, EMAIL).one_customer
    story.now = max(story.now, sent.send_time.seconds) + 60
    click = pb.RewardRequest(reward_id="c", decision_id=sent.decision_id, outcome="clicked", occur_time=story.time())
    assert story.client.reward(click).value == 0.2
    assert story.client.reward(click).duplicate
    assert story.decide(EMAIL)["profile"]["numbers"][f"earned.channel/{sent.channel}"] > 0.0
    story.client.unlink(customer_pb.UnlinkRequest(identity=COOKIE, other=EMAIL, occur_time=story.time()))
    alone = story.decide(EMAIL)["profile"].get("numbers", {})
    assert alone.get(f"earned.channel/{sent.channel}", 0.0) == 0.0  # the click came under the cookie, and stays there


def test_nothing_raw_is_left_anywhere(start_server: Callable[..., StartedServer], tmp_path: Path) -> None:
    """No file of the data folder and no line of the service's log holds an identity or an order id, refused or not."""
    data = tmp_path / "data"
    server = start_server("--data", data, "--simulated-time")
    raw = [identity.value for identity in HIS] + ["order-4711-ryan"]
    with closing(DecisioningClient(server.address)) as client:
        client.apply_campaign(RETAIL.read_text())
        story = Story(client, data)
        moves_to_chicago(story)
        order = Features(categories={"order_id": raw[-1], "category": "suits"})
        bought = customer_pb.TrackRequest(
            identity=EMAIL, type="purchase", occur_time=story.time(), properties=order, event_id=EMAIL.value
        )
        wrong = customer_pb.TrackRequest(identity=EMAIL, type=PHONE.value, occur_time=story.time())
        assert client.track_stream([bought, wrong]).refused == 1
        for who in HIS:
            story.decide(who)
        for attributes in ({EMAIL.value: "x"}, {"city": PHONE.value}):
            with pytest.raises(ServiceError, match="INVALID_ARGUMENT"):
                client.identify(customer_pb.IdentifyRequest(identity=EMAIL, attributes=attributes))
        assert_nothing_raw(data, server.log, raw)
    assert server.stop() == 0
    assert_nothing_raw(data, server.log, raw)


def assert_nothing_raw(data: Path, log: Path, raw: list[str]) -> None:
    """Look for each text in every file; the log has to be there, or nothing was looked at."""
    files = [*(file for file in data.rglob("*") if file.is_file()), log]
    assert data / "log.db" in files
    assert [(file.name, text) for file in files for text in raw if text.encode() in file.read_bytes()] == []
