"""Sight: what is known of a customer is shown with its reason and since when, and exported whole."""

from collections.abc import Callable

import pytest
from msgspec import json

from engine.customer_operations import identify, link, track, unlink
from engine.customers.memory import DAY_US
from engine.customers.types import Consent, IdentifyRequest, LinkRequest, TrackRequest
from engine.engine import Engine
from engine.erasure import erase
from engine.errors import InvalidRequest, LogUnavailable, NotFound
from engine.events import DecisionTaken
from engine.history import past_of
from engine.log.customers_table import CustomersTable
from engine.replay import replay
from engine.sight import customer, exported
from engine.types import DecideRequest, Features, Identity, RewardRequest
from tests.engine.erasing import Town
from tests.engine.test_replay import everyone
from tests.wardrobe import NOON_US, SECOND_US

COOKIE, EMAIL = Identity("cookie", "ryan's browser"), Identity("email", "ryan@mail.example")


@pytest.fixture
def ryan(engine: Engine) -> Engine:
    """Return an engine that knows Ryan by a cookie and an e-mail address, and has decided for him."""
    track(engine, TrackRequest(COOKIE, "browse", "", NOON_US, "phone", "web", _about("suits")), NOON_US)
    identify(engine, IdentifyRequest(EMAIL, {"city": "Anytown"}, (), "", NOON_US - DAY_US), NOON_US + SECOND_US)
    identify(engine, IdentifyRequest(COOKIE, {"city": "Chicago", "language": "en"}), NOON_US + 2 * SECOND_US)
    identify(engine, IdentifyRequest(COOKIE, {"language": ""}), NOON_US + 3 * SECOND_US)
    consents = (Consent("marketing", granted=False, channel="email"), Consent("personalisation", granted=True))
    identify(engine, IdentifyRequest(EMAIL, {}, consents), NOON_US + 4 * SECOND_US)
    link(engine, LinkRequest(COOKIE, EMAIL), NOON_US + 5 * SECOND_US)
    engine.commit()
    return engine


def _about(category: str) -> Features:
    return Features(categories={"category": category})


def decided(engine: Engine, identity: Identity, request_id: str) -> DecisionTaken:
    """Return a decision for a customer."""
    request = DecideRequest("wardrobe", request_id=request_id, identity=identity, channels=("app",))
    return engine.decide(request, NOON_US + 10 * SECOND_US)


def test_identities_and_links_are_shown_by_keyed_hash_and_first_event(ryan: Engine) -> None:
    """She is known by what she was first seen under, and nothing raw is told back."""
    seen = customer(ryan, EMAIL, NOON_US)
    cookie, email = (ryan.keyed_hash.identity(identity) for identity in (COOKIE, EMAIL))
    assert seen.customer == cookie
    assert [(one.identity, one.type, one.first_seq) for one in seen.identities] == [
        (cookie, "cookie", 2),
        (email, "email", 3),
    ]
    assert seen.identities[0].first_time_us == NOON_US
    assert seen.links == (tuple(sorted((cookie, email))),)
    assert b"ryan" not in json.encode(seen)


def test_a_fact_is_shown_with_its_event_its_time_and_the_identity_it_came_under(ryan: Engine) -> None:
    """Of two cities the later by event time holds; what was taken back is gone; consents say channel and purpose."""
    seen = customer(ryan, COOKIE, NOON_US)
    cookie, email = (ryan.keyed_hash.identity(identity) for identity in (COOKIE, EMAIL))
    (city,) = seen.attributes
    assert (city.name, city.value, city.since_time_us) == ("city", "Chicago", NOON_US + 2 * SECOND_US)
    assert (city.seq, city.identity) == (4, cookie)
    assert {(one.channel, one.name, one.value, one.seq, one.identity) for one in seen.consents} == {
        ("email", "marketing", "refused", 6, email),
        ("", "personalisation", "granted", 6, email),
    }


def test_behaviour_is_shown_as_it_is_worth_now(ryan: Engine) -> None:
    """A sum has halved after its half-life, and says what it means."""
    bought = Features({"amount": 29.0}, {"category": "polos", "order_id": "o-1"})
    track(ryan, TrackRequest(EMAIL, "purchase", "", NOON_US, "", "", bought), NOON_US + 6 * SECOND_US)
    seen = customer(ryan, COOKIE, NOON_US + 10 * DAY_US)
    by_kind = {(one.kind, one.about): one for one in seen.behaviour}
    assert by_kind["category", "suits"].worth == pytest.approx(1 / 2 ** (10 / 60))
    assert by_kind["category", "polos"].worth == pytest.approx(5 / 2 ** (10 / 60))
    assert by_kind["device", "phone"].half_life_days == 60
    assert "interest" in by_kind["category", "suits"].meaning


def test_familiarity_says_why(engine: Engine) -> None:
    """A cookie is anonymous, an e-mail address makes her known, visits engaged, purchases loyal."""

    def level() -> tuple[str, str]:
        seen = customer(engine, COOKIE, NOON_US)
        return seen.familiarity, seen.familiarity_why

    track(engine, TrackRequest(COOKIE, "browse", properties=_about("suits")), NOON_US)
    assert level() == ("anonymous", "only a machine's identities are known: cookies, devices, apps")
    link(engine, LinkRequest(COOKIE, EMAIL), NOON_US)
    assert level()[0] == "known"
    for order in ("o-1", "o-2"):
        bought = Features({"amount": 29.0}, {"order_id": order})
        track(engine, TrackRequest(COOKIE, "purchase", properties=bought), NOON_US)
    assert level()[0] == "loyal"
    assert "purchases come to 1.5" in level()[1]


def test_the_features_shown_are_those_the_next_decision_sees(ryan: Engine) -> None:
    """What models would be told is what they are told."""
    seen = customer(ryan, EMAIL, NOON_US + 10 * SECOND_US)
    decision = decided(ryan, COOKIE, "q")
    assert seen.features == decision.profile
    assert seen.features.categories == {"city": "Chicago"}
    assert seen.control == {"wardrobe": decision.control}


def test_decisions_are_shown_newest_first_with_what_came_of_them(ryan: Engine) -> None:
    """Each of the last 20 has its choice, why, and its rewards; contacts are the messages that were sent."""
    taken = [decided(ryan, (COOKIE, EMAIL)[number % 2], f"q{number}") for number in range(25)]
    ryan.reward(RewardRequest(taken[24].decision_id, "r", "clicked"), NOON_US + 20 * SECOND_US)
    ryan.reward(RewardRequest(taken[24].decision_id, "s", value=-0.5), NOON_US + 21 * SECOND_US)
    seen = customer(ryan, EMAIL, NOON_US + 30 * SECOND_US)
    assert [one.decision_id for one in seen.decisions] == [one.decision_id for one in reversed(taken[5:])]
    assert [(one.outcome, one.value) for one in seen.decisions[0].rewards] == [("clicked", 0.2), ("", -0.5)]
    assert seen.decisions[1].rewards == ()
    assert seen.decisions[0].reason == taken[24].reason
    assert len(seen.contacts) == sum(one.send_time_us is not None for one in taken)


def test_after_an_unlink_each_is_shown_what_is_hers(ryan: Engine) -> None:
    """A decision asked for under another identity is that one's, though it was taken for both."""
    mine, other = decided(ryan, COOKIE, "q1"), decided(ryan, EMAIL, "q2")
    unlink(ryan, LinkRequest(COOKIE, EMAIL), NOON_US + 11 * SECOND_US)
    assert [one.decision_id for one in customer(ryan, COOKIE, NOON_US).decisions] == [mine.decision_id]
    assert [one.decision_id for one in customer(ryan, EMAIL, NOON_US).decisions] == [other.decision_id]


def test_an_export_holds_what_is_shown_and_every_event_about_her(town: Town) -> None:
    """It is one JSON document: the customer, and what was told, decided and rewarded, in the log's order."""
    engine, members = town(12)
    one, now_us = members[3], engine.state.clock_us
    document = json.decode(b"".join(exported(engine, one.identities[2], now_us)))
    assert document["customer"] == json.decode(json.encode(customer(engine, one.identities[0], now_us)))
    kinds = [event["event"]["kind"] for event in document["events"]]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "identities_linked": 3,
        "customer_identified": 2,
        "event_tracked": 2,
        "fact_quarantined": 2,
        "decision_taken": 4,
        "reward_received": 4,
    }
    seqs = [event["seq"] for event in document["events"]]
    assert seqs == sorted(seqs)
    erased = erase(engine, one.identities[0], now_us, rebuild_models=False)
    assert erased.decisions + erased.rewards + erased.facts == len(seqs)


def test_who_was_never_seen_or_was_erased_is_not_found(ryan: Engine) -> None:
    """There is nothing to show, and looking leaves nothing behind."""
    last_seq = ryan.log.last_seq
    for see in (customer, exported):
        with pytest.raises(NotFound, match="no such customer"):
            see(ryan, Identity("email", "nobody@mail.example"), NOON_US)
        with pytest.raises(InvalidRequest, match=r"identity\.value"):
            see(ryan, Identity("email", ""), NOON_US)
    assert ryan.log.last_seq == last_seq
    erase(ryan, EMAIL, NOON_US, rebuild_models=False)
    with pytest.raises(NotFound):
        customer(ryan, COOKIE, NOON_US)


@pytest.mark.parametrize("look", [customer, lambda *asked: list(exported(*asked))])
def test_a_look_that_fails_leaves_no_fold_ahead_of_the_log(
    ryan: Engine, monkeypatch: pytest.MonkeyPatch, look: Callable[..., object]
) -> None:
    """Where the disk is full as customers are saved, what the log took back is taken back from every fold."""
    with monkeypatch.context() as full:

        def failing(table: CustomersTable, *_: object, **__: object) -> None:
            table._log.undo()
            raise LogUnavailable("the disk is full")

        full.setattr(CustomersTable, "save", failing)
        track(ryan, TrackRequest(EMAIL, "browse", "lost", NOON_US), NOON_US)
        with pytest.raises(LogUnavailable):
            look(ryan, COOKIE, NOON_US)
    track(ryan, TrackRequest(EMAIL, "browse", "lost", NOON_US), NOON_US)
    ryan.commit()
    assert everyone(ryan.customers) == everyone(replay(ryan.log.read(), past_of(ryan.log)).customers)


def test_what_is_shown_is_the_same_after_a_restart(ryan: Engine, opened: Callable[..., Engine]) -> None:
    """It comes from the log and its folds, not from memory."""
    decided(ryan, COOKIE, "q")
    before = customer(ryan, COOKIE, NOON_US)
    ryan.commit()
    assert customer(opened(source=None), COOKIE, NOON_US) == before
