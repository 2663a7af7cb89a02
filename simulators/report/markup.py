"""Markup: HTML and SVG elements, in which all that is not markup is escaped. Never a figure, a colour or a sentence."""

from collections.abc import Iterable
from html import escape

_EMPTY = {"circle", "line", "link", "meta", "path", "rect"}


class Markup(str):
    """Text that is markup already; any other text is escaped where it is put into an element."""

    __slots__ = ()


def element(name: str, /, *inside: str, **attributes: object) -> Markup:
    """Return an element.

    In the names of attributes a trailing underscore is dropped and others become hyphens; those that are None are left
    out, and numbers are given to a tenth, the size of a pixel being one.
    """
    written = "".join(f' {_attribute(key)}="{_value(value)}"' for key, value in attributes.items() if value is not None)
    if name in _EMPTY:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{joined(inside)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    """Return parts one after the other, those that are not markup escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def number(value: float) -> str:
    """Return a coordinate to a tenth, as short as it can be written."""
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _value(value: object) -> str:
    return number(value) if isinstance(value, float) else escape(str(value), quote=True)
