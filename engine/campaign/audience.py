"""Audiences: whom something is for, in the Common Expression Language (CEL). Never a rule that is not written there.

CEL ends: it has no loops but its macros, which are refused, since a few nested in 300 characters ran for 13 seconds.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any

import cel
from pydantic import BeforeValidator

from engine.campaign.values import refusal, shown

MAX_CHARACTERS = 500
VARIABLES = ("attributes", "context", "context_numbers", "identities", "level", "profile")
"""What an audience may ask about; `README.md` says what each holds."""
_OPERATORS = (
    *("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_&&_", "_||_", "!_", "_?_:_"),
    *("_+_", "_-_", "-_", "_*_", "_/_", "_%_", "_[_]", "@in"),
)
FUNCTIONS = ("contains", "double", "endsWith", "int", "size", "startsWith")
_MACRO = re.compile(r"\b(all|exists|exists_one|existsOne|map|filter|transform\w*|sortBy|bind)\s*\(")
_KNOWN = frozenset({*_OPERATORS, *FUNCTIONS})


class NotAnAudience(ValueError):
    """A text is no CEL expression over what is known of a customer; says which part is not."""


class Audience:
    """A compiled expression."""

    def __init__(self, text: str) -> None:
        try:
            self._program = cel.compile(text)
        except ValueError as error:
            raise NotAnAudience(f"cannot be read: {_first_line(error)}") from error
        self.variables = tuple(self._program.variables())
        if strange := [name for name in self.variables if name not in VARIABLES]:
            near = get_close_matches(strange[0], VARIABLES, n=1)
            known = f"did you mean {near[0]}?" if near else f"known are {', '.join(VARIABLES)}"
            raise NotAnAudience(f"asks about {strange[0]}, which is nothing that is known; {known}")
        if strange := [name for name in self._program.functions() if name not in _KNOWN]:
            raise NotAnAudience(f"uses {strange[0]}; it may use operators, has and {', '.join(FUNCTIONS)}")

    def problem(self, context: cel.Context) -> str:
        """Return why a customer does not belong to the audience; empty where she does."""
        try:
            found = self._program.execute(context)
        except Exception as error:  # the library raises KeyError, TypeError, ArithmeticError, RuntimeError and others
            missing = isinstance(error, KeyError)
            return f"{error} is not known of her" if missing else f"has no value for her: {_first_line(error)}"
        if found is True:
            return ""
        return "is false for her" if found is False else f"comes to {shown(found)} for her, not to true or false"


class Facts:
    """What audiences are told of one customer at one moment, converted when the first of them asks about it."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._context: cel.Context | None = None
        self._told: set[str] = set()
        self._problems: dict[str, str] = {}

    def problem(self, text: str) -> str:
        """Return why the customer does not belong to an audience; empty where she does."""
        known = self._problems.get(text)
        if known is None:
            asked = audience(text)
            known = self._problems[text] = asked.problem(self._told_of(asked.variables))
        return known

    def _told_of(self, names: tuple[str, ...]) -> cel.Context:
        if self._context is None:
            self._context = cel.Context()
        for name in names:
            if name not in self._told:
                self._told.add(name)
                self._context.add_variable(name, self._variables[name])
        return self._context


@lru_cache(maxsize=4_096)
def audience(text: str) -> Audience:
    """Return the audience that a text describes, compiled once; raises NotAnAudience."""
    if not 1 <= len(text) <= MAX_CHARACTERS:
        raise NotAnAudience(f"has {len(text)} characters; write 1 to {MAX_CHARACTERS}")
    if not text.isprintable():
        raise NotAnAudience("holds line breaks or invisible characters; write it on one line")
    if macro := _MACRO.search(text):
        raise NotAnAudience(f"uses {macro[1]}, a loop; ask about single entries, as in 'email' in identities")
    return Audience(text)


def audience_text(value: object) -> str:
    """Return the text of an audience that compiles."""
    example = 'attributes.loyalty_tier == "gold" && level != "anonymous"'
    if not isinstance(value, str):
        raise refusal(f"must be an expression such as {example}, but is {shown(value)}")
    try:
        audience(value.strip())
    except NotAnAudience as error:
        raise refusal(f"must be an expression such as {example}, but {shown(value)} {error}") from error
    return value.strip()


def _first_line(error: Exception) -> str:
    """Return what the library says in a line that can be shown to anyone."""
    line = str(error).partition("\n")[0].rpartition("Syntax error: ")[2]
    return "".join(character for character in line if character.isprintable())[:160]


AudienceText = Annotated[str, BeforeValidator(audience_text)]
