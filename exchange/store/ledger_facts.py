"""Tables of what has to be on record before sharing: restrictions.

Ids, codes, dates and key ids only; who a restriction is about stands sealed in the log and in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.store.moments import ms

SCHEMA = """
CREATE TABLE restrictions(
  restriction TEXT PRIMARY KEY, item TEXT, cause TEXT NOT NULL, at INTEGER NOT NULL, lifted_at INTEGER) WITHOUT ROWID;
CREATE INDEX restrictions_item ON restrictions(item) WHERE item IS NOT NULL AND lifted_at IS NULL;
"""


def keep(db: sqlite3.Connection, key_id: str, retention: str, at: int) -> None:
    """A key that seals a fact has a term like any other."""
    db.execute("INSERT OR IGNORE INTO contents(key_id, retention, at) VALUES(?,?,?)", (key_id, retention, at))


def _restricted(db: sqlite3.Connection, index: int, event: e.RestrictionSet) -> None:  # noqa: ARG001 - one shape for all
    at, item = ms(event), str(event.item) if event.item else None
    db.execute("INSERT INTO restrictions VALUES(?,?,?,?,NULL)", (str(event.originator_id), item, event.cause, at))
    keep(db, event.key_id, event.retention, at)


def _lifted(db: sqlite3.Connection, index: int, event: e.RestrictionLifted) -> None:  # noqa: ARG001
    db.execute("UPDATE restrictions SET lifted_at=? WHERE restriction=?", (ms(event), str(event.originator_id)))


ACTIONS: dict[type[Event], Callable[[sqlite3.Connection, int, Any], None]] = {
    e.RestrictionSet: _restricted,
    e.RestrictionLifted: _lifted,
}
