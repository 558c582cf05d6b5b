"""The one read model: what the node looks up while it works. Rebuilt from the log at any time; holds no text about people.

Tables: messages (both directions), contents (every erasable key with its class, when its term started (``at``, NULL: not yet),
and the key it must outlive), items, parked frames, retention rules, erasures and who asked for them, acts of a single hand,
idempotent commands, actors, gaps. Ids, codes, dates and key ids only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import orjson

from exchange.domain import events as e
from exchange.domain.event import Event, topic_class
from exchange.domain.refusals import code_of_frame
from exchange.errors import IntegrityError
from exchange.store import (
    ledger_areas,
    ledger_casework,
    ledger_conference,
    ledger_corrections,
    ledger_drafts,
    ledger_facts,
)
from exchange.store.entry import Entry
from exchange.store.grouped import Grouped, Many, Statements, run
from exchange.store.kept import ACCOUNTABILITY, ACTOR, KEPT
from exchange.store.log import Log
from exchange.store.mapper import Public, decode, public
from exchange.store.moments import ms
from exchange.store.views import View

SCHEMA = """
CREATE TABLE messages(
  message TEXT PRIMARY KEY, direction TEXT NOT NULL, partner TEXT NOT NULL, sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  act TEXT, log_index INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT, reply_to TEXT, state TEXT NOT NULL,
  why TEXT NOT NULL DEFAULT '',
  receipt_at INTEGER, receipt_index INTEGER, rejected TEXT, kid TEXT, generation INTEGER, uptake TEXT) WITHOUT ROWID;
CREATE INDEX messages_void ON messages(partner, sequence) WHERE kind = 'void' AND state = 'open';
CREATE INDEX messages_reply ON messages(reply_to) WHERE reply_to IS NOT NULL;
CREATE TABLE contents(
  key_id TEXT PRIMARY KEY, message TEXT, part INTEGER, sealed TEXT, retention TEXT NOT NULL, at INTEGER,
  erasure TEXT, erased_at INTEGER, outlives TEXT) WITHOUT ROWID;
CREATE TABLE items(
  log_index INTEGER PRIMARY KEY, record TEXT NOT NULL, item TEXT NOT NULL, act TEXT NOT NULL, message TEXT,
  part INTEGER NOT NULL,
  direction TEXT NOT NULL, partner TEXT NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL, category TEXT NOT NULL,
  purpose TEXT NOT NULL, basis TEXT NOT NULL, rules TEXT NOT NULL, retention TEXT NOT NULL, content_key TEXT,
  key_id TEXT NOT NULL,
  occurred_on TEXT, case_id TEXT, by TEXT, at INTEGER NOT NULL);
CREATE TABLE parked(
  parked TEXT PRIMARY KEY, at INTEGER NOT NULL, partner TEXT NOT NULL, frame TEXT NOT NULL, reason TEXT NOT NULL,
  state TEXT NOT NULL);
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
INDEXES = """
CREATE INDEX items_item ON items(item);
CREATE INDEX messages_pair ON messages(direction, partner, sequence);
CREATE INDEX messages_open ON messages(partner, sequence) WHERE state = 'open';
CREATE INDEX messages_act ON messages(act);
CREATE INDEX messages_inbox ON messages(log_index) WHERE direction = 'received' AND reply_to IS NULL;
CREATE INDEX contents_due ON contents(retention, at) WHERE erasure IS NULL;
CREATE INDEX items_content ON items(content_key);
CREATE INDEX items_case ON items(case_id) WHERE case_id IS NOT NULL;
CREATE INDEX items_message ON items(message) WHERE message IS NOT NULL;
CREATE INDEX items_stated ON items(act) WHERE message IS NULL;
CREATE INDEX items_sent ON items(act, part) WHERE direction = 'sent';
CREATE INDEX parked_frame ON parked(frame);
"""
"""For questions only: what :meth:`Ledger.handle` does works without them."""


CHAPTERS: Final = (ledger_areas, ledger_facts, ledger_casework, ledger_conference, ledger_corrections, ledger_drafts)
"""Tables of one kind of work each, beside those that every message needs."""


class Ledger(View):
    """The node's working memory on disk; see the module."""

    schema_version = 10
    schema = SCHEMA + "".join(chapter.SCHEMA for chapter in CHAPTERS)
    indexes = INDEXES

    def handle(self, db: Statements, index: int, event: Event | Public) -> None:
        """Take one event in. Events of no interest to any table still move the position."""
        action = _ACTIONS.get(event.topic) or _OF_CHAPTERS.get(event.topic)
        if action is not None:
            action(db, index, event)

    def handle_all(self, db: Statements, events: Iterable[tuple[int, Event | Public]]) -> None:
        """Take a page in, with each table's statements together."""
        run(db, _gathered(events))

    def events(self, log: Log, page: Sequence[Entry]) -> list[Event | Public]:  # noqa: ARG002 - others read sealed fields
        """The public fields of what is of interest here: no key is needed, and most of a long rebuild is this."""
        return [_event(entry) for entry in page]

    @classmethod
    def statements(cls, page: Sequence[Entry]) -> list[Many]:
        """What the entries of a page do to the tables."""
        return _gathered((entry.index, _event(entry)) for entry in page)

    # ------------------------------------------------------------------------------------ questions

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query."""
        rows = self.rows(sql, *values)
        return rows[0] if rows else None

    def count(self, table_and_where: str, *values: Any) -> int:
        """How many rows."""
        row = self.one(f"SELECT count(*) AS n FROM {table_and_where}", *values)
        return int(row["n"]) if row else 0


def _event(entry: Entry) -> Event | Public:
    if entry.topic in _ACTIONS:
        line: Public = public(entry)
        return line
    return decode(entry, None) if entry.topic in _OF_CHAPTERS else _other(entry)


def _gathered(events: Iterable[tuple[int, Event | Public]]) -> list[Many]:
    grouped, index = Grouped(), 0
    try:
        for index, event in events:
            topic = event.topic
            if (action := _ACTIONS.get(topic)) is not None:
                action(grouped, index, event)
            elif (action := _OF_CHAPTERS.get(topic)) is not None:  # rarer, and free to look at what stands before it
                action(grouped.in_between(), index, event)
    except (AttributeError, TypeError, ValueError):  # public fields are not validated
        raise IntegrityError("Entry {index} of the log does not read as what was written.", index=index) from None
    return grouped.all()


def _message_sent(db: Statements, index: int, event: e.MessageSent) -> None:
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


def _message_received(db: Statements, index: int, event: e.MessageReceived) -> None:
    at = ms(event)
    db.execute(
        "INSERT INTO messages(message, direction, partner, sequence, kind, log_index, at, reply_to, state, kid, generation)"
        " VALUES(?,'received',?,?,?,?,?,?,'stored',?,?)",
        (event.message, event.sender, event.sequence, event.kind, index, at, event.reply_to, event.kid, event.generation),
    )  # fmt: skip
    if event.reply_to:  # only of what we sent to this partner, and "handled" stays when an older answer comes after it
        db.execute(
            "UPDATE messages SET uptake=? WHERE message=? AND partner=? AND direction='sent'"
            " AND NOT EXISTS (SELECT 1 FROM messages AS later WHERE later.reply_to=? AND later.partner=?"
            " AND later.direction='received' AND later.sequence>?)",
            (event.kind, event.reply_to, event.sender, event.reply_to, event.sender, event.sequence),
        )
    _contents(db, event.message, event.parts, at)
    _count(db, "receiver", event.sender, {code for part in event.parts for code in part.codes})


def _count(db: Statements, side: str, partner: str, codes: Iterable[str]) -> None:
    """Refusals are counted, without what was refused."""
    db.executemany(
        "INSERT INTO refusals VALUES(?,?,?,1) ON CONFLICT DO UPDATE SET n = n + 1",
        [(side, partner, code) for code in sorted(codes)],
    )


_CONTENT: Final = (
    "INSERT INTO contents(key_id, message, part, sealed, retention, at, outlives) VALUES(?,?,?,?,?,?,?)"
    " ON CONFLICT(key_id) DO NOTHING"
)
"""One statement for every kind of key, so that a page of events needs it once. Items of one act may share a record key."""


def _contents(db: Statements, message: str, parts: tuple[e.StoredPart, ...], at: int) -> None:
    db.executemany(
        _CONTENT,
        [(p.key_id, message, n, p.hash, p.retention, at, None) for n, p in enumerate(parts) if p.key_id is not None],
    )


def _receipt_issued(db: Statements, index: int, event: e.ReceiptIssued) -> None:
    db.execute("UPDATE messages SET receipt_index=?, receipt_at=? WHERE message=?", (index, ms(event), event.message))


def _receipt_received(db: Statements, index: int, event: e.ReceiptReceived) -> None:
    rejected = orjson.dumps({str(k): v for k, v in event.rejected.items()}).decode() if event.rejected else None
    db.execute(
        "UPDATE messages SET state='receipted', why='', receipt_index=?, receipt_at=?, rejected=? WHERE message=?",
        (index, ms(event), rejected, event.message),
    )
    # The message was delivered after all: the void that was to take its place is not needed any more.
    db.execute(
        "UPDATE messages INDEXED BY messages_void SET state='voided', why='delivered'"
        " WHERE direction='sent' AND partner=? AND sequence=? AND kind='void' AND state='open' AND message<>?",
        (event.partner, event.sequence, event.message),
    )


def _message_nacked(db: Statements, index: int, event: e.MessageNacked) -> None:  # noqa: ARG001 - one shape for all
    db.execute(
        "UPDATE messages SET state='nacked', why=? WHERE message=? AND state='open'", (event.reason, event.message)
    )


def _voided(db: Statements, index: int, event: e.SequenceVoided) -> None:
    db.execute("UPDATE messages SET state='voided', why=? WHERE message=?", (event.reason, event.voided))
    db.execute(
        "INSERT INTO messages(message, direction, partner, sequence, kind, log_index, at, by, state)"
        " VALUES(?,'sent',?,?,'void',?,?,?,'open')",
        (event.message, event.recipient, event.sequence, index, ms(event), _text(event.by)),
    )


def _voided_by_partner(db: Statements, index: int, event: e.SequenceVoidedByPartner) -> None:
    db.execute(
        "INSERT INTO messages(message, direction, partner, sequence, kind, log_index, at, state, why)"
        " VALUES(?,'received',?,?,'void',?,?,'voided',?)",
        (event.message, event.sender, event.sequence, index, ms(event), event.reason),
    )


def _item(db: Statements, index: int, event: e.ItemRecorded) -> None:
    at = ms(event)
    db.execute(
        "INSERT INTO items VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (index, str(event.originator_id), str(event.item), str(event.act), event.message, event.part, event.direction,
         event.partner, event.channel, event.kind, event.category, event.purpose, " ".join(event.basis),
         " ".join(event.rules), event.retention, event.content_key, event.key_id, event.occurred_on, _text(event.case),
         _text(event.by), at),
    )  # fmt: skip
    db.execute(_CONTENT, (event.key_id, None, None, None, ACCOUNTABILITY, at, event.content_key))
    if event.content_key is not None and event.message is None:
        db.execute(_CONTENT, (event.content_key, None, None, event.sealed, event.retention, at, None))


def _keeps(retention: str) -> Callable[[Statements, int, Any], None]:
    """Of an event that no other table is made from: the class of the key that seals it."""

    def act(db: Statements, index: int, event: Any) -> None:  # noqa: ARG001 - one shape for all
        db.execute(_CONTENT, (event.key_id, None, None, None, retention, ms(event), None))

    return act


def _parked(db: Statements, index: int, event: e.FrameParked) -> None:  # noqa: ARG001
    db.execute(
        "INSERT INTO parked VALUES(?,?,?,?,?,'parked')",
        (str(event.originator_id), ms(event), event.partner, event.frame, event.reason),
    )
    code = code_of_frame(event.reason)
    _count(db, "receiver", event.partner, [code] if code else [])


def _parked_state(state: str) -> Callable[[Statements, int, Event], None]:
    def act(db: Statements, index: int, event: Event) -> None:  # noqa: ARG001
        db.execute("UPDATE parked SET state=? WHERE parked=?", (state, str(event.originator_id)))

    return act


def _rule(db: Statements, index: int, event: e.RetentionConfirmed) -> None:  # noqa: ARG001
    db.execute(
        "INSERT OR REPLACE INTO rules VALUES(?,?,?,?,?,?,?)",
        (event.rule, event.retention, event.trigger, event.period, event.legal_source, ms(event), str(event.by)),
    )


def _erasure_decided(db: Statements, index: int, event: e.ErasureDecided) -> None:
    erasure, at = str(event.originator_id), ms(event)
    db.execute("INSERT INTO erasures(erasure, rule, at, log_index) VALUES(?,?,?,?)", (erasure, event.rule, at, index))
    db.executemany(
        "UPDATE contents SET erasure=?, erased_at=? WHERE key_id=?", [(erasure, at, k) for k in event.key_ids]
    )


def _erasure_done(db: Statements, index: int, event: e.ErasureDone) -> None:  # noqa: ARG001
    db.execute(
        "UPDATE erasures SET done_at=?, generation=? WHERE erasure=?",
        (ms(event), event.generation, str(event.originator_id)),
    )


def _erasure_asked(db: Statements, index: int, event: e.ErasureAsked) -> None:  # noqa: ARG001
    db.execute("INSERT INTO asked VALUES(?,?,?)", (str(event.originator_id), str(event.by), ms(event)))


def _acted_alone(db: Statements, index: int, event: e.ActedAlone) -> None:  # noqa: ARG001
    db.execute("INSERT OR REPLACE INTO alone VALUES(?,?,?,?)", (event.about, event.command, str(event.by), ms(event)))


def _command(db: Statements, index: int, event: e.CommandAccepted) -> None:  # noqa: ARG001
    db.execute(
        "INSERT OR IGNORE INTO commands VALUES(?,?,?,?)",
        (event.request, event.body, str(event.act), orjson.dumps(event.result).decode()),
    )
    if event.key_id is not None:
        db.execute(_CONTENT, (event.key_id, None, None, None, ACCOUNTABILITY, ms(event), None))


def _actor(db: Statements, index: int, event: e.ActorRegistered) -> None:
    db.execute(
        "INSERT INTO actors(actor, kind, roles, log_index, key_id) VALUES(?,?,?,?,?)",
        (str(event.originator_id), event.kind, " ".join(event.roles), index, event.key_id),
    )
    # Until he may act no more, no term runs.
    db.execute(_CONTENT, (event.key_id, None, None, None, ACTOR, None, None))


def _actor_revoked(db: Statements, index: int, event: e.ActorRevoked) -> None:  # noqa: ARG001
    """Looks at another table, so it does not go in with the others."""
    actor = str(event.originator_id)
    db.execute("UPDATE actors SET revoked=1 WHERE actor=?", (actor,))
    db.execute(
        "UPDATE contents SET at=? WHERE at IS NULL AND key_id=(SELECT key_id FROM actors WHERE actor=?)",
        (ms(event), actor),
    )


def _gap(db: Statements, index: int, event: e.GapFound) -> None:  # noqa: ARG001
    db.execute("INSERT OR REPLACE INTO gaps VALUES(?,?,?,?)", (event.partner, event.first, event.last, ms(event)))


def _refusal(db: Statements, index: int, event: e.RefusalRecorded) -> None:  # noqa: ARG001
    _count(db, event.side, event.partner, event.codes)


def _evidence(db: Statements, index: int, event: e.EquivocationFound) -> None:
    db.execute(
        "INSERT INTO evidence VALUES(?,?,?,?,?)", (index, event.partner, event.sequence, event.message, event.other)
    )


_IGNORED: Final = Public()


def _other(entry: Entry) -> Public:
    """An event no table is made from; its kind must still be known, or a newer release wrote this log."""
    topic_class(entry.topic)
    return _IGNORED


def _text(value: object) -> str | None:
    return None if value is None else str(value)


_ACTIONS: dict[str, Callable[[Statements, int, Any], None]] = {
    e.MessageSent.topic: _message_sent,
    e.MessageReceived.topic: _message_received,
    e.ReceiptIssued.topic: _receipt_issued,
    e.ReceiptReceived.topic: _receipt_received,
    e.MessageNacked.topic: _message_nacked,
    e.SequenceVoided.topic: _voided,
    e.SequenceVoidedByPartner.topic: _voided_by_partner,
    e.ItemRecorded.topic: _item,
    e.FrameParked.topic: _parked,
    e.ParkedRetried.topic: _parked_state("retried"),
    e.ParkedDropped.topic: _parked_state("dropped"),
    e.RetentionConfirmed.topic: _rule,
    e.ErasureDecided.topic: _erasure_decided,
    e.ErasureDone.topic: _erasure_done,
    e.ErasureAsked.topic: _erasure_asked,
    e.ActedAlone.topic: _acted_alone,
    e.CommandAccepted.topic: _command,
    e.ActorRegistered.topic: _actor,
    e.SubjectRegistered.topic: _keeps(KEPT[e.SubjectRegistered]),
    e.DataRead.topic: _keeps(KEPT[e.DataRead]),
    e.CopiedOut.topic: _keeps(KEPT[e.CopiedOut]),
    e.GapFound.topic: _gap,
    e.RefusalRecorded.topic: _refusal,
    e.EquivocationFound.topic: _evidence,
}
_OF_CHAPTERS: dict[str, Callable[[Any, int, Any], None]] = {
    event.topic: action for chapter in CHAPTERS for event, action in chapter.ACTIONS.items()
} | {e.ActorRevoked.topic: _actor_revoked}
