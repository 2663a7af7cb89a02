"""What is taught while models are learned anew: every model learns it whole and once, however it is divided. Never a
race with an operator, which test_rebuild_races.py looks at.
"""

from collections.abc import Callable

import pytest

from engine import model_operations
from engine.campaign.catalogue import Catalogue
from engine.engine import Engine
from engine.model_events import Switch
from engine.rebuild_process import rebuild
from engine.rebuilt_file import read_rebuilt, rebuilt_file
from engine.types import DecideRequest, RewardRequest
from engine.vowpal_wabbit import Bandit
from tests.engine.operated import assert_replays
from tests.engine.test_rebuild import HOUR_US, WINDOWED, anew, finish, lived
from tests.engine.test_rebuild_races import WITH_WEB, rebuilding, roll_back
from tests.wardrobe import NOON_US, SECOND_US

Opened = Callable[..., Engine]


@pytest.mark.parametrize("keep", [None, "roll back", "freeze"])
def test_an_open_decision_is_learned_whole_by_every_model_and_by_none_twice(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, keep: str | None
) -> None:
    """Half taught before a rebuild: at its close the new models learn both halves, and those that stay the second."""
    engine = opened(source=WINDOWED)
    decision = engine.decide(DecideRequest("wardrobe", "ann", channels=("app",), content_ids=("polo",)), NOON_US)
    while not decision.content_id:
        decision = engine.decide(DecideRequest("wardrobe", "ann", channels=("app",)), NOON_US)
    engine.snapshot(NOON_US)
    engine.reward(RewardRequest(decision.decision_id, "r1", "clicked"), NOON_US + SECOND_US)
    model_operations.start_rebuild(engine, "wardrobe", NOON_US + 2 * SECOND_US)
    if keep == "roll back":
        roll_back(engine, "app")
    if keep == "freeze":
        model_operations.switch(engine, "wardrobe", "app", Switch.FROZEN, NOON_US, on=True)
    finish(engine, 1, NOON_US + 3 * SECOND_US)
    if keep == "freeze":
        model_operations.switch(engine, "wardrobe", "app", Switch.FROZEN, NOON_US, on=False)
    engine.reward(RewardRequest(decision.decision_id, "r2", value=0.3), NOON_US + 4 * SECOND_US)
    costs: dict[str, list[float]] = {}
    names = {id(model): name for name, model in engine.state.models.items()}
    real = Bandit.learn

    def noted(model: Bandit, shared: str, action: str, cost: float, weight: int, *, heeding: bool) -> None:
        costs.setdefault(names[id(model)], []).append(cost)
        real(model, shared, action, cost, weight, heeding=heeding)

    monkeypatch.setattr(Bandit, "learn", noted)
    engine.tick(NOON_US + 3 * HOUR_US)
    engine.learn(10)
    monkeypatch.undo()
    # the new models learned the second outcome at once (0.5 in all), and now the like once more; those that stayed had
    # learned the first (0.2), and now learn 2 · 0.5 - 0.2
    assert costs["wardrobe/router"] == pytest.approx([-0.5])
    assert costs["wardrobe/app/send_slot"] == pytest.approx([-0.8] if keep else [-0.5])
    assert_replays(engine)


@pytest.mark.parametrize("rounds", [0, 1, 7])
def test_lessons_learned_in_rounds_come_to_the_same_weights(opened: Opened, rounds: int) -> None:
    """However much the process catches up with before the swap, and with or without its file, the weights are equal."""
    engine = rebuilding(opened)
    lived(engine, range(250, 320))
    engine.apply_campaign(WITH_WEB, engine.state.clock_us)
    lived(engine, range(320, 400))
    engine.commit()
    under_way = engine.state.rebuilds["wardrobe"]
    size = 11

    def asked() -> object:
        for number in range(rounds):
            yield model_operations.taught_later(engine, "wardrobe", under_way.upto_seq, number * size, size)

    rebuild(engine.log.folder, "wardrobe", 1, under_way.upto_seq, asked())  # type: ignore[arg-type]
    path = rebuilt_file(engine.log.folder, "wardrobe", under_way.upto_seq)
    left = read_rebuilt(path)
    assert left is not None
    assert left.caught_up == rounds * size < len(under_way.later)
    model_operations.finish_rebuild(engine, "wardrobe", under_way.upto_seq, engine.state.clock_us)
    path.unlink()  # so that the replay learns everything itself
    assert_replays(engine)


def test_a_provisional_decision_that_closes_during_a_rebuild_weighs_as_every_other(opened: Opened) -> None:
    """Half taught before and closed during it, the swapped models are those of a rebuild up to the swap."""
    engine = rebuilding(opened, WINDOWED)
    engine.tick(engine.state.clock_us + 3 * HOUR_US)
    finish(engine, 1, engine.state.clock_us)
    one, other = anew(engine, 1), engine.state.models
    assert one.keys() == other.keys()
    catalogue = engine.state.campaigns.catalogue("wardrobe")
    for name, line in (("wardrobe/router", catalogue.router_lines["app"][0]), *contents(catalogue)):
        # the same lessons, of which those of half-taught decisions come in another order
        expected = [models[name].expected_cost("shared |X city=Anytown", line) for models in (one, other)]
        assert expected[0] == pytest.approx(expected[1], abs=0.02)


def contents(found: Catalogue) -> list[tuple[str, str]]:
    """Return the app's content model with each line that it chooses from."""
    return [("wardrobe/app/content", line) for line, *_ in found.channels["app"].content_lines.values()]
