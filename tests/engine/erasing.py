"""A town of customers, how some are erased from it, and what a researcher counts. Never a behaviour under test."""

from collections.abc import Callable, Iterable

from engine.engine import Engine
from engine.erasure import Erased, erase, scrubbed
from tests.engine.crowd import Member

Town = Callable[..., tuple[Engine, list[Member]]]
TOTALS = (
    "SELECT campaign, channel, content_id, control, activated, reason, count(*), count(send_time), sum(reward_count),"
    " count(reward), sum(reward) FROM logged_events GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6",
    "SELECT campaign, outcome, late, count(*), sum(value) FROM rewards GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    "SELECT campaign, content_id, sum(1 / json_extract(content_probabilities, '$.' || content_id)) FROM decisions"
    " WHERE content_id <> '' GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT close_time IS NULL, count(*), max(close_time) FROM logged_events GROUP BY 1 ORDER BY 1",
)


def gone(engine: Engine, members: Iterable[Member], *, rebuild_models: bool = False) -> list[Erased]:
    """Erase customers, each by the last of her identities, and clean the files."""
    now_us = engine.state.clock_us
    erased = [erase(engine, one.identities[-1], now_us, rebuild_models=rebuild_models) for one in members]
    assert scrubbed(engine)
    return erased


def totals(engine: Engine) -> list[list[tuple[object, ...]]]:
    """Return what a researcher counts."""
    return [engine.log.rows(query) for query in TOTALS]


def hashes(engine: Engine, members: Iterable[Member]) -> set[str]:
    """Return the keyed hashes of all identities of these customers."""
    return {engine.keyed_hash.identity(identity) for one in members for identity in one.identities}
