"""What is owed after acute danger: arises with the message, is made good by what was missing, and alarms once when it is late."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID, uuid4

import structlog

from exchange.domain import duties as d
from exchange.domain import events as e
from exchange.domain.actors import Role, may, roles_of
from exchange.domain.refusals import CATALOGUE
from exchange.errors import InputError, NotAllowedError, NotFoundError
from exchange.node import facts_forms as ff
from exchange.node.commands import allow
from exchange.node.context import Context
from exchange.node.drafting import Draft
from exchange.node.messages import stream_of
from exchange.node.receiving import Incoming
from exchange.node.service import Actor
from exchange.node.writer import Tx

log = structlog.get_logger()
OPEN: Final = "good IS NULL AND EXISTS (SELECT 1 FROM contents c WHERE c.key_id = duties.key_id AND c.erasure IS NULL)"
"""Neither made good, nor gone with its key when the term of accountability was over."""


def arise(tx: Tx, ctx: Context, draft: Draft, act: UUID, message: str | None, owner: UUID, subject: UUID) -> None:
    """Record with the message that one recipient was told on the path for acute danger, and every duty that comes of it."""
    tx.append(
        e.EmergencyInvoked(
            originator_id=uuid4(),
            at=tx.now,
            direction="sent",
            partner=draft.recipient,
            act=act,
            message=message,
            codes=draft.verdict.owed,
        )
    )
    retention = ctx.covenants.current.covenant.settings.statement_retention
    for code in draft.verdict.owed:
        tx.append(
            e.DutyArisen(
                originator_id=uuid4(),
                at=tx.now,
                key_id=tx.new_key(retention),
                retention=retention,
                code=code,
                act=act,
                partner=draft.recipient,
                owner=owner,
                role=d.DUTIES[code].role.value,
                due_at=tx.now + d.TERM,
                subject=subject,
            )
        )


def received(tx: Tx, incoming: Incoming, owed: tuple[str, ...]) -> None:
    """Show that a partner invoked acute danger, and what it still owes; the duties are the partner's."""
    tx.append(
        e.EmergencyInvoked(
            originator_id=uuid4(),
            at=tx.now,
            direction="received",
            partner=incoming.sender.slug,
            act=stream_of(incoming.sender.id, incoming.header.id),
            message=incoming.message,
            codes=owed,
        )
    )


def made_good(
    tx: Tx, ctx: Context, by: UUID, good: d.Good, fact: UUID | None, *, where: str, values: tuple[object, ...]
) -> int:
    """Close every open duty of this kind that ``where`` names; gives how many."""
    codes = [code for code, kind in d.DUTIES.items() if kind.good is good]
    marks = ",".join("?" * len(codes))
    rows = ctx.ledger.rows(f"SELECT * FROM duties WHERE {OPEN} AND code IN ({marks}) AND {where}", *codes, *values)
    for row in rows:
        _close(tx, row, by, good, fact, "")
    return len(rows)


def told(tx: Tx, ctx: Context, by: UUID, subject: UUID, fact: UUID, recipients: Iterable[str]) -> None:
    """Close the duties to tell this person that waited for a notice of these recipients, or an exception that carries to them."""
    waiting = [str(duty) for duty in ctx.facts.owed_for(person.handle for person in ctx.people.same(subject))]
    if not waiting:
        return
    named = sorted(set(recipients))
    where = f"duty IN ({','.join('?' * len(waiting))}) AND partner IN ({','.join('?' * len(named))})"
    made_good(tx, ctx, by, d.Good.NOTICE, fact, where=where, values=(*waiting, *named))


def _close(tx: Tx, row: sqlite3.Row, by: UUID, good: d.Good, fact: UUID | None, reason: str) -> None:
    tx.append(
        e.DutyFulfilled(
            originator_id=UUID(row["duty"]),
            at=tx.now,
            key_id=row["key_id"],
            by=by,
            good=good.value,
            fact=fact,
            reason=reason,
        )
    )


class Duties:
    """The use cases; ``watch`` runs with the housekeeping."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def all(self, actor: Actor, *, closed: bool) -> list[ff.DutyAnswer]:
        """What this actor or its roles owe, the most urgent first; whoever may excuse sees everybody's."""
        allow(actor, "duty.list")
        now = self._ctx.clock.now()
        rows = self._ctx.ledger.rows(
            "SELECT * FROM duties ORDER BY due_at, code, duty"
            if closed
            else f"SELECT * FROM duties WHERE {OPEN} ORDER BY due_at, code, duty"
        )
        return [_answer(row, now) for row in rows if _concerns(actor, row)]

    async def fulfil(self, actor: Actor, duty: UUID, form: ff.FulfilForm) -> ff.DutyAnswer:
        """Make one duty good by hand: the chair's release, or a privacy officer's reason.

        Raises:
            NotFoundError: No such duty.
            ConflictError: It was made good before, or something else makes it good.
            InputError: The fact or the reason is missing.
        """
        good = d.Good(form.good)
        allow(actor, "duty.excuse" if good is d.Good.REASON else "duty.fulfil")
        if good is d.Good.REASON and not form.reason:
            raise InputError("Say why this duty stays as it is.")
        if good is not d.Good.REASON and form.fact is None:
            raise InputError("Name the release that makes this duty good.")

        def unit(tx: Tx) -> None:
            row = self._row(duty)
            if self._ctx.ledger.count("contents WHERE key_id=? AND erasure IS NULL", row["key_id"]) == 0:
                raise NotFoundError("There is no such duty at this node.")
            d.fulfil(_duty(row), good)
            if good is not d.Good.REASON and not _concerns(actor, row):
                raise NotAllowedError("This duty is another's to make good.")
            _close(tx, row, actor.id, good, form.fact, form.reason)

        await self._ctx.writer.run(unit)
        return _answer(self._row(duty), self._ctx.clock.now())

    def _row(self, duty: UUID) -> sqlite3.Row:
        row = self._ctx.ledger.one("SELECT * FROM duties WHERE duty=?", str(duty))
        if row is None:
            raise NotFoundError("There is no such duty at this node.")
        return row

    # ------------------------------------------------------------------------------------ deadlines

    def open_count(self) -> int:
        """How many duties are open."""
        return self._ctx.ledger.count(f"duties WHERE {OPEN}")

    def late_count(self) -> int:
        """How many of them are late."""
        now = round(self._ctx.clock.now().timestamp() * 1000)
        return self._ctx.ledger.count(f"duties WHERE {OPEN} AND due_at < ?", now)

    async def watch(self, now: datetime) -> None:
        """Raise the alarm of every duty whose time is over; once each."""
        late = self._ctx.ledger.count(
            "duties WHERE good IS NULL AND late=0 AND due_at < ?", round(now.timestamp() * 1000)
        )
        if late:
            log.warning("duties-overdue", count=await self._ctx.writer.run(partial(self._raise, now)))

    def _raise(self, now: datetime, tx: Tx) -> int:
        rows = self._ctx.ledger.rows("SELECT * FROM duties WHERE good IS NULL AND late=0 ORDER BY due_at")
        late = [row for row in rows if d.overdue(_duty(row), now)]
        for row in late:
            tx.append(
                e.DutyOverdue(
                    originator_id=UUID(row["duty"]),
                    at=tx.now,
                    code=row["code"],
                    owner=UUID(row["owner"]),
                    role=row["role"],
                )
            )
        return len(late)


def _concerns(actor: Actor, row: sqlite3.Row) -> bool:
    """Whether it is on this actor's list: its own, of a role it holds that is no worker's; or it watches over all."""
    if UUID(row["owner"]) == actor.id or may(roles_of(actor.roles), "duty.excuse") or Role.FG in actor.roles:
        return True
    return row["role"] != "worker" and row["role"] in actor.roles


def _duty(row: sqlite3.Row) -> d.Duty:
    return d.Duty(row["code"], _moment(row["due_at"]), d.Good(row["good"]) if row["good"] else None, bool(row["late"]))


def _answer(row: sqlite3.Row, now: datetime) -> ff.DutyAnswer:
    due = _moment(row["due_at"])
    state = "open" if row["good"] is None else "excused" if row["good"] == d.Good.REASON else "made-good"
    return ff.DutyAnswer(
        duty=UUID(row["duty"]),
        code=row["code"],
        text=CATALOGUE[row["code"]].sentence(),
        act=UUID(row["act"]),
        partner=row["partner"],
        owner=UUID(row["owner"]),
        role=row["role"],
        made_good_by=d.DUTIES[row["code"]].good.value,
        due_at=due,
        overdue=row["good"] is None and now > due,
        state=state,
    )


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
