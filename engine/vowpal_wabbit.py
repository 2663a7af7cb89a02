"""Vowpal Wabbit, spoken here, its lines parsed next door, and nowhere else. Never campaigns, customers or time: text
lines in, probabilities out.

Its facts that bite are kept in one place: a label's probability carries the lesson's weight, not the propensity (see
`learn`).
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from msgspec import structs
from vowpalwabbit import Example, Workspace

from engine.checkpoints import EVERY, NOTHING_KEPT, Checkpoint, Kept, bundled, parted
from engine.model_bytes import ModelFailed, fault_in, reweighed, weights_in
from engine.surprise import after
from engine.tried import Tried
from engine.vowpal_wabbit_lines import reader

_POOL = "--example_queue_limit 4"  # room for so many examples: a model is shown a reader's, and 256 take 8 MB
_READING = re.compile(r"--(?:bit_precision|hash|interactions) \S+")
_BITS = 18
_CROSSED = "AX"
"""Every feature of an action is crossed with every one of the shared line, in this order: the loop within is the long
one then, and the weights of one action come together, which costs half as much with a thousand of them
(benchmarks/README.md, "Where the time goes")."""
GREED = 30.0
"""The greed of every model; a campaign's own follows (`exploration.squarecb`)."""
EXPLORATION = "--squarecb --gamma_scale 1 --gamma_exponent 1"
"""How a model explores for good: it is saved with it, and loading it with another is refused. SquareCB's gamma is the
number of the model's lessons. In proportion to lessons it tries more while little is known, and less once much is, than
with their root, which guards against worlds where nothing stands apart (benchmarks/README.md, "What is the recipe
worth?")."""
LEARNING_RATE = 0.03
UPDATE = "--adaptive --invariant"
"""Without Vowpal Wabbit's default `--normalized`, under which no feature could weigh less than another: a feature
learns in proportion to its value, which is how lines say what matters first (benchmarks/README.md, "What is the recipe
worth?").
"""

KEPT_IN_DOUBT = 0.25
"""The part of every weight that stays where the world has turned over: with all of them the engine is slow to come
round, with none it is slow to come back where tracking failed for hours (benchmarks/README.md, "What if the world turns
over?")."""


class Bandit:
    """One contextual bandit with action-dependent features (`cb_explore_adf`), explored by SquareCB.

    SquareCB (Foster and Rakhlin, "Beyond UCB", ICML 2020) turns costs into probabilities by inverse gap weighting.
    `model` is what `saved` returned, or None for an empty one; `unit` is what a cost of 1 stands for, which is not
    saved with it. `tried` is None in a model that was saved before that was counted.
    """

    def __init__(self, model: bytes | None = None, unit: float = 1.0) -> None:
        self.unit = unit
        self._saved: bytes | None
        self.tried: Tried | None
        try:
            self._saved, self.kept, self.tried = parted(model) if model else (None, NOTHING_KEPT, Tried())
        except ValueError as error:
            raise ModelFailed(f"loading failed: {error}") from error
        self._workspace, self._before = _open(self._saved), None if self.kept.before is None else _at(self.kept.before)
        self._reader = reader(" ".join(sorted(_READING.findall(self._workspace.get_arguments()))))

    def asked(self, shared: str, actions: tuple[str, ...]) -> tuple[list[float], list[float]]:
        """Return the probability of each action line, in their order, as Vowpal Wabbit's SquareCB gives them, and the
        cost that is expected of each, in parts of `unit`: check both before use.

        The binding's own methods, as in `learn`, on lines parsed once: 14 against 21 us with 24 actions, 34 features.
        """
        try:
            with self._reader.lock:
                asked = self._reader.examples(shared, actions)
                self._workspace.predict_multi(asked)
                costs = [one.get_partial_prediction() for one in asked[len(asked) - len(actions) :]]
                found: list[float] = asked[0].get_action_scores()
        except (RuntimeError, ValueError) as error:
            raise ModelFailed(f"prediction failed: {error}") from error
        return found, costs

    def expected_cost(self, shared: str, action: str) -> float:
        """Return the cost that the model expects of one action, in the units of `learn`."""
        return self.asked(shared, (action,))[1][0]

    def learn(self, shared: str, action: str, cost: float, weight: int, *, heeding: bool = False) -> None:
        """Learn that the action cost this much, in parts of `unit`, as a lesson of weight 1 or more.

        Where it is `heeding`, the cost is held against what was expected a thousand lessons ago. Where rewards have
        come to fall short of that by too much, what was learned is doubted first: the model steps and tries as it did
        at first, beginning with a part of what it knew, so that what was best is best until it is learned otherwise.

        The label's probability is 1/weight and never the propensity: importance weighting by small propensities hurts
        with many actions, and SquareCB asks for plain regression (measured: design, section 6). The multi-task
        regression multiplies by 1/p, so p is also the one way to say how much a lesson counts.

        A decision teaches much the same to a dozen models, so that its lines are parsed once for all of them. These are
        the binding's own methods: the public ones wrap every example in Python, which costs more than the learning,
        and do the same (a test holds them to it).
        """
        try:
            with self._reader.lock:
                lesson = self._reader.lesson(shared, f"0:{cost:.9g}:{1 / weight:.9g} {action}")
                if heeding:
                    self._heed(lesson, cost)
                self._saved = None
                self._workspace.learn_multi(lesson)
        except (RuntimeError, ValueError) as error:
            raise ModelFailed(f"learning failed: {error}") from error
        if self.tried is not None:
            self.tried.count(action, cost, weight)

    def _heed(self, lesson: list[Example], cost: float) -> None:
        """Count a lesson that is about to be learned, and doubt what was learned where it is one surprise too many."""
        lessons, surprise, before = self.kept.lessons + 1, self.kept.surprise, self.kept.before
        if self._before is not None and before is not None:
            self._before.predict_multi(lesson)
            surprise = after(surprise, cost - lesson[1].get_partial_prediction() * before.unit / self.unit)
        if surprise.doubts > self.kept.surprise.doubts:
            self.kept, self._before = Kept(surprise=surprise), None
            if self.tried is not None:
                self.tried.weights.clear()
            self._reweigh(KEPT_IN_DOUBT, 0.0, counted_anew=True)
        elif lessons % EVERY:
            self.kept = Kept(lessons, surprise, before, self.kept.last)
        else:
            last = Checkpoint(self._model(), self.unit)
            before = self.kept.last or last
            self.kept, self._before = Kept(lessons, surprise, before, last), _at(before)

    def measure_in(self, unit: float) -> None:
        """Say what a cost of 1 stands for from now on: what the model expects of an action stays the same worth.

        A weight is as large as the costs are, and its adaptive slot sums up their squares.
        """
        if unit == self.unit:
            return
        factor = self.unit / unit
        self._reweigh(factor, factor * factor)
        if self.tried is not None:
            self.tried.measured(factor)
        surprise = self.kept.surprise
        surprise = structs.replace(surprise, square=surprise.square * factor * factor)
        self.kept = structs.replace(self.kept, surprise=surprise)
        self.unit = unit

    def _reweigh(self, weights: float, adaptive: float, *, counted_anew: bool = False) -> None:
        """Multiply every weight and its adaptive slot; where lessons are counted anew, these are as many as none."""
        self._saved = reweighed(self._model(), weights, adaptive, counted_anew=counted_anew)
        self._workspace = _open(self._saved)

    def saved(self) -> bytes:
        """Return the whole model; loading it goes on exactly where this one stands.

        It takes 2 ms, and nothing where nothing was learned since: of many campaigns few learn between two snapshots.
        """
        return bundled(self._model(), self.kept, self.tried)

    def _model(self) -> bytes:
        if self._saved is None:
            self._saved = self._written()
        return self._saved

    def _written(self) -> bytes:
        with TemporaryDirectory(prefix="decisioning-") as folder:
            path = Path(folder, "model.vw")
            self._workspace.save(str(path))
            return path.read_bytes()

    def weights(self) -> np.ndarray:
        """Return every weight that is not zero with its learning state: what two equal models share to the last bit.

        Shape (weights, 3): the weight's index, the weight and its adaptive slot. The spare slot holds the rate of the
        last update, which is not saved and never read. Reading them as they are saved takes 2 ms, one by one 100.
        """
        return weights_in(self._written())

    def fault(self) -> str:
        """Return what makes the model unfit to decide, such as a weight that is no finite number; empty for nothing."""
        return fault_in(self._written())


def _at(checkpoint: Checkpoint) -> Workspace:
    """Return a model as it stood, to be asked alone: what is zero of it takes no room."""
    return _open(checkpoint.model, "--sparse_weights")


def _open(model: bytes | None, more: str = "") -> Workspace:
    arguments = f"--cb_explore_adf --cb_type mtr -l {LEARNING_RATE} {UPDATE} {_POOL} {more} --quiet"
    try:
        if model is None:
            return Workspace(f"{arguments} {EXPLORATION} --interactions {_CROSSED} --hash all --bit_precision {_BITS}")
        with TemporaryDirectory(prefix="decisioning-") as folder:
            path = Path(folder, "model.vw")
            path.write_bytes(model)
            return Workspace(f"{arguments} --initial_regressor {path}")
    except (RuntimeError, ValueError) as error:
        raise ModelFailed(f"loading failed: {error}") from error
