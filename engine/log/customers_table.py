"""The table of customers in the log's file, written in the log's own transactions. Never what a customer's bytes mean.

It holds one fold of the log, at the sequence number it has reached: it can be dropped and folded again.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from engine.log.sqlite import Log

_UPSERT = "INSERT INTO customers (row, body) VALUES (?, ?) ON CONFLICT (row) DO UPDATE SET body = excluded.body"


class CustomersTable:
    """Customers' bytes by row, and the row of each identity; what is not committed is undone with the log's events."""

    def __init__(self, log: Log) -> None:
        self._log = log

    @property
    def seq(self) -> int:
        """The sequence number of the last event folded in."""
        return int(self._rows("SELECT coalesce(max(seq), 0) FROM customers_fold")[0][0])

    @property
    def next_row(self) -> int:
        """The next free row number."""
        return int(self._rows("SELECT coalesce(max(row), 0) + 1 FROM customers")[0][0])

    def find(self, identity: str) -> tuple[int, bytes] | None:
        """Return the row and the bytes of the customer that an identity belongs to."""
        query = (
            "SELECT customers.row, body FROM identities JOIN customers ON customers.row = identities.customer_row"
            " WHERE identity = ?"
        )
        rows = self._rows(query, (bytes.fromhex(identity),))
        return (rows[0][0], rows[0][1]) if rows else None

    def seqs_of(self, identities: Iterable[str]) -> list[int]:
        """Return the sequence numbers of the events that name any of these identities, in order."""
        query = "SELECT seq FROM customer_events WHERE identity = ?"
        return sorted({row[0] for one in identities for row in self._rows(query, (bytes.fromhex(one),))})

    def read(self) -> Iterator[bytes]:
        """Yield every customer's bytes."""
        after = 0
        while rows := self._rows("SELECT row, body FROM customers WHERE row > ? ORDER BY row LIMIT 500", (after,)):
            yield from (body for _, body in rows)
            after = rows[-1][0]

    def save(
        self,
        seq: int,
        *,
        bodies: Iterable[tuple[int, bytes]],
        owners: Iterable[tuple[str, int]],
        gone_rows: Iterable[int],
        gone_identities: Iterable[str],
        named: Iterable[tuple[str, int]],
    ) -> None:
        """Write customers' bytes, the rows of identities, where they are named, and the sequence number reached."""
        changes: dict[str, list[tuple[Any, ...]]] = {
            "DELETE FROM customers WHERE row = ?": [(row,) for row in gone_rows],
            "DELETE FROM identities WHERE identity = ?": [(bytes.fromhex(gone),) for gone in gone_identities],
            "DELETE FROM customer_events WHERE identity = ?": [(bytes.fromhex(gone),) for gone in gone_identities],
            _UPSERT: list(bodies),
            "INSERT OR REPLACE INTO identities (identity, customer_row) VALUES (?, ?)": [
                (bytes.fromhex(identity), row) for identity, row in owners
            ],
            "INSERT OR REPLACE INTO customer_events (identity, seq) VALUES (?, ?)": [
                (bytes.fromhex(identity), seq) for identity, seq in named
            ],
        }
        with self._log.writing() as connection:
            self._log.begin()
            for statement, rows in changes.items():
                if rows:  # of most there are none, and SQLite would take some microseconds to notice
                    connection.executemany(statement, rows)
            connection.execute("INSERT OR REPLACE INTO customers_fold (id, seq) VALUES (1, ?)", (seq,))

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        return self._log.rows_beside(query, values)
