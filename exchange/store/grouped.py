"""Statements of many events, gathered table by table, to be handed to SQLite later, by this process or by another one.

A statement that is run a thousand times with ``executemany`` costs a fraction of a thousand statements taking turns. What may
change places must not depend on one another, so the rule is narrow: every statement names one table and touches no other, and
those of one table keep their order. Then each table ends up with the rows it would have had. What does not keep to the rule goes
in at its place: after everything that came before it, and before everything that comes after.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, Protocol

from exchange.errors import IntegrityError

_TABLE: Final = re.compile(r"(?:INSERT(?: OR \w+)? INTO|UPDATE) (\w+)")
Values = tuple[Any, ...]
Many = tuple[str, list[Values]]
"""A statement, and the values it is run with one after another."""


class Statements(Protocol):
    """Where a view's statements go: a connection, or what gathers them for one. Nothing is read back."""

    def execute(self, sql: str, parameters: Values, /) -> object:
        """Run one statement."""

    def executemany(self, sql: str, parameters: Iterable[Values], /) -> object:
        """Run one statement once for each of many values."""


def run(db: Statements, statements: Iterable[Many]) -> None:
    """Run what was gathered."""
    for sql, rows in statements:
        db.executemany(sql, rows)


class InOrder:
    """Keeps statements as they come."""

    def __init__(self) -> None:
        self.taken: list[Many] = []
        """What came, to be run in this order."""

    def execute(self, sql: str, parameters: Values, /) -> None:
        """One statement more."""
        self.taken.append((sql, [parameters]))

    def executemany(self, sql: str, parameters: Iterable[Values], /) -> None:
        """The same statement with many values."""
        self.taken.append((sql, list(parameters)))


class Grouped:
    """Takes statements as a connection does; :meth:`all` gives them back, each table's together."""

    def __init__(self) -> None:
        self._before = InOrder()
        self._queues: dict[str, list[Many]] = {}
        self._last: dict[str, list[Values]] = {}
        """Of the newest statement of each table: where further values go."""

    def execute(self, sql: str, parameters: Values, /) -> None:
        """One statement more for its table."""
        (self._last.get(sql) or self._rows(sql)).append(parameters)

    def executemany(self, sql: str, parameters: Iterable[Values], /) -> None:
        """The same statement with many values."""
        (self._last.get(sql) or self._rows(sql)).extend(parameters)

    def in_between(self) -> Statements:
        """For statements that look at other tables: where they are run between those before and those after them."""
        for queue in self._queues.values():
            self._before.taken += queue
        self._queues.clear()
        self._last.clear()
        return self._before

    def all(self) -> list[Many]:
        """Everything there is to run, each table's statements in the order they came."""
        self.in_between()
        return self._before.taken

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
