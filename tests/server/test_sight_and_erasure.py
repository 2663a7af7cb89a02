"""GetCustomer, ExportCustomer and EraseCustomer over a real channel: what is known is shown, given and gone."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import grpc
import pytest
from decisioning.v1 import customer_service_pb2 as pb
from decisioning.v1 import decisioning_service_pb2 as decisioning_pb
from decisioning.v1.features_pb2 import Features
from decisioning.v1.identity_pb2 import Identity

from engine.engine import Engine
from engine.log.sqlite import Log
from server.export_pieces import PIECE_BYTES, pieces
from tests.engine.crowd import remains
from tests.server.conftest import Lines
from tests.server.served import Client, refusal, served

Code = grpc.StatusCode
EMAIL = Identity(type="email", value="ryan.of.chicago@mail.example")
COOKIE = Identity(type="cookie", value="cookie-of-ryans-phone")
REQUESTS = (pb.GetCustomerRequest, pb.ExportCustomerRequest, pb.EraseCustomerRequest)


def met(client: Client, number: int = 0) -> tuple[Identity, str]:
    """Let the service meet a customer, decide for her and be told how it went; return who and which decision."""
    email = Identity(type="email", value=f"{number}.{EMAIL.value}")
    cookie = Identity(type="cookie", value=f"{number}.{COOKIE.value}")
    consents = [pb.Consent(purpose="marketing", granted=True, channel="email")]
    client.customers.Identify(pb.IdentifyRequest(identity=email, attributes={"city": "Chicago"}, consents=consents))
    client.customers.Link(pb.LinkRequest(identity=email, other=cookie))
    properties = Features(categories={"category": "suits"})
    client.customers.Track(pb.TrackRequest(identity=cookie, type="browse", device="phone", properties=properties))
    asked = decisioning_pb.DecideRequest(
        campaign="wardrobe", identity=cookie, request_id=f"visit-number-{number}", channels=["app"]
    )
    decision_id = client.decisioning.Decide(asked).decision_id
    client.decisioning.Reward(
        decisioning_pb.RewardRequest(reward_id=f"click-number-{number}", decision_id=decision_id, outcome="clicked")
    )
    return email, decision_id


def called(client: Client, request: Any) -> Any:
    """Make the call that a request is for."""
    if isinstance(request, pb.ExportCustomerRequest):
        return list(client.customers.ExportCustomer(request))
    if isinstance(request, pb.GetCustomerRequest):
        return client.customers.GetCustomer(request)
    return client.customers.EraseCustomer(request)


def test_a_customer_is_shown_with_why_and_since_when(engine: Engine) -> None:
    """Identities, facts, behaviour, level, features, decisions and rewards, each with its place in the log."""
    with served(engine) as client:
        email, decision_id = met(client)
        known = client.customers.GetCustomer(pb.GetCustomerRequest(identity=email))
    assert [one.type for one in known.identities] == ["email", "cookie"]
    assert known.customer == known.identities[0].identity
    assert len(known.links) == 1
    (city,) = known.attributes
    assert (city.name, city.value, city.seq) == ("city", "Chicago", 2)
    assert city.since_time == known.identities[0].first_time
    (consent,) = known.consents
    assert (consent.purpose, consent.channel, consent.granted, consent.seq) == ("marketing", "email", True, 2)
    assert {one.about for one in known.behaviour if one.kind == "category"} == {"suits"}
    assert (known.familiarity, "e-mail" in known.familiarity_why) == ("known", True)
    assert known.features.categories == {"city": "Chicago"}
    (decision,) = known.decisions
    assert (decision.decision_id, decision.campaign) == (decision_id, "wardrobe")
    assert [(reward.outcome, reward.value) for reward in decision.rewards] == [("clicked", 0.2)]
    assert known.control == {"wardrobe": decision.control}
    assert len(known.contacts) == (decision.channel == "app")


def test_an_export_comes_in_pieces_of_one_json_document(engine: Engine) -> None:
    """However much is known, each piece fits a message."""
    with served(engine) as client:
        email, _ = met(client)
        requests = [
            pb.TrackRequest(identity=email, type="search", properties=Features(categories={"sku": "s" * 250}))
            for _ in range(400)
        ]
        client.customers.TrackStream(iter([pb.TrackStreamRequest(events=requests)]))
        got = [part.json for part in client.customers.ExportCustomer(pb.ExportCustomerRequest(identity=email))]
    assert len(got) > 2
    assert max(map(len, got)) <= PIECE_BYTES + 1_000
    document = json.loads("".join(got))
    assert document["customer"]["familiarity"] == "engaged"
    assert len(document["events"]) == 5 + 400
    assert [event["event"]["kind"] for event in document["events"][:5]] == [
        "customer_identified",
        "identities_linked",
        "event_tracked",
        "decision_taken",
        "reward_received",
    ]


def test_pieces_put_together_are_what_was_given() -> None:
    """No byte is lost or added at a border."""
    parts = ["ä" * 100, "b" * (PIECE_BYTES - 200), "", "", "ö"]
    assert list(pieces(part.encode() for part in parts)) == ["".join(parts[:2]), "ö"]
    assert list(pieces([])) == []


def test_an_erased_customer_is_gone_from_the_files_and_from_every_answer(engine: Engine) -> None:
    """The reply tells how much was hers; afterwards she and her decision are not found, and an id is free again."""
    with served(engine) as client:
        email, decision_id = met(client)
        marks = [one.value.encode() for one in (EMAIL, COOKIE)] + [decision_id.encode(), bytes.fromhex(decision_id)]
        marks += [b"visit-number-0", b"click-number-0"]
        assert remains(engine.log.folder, marks)
        erased = client.customers.EraseCustomer(pb.EraseCustomerRequest(identity=email, rebuild_models=True))
        assert (erased.identities, erased.decisions, erased.rewards, erased.facts) == (2, 1, 1, 3)
        assert (list(erased.campaigns), list(erased.rebuilding)) == (["wardrobe"], ["wardrobe"])
        assert erased.files_clean
        assert remains(engine.log.folder, marks) == {}
        for kind in REQUESTS:
            assert refusal(lambda kind=kind: called(client, kind(identity=email))).code == Code.NOT_FOUND
        reward = decisioning_pb.RewardRequest(decision_id=decision_id, outcome="clicked")
        assert refusal(lambda: client.decisioning.Reward(reward)).code == Code.NOT_FOUND
        met(client)
        assert len(client.customers.GetCustomer(pb.GetCustomerRequest(identity=email)).decisions) == 1


def test_erasures_at_the_same_time_share_the_cleaning(engine: Engine, logged: Lines) -> None:
    """Each answers when the files are clean of its customer, and the service holds up for few cleanings."""
    with served(engine) as client:
        whom = [met(client, number)[0] for number in range(20)]
        erase = client.customers.EraseCustomer
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda email: erase(pb.EraseCustomerRequest(identity=email)), whom))
    assert all(answer.files_clean for answer in answers)
    assert remains(engine.log.folder, [one.value.encode() for one in whom]) == {}
    assert 1 <= sum(line["event"] == "files_cleaned" for line in logged()) < 20


def test_a_reply_says_where_the_files_cannot_be_clean_yet(engine: Engine) -> None:
    """Somebody reads the log as it was: she is erased, and her bytes go with the next snapshot."""
    with served(engine) as client:
        email, decision_id = met(client)
        with closing(Log.reading(engine.log.folder)) as reader:
            reader._connection.execute("BEGIN")
            assert reader.rows("SELECT count(*) FROM events") != [(0,)]
            assert not client.customers.EraseCustomer(pb.EraseCustomerRequest(identity=email)).files_clean
            assert remains(engine.log.folder, [decision_id.encode()])
    assert remains(engine.log.folder, [decision_id.encode()]) == {}


@pytest.mark.parametrize("kind", REQUESTS)
def test_what_is_no_identity_is_refused_and_who_was_never_seen_is_not_found(engine: Engine, kind: Any) -> None:
    """The field is named; a stranger's absence is told as such, in a stream of pieces too."""
    with served(engine) as client:
        wrong = refusal(lambda: called(client, kind(identity=Identity(type="E-Mail", value="a"))))
        assert (wrong.code, wrong.violations[0][0]) == (Code.INVALID_ARGUMENT, "identity.type")
        assert refusal(lambda: called(client, kind())).code == Code.INVALID_ARGUMENT
        stranger = refusal(lambda: called(client, kind(identity=EMAIL)))
        assert (stranger.code, "nothing is known" in stranger.text) == (Code.NOT_FOUND, True)


def test_bytes_that_are_no_request_are_refused_by_an_export(engine: Engine) -> None:
    """A stream of pieces refuses them as every other call does."""
    with served(engine) as client:
        raw = client.channel.unary_stream("/decisioning.v1.CustomerService/ExportCustomer")
        assert refusal(lambda: list(raw(b"\xff\xff"))).code == Code.INVALID_ARGUMENT


def test_the_service_log_names_nobody_whom_it_shows_or_erases(engine: Engine, logged: Lines) -> None:
    """Neither her ids nor their hashes stand in its lines, whether the call is answered or refused."""
    with served(engine) as client:
        email, decision_id = met(client)
        hashed = client.customers.GetCustomer(pb.GetCustomerRequest(identity=email)).customer
        start = len(logged())
        for kind in REQUESTS:
            called(client, kind(identity=email))
        for kind in REQUESTS:
            assert refusal(lambda kind=kind: called(client, kind(identity=email))).code == Code.NOT_FOUND
    lines = logged()[start:]
    text = json.dumps(lines)
    assert sum(line["event"] == "rpc" for line in lines) == 6
    for mark in (EMAIL.value, COOKIE.value, hashed, decision_id, "Chicago"):
        assert mark not in text
