"""Erasure: no trace of an erased customer is left, and nothing of anybody else's is different."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.customer_operations import identify, track
from engine.customers.types import IdentifyRequest, TrackRequest
from engine.engine import Engine
from engine.erasure import erase
from engine.errors import InvalidRequest, NotFound
from engine.opening import open_engine
from engine.types import DecideRequest, Identity, RewardRequest
from tests.engine import crowd
from tests.engine.crowd import ACTIVATED, CAMPAIGN, MINUTE_US, live, remains
from tests.engine.erasing import Town, gone, hashes, totals
from tests.engine.operated import weights
from tests.engine.test_replay import everyone
from tests.wardrobe import KEY, NOON_US

DAY_US = 24 * 60 * MINUTE_US


def test_of_50_of_1000_customers_no_byte_is_left_in_any_file(town: Town, opened: Callable[..., Engine]) -> None:
    """No id, address, hash, decision id or request id of theirs lies in a file, while it runs and after a restart."""
    engine, members = town(1_000)
    leaving, staying = members[::20], [one for one in members if one.number % 20]
    marks = [mark for one in leaving for mark in one.marks(engine)]
    folder, before = engine.log.folder, totals(engine)
    assert len(remains(folder, marks)) > len(leaving) * 15
    gone(engine, leaving)
    assert remains(folder, marks) == {}
    assert totals(engine) == before
    engine = opened(source=None)
    assert remains(folder, marks) == {}
    engine.snapshot(engine.state.clock_us)
    live(engine, staying, 2)
    assert remains(folder, marks) == {}
    assert not hashes(engine, leaving) & {one for person in engine.customers.all() for one in person.identities}


def test_totals_stay_and_go_on_as_they_would_have(town: Town) -> None:
    """Decisions, messages, rewards and their sums are the same after an erasure, and when the windows have closed."""
    engine, members = town(90)
    before = totals(engine)
    (with_open_windows,) = engine.log.rows("SELECT count(*) FROM logged_events WHERE activated AND reward IS NULL")
    assert with_open_windows[0]
    erased = gone(engine, members[::3])
    assert totals(engine) == before
    assert sum(one.decisions for one in erased) >= 4 * len(erased)
    assert sum(one.rewards for one in erased)
    assert sum(one.facts for one in erased)
    live(engine, [crowd.member(5_001)], 4)
    assert engine.log.rows("SELECT count(*) FROM logged_events WHERE activated AND reward IS NULL") != [(0,)]


def test_windows_of_the_erased_close_with_the_default_reward_in_the_totals(opened: Callable[..., Engine]) -> None:
    """An erased decision whose window was open counts, when it has closed, as the same decision not erased would."""

    def counted(folder: str, *, erased: bool) -> list[list[tuple[object, ...]]]:
        engine = opened(folder, CAMPAIGN)
        engine.apply_campaign(ACTIVATED, NOON_US)
        members = crowd.crowd(40)
        live(engine, members, 0)
        if erased:
            gone(engine, members[::4])
        engine.tick(NOON_US + DAY_US)
        engine.commit()
        return totals(engine)

    assert counted("erased", erased=True) == counted("whole", erased=False)


def test_nobody_else_is_changed(town: Town) -> None:
    """The others' profiles, logged decisions and rewards and all weights are what they were, to the last bit."""
    engine, members = town(60)
    leaving = members[::6]
    hers = hashes(engine, leaving)
    people, learned = everyone(engine.customers), weights(engine)
    events = {logged.seq: logged for logged in engine.log.read()}
    erased = gone(engine, leaving)
    assert everyone(engine.customers) == {root: one for root, one in people.items() if root not in hers}
    after = weights(engine)
    assert all(np.array_equal(learned[name], after[name]) for name in learned)
    same = [logged for logged in engine.log.read() if events.get(logged.seq) == logged]
    assert len(events) - len(same) == sum(one.decisions + one.rewards + one.facts for one in erased)
    assert [(logged.seq, logged.time_us) for logged in engine.log.read()][: len(events)] == [
        (logged.seq, logged.time_us) for logged in events.values()
    ]


def test_who_comes_again_is_a_new_customer(town: Town) -> None:
    """After the erasure her ids are free: the same requests are new facts of a customer of whom nothing is known."""
    engine, members = town(8)
    one = members[3]
    gone(engine, [one])
    with pytest.raises(NotFound, match="no such customer"):
        erase(engine, one.identities[0], engine.state.clock_us, rebuild_models=False)
    with pytest.raises(NotFound, match="there is no decision"):
        engine.reward(RewardRequest(one.decisions[0], outcome="clicked"), engine.state.clock_us)
    assert engine.customers.find(engine.keyed_hash.identity(one.identities[0])) is None
    live(engine, [crowd.member(3)], 0)
    found = engine.customers.find(engine.keyed_hash.identity(one.identities[0]))
    assert found
    assert found.last_us("purchase") == NOON_US + 9 * crowd.SECOND_US
    live(engine, [crowd.member(3)], 1)
    (again,) = gone(engine, [one])
    assert again.decisions == 4


def test_nobody_is_erased_by_what_is_no_identity(engine: Engine) -> None:
    """An identity that cannot be is refused; one never seen is not found, and neither leaves an event."""
    with pytest.raises(InvalidRequest, match=r"identity\.type"):
        erase(engine, Identity("E-Mail", "a"), NOON_US, rebuild_models=False)
    with pytest.raises(NotFound) as refusal:
        erase(engine, Identity("email", "someone@mail.example"), NOON_US, rebuild_models=False)
    assert "someone" not in str(refusal.value)
    assert engine.log.last_seq == 1


def test_facts_told_after_an_erasure_are_durable_and_its_own(
    tmp_path: Path,
) -> None:
    """Whoever begins anew is kept over a kill, and is erased again without what was before."""
    engine = open_engine(tmp_path, durability="process", secret_key=KEY)
    engine.apply_campaign(CAMPAIGN, NOON_US)
    who = Identity("email", "someone.000001@mail.example")
    for city in ("Anytown", "Chicago"):
        identify(engine, IdentifyRequest(who, {"city": city}), NOON_US)
        track(engine, TrackRequest(who, "browse"), NOON_US)
        engine.decide(DecideRequest("wardrobe", identity=who), NOON_US)
        assert erase(engine, who, NOON_US, rebuild_models=False).facts == 2
    identify(engine, IdentifyRequest(who, {"city": "Boston"}), NOON_US)
    engine.commit()
    engine.close()
    engine = open_engine(tmp_path, durability="process", secret_key=KEY)
    person = engine.customers.find(engine.keyed_hash.identity(who))
    assert person
    assert person.attributes == {"city": "Boston"}
    assert remains(tmp_path, [b"Anytown ", b"Chicago"]) == {}
    engine.close()
