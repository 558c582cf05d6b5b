"""Tables of what has to be on record before sharing, of what is owed after acute danger, and of restrictions.

Ids, codes, dates and key ids only; who a notice is about stands sealed in the log and in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.store.grouped import Statements
from exchange.store.moments import ms, to_ms

SCHEMA = """
CREATE TABLE facts(
  fact TEXT PRIMARY KEY, kind TEXT NOT NULL, key_id TEXT NOT NULL, log_index INTEGER NOT NULL, at INTEGER NOT NULL,
  by TEXT NOT NULL, review_on TEXT, ends_on TEXT, act TEXT, state TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX facts_kind ON facts(kind, log_index);
CREATE TABLE trainings(actor TEXT NOT NULL, followed_on TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL);
CREATE TABLE activities(
  activity TEXT PRIMARY KEY, entry TEXT NOT NULL, log_index INTEGER NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL,
  key_id TEXT);
CREATE INDEX activities_entry ON activities(entry);
CREATE TABLE restrictions(
  restriction TEXT PRIMARY KEY, item TEXT, cause TEXT NOT NULL, at INTEGER NOT NULL, lifted_at INTEGER) WITHOUT ROWID;
CREATE INDEX restrictions_item ON restrictions(item) WHERE item IS NOT NULL AND lifted_at IS NULL;
CREATE TABLE duties(
  duty TEXT PRIMARY KEY, key_id TEXT NOT NULL, code TEXT NOT NULL, act TEXT NOT NULL, partner TEXT NOT NULL,
  owner TEXT NOT NULL, role TEXT NOT NULL, at INTEGER NOT NULL, due_at INTEGER NOT NULL, good TEXT, fact TEXT,
  done_at INTEGER, done_by TEXT, late INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX duties_open ON duties(due_at) WHERE good IS NULL;
CREATE TABLE emergencies(
  act TEXT NOT NULL, partner TEXT NOT NULL, direction TEXT NOT NULL, message TEXT, codes TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(act, partner)) WITHOUT ROWID;
CREATE INDEX emergencies_message ON emergencies(message) WHERE message IS NOT NULL;
"""


def keep(db: Statements, key_id: str, retention: str, at: int | None) -> None:
    """A key that seals a fact has a term like any other; None: it has not started yet."""
    db.execute("INSERT OR IGNORE INTO contents(key_id, retention, at) VALUES(?,?,?)", (key_id, retention, at))


def _fact(kind: str) -> Callable[[Statements, int, Any], None]:
    def act(db: Statements, index: int, event: Any) -> None:
        at = ms(event)
        until = getattr(event, "review_on", None) or getattr(event, "valid_until", None)
        about = getattr(event, "act", None)
        db.execute(
            "INSERT INTO facts VALUES(?,?,?,?,?,?,?,?,?,'live')",
            (str(event.originator_id), kind, event.key_id, index, at, str(event.by), until,
             getattr(event, "ends_on", None), str(about) if about else None),
        )  # fmt: skip
        keep(db, event.key_id, event.retention, at)

    return act


def _reviewed(db: Statements, index: int, event: e.ExceptionReviewed) -> None:  # noqa: ARG001 - one shape for all
    db.execute(
        "UPDATE facts SET review_on=?, ends_on=?, state=? WHERE fact=?",
        (event.review_on, event.ends_on, "live" if event.outcome == "prolonged" else "ended", str(event.originator_id)),
    )
    # A term that counts from the last change counts from the review.
    db.execute("UPDATE contents SET at=? WHERE key_id=? AND erasure IS NULL", (ms(event), event.key_id))


def _withdrawn(db: Statements, index: int, event: e.WpgDecisionWithdrawn) -> None:  # noqa: ARG001
    db.execute("UPDATE facts SET state='withdrawn' WHERE fact=?", (str(event.originator_id),))


def _training(db: Statements, index: int, event: e.TrainingFollowed) -> None:  # noqa: ARG001
    db.execute("INSERT INTO trainings VALUES(?,?,?,?)", (str(event.actor), event.followed_on, ms(event), str(event.by)))


def _activity(db: Statements, index: int, event: e.RegisteredActivity) -> None:
    entry = str(event.originator_id)
    _over(db, event, "replaced")
    key_id = event.key_id if isinstance(event, e.ActivityRegistered) else None
    db.execute("INSERT INTO activities VALUES(?,?,?,?,'live',?)", (event.activity, entry, index, ms(event), key_id))
    if isinstance(event, e.ActivityRegistered):
        keep(db, event.key_id, event.retention, None)


def _activity_ended(db: Statements, index: int, event: e.ActivityEnded) -> None:  # noqa: ARG001
    _over(db, event, "ended")


def _over(db: Statements, event: Event, state: str) -> None:
    """The live version of an entry is live no more, and the term of its name starts."""
    live = "entry=? AND state='live'"
    entry = str(event.originator_id)
    db.execute(
        f"UPDATE contents SET at=? WHERE key_id IN (SELECT key_id FROM activities WHERE {live})", (ms(event), entry)
    )
    db.execute(f"UPDATE activities SET state=? WHERE {live}", (state, entry))


def _restricted(db: Statements, index: int, event: e.RestrictionSet) -> None:  # noqa: ARG001
    at, item = ms(event), str(event.item) if event.item else None
    db.execute("INSERT INTO restrictions VALUES(?,?,?,?,NULL)", (str(event.originator_id), item, event.cause, at))
    keep(db, event.key_id, event.retention, at)


def _lifted(db: Statements, index: int, event: e.RestrictionLifted) -> None:  # noqa: ARG001
    db.execute("UPDATE restrictions SET lifted_at=? WHERE restriction=?", (ms(event), str(event.originator_id)))


def _duty(db: Statements, index: int, event: e.DutyArisen) -> None:  # noqa: ARG001
    at = ms(event)
    db.execute(
        "INSERT INTO duties(duty, key_id, code, act, partner, owner, role, at, due_at) VALUES(?,?,?,?,?,?,?,?,?)",
        (str(event.originator_id), event.key_id, event.code, str(event.act), event.partner, str(event.owner), event.role,
         at, to_ms(event.due_at)),
    )  # fmt: skip
    keep(db, event.key_id, event.retention, at)


def _duty_done(db: Statements, index: int, event: e.DutyFulfilled) -> None:  # noqa: ARG001
    db.execute(
        "UPDATE duties SET good=?, fact=?, done_at=?, done_by=? WHERE duty=? AND good IS NULL",
        (event.good, str(event.fact) if event.fact else None, ms(event), str(event.by), str(event.originator_id)),
    )


def _duty_late(db: Statements, index: int, event: e.DutyOverdue) -> None:  # noqa: ARG001
    db.execute("UPDATE duties SET late=1 WHERE duty=?", (str(event.originator_id),))


def _emergency(db: Statements, index: int, event: e.EmergencyInvoked) -> None:  # noqa: ARG001
    db.execute(
        "INSERT OR REPLACE INTO emergencies VALUES(?,?,?,?,?,?)",
        (str(event.act), event.partner, event.direction, event.message, " ".join(event.codes), ms(event)),
    )


ACTIONS: dict[type[Event], Callable[[Statements, int, Any], None]] = {
    e.NoticeGiven: _fact("notice"),
    e.ExceptionInvokedForAnybody: _fact("exception"),
    e.ExceptionInvoked: _fact("exception"),
    e.ExceptionReviewed: _reviewed,
    e.WpgDecisionRegistered: _fact("wpg-decision"),
    e.WpgDecisionWithdrawn: _withdrawn,
    e.WeighingWritten: _fact("weighing"),
    e.TrainingFollowed: _training,
    e.ActivityRegistered: _activity,
    e.ActivityRegisteredOpenly: _activity,
    e.ActivityEnded: _activity_ended,
    e.RestrictionSet: _restricted,
    e.RestrictionLifted: _lifted,
    e.DutyArisen: _duty,
    e.DutyFulfilled: _duty_done,
    e.DutyOverdue: _duty_late,
    e.EmergencyInvoked: _emergency,
}
