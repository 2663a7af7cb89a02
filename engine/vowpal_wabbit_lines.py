"""Lines as Vowpal Wabbit holds them, parsed once for all models and reused. Never a model, never what a line says."""

from functools import cache
from threading import Lock

from vowpalwabbit import Example, Workspace

_EXAMPLES_KEPT = 16_384  # of all models together; a parsed example holds 32 KB
_LESSONS_KEPT = 256  # taught actions with their labels, 8 MB: most messages earn nothing, so that many come again


class Reader:
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
def reader(reading: str) -> Reader:
    """Return the one reader of this process for models of these options."""
    return Reader(reading)
