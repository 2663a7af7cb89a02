"""The register of customers is a fold of the log: after a stop, a failure, a replay, or without its tables."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.customer_operations import identify, link, track, unlink
from engine.customers.person import Person
from engine.customers.types import Consent, IdentifyRequest, LinkRequest, TrackRequest
from engine.engine import Engine
from engine.errors import LogUnavailable
from engine.history import past_of
from engine.opening import open_engine
from engine.replay import replay
from engine.types import DecideRequest, Features, Identity, RewardRequest
from tests.wardrobe import CAMPAIGN, KEY, NOON_US, SECOND_US

HOUR_US = 3_600 * SECOND_US
EMPTY_TABLES = "DELETE FROM customers; DELETE FROM identities; DELETE FROM customers_fold;"
LIMITED = CAMPAIGN.replace("  app:\n", "  app:\n    message_limits: [{messages: 1, per: 7 days}]\n")


def cookie(number: int) -> Identity:
    """Return the numbered browser's identity."""
    return Identity("cookie", f"c-{number}")


def email(number: int) -> Identity:
    """Return the numbered person's e-mail identity."""
    return Identity("email", f"person-{number}@example.com")


def everyone(engine: Engine) -> dict[str, Person]:
    """Return every customer by root, once what is known is saved."""
    engine.commit()
    return {person.root: person for person in engine.customers.all()}


def lived(engine: Engine, rounds: int, start: int = 0) -> None:
    """Let an engine be told of customers, decide for them and be rewarded, as a service does."""
    for number in range(start, start + rounds):
        now_us, who = NOON_US + number * HOUR_US, number % 13
        browsed = Features(categories={"category": ("suits", "polos")[number % 2]})
        track(engine, TrackRequest(cookie(who), "browse", f"t{number}", device="phone", properties=browsed), now_us)
        if number % 4 == 0:
            identify(engine, IdentifyRequest(email(who), {"city": f"city-{number}"}, (Consent("m", True),)), now_us)
        if number % 5 == 1:
            link(engine, LinkRequest(cookie(who), email(who % 4)), now_us)
        if number % 17 == 16:
            unlink(engine, LinkRequest(cookie(who), email(who % 4)), now_us)
        request = DecideRequest("wardrobe", identity=(cookie, email)[number % 2](who), request_id=f"q{number}")
        decision = engine.decide(request, now_us)
        if number % 3 == 0:
            engine.reward(RewardRequest(decision.decision_id, f"r{number}", "clicked"), now_us)
        if number % 7 == 0:
            engine.commit()


def test_replay_equals_live_with_identities_links_and_events(opened: Callable[..., Engine]) -> None:
    """Every decision is taken again with the profile it was taken with, and everyone is known as she was."""
    engine = opened(source=LIMITED)
    lived(engine, 200)
    known = everyone(engine)
    again = replay(engine.log.read(), past_of(engine.log))
    assert (again.decisions, again.different) == (200, ())
    assert {person.root: person for person in again.customers.all()} == known
    assert max(len(person.identities) for person in known.values()) > 2


def test_a_replay_notices_an_event_that_was_not_tracked_so(opened: Callable[..., Engine]) -> None:
    """Where a tracked event is changed by hand the decisions after it come out otherwise: the check above can fail."""
    engine = opened(source=LIMITED)
    lived(engine, 60)
    engine.commit()
    connection = engine.log._connection
    connection.execute("DROP TRIGGER events_no_update")
    connection.execute("UPDATE events SET body = replace(body, '\"phone\"', '\"fridge\"') WHERE seq = 2")
    assert replay(engine.log.read(), past_of(engine.log)).different


def test_everyone_is_known_again_after_a_stop(opened: Callable[..., Engine]) -> None:
    """A start knows exactly who was known at the last commit, and folds nothing to know it."""
    engine = opened()
    lived(engine, 100)
    known = everyone(engine)
    track(engine, TrackRequest(cookie(99), "browse"), NOON_US)
    engine = opened(source=None)
    assert engine.customers.seq == engine.log.last_seq
    assert everyone(engine) == known


@pytest.mark.parametrize("fails", ["save", "commit", "append"])
def test_a_failure_takes_back_what_was_told_since_the_last_commit(
    opened: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """Where the log fails, nobody is known by what it lost; told again, everyone is as if nothing had happened."""
    calm, engine = open_engine_aside(opened), opened("broken")
    lived(engine, 50)
    known = everyone(engine)

    def fail(*_: object, **__: object) -> None:
        engine.log.undo()
        raise LogUnavailable("disk full")

    link(engine, LinkRequest(cookie(1), cookie(2)), NOON_US)
    identify(engine, IdentifyRequest(cookie(3), {"city": "Lost"}), NOON_US)
    places = {"save": engine.customers._table, "commit": engine.log, "append": engine.log}
    with monkeypatch.context() as broken:
        broken.setattr(places[fails], fails, fail)
        with pytest.raises(LogUnavailable):
            tracked_and_committed(engine)
    engine.heal()
    assert everyone(engine) == known
    lived(engine, 50, start=50)
    assert everyone(engine) == calm


def tracked_and_committed(engine: Engine) -> None:
    """Tell of one more event and make it durable."""
    track(engine, TrackRequest(cookie(4), "browse"), NOON_US)
    engine.commit()


def open_engine_aside(opened: Callable[..., Engine]) -> dict[str, Person]:
    """Return who is known after the same life without a failure."""
    engine = opened("calm")
    lived(engine, 100)
    return everyone(engine)


def test_hardly_any_memory_changes_nothing(tmp_path: Path, opened: Callable[..., Engine]) -> None:
    """An engine that holds two customers in memory decides the same, to the propensity, as one that holds everyone."""
    generous = opened("generous")
    lived(generous, 150)
    with closing(open_engine(tmp_path / "scant", durability="process", secret_key=KEY, customers_in_memory=2)) as scant:
        scant.apply_campaign(CAMPAIGN, NOON_US)
        scant.commit()
        lived(scant, 150)
        assert everyone(scant) == everyone(generous)
        assert [logged.event for logged in scant.log.read()] == [logged.event for logged in generous.log.read()]


def test_a_folder_from_before_the_tables_is_folded_anew(
    opened: Callable[..., Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the tables are empty a start folds the log into them, whole transactions at a time, and knows everyone."""
    engine = opened()
    lived(engine, 120)
    engine.snapshot(NOON_US)
    known, seq = everyone(engine), engine.log.last_seq
    engine.close()
    with closing(sqlite3.connect(tmp_path / "data" / "log.db")) as connection:
        connection.executescript(EMPTY_TABLES)
    monkeypatch.setattr("engine.folded_log.FOLDED_PER_COMMIT", 50)
    engine = opened(source=None)
    with closing(sqlite3.connect(f"file:{tmp_path / 'data' / 'log.db'}?mode=ro", uri=True)) as reader:
        assert reader.execute("SELECT seq FROM customers_fold").fetchone() == (seq,)
    assert everyone(engine) == known


def test_a_decision_under_an_old_identity_is_rewarded_after_the_link(engine: Engine) -> None:
    """What was decided for a cookie before a login is rewarded after it, and counts for the one customer she is now."""
    decision = next(
        decision
        for number in range(50)
        if (decision := engine.decide(DecideRequest("wardrobe", identity=cookie(number)), NOON_US)).send_time_us
    )
    number = next(
        number for number in range(50) if engine.keyed_hash.identity(cookie(number)) == decision.customer
    )  # fmt: skip
    identify(engine, IdentifyRequest(email(1), {"city": "Chicago"}), NOON_US)
    link(engine, LinkRequest(cookie(number), email(1)), NOON_US)
    engine.reward(RewardRequest(decision.decision_id, "r", "clicked"), NOON_US + SECOND_US)
    after = engine.decide(DecideRequest("wardrobe", identity=email(1)), NOON_US + SECOND_US)
    assert after.customer == decision.customer
    assert after.profile.numbers[f"earned.channel/{decision.channel}"] > 0


def test_one_who_changed_hands_twice_between_two_commits_is_hers_who_has_her(opened: Callable[..., Engine]) -> None:
    """Linked with one, taken from her and linked with another, all in one commit: after a restart that one has her."""
    first, second, changing = (Identity("cookie", name) for name in ("first", "second", "changing"))
    engine = opened()
    for one in (first, second):
        track(engine, TrackRequest(one, "browse"), NOON_US)
    engine.commit()
    track(engine, TrackRequest(second, "browse"), NOON_US)  # so that she is saved before the first
    link(engine, LinkRequest(first, changing), NOON_US)
    unlink(engine, LinkRequest(first, changing), NOON_US)
    link(engine, LinkRequest(second, changing), NOON_US)
    engine.commit()
    engine = opened(source=None)
    person = engine.customers.find(engine.keyed_hash.identity(changing))
    assert person is not None
    assert set(person.identities) == {engine.keyed_hash.identity(one) for one in (second, changing)}


def test_limits_and_the_control_group_survive_a_link(opened: Callable[..., Engine]) -> None:
    """Before and after a login she is one person: one message on a channel a week, and one control group for good."""
    engine = opened(source=LIMITED)
    arms = set()
    for number in range(60):
        app = DecideRequest("wardrobe", identity=cookie(number), channels=("app",))
        first = [engine.decide(app, NOON_US + hour * HOUR_US) for hour in range(6)]
        link(engine, LinkRequest(cookie(number), email(number)), NOON_US + 6 * HOUR_US)
        again = DecideRequest("wardrobe", identity=email(number), channels=("app",))
        second = [engine.decide(again, NOON_US + (7 + hour) * HOUR_US) for hour in range(6)]
        assert sum(decision.channel == "app" for decision in first + second) <= 1
        assert {decision.control for decision in second} == {first[0].control}
        assert {decision.customer for decision in second} == {first[0].customer}
        arms.add(first[0].control)
    assert arms == {True, False}


def test_a_folder_of_an_older_version_is_folded_anew(tmp_path: Path) -> None:
    """Customers as an older version kept them, without their last deeds, are as the log tells after the first start."""
    with closing(open_engine(tmp_path, durability="process", secret_key=KEY)) as engine:
        engine.apply_campaign(CAMPAIGN, NOON_US)
        lived(engine, 60)
        as_told = everyone(engine)
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as connection:
        connection.execute("UPDATE customers SET body = (SELECT body FROM customers LIMIT 1)")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = '0009_deeds'")
    with closing(open_engine(tmp_path, durability="process", secret_key=KEY)) as engine:
        assert everyone(engine) == as_told
