"""The rows of a recorded experiment, read from a CSV as its mapping says. Never sent, never passed over in silence.

A cell that is not what the mapping says it is ends the reading, with the line, the column and what to do: a row left
out unnoticed would make the figures wrong.
"""

import csv
import gzip
import hashlib
from collections.abc import Iterator
from math import isfinite, nan
from pathlib import Path
from typing import TextIO, cast

from msgspec import Struct

from engine.types import Features
from simulators.csv_mapping import Mapping, OutcomeColumn
from simulators.mapping_file import MappingError, MappingFile, check_columns, nearest


class Row(Struct, frozen=True):
    """One customer of the experiment: what was known of her, what she was given, and what she did.

    `number` counts the file's rows from 1, without its header.
    """

    number: int
    customer_id: str
    context: Features
    given: str
    metric: float
    outcome: str = ""
    value: float | None = None


class Line(Struct, frozen=True):
    """One line of the CSV with what is needed to read its cells by column and to say where it stands."""

    place: str
    cells: list[str]
    columns: dict[str, int]
    mapping: Mapping

    def cell(self, column: str) -> str:
        """Return the text under a column, without surrounding blanks."""
        return self.cells[self.columns[column]].strip()

    def number(self, column: str) -> float:
        """Return the finite number under a column; raises MappingError."""
        cell, decimal = self.cell(column), self.mapping.decimal
        try:
            if decimal != "." and "." in cell:  # 1.234 may be a thousand there: guessing would be worse than asking
                raise ValueError
            found = float(cell.replace(decimal, "."))
        except ValueError:
            found = nan
        if not isfinite(found):
            problem = f"is {cell!r}, not a finite number with the decimal sign {decimal!r}"
            raise self.error(column, f"{problem}; mend the cell, the mapping's `decimal`, or map another column")
        return found

    def error(self, column: str, problem: str) -> MappingError:
        """Return the error that says what is wrong with a cell."""
        return MappingError(f"{self.place}, column {column!r}: {problem}")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of the file's content as 64 hexadecimal digits, the same whether it is packed or not."""
    digest = hashlib.sha256()
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_rows(path: Path, file: MappingFile) -> Iterator[Row]:
    """Yield the rows whose action value is not left out; raises MappingError at the first that does not fit."""
    mapping = file.mapping
    try:
        with _opened(path, mapping.encoding) as text:
            lines = csv.reader(text, delimiter=mapping.delimiter, strict=True)
            columns = _columns(path, file, next(lines, []))
            numbered = enumerate((cells for cells in lines if cells), 1)
            for number, cells in numbered:
                line = Line(f"{path}, line {lines.line_num}", cells, columns, mapping)
                if len(cells) != len(columns):
                    raise MappingError(
                        f"{line.place}: has {len(cells)} cells, the header {len(columns)}; mend the line"
                    )
                if line.cell(mapping.action.column) not in mapping.action.leave_out:
                    yield _row(number, line)
    except OSError as error:
        raise MappingError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise MappingError(f"{path} is not {mapping.encoding}: {error}; name its encoding in the mapping") from None
    except (csv.Error, EOFError) as error:
        raise MappingError(f"{path} is no whole CSV: {error}") from None


def _opened(path: Path, encoding: str) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding=encoding, newline=""))
    return path.open("rt", encoding=encoding, newline="")


def _columns(path: Path, file: MappingFile, header: list[str]) -> dict[str, int]:
    names = [name.strip() for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MappingError(f"{path}, line 1: {', '.join(map(repr, twice))} names more than one column; rename them")
    check_columns(file, names)
    return {name: index for index, name in enumerate(names)}


def _row(number: int, line: Line) -> Row:
    mapping, reward = line.mapping, line.mapping.reward
    given = line.cell(mapping.action.column)
    if given not in mapping.action.values:
        hint = nearest(given, list(mapping.action.values))
        raise line.error(mapping.action.column, f"action.values has no {given!r} (nor action.leave_out); {hint}")
    return Row(
        number=number,
        customer_id=line.cell(mapping.customer_column) if mapping.customer_column else f"row {number}",
        context=_context(line),
        given=given,
        metric=line.number(mapping.metric.column),
        outcome=_outcome(line, reward.outcome) if reward.outcome else "",
        value=line.number(reward.value.column) / reward.value.divide_by if reward.value else None,
    )


def _context(line: Line) -> Features:
    """Return what was known of the customer; an empty cell is a feature that is missing, not one that is zero."""
    numbers, categories = line.mapping.context.numbers.items(), line.mapping.context.categories.items()
    return Features(
        numbers={name: line.number(column) for name, column in numbers if line.cell(column)},
        categories={name: cell for name, column in categories if (cell := line.cell(column))},
    )


def _outcome(line: Line, outcome: OutcomeColumn) -> str:
    cell = line.cell(outcome.column)
    if cell not in outcome.values:
        hint = nearest(cell, list(outcome.values))
        raise line.error(outcome.column, f"reward.outcome.values has no {cell!r}; {hint}")
    return outcome.values[cell]
