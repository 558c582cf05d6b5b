"""The ledger's tables about case conferences: who chairs which, what was offered and decided, what was agreed.

Ids, codes, dates and key ids only. The conference itself is folded from its stream (:mod:`exchange.domain.conference`); these
tables find it, list the work that waits, and give every sealed text its term.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.store.grouped import Statements

SCHEMA: Final = """
CREATE TABLE conferences(
  conference TEXT PRIMARY KEY, chair TEXT NOT NULL, date TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL,
  stream TEXT NOT NULL);
CREATE TABLE conference_cases(
  conference TEXT NOT NULL, item TEXT NOT NULL, case_id TEXT NOT NULL, PRIMARY KEY(conference, item)) WITHOUT ROWID;
CREATE TABLE offers(
  offer TEXT PRIMARY KEY, conference TEXT NOT NULL, case_id TEXT NOT NULL, owner TEXT NOT NULL,
  automatic INTEGER NOT NULL, status TEXT NOT NULL, release TEXT, at INTEGER NOT NULL, offered INTEGER NOT NULL,
  decided INTEGER);
CREATE INDEX offers_released ON offers(offer) WHERE status = 'released' AND automatic = 1;
CREATE TABLE agreements(
  agreement TEXT PRIMARY KEY, conference TEXT NOT NULL, case_id TEXT NOT NULL, owner TEXT NOT NULL, due TEXT NOT NULL,
  chair TEXT NOT NULL, log_index INTEGER NOT NULL, at INTEGER NOT NULL, done_at INTEGER);
CREATE INDEX agreements_open ON agreements(owner, due) WHERE done_at IS NULL;
CREATE TABLE conference_steps(log_index INTEGER PRIMARY KEY, case_id TEXT NOT NULL);
CREATE INDEX conference_steps_case ON conference_steps(case_id);
"""
"""``offered`` and ``decided`` are log indexes; ``conference_steps`` leads from a case to the log entries that tell its story."""

_AFTER: Final = {"release": "released", "strike": "struck", "ask": "asked"}


def _planned(db: Statements, index: int, event: e.Planned) -> None:  # noqa: ARG001 - one shape for all
    db.execute(
        "INSERT INTO conferences VALUES(?,?,?,?,?,?)"
        " ON CONFLICT DO UPDATE SET date=excluded.date, version=excluded.version WHERE chair=excluded.chair",
        (str(event.conference), event.chair, event.date, event.version, _ms(event), str(event.originator_id)),
    )
    if isinstance(event, e.ConferencePlanned):
        _term(db, event.key_id, event.retention, event)


def _agenda(db: Statements, index: int, event: e.AgendaItemSet) -> None:
    db.execute(
        "INSERT OR IGNORE INTO conference_cases VALUES(?,?,?)",
        (str(event.conference), str(event.item), str(event.case)),
    )
    _term(db, event.key_id, event.retention, event)
    _step(db, index, str(event.case))


def _offered(db: Statements, index: int, event: e.ItemOffered) -> None:
    db.execute(
        "INSERT OR IGNORE INTO offers(offer, conference, case_id, owner, automatic, status, at, offered) VALUES(?,?,?,?,?,?,?,?)",
        (str(event.offer), str(event.conference), str(event.case), event.owner, int(event.automatic), "offered", _ms(event),
         index),
    )  # fmt: skip
    _term(db, event.key_id, event.retention, event)
    _step(db, index, str(event.case))


def _decided(db: Statements, index: int, event: e.OfferDecided) -> None:
    db.execute(
        "UPDATE offers SET status=?, release=?, decided=? WHERE offer=?",
        (_AFTER[event.decision], str(event.release) if event.release else None, index, str(event.offer)),
    )
    if event.key_id is not None:
        _term(db, event.key_id, event.retention, event)
    _step_of_offer(db, index, event.offer)


def _status(status: str) -> Callable[[Statements, int, Any], None]:
    def act(db: Statements, index: int, event: Any) -> None:
        db.execute("UPDATE offers SET status=? WHERE offer=?", (status, str(event.offer)))
        _step_of_offer(db, index, event.offer)

    return act


def _agreed(db: Statements, index: int, event: e.AgreementMade) -> None:
    db.execute(
        "INSERT OR IGNORE INTO agreements(agreement, conference, case_id, owner, due, chair, log_index, at)"
        " SELECT ?,?,?,?,?,chair,?,? FROM conferences WHERE conference=?",
        (str(event.agreement), str(event.conference), str(event.case), event.owner, event.due, index, _ms(event),
         str(event.conference)),
    )  # fmt: skip
    _term(db, event.key_id, event.retention, event)
    _step(db, index, str(event.case))


def _done(db: Statements, index: int, event: e.AgreementDone) -> None:
    db.execute("UPDATE agreements SET done_at=? WHERE agreement=?", (_ms(event), str(event.agreement)))
    db.execute(
        "INSERT OR IGNORE INTO conference_steps SELECT ?, case_id FROM agreements WHERE agreement=?",
        (index, str(event.agreement)),
    )


def _resolved(db: Statements, index: int, event: e.DecisionMade) -> None:
    _term(db, event.key_id, event.retention, event)
    _step(db, index, str(event.case))


def _published(db: Statements, index: int, event: e.OutcomePublished) -> None:
    db.execute(
        "INSERT OR IGNORE INTO conference_steps SELECT ?, case_id FROM conference_cases WHERE conference=? AND item=?",
        (index, str(event.conference), str(event.item)),
    )


def _term(db: Statements, key_id: str, retention: str, event: Event) -> None:
    """Sealed text has a term; text that came with a message has that of the message already."""
    db.execute("INSERT OR IGNORE INTO contents(key_id, retention, at) VALUES(?,?,?)", (key_id, retention, _ms(event)))


def _step(db: Statements, index: int, case: str) -> None:
    db.execute("INSERT OR IGNORE INTO conference_steps VALUES(?,?)", (index, case))


def _step_of_offer(db: Statements, index: int, offer: object) -> None:
    db.execute(
        "INSERT OR IGNORE INTO conference_steps SELECT ?, case_id FROM offers WHERE offer=?", (index, str(offer))
    )


def _ms(event: Event) -> int:
    return round(event.at.timestamp() * 1000)


ACTIONS: Final[Mapping[type[Event], Callable[[Statements, int, Any], None]]] = {
    e.ConferencePlanned: _planned,
    e.ConferencePlannedOpenly: _planned,
    e.AgendaItemSet: _agenda,
    e.ItemOffered: _offered,
    e.OfferDecided: _decided,
    e.OfferWithdrawn: _status("withdrawn"),
    e.OfferHeldBack: _status("held-back"),
    e.OfferFulfilled: _status("sent"),
    e.AgreementMade: _agreed,
    e.AgreementDone: _done,
    e.DecisionMade: _resolved,
    e.OutcomePublished: _published,
}
