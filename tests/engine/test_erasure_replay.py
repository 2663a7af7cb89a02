"""Erasure and folds: what is left folds anew to everyone else, and a replay says what it cannot compare."""

from collections.abc import Callable

from engine.engine import Engine
from engine.history import past_of
from engine.log import snapshot_rows
from engine.model_operations import finish_rebuild
from engine.rebuild_process import rebuild
from engine.replay import replay
from tests.engine import crowd
from tests.engine.crowd import live, remains, strangers_linked
from tests.engine.erasing import Town, gone, hashes, totals
from tests.engine.test_replay import everyone, same_weights


def finished(engine: Engine, campaign: str) -> None:
    """Let a rebuild under way learn the models anew and put them in the place of those that serve."""
    under_way = engine.rebuilds[campaign]
    rebuild(engine.log.folder, campaign, under_way.version, under_way.upto_seq)
    assert not finish_rebuild(engine, campaign, under_way.upto_seq, engine.state.clock_us)


def test_the_log_folded_anew_gives_everyone_else_and_models_without_the_erased(town: Town) -> None:
    """A fold of the whole log finds the same customers, and as models those that a rebuild puts in place."""
    engine, members = town(60)
    for erased in gone(engine, members[::6], rebuild_models=True):
        assert erased.rebuilding == erased.campaigns == ("activated", "wardrobe")
    for campaign in ("activated", "wardrobe"):
        finished(engine, campaign)
    live(engine, members[1:4], 3)
    again = replay(engine.log.read(), past_of(engine.log))
    assert everyone(engine.customers) == everyone(again.customers)
    assert same_weights(engine.state, again.state)
    assert (engine.state.tallies.stock, engine.state.tallies.aside) == (
        again.state.tallies.stock,
        again.state.tallies.aside,
    )
    assert again.state.tallies.stock["polo-blue"].units < 1_000_000 - 2 * 2 * 60
    assert engine.state.tallies.aside["out_of_range"].readmitted
    assert again.different == ()


def test_replay_tells_what_it_cannot_compare_from_what_is_different(town: Town) -> None:
    """Decisions of models that had learned from the erased are told apart; those before them are taken again."""
    engine, members = town(60)
    assert replay(engine.log.read(), past_of(engine.log)).incomparable == ()
    gone(engine, [members[31]])
    again = replay(engine.log.read(), past_of(engine.log))
    (first,) = engine.log.rows("SELECT min(seq) FROM events WHERE kind = 'decision_erased'")[0]
    assert again.different == ()
    assert again.incomparable
    assert min(again.incomparable) > first
    connection = engine.log._connection
    connection.execute("DROP TRIGGER events_no_update")
    connection.execute(
        "UPDATE events SET body = replace(body, '\"age\":2', '\"age\":3') WHERE seq ="
        " (SELECT max(seq) FROM events WHERE kind = 'decision_taken' AND body LIKE '%\"age\":2%')"
    )
    assert replay(engine.log.read(), past_of(engine.log)).different == ()  # the context is part of what was asked
    connection.execute(
        "UPDATE events SET body = replace(body, '\"visits\":', '\"visitz\":') WHERE seq ="
        " (SELECT max(seq) FROM events WHERE kind = 'decision_taken' AND body LIKE '%\"visits\":%')"
    )
    assert len(replay(engine.log.read(), past_of(engine.log)).different) == 1


def test_whoever_was_linked_by_mistake_keeps_what_is_hers(town: Town, opened: Callable[..., Engine]) -> None:
    """A stranger once linked with the erased keeps her decisions and contacts; no hash of the erased stays in them."""
    engine, members = town(12)
    leaving, stranger, new = members[4], members[5], crowd.member(7_003)
    strangers_linked(engine, leaving, stranger, 2 * 24 * 60)
    strangers_linked(engine, leaving, new, 2 * 24 * 60 + 1)
    people = everyone(engine.customers)
    before = totals(engine)
    marks = list(leaving.marks(engine))
    gone(engine, [leaving])
    assert remains(engine.log.folder, set(marks) - set(stranger.marks(engine)) - set(new.marks(engine))) == {}
    assert totals(engine) == before
    left = {root: one for root, one in people.items() if root not in hashes(engine, [leaving])}
    assert everyone(engine.customers) == left
    again = replay(engine.log.read(), past_of(engine.log))
    assert everyone(again.customers) == left
    assert again.different == ()
    assert everyone(opened(source=None).customers) == left


def test_a_rebuild_under_way_begins_again_without_her(town: Town) -> None:
    """What was being learned from her decisions is given up, so that its models never come to serve."""
    engine, members = town(12)
    gone(engine, [members[0]], rebuild_models=True)
    first = engine.rebuilds["wardrobe"].upto_seq
    live(engine, members[1:6], 2)
    (erased,) = gone(engine, [members[1]])
    assert erased.rebuilding == ("activated", "wardrobe")
    assert engine.rebuilds["wardrobe"].upto_seq > first
    finished(engine, "wardrobe")
    assert "wardrobe" not in engine.rebuilds


def test_snapshots_from_before_are_gone_and_a_start_takes_that_of_the_erasure(
    town: Town, opened: Callable[..., Engine]
) -> None:
    """No older models can come back, and the next start folds nothing that was erased."""
    engine, members = town(12)
    gone(engine, [members[0]])
    live(engine, members[1:3], 3)
    (only,) = snapshot_rows.stored(engine.log)
    models = engine.state
    again = opened(source=None)
    assert again.snapshot_seq == only.seq
    assert again.refused_snapshots == ()
    assert same_weights(models, again.state)
    assert len(again.state.open_decisions) == len(models.open_decisions)


def test_a_log_from_before_erasures_is_indexed_at_its_next_start(town: Town, opened: Callable[..., Engine]) -> None:
    """Where the customers' tables are folded anew, every event of every customer is found again."""
    engine, members = town(300)
    people, indexed = everyone(engine.customers), engine.log.rows("SELECT * FROM customer_events ORDER BY 1, 2")
    assert len(indexed) > 1_500
    with engine.log.writing() as connection:
        connection.execute("DELETE FROM customers")
        connection.execute("DELETE FROM identities")
        connection.execute("DELETE FROM customers_fold")
        connection.execute("DELETE FROM customer_events")
    engine = opened(source=None)
    engine.commit()
    assert everyone(engine.customers) == people
    assert engine.log.rows("SELECT * FROM customer_events ORDER BY 1, 2") == indexed
    gone(engine, members[:1])
