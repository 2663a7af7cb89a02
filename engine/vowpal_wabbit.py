"""Vowpal Wabbit, spoken here and nowhere else. Never campaigns, customers or time: text lines in, probabilities out.

Its facts that bite are kept in one place: lines are parsed once for all models and reused; a label's probability
carries the lesson's weight, not the propensity (see `learn`).
"""

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import numpy as np
from vowpalwabbit import Example, Workspace

_EXAMPLES_KEPT = 16_384  # of all models together; a parsed example holds 32 KB
_LESSONS_KEPT = 256  # taught actions with their labels, 8 MB: most messages earn nothing, so that many come again
_POOL = "--example_queue_limit 4"  # room for so many examples: a model is shown a reader's, and 256 take 8 MB
_READING = re.compile(r"--(?:bit_precision|hash|interactions) \S+")
_BITS = 18
_CROSSED = "AX"
"""Every feature of an action is crossed with every one of the shared line, in this order: the loop within is the long
one then, and the weights of one action come together, which costs half as much with a thousand of them
(benchmarks/README.md, "Where the time goes")."""
_WEIGHT = np.dtype([("index", "<u4"), ("weight", "<f4"), ("adaptive", "<f4")])
"""A weight as it lies in a saved model; those that are zero are left out."""
_WEIGHT_MAX = 1e30  # no lesson leads there, and a few such overflow single precision when they are added up
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


class ModelFailed(Exception):
    """Vowpal Wabbit could not load, predict or learn; the caller degrades the choice and says so."""


class Bandit:
    """One contextual bandit with action-dependent features (`cb_explore_adf`), explored by SquareCB.

    SquareCB (Foster and Rakhlin, "Beyond UCB", ICML 2020) turns costs into probabilities by inverse gap weighting.
    `model` is what `saved` returned, or None for an empty one; `unit` is what a cost of 1 stands for, which is not
    saved with it.
    """

    def __init__(self, model: bytes | None = None, unit: float = 1.0) -> None:
        self.unit = unit
        self._workspace, self._saved = _open(model), model
        self._reader = _reader(" ".join(sorted(_READING.findall(self._workspace.get_arguments()))))

    def probabilities(self, shared: str, actions: tuple[str, ...]) -> list[float]:
        """Return the probability of each action line, in their order, as Vowpal Wabbit gives them: check before use.

        The binding's own methods, as in `learn`, on lines parsed once: 14 against 21 us with 24 actions, 34 features.
        """
        try:
            with self._reader.lock:
                asked = self._reader.examples(shared, actions)
                self._workspace.predict_multi(asked)
                found: list[float] = asked[0].get_action_scores()
        except (RuntimeError, ValueError) as error:
            raise ModelFailed(f"prediction failed: {error}") from error
        return found

    def expected_cost(self, shared: str, action: str) -> float:
        """Return the cost that the model expects of one action, in the units of `learn`."""
        try:
            lines = [self._workspace.example(shared), self._workspace.example(action)]
            self._workspace.predict(lines)
            cost: float = lines[1].get_partial_prediction()
            self._workspace.finish_example(lines)
            self._saved = None  # its counters count what is asked this way
        except (RuntimeError, ValueError) as error:
            raise ModelFailed(f"prediction failed: {error}") from error
        return cost

    def learn(self, shared: str, action: str, cost: float, weight: int) -> None:
        """Learn that the action cost this much, in parts of `unit`, as a lesson of weight 1 or more.

        The label's probability is 1/weight and never the propensity: importance weighting by small propensities hurts
        with many actions, and SquareCB asks for plain regression (measured: design, section 6). The multi-task
        regression multiplies by 1/p, so p is also the one way to say how much a lesson counts.

        A decision teaches much the same to a dozen models, so that its lines are parsed once for all of them. These are
        the binding's own methods: the public ones wrap every example in Python, which costs more than the learning,
        and do the same (a test holds them to it).
        """
        try:
            with self._reader.lock:
                self._saved = None
                self._workspace.learn_multi(self._reader.lesson(shared, f"0:{cost:.9g}:{1 / weight:.9g} {action}"))
        except (RuntimeError, ValueError) as error:
            raise ModelFailed(f"learning failed: {error}") from error

    def measure_in(self, unit: float) -> None:
        """Say what a cost of 1 stands for from now on: what the model expects of an action stays the same worth.

        A weight is as large as the costs are, and its adaptive slot sums up their squares.
        """
        if unit == self.unit:
            return
        model, factor = self.saved(), np.float32(self.unit / unit)
        weights = _weights_of(model).copy()
        weights["weight"] *= factor
        weights["adaptive"] *= factor * factor
        self._saved = model[: _weights_start(model)] + weights.tobytes()
        self._workspace, self.unit = _open(self._saved), unit

    def saved(self) -> bytes:
        """Return the whole model; loading it goes on exactly where this one stands.

        It takes 2 ms, and nothing where nothing was learned since: of many campaigns few learn between two snapshots.
        """
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
        return _weights_in(self._written())

    def fault(self) -> str:
        """Return what makes the model unfit to decide, such as a weight that is no finite number; empty for nothing."""
        return fault_in(self._written())


def fault_in(model: bytes) -> str:
    """Return what makes a model, as `saved` returned it, unfit to decide; empty for nothing."""
    found = _weights_in(model)
    if not np.isfinite(found).all():
        return "a weight is not a finite number"
    return "a weight is too large to reckon with" if len(found) and abs(found[:, 1]).max() > _WEIGHT_MAX else ""


def _weights_in(model: bytes) -> np.ndarray:
    """Return a saved model's weights as `Bandit.weights` does."""
    found = _weights_of(model)
    return np.column_stack([found[name].astype(np.float64) for name in found.dtype.names or ()])


def _weights_of(model: bytes) -> np.ndarray:
    """Return a saved model's weights as they lie there.

    Raises ModelFailed where they do not lie as they should, after an upgrade perhaps: a sound model would look unfit.
    """
    try:
        found = np.frombuffer(model, _WEIGHT, offset=_weights_start(model))
    except ValueError as error:
        raise ModelFailed(f"a saved model's weights cannot be read: {error}") from error
    if not (np.diff(found["index"].astype(np.int64)) > 0).all():
        raise ModelFailed("a saved model's weights cannot be read: they are not in order")
    return found


def _weights_start(model: bytes) -> int:
    return _options_end(model) + _counters_bytes()


def _options_end(model: bytes) -> int:
    """Return where the text of a saved model's options ends; counters of a fixed length follow, then the weights."""
    return model.index(b"\0", model.index(b" --"))


@cache
def _counters_bytes() -> int:
    empty = Bandit().saved()
    return len(empty) - _options_end(empty)


class _Reader:
    """Parses lines for every model that reads them alike: a workspace that never learns, so that nothing goes stale.

    An action's example is kept for good, the last shared line until another comes, since a decision asks and teaches
    several models about one, and so are the last taught actions, with their labels. Whoever asks holds the lock until
    it has its answer: engines in several threads share a reader.
    """

    def __init__(self, reading: str) -> None:
        self.lock = Lock()
        self._workspace = Workspace(f"--cb_explore_adf --cb_type mtr {reading} --quiet")
        self._shared, self._context = "", list[Example]()
        self._actions: dict[str, Example] = {}
        self._lessons: dict[str, list[Example]] = {}

    def examples(self, shared: str, actions: tuple[str, ...]) -> list[Example]:
        """Return the example of a shared line, good until another line is asked about, and those of its actions."""
        context = self._read_shared(shared)
        try:
            return [*context, *map(self._actions.__getitem__, actions)]
        except KeyError:
            self._read(actions)
        return [*context, *map(self._actions.__getitem__, actions)]

    def lesson(self, shared: str, taught: str) -> list[Example]:
        """Return the examples of a shared line and an action with its label, good until some others are asked about."""
        context, found = self._read_shared(shared), self._lessons.get(taught)
        if found is None:
            if len(self._lessons) >= _LESSONS_KEPT:
                self._workspace._finish_example_multi_ex(self._lessons.pop(next(iter(self._lessons))))
            found = self._lessons[taught] = self._workspace._parse(taught)
        return [*context, *found]

    def _read_shared(self, shared: str) -> list[Example]:
        if shared != self._shared:
            self._workspace._finish_example_multi_ex(self._context)  # its memory is lost where this is left out
            self._shared, self._context = "", []
            self._context = self._workspace._parse(shared)
            self._shared = shared
        return self._context

    def _read(self, actions: tuple[str, ...]) -> None:
        """Parse the lines that were never asked about; where too many are kept, all others are forgotten."""
        if len(self._actions) + len(actions) > _EXAMPLES_KEPT:
            self._actions.clear()
        for line in actions:
            if line not in self._actions:
                self._actions[line] = self._workspace.example(line)


@cache
def _reader(reading: str) -> _Reader:
    """Return the one reader of this process for models of these options."""
    return _Reader(reading)


def _open(model: bytes | None) -> Workspace:
    arguments = f"--cb_explore_adf --cb_type mtr -l {LEARNING_RATE} {UPDATE} {_POOL} --quiet"
    try:
        if model is None:
            return Workspace(f"{arguments} {EXPLORATION} --interactions {_CROSSED} --hash all --bit_precision {_BITS}")
        with TemporaryDirectory(prefix="decisioning-") as folder:
            path = Path(folder, "model.vw")
            path.write_bytes(model)
            return Workspace(f"{arguments} --initial_regressor {path}")
    except (RuntimeError, ValueError) as error:
        raise ModelFailed(f"loading failed: {error}") from error
