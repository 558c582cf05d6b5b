"""Housekeeping that is no fact: the newest control message per partner, own prekeys and bundle sequence, frame hashes.

Small JSON objects by (kind, key). Every write is durable when it returns: a bundle sequence that was published must never be
handed out again. Losing this file costs work, never a fact.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

import orjson

from exchange.errors import N_, IntegrityError
from exchange.store import sqlite

FORMAT: Final = sqlite.Format(
    application_id=0x43565853,  # "CVXS"
    version=1,
    cure=N_("remove it: the node makes what it needs anew."),
    statements=(
        "CREATE TABLE side (kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
    ),
)
_RENEWED: Final = replace(
    FORMAT, statements=(*FORMAT.statements, "INSERT INTO side VALUES ('store', 'renewed', CAST('{}' AS BLOB))")
)

Value = dict[str, Any]
"""A JSON object."""


class SideStore:
    """See the module. Any thread may use it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._lock = threading.Lock()

    @staticmethod
    def create(path: Path) -> None:
        """Make an empty store.

        Raises:
            SetupError: It exists already.
        """
        sqlite.create(path, FORMAT)

    @classmethod
    def renewed(cls, path: Path) -> Self:
        """A new store in the place of one that was lost, which remembers that it is.

        Raises:
            SetupError: It is not lost.
        """
        sqlite.create(path, _RENEWED)
        return cls.open(path)

    @property
    def replaces_lost(self) -> bool:
        """Whether an earlier store was lost, with everything it knew."""
        return self.get("store", "renewed") is not None

    @classmethod
    def open(cls, path: Path) -> Self:
        """The store at ``path``.

        Raises:
            SetupError: There is none, or it is another release's.
        """
        return cls(sqlite.connect(path, FORMAT))

    def close(self) -> None:
        """Close the file. Harmless when done twice."""
        with self._lock:
            self._db.close()

    def get(self, kind: str, key: str) -> Value | None:
        """One value."""
        with self._lock, sqlite.disk():
            row = self._db.execute("SELECT value FROM side WHERE kind=? AND key=?", (kind, key)).fetchone()
        return None if row is None else _parse(row[0])

    def list(self, kind: str) -> list[tuple[str, Value]]:
        """Every (key, value) of a kind, in order of key."""
        with self._lock, sqlite.disk():
            rows = self._db.execute("SELECT key, value FROM side WHERE kind=? ORDER BY key", (kind,)).fetchall()
        return [(key, _parse(value)) for key, value in rows]

    def put(self, kind: str, key: str, value: Value) -> None:
        """Store one value, durably."""
        self.put_many(kind, {key: value})

    def put_many(self, kind: str, values: Mapping[str, Value]) -> None:
        """Store several values of a kind in one durable commit."""
        rows = [(kind, key, orjson.dumps(value)) for key, value in values.items()]
        with self._lock, sqlite.transaction(self._db) as db:
            db.executemany("INSERT OR REPLACE INTO side VALUES (?,?,?)", rows)

    def delete(self, kind: str, key: str) -> None:
        """Forget one value; harmless when it is not there."""
        with self._lock, sqlite.transaction(self._db) as db:
            db.execute("DELETE FROM side WHERE kind=? AND key=?", (kind, key))


def _parse(data: bytes) -> Value:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise IntegrityError("The side store is damaged; remove side.db, the node makes what it needs anew.")
    return value
