"""Statements of many events, gathered and handed to SQLite table by table.

A statement that is run a thousand times with ``executemany`` costs a fraction of a thousand statements taking turns. What may
change places must not depend on one another, so the rule is narrow: every statement names one table and touches no other, and
those of one table keep their order. Then each table ends up with the rows it would have had.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, Protocol

from exchange.errors import IntegrityError

_TABLE: Final = re.compile(r"(?:INSERT(?: OR \w+)? INTO|UPDATE) (\w+)")
Values = tuple[Any, ...]


class Statements(Protocol):
    """Where a view's statements go: a connection, or :class:`Grouped` over one. Nothing is read back."""

    def execute(self, sql: str, parameters: Values, /) -> object:
        """Run one statement."""

    def executemany(self, sql: str, parameters: list[Values], /) -> object:
        """Run one statement once for each of many values."""


class Grouped:
    """Takes statements as a connection does, and runs them at :meth:`flush`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._queues: dict[str, list[tuple[str, list[Values]]]] = {}
        self._last: dict[str, list[Values]] = {}
        """Of the newest statement of each table: where further values go."""

    def execute(self, sql: str, parameters: Values, /) -> None:
        """One statement more for its table."""
        (self._last.get(sql) or self._rows(sql)).append(parameters)

    def executemany(self, sql: str, parameters: Iterable[Values], /) -> None:
        """The same statement with many values."""
        (self._last.get(sql) or self._rows(sql)).extend(parameters)

    def flush(self) -> None:
        """Run everything, each table's statements in the order they came."""
        for queue in self._queues.values():
            for sql, rows in queue:
                self._db.executemany(sql, rows)
        self._queues.clear()
        self._last.clear()

    def _rows(self, sql: str) -> list[Values]:
        """Begin with another statement of its table."""
        queue = self._queues.setdefault(table_of(sql), [])
        if queue:
            self._last.pop(queue[-1][0], None)
        rows: list[Values] = []
        queue.append((sql, rows))
        self._last[sql] = rows
        return rows


@cache
def table_of(sql: str) -> str:
    """The one table an INSERT or UPDATE is about.

    Raises:
        IntegrityError: It is another kind of statement.
    """
    found = _TABLE.match(sql)
    if found is None:
        raise IntegrityError("Only INSERT and UPDATE can be gathered by table; run this statement on the connection.")
    return found[1]
