"""The tables about areas: reports, and the pictures made of them. No text, no persons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.store.grouped import Statements
from exchange.store.moments import ms

SCHEMA: Final = """
CREATE TABLE area_signals(
  log_index INTEGER PRIMARY KEY, signal TEXT NOT NULL UNIQUE, origin TEXT NOT NULL, partner TEXT, message TEXT,
  area TEXT NOT NULL, kind TEXT NOT NULL, purpose TEXT NOT NULL, observed_on TEXT NOT NULL, reports INTEGER NOT NULL,
  at INTEGER NOT NULL);
CREATE INDEX area_signals_when ON area_signals(observed_on);
CREATE TABLE area_pictures(
  log_index INTEGER PRIMARY KEY, picture TEXT NOT NULL, partner TEXT, purpose TEXT NOT NULL, first TEXT NOT NULL,
  last TEXT NOT NULL, threshold INTEGER NOT NULL, cells TEXT NOT NULL, at INTEGER NOT NULL);
"""


def _signalled(db: Statements, index: int, event: e.AreaSignalled) -> None:
    db.execute(
        "INSERT OR IGNORE INTO area_signals VALUES(?,?,?,?,?,?,?,?,?,?,?)",  # a report told twice counts once
        (index, str(event.originator_id), event.origin, event.partner, event.message, event.area, event.kind,
         event.purpose, event.observed_on, event.reports, ms(event)),
    )  # fmt: skip
    db.execute(
        "INSERT OR IGNORE INTO contents(key_id, retention, at) VALUES(?,?,?)",
        (event.key_id, event.retention, ms(event)),
    )


def _pictured(db: Statements, index: int, event: e.AreaPictured | e.AreaPictureReceived) -> None:
    partner = event.partner if isinstance(event, e.AreaPictureReceived) else None
    cells = orjson.dumps([[cell.area, cell.kind, cell.count] for cell in event.cells]).decode()
    db.execute(
        "INSERT INTO area_pictures VALUES(?,?,?,?,?,?,?,?,?)",
        (index, str(event.originator_id), partner, event.purpose, event.first, event.last, event.threshold, cells,
         ms(event)),
    )  # fmt: skip


ACTIONS: Final[dict[type[Event], Callable[[Statements, int, Any], None]]] = {
    e.AreaSignalled: _signalled,
    e.AreaPictured: _pictured,
    e.AreaPictureReceived: _pictured,
}
