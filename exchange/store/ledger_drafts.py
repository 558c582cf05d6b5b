"""Tables of drafts and proposals, and of acts on a profile of the covenant. Ids, codes, dates and key ids only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.store.grouped import Statements
from exchange.store.kept import DRAFT
from exchange.store.moments import ms

SCHEMA = """
CREATE TABLE drafts(
  draft TEXT PRIMARY KEY, key_id TEXT NOT NULL, origin TEXT NOT NULL, began TEXT NOT NULL, by TEXT NOT NULL,
  kind TEXT NOT NULL, profile TEXT, log_index INTEGER NOT NULL, at INTEGER NOT NULL, keep_until TEXT NOT NULL,
  state TEXT NOT NULL, act TEXT) WITHOUT ROWID;
CREATE INDEX drafts_open ON drafts(keep_until) WHERE state = 'open';
CREATE TABLE profiled(
  act TEXT PRIMARY KEY, profile TEXT NOT NULL, kind TEXT NOT NULL, generation INTEGER NOT NULL, log_index INTEGER NOT NULL,
  at INTEGER NOT NULL) WITHOUT ROWID;
"""


def _saved(db: Statements, index: int, event: e.DraftSaved) -> None:
    draft, by, at = str(event.originator_id), str(event.by), ms(event)
    db.execute(
        "INSERT INTO drafts VALUES(?,?,?,?,?,?,?,?,?,?,'open',NULL) ON CONFLICT(draft) DO UPDATE SET by=excluded.by,"
        " kind=excluded.kind, profile=excluded.profile, log_index=excluded.log_index, at=excluded.at,"
        " keep_until=excluded.keep_until",
        (draft, event.key_id, event.origin, by, by, event.kind, event.profile, index, at, event.keep_until),
    )
    db.execute(
        "INSERT INTO contents(key_id, retention, at) VALUES(?,?,?) ON CONFLICT(key_id) DO UPDATE SET at=excluded.at",
        (event.key_id, DRAFT, at),
    )


def _closed(db: Statements, index: int, event: e.DraftClosed) -> None:  # noqa: ARG001 - one shape for all
    db.execute(
        "UPDATE drafts SET state=?, act=? WHERE draft=?",
        (event.outcome, str(event.act) if event.act else None, str(event.originator_id)),
    )


def _profiled(db: Statements, index: int, event: e.SharedOnProfile) -> None:
    db.execute(
        "INSERT INTO profiled VALUES(?,?,?,?,?,?)",
        (str(event.originator_id), event.profile, event.kind, event.generation, index, ms(event)),
    )


ACTIONS: dict[type[Event], Callable[[Statements, int, Any], None]] = {
    e.DraftSaved: _saved,
    e.DraftClosed: _closed,
    e.SharedOnProfile: _profiled,
}
