"""What the engine says when it refuses. Never knows a status code: server/ maps these to the wire."""


class EngineError(Exception):
    """The engine refused a request, for a reason the caller can act on."""


class InvalidRequest(EngineError):
    """A request breaks a rule that the caller can mend.

    `violations` holds at least one (field path such as ``context.numbers["age"]``, sentence that says what is wrong
    and what to do) pair.
    """

    def __init__(self, *violations: tuple[str, str]) -> None:
        self.violations = violations
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in violations))


class NotFound(EngineError):
    """A decision or campaign that the log does not hold was named."""


class IdReused(EngineError):
    """An id came again with different content, so neither answer would be right."""


class NotPossible(EngineError):
    """The request is well formed, but the campaign's present state does not allow it."""


class LogUnavailable(EngineError):
    """The log cannot take events now, so nothing of this request was accepted; a retry with the same id is safe."""


class DataInUse(EngineError):
    """Another process owns the data folder; two writers would ruin the log's one order."""


class WrongKey(EngineError):
    """Under another key every customer would get a new pseudonym and perhaps another control group, so nothing is
    opened.
    """
