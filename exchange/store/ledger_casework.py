"""The tables of casework: signals and triage, cases with their scope and circle, actions, third parties, feedback, openings.

Joined in :mod:`exchange.store.ledger`. Ids, codes, dates and key ids only. Whatever seals a text stands in ``contents`` with its
class, so that it has a term; ``case_contents`` says to which case it belongs, so that closing the case can start that term.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchange.domain import events as e
from exchange.domain.casework import Phase
from exchange.domain.event import Event
from exchange.store.grouped import Statements

SCHEMA = """
CREATE TABLE signals(
  signal TEXT PRIMARY KEY, log_index INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
  reporter INTEGER) WITHOUT ROWID;
CREATE TABLE triages(
  log_index INTEGER PRIMARY KEY, source TEXT NOT NULL, outcome TEXT NOT NULL, case_id TEXT, at INTEGER NOT NULL,
  by TEXT NOT NULL);
CREATE INDEX triages_source ON triages(source);
CREATE INDEX triages_case ON triages(case_id) WHERE case_id IS NOT NULL;
CREATE TABLE not_taken_up(key_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE cases(
  case_id TEXT PRIMARY KEY, keeper TEXT NOT NULL, lead TEXT NOT NULL, coordinator TEXT, phase TEXT NOT NULL,
  inside INTEGER NOT NULL, opened_at INTEGER NOT NULL, closed_at INTEGER, close_reason TEXT, review_due TEXT,
  stream TEXT NOT NULL)
  WITHOUT ROWID;
CREATE TABLE case_scope(case_id TEXT, partner TEXT, PRIMARY KEY(case_id, partner)) WITHOUT ROWID;
CREATE TABLE case_contents(key_id TEXT PRIMARY KEY, case_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE case_log(case_id TEXT, log_index INTEGER, PRIMARY KEY(case_id, log_index)) WITHOUT ROWID;
CREATE TABLE circle(case_id TEXT, actor TEXT, PRIMARY KEY(case_id, actor)) WITHOUT ROWID;
CREATE TABLE actions(
  action TEXT PRIMARY KEY, case_id TEXT NOT NULL, owner TEXT NOT NULL, due TEXT NOT NULL, status TEXT NOT NULL,
  agreement TEXT) WITHOUT ROWID;
CREATE INDEX actions_due ON actions(due) WHERE status = 'OPEN';
CREATE TABLE openings(
  opening TEXT PRIMARY KEY, ground TEXT NOT NULL, case_id TEXT, message TEXT, view TEXT NOT NULL, by TEXT NOT NULL,
  at INTEGER NOT NULL, log_index INTEGER NOT NULL, verdict TEXT, reviewed_by TEXT, reviewed_at INTEGER) WITHOUT ROWID;
CREATE TABLE wpg_receivers(actor TEXT PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE third_parties(
  act TEXT PRIMARY KEY, case_id TEXT NOT NULL, agreement TEXT, allocation TEXT, at INTEGER NOT NULL, by TEXT NOT NULL,
  log_index INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE feedback(
  message TEXT PRIMARY KEY, partner TEXT NOT NULL, direction TEXT NOT NULL, due TEXT NOT NULL) WITHOUT ROWID;
"""


def _ms(event: Event) -> int:
    return round(event.at.timestamp() * 1000)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _kept(db: Statements, event: Any, case: object = None) -> None:
    """The key of a sealed text has a class, and perhaps a case."""
    db.execute(
        "INSERT OR IGNORE INTO contents(key_id, retention, at) VALUES(?,?,?)",
        (event.key_id, event.retention, _ms(event)),
    )
    if case is not None:
        _belongs(db, event.key_id, case)


def _belongs(db: Statements, key_id: str, case: object) -> None:
    db.execute("INSERT OR IGNORE INTO case_contents VALUES(?,?)", (key_id, str(case)))


def _logged(db: Statements, index: int, case: object) -> None:
    db.execute("INSERT OR IGNORE INTO case_log VALUES(?,?)", (str(case), index))


def _signal(db: Statements, index: int, event: e.SignalNoted) -> None:
    db.execute(
        "INSERT INTO signals(signal, log_index, at, by) VALUES(?,?,?,?)",
        (str(event.originator_id), index, _ms(event), str(event.by)),
    )
    _kept(db, event)


def _reporter(db: Statements, index: int, event: e.ReporterNoted) -> None:
    db.execute("UPDATE signals SET reporter=? WHERE signal=?", (index, str(event.originator_id)))
    _kept(db, event)


def _triaged(db: Statements, index: int, event: e.SignalTriaged) -> None:
    source, at = event.message or str(event.signal), _ms(event)
    db.execute(
        "INSERT INTO triages VALUES(?,?,?,?,?,?)",
        (index, source, event.outcome, _text(event.case), at, str(event.by)),
    )
    _kept(db, event, event.case)
    for content in event.kept:
        db.execute("UPDATE contents SET retention=? WHERE key_id=?", (content.retention, content.key_id))
        db.execute("DELETE FROM not_taken_up WHERE key_id=?", (content.key_id,))
        if event.outcome == "NIET_OPGEPAKT":
            db.execute("INSERT OR REPLACE INTO not_taken_up VALUES(?,?)", (content.key_id, at))
        if event.case is not None:
            _belongs(db, content.key_id, event.case)
    if event.case is not None:
        _logged(db, index, event.case)


def _opened(db: Statements, index: int, event: e.CaseOpened) -> None:
    db.execute(
        "INSERT OR IGNORE INTO cases(case_id, keeper, lead, coordinator, phase, inside, opened_at, review_due, stream)"
        " VALUES(?,'',?,?,?,1,?,?,?)",
        (str(event.case), event.lead, str(event.coordinator), Phase.SIGNALLED.value, _ms(event), event.review_due,
         str(event.originator_id)),
    )  # fmt: skip
    _kept(db, event, event.case)
    _logged(db, index, event.case)


def _shared(db: Statements, index: int, event: e.CaseShared) -> None:
    """What the keeper of a case tells; the taker saw to it that it is the keeper's own case."""
    case, at = str(event.case), _ms(event)
    db.execute(
        "INSERT OR IGNORE INTO cases(case_id, keeper, lead, phase, inside, opened_at, stream) VALUES(?,?,?,?,1,?,?)",
        (case, event.partner, event.lead, event.phase, at, str(event.originator_id)),
    )
    closed = event.phase == Phase.CLOSED.value or not event.inside
    db.execute(
        "UPDATE cases SET lead=?, phase=?, inside=?, closed_at=CASE WHEN ? THEN coalesce(closed_at, ?) END WHERE case_id=?",
        (event.lead, event.phase, event.inside, closed, at, case),
    )
    db.execute("DELETE FROM case_scope WHERE case_id=?", (case,))
    db.executemany("INSERT OR IGNORE INTO case_scope VALUES(?,?)", [(case, partner) for partner in event.partners])
    _belongs(db, event.key_id, case)
    _logged(db, index, case)


def _subject(db: Statements, index: int, event: e.CaseSubjectAdded) -> None:
    _kept(db, event, event.case)
    _logged(db, index, event.case)


def _moved(db: Statements, index: int, event: e.CaseMoved) -> None:
    closed = _ms(event) if event.phase == Phase.CLOSED.value else None
    db.execute(
        "UPDATE cases SET phase=?, closed_at=?, close_reason=? WHERE case_id=?",
        (event.phase, closed, event.close_reason, str(event.case)),
    )
    _kept(db, event, event.case)
    _logged(db, index, event.case)


def _scope(db: Statements, index: int, event: e.CaseScopeChanged) -> None:
    statement = (
        "INSERT OR IGNORE INTO case_scope VALUES(?,?)"
        if event.inside
        else "DELETE FROM case_scope WHERE case_id=? AND partner=?"
    )
    db.execute(statement, (str(event.case), event.partner))
    _kept(db, event, event.case)
    _logged(db, index, event.case)


def _lead(db: Statements, index: int, event: e.CaseLeadSet) -> None:
    db.execute(
        "UPDATE cases SET lead=?, coordinator=? WHERE case_id=?", (event.lead, str(event.coordinator), str(event.case))
    )
    _logged(db, index, event.case)


def _goal(db: Statements, index: int, event: e.CaseGoalSet) -> None:
    _kept(db, event, event.case)
    _logged(db, index, event.case)


def _action(db: Statements, index: int, event: e.CaseActionSet) -> None:
    db.execute(
        "INSERT OR REPLACE INTO actions VALUES(?,?,?,?,?,?)",
        (str(event.action), str(event.case), event.owner, event.due, event.status, _text(event.agreement)),
    )
    _kept(db, event, event.case)
    _logged(db, index, event.case)


def _review(db: Statements, index: int, event: e.CaseReviewSet) -> None:
    db.execute("UPDATE cases SET review_due=? WHERE case_id=?", (event.due, str(event.case)))
    _logged(db, index, event.case)


def _allocated(db: Statements, index: int, event: e.CaseAllocated) -> None:
    _kept(db, event, event.case)
    _logged(db, index, event.case)


def _circle(db: Statements, index: int, event: e.CircleChanged) -> None:
    statement = (
        "INSERT OR IGNORE INTO circle VALUES(?,?)" if event.inside else "DELETE FROM circle WHERE case_id=? AND actor=?"
    )
    db.execute(statement, (str(event.case), str(event.actor)))
    _logged(db, index, event.case)


def _outside(db: Statements, index: int, event: e.OpenedOutsideCircle) -> None:
    db.execute(
        "INSERT INTO openings(opening, ground, case_id, message, view, by, at, log_index) VALUES(?,?,?,?,?,?,?,?)",
        (str(event.originator_id), event.ground, _text(event.case), event.message, event.view, str(event.by), _ms(event),
         index),
    )  # fmt: skip
    _kept(db, event)
    if event.case is not None:
        _logged(db, index, event.case)


def _reviewed(db: Statements, index: int, event: e.OutsideOpeningReviewed) -> None:  # noqa: ARG001 - one shape
    db.execute(
        "UPDATE openings SET verdict=?, reviewed_by=?, reviewed_at=? WHERE opening=?",
        (event.verdict, str(event.by), _ms(event), str(event.originator_id)),
    )
    _kept(db, event)


def _receiver(db: Statements, index: int, event: e.WpgReceiverSet) -> None:  # noqa: ARG001
    if event.designated:
        db.execute("INSERT OR REPLACE INTO wpg_receivers VALUES(?,?,?)", (str(event.actor), _ms(event), str(event.by)))
    else:
        db.execute("DELETE FROM wpg_receivers WHERE actor=?", (str(event.actor),))


def _third_party(db: Statements, index: int, event: e.ThirdPartyTold) -> None:
    db.execute(
        "INSERT INTO third_parties VALUES(?,?,?,?,?,?,?)",
        (str(event.act), str(event.case), _text(event.agreement), _text(event.allocation), _ms(event), str(event.by),
         index),
    )  # fmt: skip
    _kept(db, event)
    _logged(db, index, event.case)


def _feedback(db: Statements, index: int, event: e.FeedbackWanted) -> None:  # noqa: ARG001
    db.execute(
        "INSERT OR IGNORE INTO feedback VALUES(?,?,?,?)", (event.message, event.partner, event.direction, event.due)
    )


ACTIONS: dict[type[Event], Callable[[Statements, int, Any], None]] = {
    e.SignalNoted: _signal,
    e.ReporterNoted: _reporter,
    e.SignalTriaged: _triaged,
    e.CaseOpened: _opened,
    e.CaseShared: _shared,
    e.CaseSubjectAdded: _subject,
    e.CaseMoved: _moved,
    e.CaseScopeChanged: _scope,
    e.CaseLeadSet: _lead,
    e.CaseGoalSet: _goal,
    e.CaseActionSet: _action,
    e.CaseReviewSet: _review,
    e.CaseAllocated: _allocated,
    e.CircleChanged: _circle,
    e.OpenedOutsideCircle: _outside,
    e.OutsideOpeningReviewed: _reviewed,
    e.WpgReceiverSet: _receiver,
    e.ThirdPartyTold: _third_party,
    e.FeedbackWanted: _feedback,
}
