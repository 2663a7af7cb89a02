"""What is relied on of Vowpal Wabbit: that shortcuts change nothing, and that a saved model goes on where it stood."""

import random
from pathlib import Path

import numpy as np
import pytest
from msgspec import json

from engine import vowpal_wabbit, vowpal_wabbit_lines
from engine.checkpoints import parted
from engine.model_bytes import ModelFailed, fault_in
from engine.vowpal_wabbit import Bandit

LINES = tuple(f"|A content=c{number} price:{number / 3}" for number in range(6))


def lessons(number: int) -> list[tuple[str, str, float, int]]:
    """Make lessons from a fixed seed."""
    generator = random.Random(11)
    return [
        (f"shared |X city=v{generator.randrange(3)} age:{generator.random():.4f}", generator.choice(LINES),
         generator.uniform(-1, 1), generator.randint(1, 2))
        for _ in range(number)
    ]  # fmt: skip


def taught(model: Bandit, some: list[tuple[str, str, float, int]]) -> Bandit:
    """Let a model take lessons."""
    for shared, line, cost, weight in some:
        model.learn(shared, line, cost, weight)
    return model


def test_learning_by_the_bindings_own_methods_is_learning_by_the_public_ones() -> None:
    """The shortcut past the wrapped examples ends at the same weights, to the last bit."""
    quick, public = taught(Bandit(), lessons(500)), Bandit()
    for shared, line, cost, weight in lessons(500):
        examples = public._workspace.parse([shared, f"0:{cost:.9g}:{1 / weight:.9g} {line}"])
        public._workspace.learn(examples)
        public._workspace.finish_example(examples)
    assert np.array_equal(quick.weights(), public.weights())


def test_lessons_that_come_again_are_learned_as_those_parsed_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that are taught the same in turn, of few lines and labels and more than are kept, end where each would."""
    monkeypatch.setattr(vowpal_wabbit_lines, "_LESSONS_KEPT", 4)
    generator, quick, public = random.Random(13), [Bandit() for _ in range(3)], Bandit()
    for shared, line, cost, weight in lessons(300):
        for model in quick:
            model.learn(shared, line, round(cost), weight)
            model.asked(generator.choice(("shared |X other", shared)), LINES)[0]
        examples = public._workspace.parse([shared, f"0:{round(cost)}:{1 / weight:.9g} {line}"])
        public._workspace.learn(examples)
        public._workspace.finish_example(examples)
    for model in quick:
        assert np.array_equal(model.weights(), public.weights())


def test_predicting_by_the_bindings_own_methods_is_predicting_by_the_public_ones() -> None:
    """The shortcut past the wrapped examples gives every probability to the last bit, while the model learns."""
    model = Bandit()
    for shared, line, cost, weight in lessons(300):
        assert model.asked(shared, LINES)[0] == model._workspace.predict([shared, *LINES])
        model.learn(shared, line, cost, weight)


def gamma_of(model: Bandit) -> float:
    """Return what SquareCB's gamma of a model is, from the probability and the cost of its second-best action."""
    shared, lines = "shared |X city=v0 age:0.5", LINES[:2]
    worse, better = sorted(zip(model.asked(shared, lines)[0], lines, strict=True))
    gap = model.expected_cost(shared, worse[1]) - model.expected_cost(shared, better[1])
    return (1 / worse[0] - len(lines)) / gap


@pytest.mark.parametrize("number", [10, 80, 640])
def test_a_model_tries_what_looks_worse_the_less_the_more_it_learned(number: int) -> None:
    """SquareCB's gamma is the number of lessons at the usual greed, in a saved model too."""
    model = taught(Bandit(), lessons(number))
    assert gamma_of(model) == pytest.approx(number, rel=1e-3)
    assert gamma_of(Bandit(model.saved())) == gamma_of(model)


def test_a_model_of_before_goes_on_exploring_as_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a model was begun with stays its own: one whose gamma goes by the root of its lessons keeps to that."""
    with monkeypatch.context() as before:
        before.setattr(vowpal_wabbit, "EXPLORATION", "--squarecb --gamma_scale 30")
        model = taught(Bandit(), lessons(100))
    gone_on = taught(Bandit(model.saved()), lessons(300))
    assert gamma_of(gone_on) == pytest.approx(30 * 400**0.5, rel=1e-3)


def test_actions_parsed_once_give_the_probabilities_of_actions_parsed_afresh() -> None:
    """A cached action line predicts as a new one does, before and after learning."""
    cached = Bandit()
    for shared, line, cost, weight in lessons(200):
        fresh = Bandit(cached.saved())
        assert cached.asked(shared, LINES)[0] == fresh.asked(shared, LINES)[0]
        cached.learn(shared, line, cost, weight)


def test_a_saved_model_goes_on_exactly_where_it_stood() -> None:
    """Saved and loaded again and again, a model ends at the weights and probabilities of one never interrupted."""
    whole, broken = taught(Bandit(), lessons(400)), Bandit()
    for start in range(0, 400, 50):
        broken = Bandit(taught(broken, lessons(400)[start : start + 50]).saved())
    assert np.array_equal(whole.weights(), broken.weights())
    assert whole.asked("shared |X city=v1", LINES)[0] == broken.asked("shared |X city=v1", LINES)[0]


def test_what_is_saved_is_what_was_learned_by_then() -> None:
    """A model is saved as it stands, whatever happened to it, and to the same bytes where nothing was learned."""
    generator, model = random.Random(17), Bandit()
    for lesson in lessons(120):
        before = model.saved()
        happened = generator.choice(("learned", "asked", "measured"))
        if happened == "learned":
            model.learn(*lesson)
        elif happened == "asked":
            model.asked(lesson[0], LINES)[0]
        else:
            model.measure_in(generator.choice((0.5, 1.0, 4.0)))
        assert np.array_equal(Bandit(model.saved()).weights(), model.weights())
        assert happened != "asked" or model.saved() == before


def test_the_weights_read_from_a_saved_model_are_those_that_the_model_has() -> None:
    """Each is what Vowpal Wabbit itself tells of that index, none is left out, and an empty model has none."""
    model = Bandit(taught(Bandit(), lessons(300)).saved())
    found, told = model.weights(), json.decode(model._workspace.json_weights())["weights"]
    assert [int(index) for index, *_ in found] == [one["index"] for one in told]
    for index, weight, adaptive in found:
        assert (weight, adaptive) == tuple(model._workspace.get_weight(int(index), slot) for slot in (0, 1))
    assert Bandit().weights().shape == (0, 3)


@pytest.mark.parametrize("more", [bytes(1), bytes(12)])
def test_weights_that_lie_otherwise_are_not_guessed_at(more: bytes) -> None:
    """Whatever else stands in a saved model is not taken for weights, by which a sound one could look unfit."""
    with pytest.raises(ModelFailed, match="cannot be read"):
        fault_in(parted(taught(Bandit(), lessons(50)).saved())[0] + more)


def test_bytes_that_are_no_model_are_refused() -> None:
    """What Vowpal Wabbit itself rejects is told as a failed model."""
    with pytest.raises(ModelFailed, match="loading"):
        Bandit(b"no model at all")


def test_a_weightier_lesson_moves_the_model_further() -> None:
    """The label's probability carries how much a lesson counts."""
    light, heavy = Bandit(), Bandit()
    light.learn("shared |X a", LINES[0], -1.0, 1)
    heavy.learn("shared |X a", LINES[0], -1.0, 2)
    assert heavy.expected_cost("shared |X a", LINES[0]) < light.expected_cost("shared |X a", LINES[0]) < 0


def test_models_asked_in_turn_answer_as_each_alone() -> None:
    """Models share what they parsed, also of other lines and menus in between, and each answers as if it were alone."""
    generator = random.Random(12)
    models, menus = [Bandit() for _ in range(3)], [LINES, LINES[:2], (*LINES[3:], "|A other=1"), LINES[::-1]]
    for shared, line, cost, weight in lessons(400):
        for model in generator.sample(models, 3):
            menu = generator.choice(menus)
            assert model.asked(shared, menu)[0] == model._workspace.predict([shared, *menu])
        generator.choice(models).learn(shared, line, cost, weight)


def test_more_lines_than_are_kept_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where examples are forgotten for want of room the answers stay."""
    monkeypatch.setattr(vowpal_wabbit_lines, "_EXAMPLES_KEPT", 8)
    vowpal_wabbit_lines.reader.cache_clear()
    model = taught(Bandit(), lessons(100))
    for number in range(40):
        menu = tuple(f"|A content=c{place}" for place in range(number % 7, number % 7 + 3))
        shared = f"shared |X city=v{number % 4}"
        assert model.asked(shared, menu)[0] == model._workspace.predict([shared, *menu])


def test_asking_costs_no_memory_that_is_kept() -> None:
    """A shared line is given back when the next one comes: without that 2,000 of them would keep 700 MB."""
    model = Bandit()
    model.asked("shared |X first", LINES)[0]
    before = _resident_bytes()
    for number in range(2_000):
        model.asked(f"shared |X number={number}", LINES)[0]
    assert _resident_bytes() - before < 50_000_000


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


def test_a_line_that_cannot_be_parsed_leaves_the_next_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure nothing of the line before is left that could be taken for parsed."""
    model = Bandit()
    good = model.asked("shared |X a", LINES)[0]

    def fails(_text: str) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as broken:
        broken.setattr(model._reader._workspace, "_parse", fails, raising=False)
        with pytest.raises(ModelFailed, match="prediction"):
            model.asked("shared |X b", LINES)[0]
    assert model.asked("shared |X a", LINES)[0] == good
