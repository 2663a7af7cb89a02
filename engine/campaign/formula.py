"""Formulas over an amount, such as `min(amount / 200, 1)`. Never more than arithmetic: nothing is executed."""

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Formula = Callable[[float], float]

MAX_CHARACTERS = 200
AMOUNT = "amount"

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS: Mapping[str, tuple[Callable[..., float], int, int]] = {
    "min": (min, 2, 10),
    "max": (max, 2, 10),
    "abs": (abs, 1, 1),
    "log1p": (math.log1p, 1, 1),
    "sqrt": (math.sqrt, 1, 1),
}


class NotAFormula(ValueError):
    """A text is no arithmetic over `amount`; says which part is not."""


@lru_cache(maxsize=1_024)
def parsed(text: str) -> Formula:
    """Return the formula as a function of the amount; raises NotAFormula.

    The function raises ArithmeticError or ValueError where it has no value, such as a division by zero.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotAFormula(f"has {len(text)} characters, more than {MAX_CHARACTERS}")
    try:
        with warnings.catch_warnings():  # Python's own advice on odd texts is not for a marketer
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotAFormula("is no arithmetic") from error
    formula = _built(tree.body)
    if not any(isinstance(node, ast.Name) and node.id == AMOUNT for node in ast.walk(tree)):
        raise NotAFormula("does not name amount; write a plain number without quotes")
    return formula


def _built(node: ast.expr) -> Formula:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and abs(value) <= 1e12:
            fixed = float(value)
            return lambda _: fixed
        case ast.Name(id=name) if name == AMOUNT:
            return lambda amount: amount
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _built(operand)
            return lambda amount: -inner(amount)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            apply, one, other = _OPERATORS[type(op)], _built(left), _built(right)
            return lambda amount: apply(one(amount), other(amount))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _called(name, arguments)
    raise NotAFormula(f"cannot hold {_shown(node)!r}")


def _called(name: str, arguments: list[ast.expr]) -> Formula:
    function, fewest, most = _FUNCTIONS[name]
    if not fewest <= len(arguments) <= most:
        raise NotAFormula(f"gives {name} {len(arguments)} values; it takes {fewest} to {most}")
    inner = [_built(argument) for argument in arguments]
    return lambda amount: function(*(value(amount) for value in inner))


def _shown(node: Any) -> str:
    return ast.unparse(node)[:40]
