"""Rows are read as the mapping says, whatever the file's form."""

from pathlib import Path

import pytest

from simulators.csv_rows import Row, file_digest, read_rows
from simulators.mapping_file import load_mapping
from tests.simulators.synthetic_experiment import MAPPING, ExperimentFiles, write_experiment

TABLE = """Kunde;Alter;Stadt;Gruppe;Umsatz
k-1;40;Köln;Mantel;12,5

k-2;; ;Kontrolle;0
"k-3";"1e1";"Bad
Homburg";Schal;200
"""


def rows_of(folder: Path, mapping: str = MAPPING, table: bytes = TABLE.encode("latin-1")) -> list[Row]:
    """Return the rows of a small table under a mapping."""
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    (folder / "table.csv").write_bytes(table)
    return list(read_rows(folder / "table.csv", load_mapping(folder / "mapping.yaml")))


def test_every_column_arrives_where_the_mapping_sends_it(tmp_path: Path) -> None:
    """Numbers are read with the file's decimal sign, text in its encoding, rewards divided, rows numbered from 1."""
    first, _, third = rows_of(tmp_path)
    assert (first.number, first.customer_id, first.given, first.metric) == (1, "k-1", "Mantel", 12.5)
    assert first.context.numbers == {"age": 40.0}
    assert first.context.categories == {"Stadt": "Köln"}
    assert first.value == pytest.approx(0.0625)
    assert first.outcome == ""
    assert third.context.categories == {"Stadt": "Bad\nHomburg"}
    assert third.context.numbers == {"age": 10.0}


def test_an_empty_cell_is_a_missing_feature_and_an_empty_line_is_no_row(tmp_path: Path) -> None:
    """What is not known of a customer is left out of her context instead of being sent as zero."""
    _, second, third = rows_of(tmp_path)
    assert (second.number, third.number) == (2, 3)
    assert second.context.numbers == {}
    assert second.context.categories == {}


def test_rows_to_leave_out_keep_their_numbers(tmp_path: Path) -> None:
    """A row that is passed over still counts in the numbering, so ids stay those of the file's rows."""
    without = MAPPING.replace("    Kontrolle: nothing\n", "  leave_out: [Kontrolle]\n")
    assert [row.number for row in rows_of(tmp_path, without)] == [1, 3]


def test_without_a_customer_column_every_row_is_another_customer(tmp_path: Path) -> None:
    """Rows of a file without customer ids are told apart by their numbers."""
    customers = [row.customer_id for row in rows_of(tmp_path, MAPPING.replace("customer_column: Kunde\n", ""))]
    assert len(set(customers)) == 3
    assert all(customers)


def test_an_outcome_column_names_the_outcome(tmp_path: Path) -> None:
    """Each value of the outcome column becomes the outcome that the mapping gives it, with no value beside it."""
    outcome = "outcome: {column: Umsatz, values: {'12,5': bought, 0: left, 200: bought}}"
    found = rows_of(tmp_path, MAPPING.replace("value: {column: Umsatz, divide_by: 200}", outcome))
    assert [(row.outcome, row.value) for row in found] == [("bought", None), ("left", None), ("bought", None)]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    """A file saved by a spreadsheet as UTF-8 reads as it looks."""
    table = b"\xef\xbb\xbf" + TABLE.encode()
    assert len(rows_of(tmp_path, MAPPING.replace("latin-1", "utf-8"), table)) == 3


def test_a_packed_file_is_the_same_experiment(tmp_path: Path) -> None:
    """Packing changes neither the rows nor the digest that the run is named after."""
    (tmp_path / "packed").mkdir()
    files: list[ExperimentFiles] = [
        write_experiment(tmp_path, rows=50),
        write_experiment(tmp_path / "packed", rows=50, packed=True),
    ]
    plain, packed = ([*read_rows(one.csv, load_mapping(one.mapping))] for one in files)
    assert plain == packed
    assert len(plain) == 50
    assert file_digest(files[0].csv) == file_digest(files[1].csv)
