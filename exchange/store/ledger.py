"""The one read model: what the node looks up while it works. Rebuilt from the log at any time; holds no text about people.

Tables: messages (both directions), contents (every erasable key with its class, when its term started (``at``, NULL: not yet),
and the key it must outlive), items, parked frames, retention rules,
erasures and who asked for them, acts of a single hand, idempotent commands, actors, gaps. Ids, codes, dates and key ids only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.store.views import View

ACCOUNTABILITY = "verantwoording"
"""Retention class of what proves that acts were lawful: records, read events, references of the caller. It outlives the datum."""
REGISTER = "register"
"""Of register entries, which go with the last item about somebody."""
ACTOR = "actor"
"""Of actors' own data: as accountability, from the day they may act no more."""
KEPT: dict[type[Event], str] = {
    e.ActorRegistered: ACTOR,
    e.SubjectRegistered: REGISTER,
    e.ItemRecorded: ACCOUNTABILITY,
    e.CommandAccepted: ACCOUNTABILITY,
    e.DataRead: ACCOUNTABILITY,
    e.CopiedOut: ACCOUNTABILITY,
}
"""The class of the key that seals the private fields of an event; every such key has a term."""
KEPT_WITH: dict[type[Event], str] = {
    e.IdentityLearned: "the part that told it",
    e.ReferenceAgreed: "the register entry",
    e.SubjectMatched: "the register entry",
}
"""Events that are sealed under the key of something else, and whose term that is."""

SCHEMA = """
CREATE TABLE messages(
  message TEXT PRIMARY KEY, direction TEXT NOT NULL, partner TEXT NOT NULL, sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  act TEXT, log_index INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT, reply_to TEXT, state TEXT NOT NULL,
  why TEXT NOT NULL DEFAULT '',
  receipt_at INTEGER, receipt_index INTEGER, rejected TEXT, kid TEXT, generation INTEGER, uptake TEXT) WITHOUT ROWID;
CREATE INDEX messages_pair ON messages(direction, partner, sequence);
CREATE INDEX messages_open ON messages(partner, sequence) WHERE state = 'open';
CREATE INDEX messages_act ON messages(act);
CREATE INDEX messages_reply ON messages(reply_to) WHERE reply_to IS NOT NULL;
CREATE INDEX messages_inbox ON messages(log_index) WHERE direction = 'received' AND reply_to IS NULL;
CREATE TABLE contents(
  key_id TEXT PRIMARY KEY, message TEXT, part INTEGER, sealed TEXT, retention TEXT NOT NULL, at INTEGER,
  erasure TEXT, erased_at INTEGER, outlives TEXT) WITHOUT ROWID;
CREATE INDEX contents_due ON contents(retention, at) WHERE erasure IS NULL;
CREATE TABLE items(
  log_index INTEGER PRIMARY KEY, record TEXT NOT NULL, item TEXT NOT NULL, act TEXT NOT NULL, message TEXT,
  part INTEGER NOT NULL,
  direction TEXT NOT NULL, partner TEXT NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL, category TEXT NOT NULL,
  purpose TEXT NOT NULL, basis TEXT NOT NULL, rules TEXT NOT NULL, retention TEXT NOT NULL, content_key TEXT,
  key_id TEXT NOT NULL,
  occurred_on TEXT, case_id TEXT, by TEXT, at INTEGER NOT NULL);
CREATE INDEX items_content ON items(content_key);
CREATE INDEX items_case ON items(case_id) WHERE case_id IS NOT NULL;
CREATE INDEX items_message ON items(message) WHERE message IS NOT NULL;
CREATE INDEX items_stated ON items(act) WHERE message IS NULL;
CREATE TABLE parked(
  parked TEXT PRIMARY KEY, at INTEGER NOT NULL, partner TEXT NOT NULL, frame TEXT NOT NULL, reason TEXT NOT NULL,
  state TEXT NOT NULL);
CREATE INDEX parked_frame ON parked(frame);
CREATE TABLE rules(rule TEXT PRIMARY KEY, retention TEXT, trigger TEXT, period TEXT, source TEXT, at INTEGER, by TEXT);
CREATE TABLE erasures(
  erasure TEXT PRIMARY KEY, rule TEXT NOT NULL, at INTEGER NOT NULL, log_index INTEGER NOT NULL, done_at INTEGER,
  generation INTEGER);
CREATE TABLE asked(asked TEXT PRIMARY KEY, by TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE alone(about TEXT PRIMARY KEY, command TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE commands(request TEXT PRIMARY KEY, body TEXT NOT NULL, act TEXT NOT NULL, result TEXT NOT NULL);
CREATE TABLE actors(
  actor TEXT PRIMARY KEY, kind TEXT NOT NULL, roles TEXT NOT NULL, log_index INTEGER NOT NULL, key_id TEXT NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE gaps(partner TEXT, first INTEGER, last INTEGER, at INTEGER, PRIMARY KEY(partner, first));
CREATE TABLE refusals(side TEXT, partner TEXT, code TEXT, n INTEGER NOT NULL, PRIMARY KEY(side, partner, code));
CREATE TABLE evidence(log_index INTEGER PRIMARY KEY, partner TEXT, sequence INTEGER, message TEXT, other TEXT);
"""


def ms(event: Event) -> int:
    """The event's time in milliseconds since the epoch."""
    return _ms(event.at)


@lru_cache(maxsize=64)  # the events of a batch share their time
def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


class Ledger(View):
    """The node's working memory on disk; see the module."""

    schema_version = 3
    schema = SCHEMA

    def handle(self, db: sqlite3.Connection, index: int, event: Event) -> None:
        """Take one event in. Events of no interest to any table still move the position."""
        action = _ACTIONS.get(type(event))
        if action is not None:
            action(db, index, event)
        kept = KEPT.get(type(event))
        if kept is not None:
            _keep(db, event, kept)

    # ------------------------------------------------------------------------------------ questions

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query."""
        rows = self.rows(sql, *values)
        return rows[0] if rows else None

    def count(self, table_and_where: str, *values: Any) -> int:
        """How many rows."""
        row = self.one(f"SELECT count(*) AS n FROM {table_and_where}", *values)
        return int(row["n"]) if row else 0


def _message_sent(db: sqlite3.Connection, index: int, event: e.MessageSent) -> None:
    at = ms(event)
    db.execute(
        "INSERT INTO messages(message, direction, partner, sequence, kind, act, log_index, at, by, reply_to, state)"
        " VALUES(?,'sent',?,?,?,?,?,?,?,?,'open')",
        (event.message, event.recipient, event.sequence, event.kind, str(event.disclosure), index, at,
         _text(event.by), event.reply_to),
    )  # fmt: skip
    if event.reply_to:
        db.execute("UPDATE messages SET uptake=? WHERE message=?", (event.kind, event.reply_to))
    _contents(db, event.message, event.parts, at)


def _message_received(db: sqlite3.Connection, index: int, event: e.MessageReceived) -> None:
    at = ms(event)
    db.execute(
        "INSERT INTO messages(message, direction, partner, sequence, kind, log_index, at, reply_to, state, kid, generation)"
        " VALUES(?,'received',?,?,?,?,?,?,'stored',?,?)",
        (
            event.message,
            event.sender,
            event.sequence,
            event.kind,
            index,
            at,
            event.reply_to,
            event.kid,
            event.generation,
        ),
    )
    if event.reply_to:  # only of what we sent to this partner, and "handled" stays when an older answer comes after it
        db.execute(
            "UPDATE messages SET uptake=? WHERE message=? AND partner=? AND direction='sent'"
            " AND NOT EXISTS (SELECT 1 FROM messages AS later WHERE later.reply_to=? AND later.partner=?"
            " AND later.direction='received' AND later.sequence>?)",
            (event.kind, event.reply_to, event.sender, event.reply_to, event.sender, event.sequence),
        )
    _contents(db, event.message, event.parts, at)


def _contents(db: sqlite3.Connection, message: str, parts: tuple[e.StoredPart, ...], at: int) -> None:
    db.executemany(
        "INSERT INTO contents(key_id, message, part, sealed, retention, at) VALUES(?,?,?,?,?,?)",
        [(p.key_id, message, n, p.hash, p.retention, at) for n, p in enumerate(parts) if p.key_id is not None],
    )


def _receipt_issued(db: sqlite3.Connection, index: int, event: e.ReceiptIssued) -> None:
    db.execute("UPDATE messages SET receipt_index=?, receipt_at=? WHERE message=?", (index, ms(event), event.message))


def _receipt_received(db: sqlite3.Connection, index: int, event: e.ReceiptReceived) -> None:
    rejected = orjson.dumps({str(k): v for k, v in event.rejected.items()}).decode() if event.rejected else None
    db.execute(
        "UPDATE messages SET state='receipted', why='', receipt_index=?, receipt_at=?, rejected=? WHERE message=?",
        (index, ms(event), rejected, event.message),
    )
    # The message was delivered after all: the void that was to take its place is not needed any more.
    db.execute(
        "UPDATE messages SET state='voided', why='delivered'"
        " WHERE direction='sent' AND partner=? AND sequence=? AND kind='void' AND state='open' AND message<>?",
        (event.partner, event.sequence, event.message),
    )


def _message_nacked(db: sqlite3.Connection, index: int, event: e.MessageNacked) -> None:  # noqa: ARG001 - one shape for all
    db.execute(
        "UPDATE messages SET state='nacked', why=? WHERE message=? AND state='open'", (event.reason, event.message)
    )


def _voided(db: sqlite3.Connection, index: int, event: e.SequenceVoided) -> None:
    db.execute("UPDATE messages SET state='voided', why=? WHERE message=?", (event.reason, event.voided))
    db.execute(
        "INSERT INTO messages(message, direction, partner, sequence, kind, log_index, at, by, state)"
        " VALUES(?,'sent',?,?,'void',?,?,?,'open')",
        (event.message, event.recipient, event.sequence, index, ms(event), _text(event.by)),
    )


def _voided_by_partner(db: sqlite3.Connection, index: int, event: e.SequenceVoidedByPartner) -> None:
    db.execute(
        "INSERT INTO messages(message, direction, partner, sequence, kind, log_index, at, state, why)"
        " VALUES(?,'received',?,?,'void',?,?,'voided',?)",
        (event.message, event.sender, event.sequence, index, ms(event), event.reason),
    )


def _item(db: sqlite3.Connection, index: int, event: e.ItemRecorded) -> None:
    at = ms(event)
    db.execute(
        "INSERT INTO items VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (index, str(event.originator_id), str(event.item), str(event.act), event.message, event.part, event.direction,
         event.partner, event.channel, event.kind, event.category, event.purpose, " ".join(event.basis),
         " ".join(event.rules), event.retention, event.content_key, event.key_id, event.occurred_on, _text(event.case),
         _text(event.by), at),
    )  # fmt: skip
    if event.content_key is not None and event.message is None:
        db.execute(
            "INSERT OR IGNORE INTO contents(key_id, sealed, retention, at) VALUES(?,?,?,?)",
            (event.content_key, event.sealed, event.retention, at),
        )


def _keep(db: sqlite3.Connection, event: Any, retention: str) -> None:
    """Enter the key that seals ``event``; several records may share one."""
    if event.key_id is not None:
        start = None if retention == ACTOR else ms(event)
        db.execute(
            "INSERT OR IGNORE INTO contents(key_id, retention, at, outlives) VALUES(?,?,?,?)",
            (event.key_id, retention, start, getattr(event, "content_key", None)),
        )


def _parked(db: sqlite3.Connection, index: int, event: e.FrameParked) -> None:  # noqa: ARG001
    db.execute(
        "INSERT INTO parked VALUES(?,?,?,?,?,'parked')",
        (str(event.originator_id), ms(event), event.partner, event.frame, event.reason),
    )


def _parked_state(state: str) -> Callable[[sqlite3.Connection, int, Event], None]:
    def act(db: sqlite3.Connection, index: int, event: Event) -> None:  # noqa: ARG001
        db.execute("UPDATE parked SET state=? WHERE parked=?", (state, str(event.originator_id)))

    return act


def _rule(db: sqlite3.Connection, index: int, event: e.RetentionConfirmed) -> None:  # noqa: ARG001
    db.execute(
        "INSERT OR REPLACE INTO rules VALUES(?,?,?,?,?,?,?)",
        (event.rule, event.retention, event.trigger, event.period, event.legal_source, ms(event), str(event.by)),
    )


def _erasure_decided(db: sqlite3.Connection, index: int, event: e.ErasureDecided) -> None:
    erasure, at = str(event.originator_id), ms(event)
    db.execute("INSERT INTO erasures(erasure, rule, at, log_index) VALUES(?,?,?,?)", (erasure, event.rule, at, index))
    db.executemany(
        "UPDATE contents SET erasure=?, erased_at=? WHERE key_id=?", [(erasure, at, k) for k in event.key_ids]
    )


def _erasure_done(db: sqlite3.Connection, index: int, event: e.ErasureDone) -> None:  # noqa: ARG001
    db.execute(
        "UPDATE erasures SET done_at=?, generation=? WHERE erasure=?",
        (ms(event), event.generation, str(event.originator_id)),
    )


def _erasure_asked(db: sqlite3.Connection, index: int, event: e.ErasureAsked) -> None:  # noqa: ARG001
    db.execute("INSERT INTO asked VALUES(?,?,?)", (str(event.originator_id), str(event.by), ms(event)))


def _acted_alone(db: sqlite3.Connection, index: int, event: e.ActedAlone) -> None:  # noqa: ARG001
    db.execute("INSERT OR REPLACE INTO alone VALUES(?,?,?,?)", (event.about, event.command, str(event.by), ms(event)))


def _command(db: sqlite3.Connection, index: int, event: e.CommandAccepted) -> None:  # noqa: ARG001
    db.execute(
        "INSERT OR IGNORE INTO commands VALUES(?,?,?,?)",
        (event.request, event.body, str(event.act), orjson.dumps(event.result).decode()),
    )


def _actor(db: sqlite3.Connection, index: int, event: e.ActorRegistered) -> None:
    db.execute(
        "INSERT INTO actors(actor, kind, roles, log_index, key_id) VALUES(?,?,?,?,?)",
        (str(event.originator_id), event.kind, " ".join(event.roles), index, event.key_id),
    )


def _actor_revoked(db: sqlite3.Connection, index: int, event: e.ActorRevoked) -> None:  # noqa: ARG001
    actor = str(event.originator_id)
    db.execute("UPDATE actors SET revoked=1 WHERE actor=?", (actor,))
    db.execute(
        "UPDATE contents SET at=? WHERE at IS NULL AND key_id=(SELECT key_id FROM actors WHERE actor=?)",
        (ms(event), actor),
    )


def _gap(db: sqlite3.Connection, index: int, event: e.GapFound) -> None:  # noqa: ARG001
    db.execute("INSERT OR REPLACE INTO gaps VALUES(?,?,?,?)", (event.partner, event.first, event.last, ms(event)))


def _refusal(db: sqlite3.Connection, index: int, event: e.RefusalRecorded) -> None:  # noqa: ARG001
    db.executemany(
        "INSERT INTO refusals VALUES(?,?,?,1) ON CONFLICT DO UPDATE SET n = n + 1",
        [(event.side, event.partner, code) for code in event.codes],
    )


def _evidence(db: sqlite3.Connection, index: int, event: e.EquivocationFound) -> None:
    db.execute(
        "INSERT INTO evidence VALUES(?,?,?,?,?)", (index, event.partner, event.sequence, event.message, event.other)
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


_ACTIONS: dict[type[Event], Callable[[sqlite3.Connection, int, Any], None]] = {
    e.MessageSent: _message_sent,
    e.MessageReceived: _message_received,
    e.ReceiptIssued: _receipt_issued,
    e.ReceiptReceived: _receipt_received,
    e.MessageNacked: _message_nacked,
    e.SequenceVoided: _voided,
    e.SequenceVoidedByPartner: _voided_by_partner,
    e.ItemRecorded: _item,
    e.FrameParked: _parked,
    e.ParkedRetried: _parked_state("retried"),
    e.ParkedDropped: _parked_state("dropped"),
    e.RetentionConfirmed: _rule,
    e.ErasureDecided: _erasure_decided,
    e.ErasureDone: _erasure_done,
    e.ErasureAsked: _erasure_asked,
    e.ActedAlone: _acted_alone,
    e.CommandAccepted: _command,
    e.ActorRegistered: _actor,
    e.ActorRevoked: _actor_revoked,
    e.GapFound: _gap,
    e.RefusalRecorded: _refusal,
    e.EquivocationFound: _evidence,
}
