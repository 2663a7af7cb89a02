"""The mapping file: read, and checked against the campaign and the CSV it speaks of. Never a row, never the service.

Every complaint names the line and the field, and says what to do.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node

from simulators.csv_mapping import (
    Action,
    Context,
    Mapping,
    Metric,
    OutcomeColumn,
    Part,
    Place,
    Reward,
    SentDecision,
    ValueColumn,
)


class MappingError(Exception):
    """A mapping, its campaign or its CSV cannot be used; each line of the text names one place and says what to do."""


class MappingFile(Struct, frozen=True):
    """A mapping with where it came from and how it was written, so that whatever is wrong is told with its line."""

    path: Path
    mapping: Mapping
    written: Node

    @property
    def campaign_path(self) -> Path:
        """The campaign's file; a relative name starts from the mapping's folder."""
        return self.path.parent / self.mapping.campaign


def load_mapping(path: Path) -> MappingFile:
    """Return the mapping that a file holds; raises MappingError with every problem and its line."""
    try:
        text = path.read_text(encoding="utf-8")
        written = YAML(typ="base", pure=True).compose(text)  # for the lines
        content = YAML(typ="base", pure=True).load(text)
    except OSError as error:
        raise MappingError(f"{path} cannot be read: {error.strerror}") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MappingError(f"{path}, line {line}: is not YAML: {error.problem}") from None
    except (UnicodeDecodeError, YAMLError) as error:
        raise MappingError(f"{path} is not YAML in UTF-8: {error}") from None
    try:
        return MappingFile(path=path, mapping=Mapping.model_validate(content), written=written)
    except ValidationError as error:
        raise mapping_error(path, written, map(_explained, error.errors())) from None


def mapping_error(path: Path, written: Node | None, problems: Iterable[tuple[Place, str]]) -> MappingError:
    """Return the error that gives each problem with the line and the field it is about."""
    lines = []
    for place, problem in problems:
        field = ".".join(map(str, place)) or "the file"
        lines.append(f"{path}, line {_line(written, place)}, {field}: {problem}")
    return MappingError("\n".join(lines))


def check_columns(file: MappingFile, header: Sequence[str]) -> None:
    """Raise MappingError where the mapping names a column that the CSV does not have."""
    problems = [
        (place, f"the CSV has no column {column!r}; {nearest(column, header)}")
        for place, column in file.mapping.columns()
        if column not in header
    ]
    if problems:
        raise mapping_error(file.path, file.written, problems)


def nearest(name: str, known: Sequence[str]) -> str:
    """Return the hint that ends a complaint about an unknown name: the nearest known one, or all there are."""
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(map(repr, known))}"


def _line(written: Node | None, place: Place) -> int:
    line, node = 1, written
    for step in place:
        entries = node.value if isinstance(node, MappingNode) else []
        found = next(((key, value) for key, value in entries if key.value == step), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def _explained(problem: ErrorDetails) -> tuple[Place, str]:
    place, message = problem["loc"], problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return place, f"unknown field; {nearest(str(place[-1]), _fields(place[:-1]))}"
    if problem["type"] == "missing":
        return place, "is missing; add it"
    return place, message[:1].lower() + message[1:]


def _fields(place: Place) -> list[str]:
    """Return the fields that may stand at a place."""
    parts: dict[Place, type[Part]] = {
        (): Mapping,
        ("action",): Action,
        ("context",): Context,
        ("reward",): Reward,
        ("reward", "outcome"): OutcomeColumn,
        ("reward", "value"): ValueColumn,
        ("metric",): Metric,
    }
    return list(parts.get(place, SentDecision).model_fields)
