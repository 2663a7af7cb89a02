"""YAML text as plain data, with the line of every field. Never a campaign's meaning, never YAML that can surprise.

Scalars follow the core schema of YAML 1.2: 17:30, no, and 2026-12-24 stay text. Anchors, aliases, tags, several
documents, duplicate fields and empty values are refused, each with its line.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from engine.campaign.values import Path, subject
from engine.campaign.yaml_syntax import syntax_problem

MAX_BYTES = 1_048_576
MAX_LINE_CHARACTERS = 20_000
"""Some endless lines take the parser time that grows with the square of their length."""
MAX_DEPTH = 8
MAX_NODES = 25_000

UNREADABLE = object()
"""Stands where a value was refused, so that it is refused only once."""

_LINE_BREAK = re.compile("\r\n|\r|\n")
_CONTROL = re.compile("[^\t\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, object] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    ".inf": float("inf"),
    "-.inf": float("-inf"),
    ".nan": float("nan"),
}


class Problem(Struct, frozen=True):
    """One thing wrong with a text: its line from 1, the path of the field, and a sentence that says what to do."""

    line: int
    path: Path
    sentence: str


class Document(Struct, frozen=True):
    """What was read: mappings, lists and scalars; the line of each path; and what is wrong with the YAML itself.

    `tree` is None where the text could not be read to its end.
    """

    tree: object
    lines: dict[Path, int]
    problems: tuple[Problem, ...]


def read_yaml(source: str) -> Document:
    """Return the text's only document; never raises, whatever the text."""
    if refused := _unreadable(source):
        return Document(tree=None, lines={}, problems=(refused,))
    reader = _Reader(YAML(typ="safe", pure=True).parse(source))
    tree: object = None
    try:
        tree = reader.document()
    except _GivenUpError as reason:
        reader.problems.append(reason.problem)
    except MarkedYAMLError as error:
        reader.problems.append(Problem(*syntax_problem(error)))
    except YAMLError as error:
        reader.problems.append(Problem(1, (), f"this is not YAML: {str(error).splitlines()[0]}"))
    return Document(tree=tree, lines=reader.lines, problems=tuple(reader.problems))


def _unreadable(source: str) -> Problem | None:
    if len(source) > MAX_BYTES or len(source.encode(errors="replace")) > MAX_BYTES:
        return Problem(1, (), f"the text is over {MAX_BYTES // 1024} KiB; divide it into several campaigns")
    for index, text in enumerate(_LINE_BREAK.split(source)):
        if len(text) > MAX_LINE_CHARACTERS:
            return Problem(index + 1, (), f"this line has over {MAX_LINE_CHARACTERS} characters; break it into several")
        if match := _CONTROL.search(text):
            sentence = f"the character U+{ord(match[0]):04X} cannot stand here; delete it, and save the file as UTF-8"
            return Problem(index + 1, (), sentence)
    return None


def plain_scalar(text: str) -> object:
    """Return what unquoted text stands for: a number, true or false, None where empty, otherwise itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


_TOO_DEEP = "this lies deeper than any field of a campaign; move it to the left"


class _GivenUpError(Exception):
    """Reading on makes no sense."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = Problem(line, (), sentence)


class _Reader:
    """Reads one document from YAML events."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._events = events
        self._nodes = 0

    def document(self) -> object:
        """Return the tree of the only document."""
        first = self._next_of(DocumentStartEvent, StreamEndEvent)
        if isinstance(first, StreamEndEvent):
            raise _GivenUpError(1, "the text is empty; begin with `campaign: <its name>`")
        tree = self._node(next(self._events), ())
        if isinstance(following := self._next_of(DocumentStartEvent, StreamEndEvent), DocumentStartEvent):
            self._refused(following, (), "a second document begins here; keep one campaign in one text")
        return tree

    def _next_of(self, *kinds: type) -> Any:
        return next(event for event in self._events if isinstance(event, kinds))

    def _node(self, event: Any, path: Path) -> object:
        self._count(event)
        if isinstance(event, AliasEvent):
            return self._refused(event, path, "a YAML alias (* before a name) is not allowed; write the value out here")
        self._refuse_ornaments(event, path)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, path)
        if len(path) >= MAX_DEPTH:
            raise _GivenUpError(_line(event), _TOO_DEEP)
        return self._list(path) if isinstance(event, SequenceStartEvent) else self._mapping(path)

    def _count(self, event: Any) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            sentence = f"the text holds over {MAX_NODES} values; divide it into several campaigns"
            raise _GivenUpError(_line(event), sentence)

    def _refused(self, event: Any, path: Path, sentence: str) -> object:
        self.problems.append(Problem(_line(event), path, sentence))
        return UNREADABLE

    def _refuse_ornaments(self, event: Any, path: Path) -> None:
        if event.anchor:
            self._refused(event, path, "a YAML anchor (& before a value) is not allowed; delete it, or quote the text")
        if event.ctag:
            self._refused(event, path, "a YAML tag (! before a value) is not allowed; delete it, or quote the text")

    def _scalar(self, event: ScalarEvent, path: Path) -> object:
        value = event.value if event.style else plain_scalar(event.value)
        if value is None:
            line = self.lines.get(path, _line(event))  # the parser finds nothing only on the next line
            sentence = f"{subject(path)} has no value; write one after the colon, or delete the line"
            self.problems.append(Problem(line, path, sentence))
            return UNREADABLE
        return value

    def _list(self, path: Path) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            place = (*path, len(items))
            self.lines[place] = _line(event)
            items.append(self._node(event, place))
        return items

    def _mapping(self, path: Path) -> dict[str, object]:
        fields: dict[str, object] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                self._skip(event)
                self._skip(next(self._events))
                self._refused(event, path, "a field's name must be plain text, followed by a colon")
                continue
            self._refuse_ornaments(event, path)
            key = event.value.strip()
            place = (*path, key)
            if key in fields:
                self._skip(next(self._events))
                first = f"it already stands on line {self.lines[place]}"
                self._refused(event, place, f"{subject(place)} stands here again, {first}; keep one of the two")
                continue
            self.lines[place] = _line(event)
            fields[key] = self._node(next(self._events), place)
        return fields

    def _skip(self, event: Any) -> None:
        """Read on to the end of the node that the event begins."""
        depth = 0
        while True:
            self._count(event)
            depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
            depth -= isinstance(event, MappingEndEvent | SequenceEndEvent)
            if depth == 0:
                return
            if depth > MAX_DEPTH:
                raise _GivenUpError(_line(event), _TOO_DEEP)
            event = next(self._events)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
