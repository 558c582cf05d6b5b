"""Tables of what partners were told about items after they were exchanged, and of objections. Ids, codes and dates only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.store.grouped import Statements
from exchange.store.ledger_facts import keep
from exchange.store.moments import ms

SCHEMA = """
CREATE TABLE notified(
  act TEXT PRIMARY KEY, log_index INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, telling TEXT NOT NULL,
  items TEXT NOT NULL, by_hand TEXT NOT NULL, reason TEXT NOT NULL, objection TEXT) WITHOUT ROWID;
CREATE TABLE notifications(
  message TEXT PRIMARY KEY, direction TEXT NOT NULL, act TEXT, partner TEXT NOT NULL, telling TEXT NOT NULL,
  action TEXT, reason TEXT NOT NULL, items TEXT NOT NULL, at INTEGER NOT NULL, due_on TEXT NOT NULL,
  outcome TEXT, ground TEXT, answered_at INTEGER, answer_index INTEGER) WITHOUT ROWID;
CREATE INDEX notifications_open ON notifications(direction, due_on) WHERE outcome IS NULL;
CREATE INDEX notifications_act ON notifications(act) WHERE act IS NOT NULL;
CREATE TABLE noticed(item TEXT, message TEXT, PRIMARY KEY(item, message)) WITHOUT ROWID;
CREATE TABLE corrected(
  log_index INTEGER PRIMARY KEY, item TEXT NOT NULL, replacement TEXT, partner TEXT NOT NULL, direction TEXT NOT NULL,
  at INTEGER NOT NULL);
CREATE INDEX corrected_item ON corrected(item);
CREATE INDEX corrected_replacement ON corrected(replacement) WHERE replacement IS NOT NULL;
CREATE TABLE onward(item TEXT, message TEXT, at INTEGER NOT NULL, PRIMARY KEY(item, message)) WITHOUT ROWID;
CREATE TABLE objections(
  objection TEXT PRIMARY KEY, log_index INTEGER NOT NULL, key_id TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
  received_on TEXT NOT NULL, due_on TEXT NOT NULL, items TEXT NOT NULL, extended INTEGER NOT NULL DEFAULT 0,
  outcome TEXT, decided_at INTEGER, lifted_at INTEGER) WITHOUT ROWID;
"""


def _list(values: tuple[object, ...]) -> str:
    return orjson.dumps([str(value) for value in values]).decode()


def _decided(db: Statements, index: int, event: e.NotificationDecided) -> None:
    at = ms(event)
    db.execute(
        "INSERT INTO notified VALUES(?,?,?,?,?,?,?,?,?)",
        (str(event.originator_id), index, at, str(event.by), event.telling, _list(event.items), _list(event.by_hand),
         event.reason, str(event.objection) if event.objection else None),
    )  # fmt: skip
    keep(db, event.key_id, event.retention, at)


def _told(db: Statements, event: e.NotificationSent | e.NotificationReceived, direction: str, act: str | None) -> None:
    db.execute(
        "INSERT INTO notifications(message, direction, act, partner, telling, action, reason, items, at, due_on)"
        " VALUES(?,?,?,?,?,?,?,?,?,?)",
        (event.message, direction, act, event.partner, event.telling, event.action, event.reason, _list(event.items),
         ms(event), event.due_on),
    )  # fmt: skip
    db.executemany("INSERT OR IGNORE INTO noticed VALUES(?,?)", [(str(item), event.message) for item in event.items])


def _sent(db: Statements, index: int, event: e.NotificationSent) -> None:  # noqa: ARG001 - one shape for all
    _told(db, event, "sent", str(event.act))


def _received(db: Statements, index: int, event: e.NotificationReceived) -> None:  # noqa: ARG001
    _told(db, event, "received", None)
    db.executemany(
        "INSERT OR IGNORE INTO onward VALUES(?,?,?)", [(str(item), event.message, ms(event)) for item in event.onward]
    )


def _answered(db: Statements, index: int, event: e.NotificationProcessed | e.NotificationAnswered) -> None:
    db.execute(
        "UPDATE notifications SET outcome=?, ground=?, answered_at=?, answer_index=? WHERE message=?",
        (event.outcome, event.ground, ms(event), index, event.message),
    )
    if isinstance(event, e.NotificationProcessed):
        keep(db, event.key_id, event.retention, ms(event))


def _corrected(db: Statements, index: int, event: e.ItemCorrected) -> None:
    replacement = str(event.replacement) if event.replacement else None
    db.execute(
        "INSERT INTO corrected VALUES(?,?,?,?,?,?)",
        (index, str(event.item), replacement, event.partner, event.direction, ms(event)),
    )


def _objection(db: Statements, index: int, event: e.ObjectionReceived) -> None:
    at = ms(event)
    db.execute(
        "INSERT INTO objections(objection, log_index, key_id, at, by, received_on, due_on, items) VALUES(?,?,?,?,?,?,?,?)",
        (str(event.originator_id), index, event.key_id, at, str(event.by), event.received_on, event.due_on,
         _list(event.items)),
    )  # fmt: skip
    keep(db, event.key_id, event.retention, at)


def _extended(db: Statements, index: int, event: e.ObjectionExtended) -> None:  # noqa: ARG001
    db.execute("UPDATE objections SET due_on=?, extended=1 WHERE objection=?", (event.due_on, str(event.originator_id)))


def _weighed(db: Statements, index: int, event: e.ObjectionDecided) -> None:  # noqa: ARG001
    db.execute(
        "UPDATE objections SET outcome=?, decided_at=? WHERE objection=?",
        (event.outcome, ms(event), str(event.originator_id)),
    )


def _lifted(db: Statements, index: int, event: e.ObjectionLifted) -> None:  # noqa: ARG001
    db.execute("UPDATE objections SET lifted_at=? WHERE objection=?", (ms(event), str(event.originator_id)))


ACTIONS: dict[type[Event], Callable[[Statements, int, Any], None]] = {
    e.NotificationDecided: _decided,
    e.NotificationSent: _sent,
    e.NotificationReceived: _received,
    e.NotificationProcessed: _answered,
    e.NotificationAnswered: _answered,
    e.ItemCorrected: _corrected,
    e.ObjectionReceived: _objection,
    e.ObjectionExtended: _extended,
    e.ObjectionDecided: _weighed,
    e.ObjectionLifted: _lifted,
}
