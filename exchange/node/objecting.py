"""Objections and the restriction that follows (GDPR 18, 19, 21): set at once, told to recipients, lifted if rejected."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import date
from functools import partial
from uuid import UUID, uuid4, uuid5

from exchange.domain import corrections as c
from exchange.domain import events as e
from exchange.domain import objections as o
from exchange.domain.event import Gone
from exchange.domain.retention import local_day
from exchange.errors import NotFoundError
from exchange.node import corrections_forms as cf
from exchange.node.commands import Result, allow, once
from exchange.node.context import Context
from exchange.node.exchanged import Exchanged, given
from exchange.node.numbers import no_number
from exchange.node.register import Reads
from exchange.node.service import Actor, Idempotency
from exchange.node.telling import Telling, ids, moment, reachable
from exchange.node.whoknows import label_of
from exchange.node.work import Fresh, Post
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.corrections import Restricted

OBJECTION = "BEZWAAR"
"""Cause of the restriction."""


class Objections:
    """See the module."""

    def __init__(self, ctx: Context, post: Post, reads: Reads) -> None:
        self._ctx = ctx
        self._post = post
        self._reads = reads
        self._telling = Telling(ctx, post)
        self._exchanged = Exchanged(ctx)

    # ------------------------------------------------------------------------------------ received

    async def receive(self, actor: Actor, form: cf.ObjectionForm, key: Idempotency | None) -> cf.ObjectionAnswer:
        """Somebody objects: from here on everything about him may only be stored, and every recipient is told so.

        Raises:
            NotFoundError: The subject is not in the register.
            InputError: It was received after today.
        """
        allow(actor, "objection.receive")
        ctx = self._ctx
        person = ctx.people.resolve(form.subject)
        if person is None:
            raise NotFoundError("There is no such subject in this node's register.")
        no_number(form.text)
        today = local_day(ctx.clock.now())
        fresh_state = o.received(form.received_on or today, today)
        rows = [row for row in self._exchanged.about(person.handle) if not row["erasure"]]
        told = self._recipients(rows)
        make = partial(_work, "set")
        await self._telling.judged(actor, told, m.Kind.RESTRICTED, make)
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            objection = uuid4()
            event = _received(tx, ctx, actor, objection, form, fresh_state, person.handle, rows)
            tx.append(event, fresh=True)
            _restrict(tx, actor, event)
            fresh[:] = self._tell(tx, actor, objection, c.Telling.RESTRICTED, rows, told)
            return objection, {"messages": [out.message for out, _ in fresh]}

        objection, _ = await once(ctx, actor, "objection.receive", key, form, unit)
        self._post.send(fresh)
        return await self.show(actor, objection)

    def _recipients(self, rows: Iterable[sqlite3.Row]) -> dict[str, list[UUID]]:
        return self._telling.by_partner(row for row in rows if row["direction"] == "sent" and given(row))

    def _tell(
        self,
        tx: Tx,
        actor: Actor,
        objection: UUID,
        telling: c.Telling,
        rows: Iterable[sqlite3.Row],
        told: dict[str, list[UUID]],
    ) -> list[Fresh]:
        act, listed = uuid4(), list(rows)
        sent = [row for row in listed if row["direction"] == "sent" and given(row)]
        self._telling.decided(
            tx,
            actor,
            act,
            telling,
            items=[UUID(row["item"]) for row in listed],
            told=told,
            by_hand=[row["partner"] for row in sent if not reachable(self._ctx, row)],
            reason=OBJECTION,
            objection=objection,
        )
        make = partial(_work, "set" if telling is c.Telling.RESTRICTED else "lifted")
        return self._telling.tell(tx, actor, act, telling, told, make)

    # ------------------------------------------------------------------------------------ weighed

    async def extend(self, actor: Actor, objection: UUID, form: cf.ExtendForm) -> cf.ObjectionAnswer:
        """Take up to two months more, after telling the person why (GDPR 12(3))."""
        allow(actor, "objection.extend")
        no_number(form.reason, form.notice)

        def unit(tx: Tx) -> None:
            row = self._row(objection)
            event = o.decide(_state(row), o.Extend(form.told_on), local_day(tx.now))
            if isinstance(event, o.Extended):
                tx.append(
                    e.ObjectionExtended(
                        originator_id=objection,
                        at=tx.now,
                        key_id=row["key_id"],
                        by=actor.id,
                        due_on=event.due_on.isoformat(),
                        told_on=form.told_on.isoformat(),
                        reason=form.reason,
                        notice=form.notice,
                    )
                )

        await self._ctx.writer.run(unit)
        return await self.show(actor, objection)

    async def decide(self, actor: Actor, objection: UUID, form: cf.WeighForm) -> cf.ObjectionAnswer:
        """Say how it was weighed, and why (GDPR 21(1)). The restriction stays: until it is lifted if rejected, else for good."""
        allow(actor, "objection.decide")
        no_number(form.motivation)

        def unit(tx: Tx) -> None:
            row = self._row(objection)
            command = o.Decide(o.Weighed(form.outcome), form.motivation)
            event = o.decide(_state(row), command, local_day(tx.now))
            if isinstance(event, o.Decided):
                tx.append(
                    e.ObjectionDecided(
                        originator_id=objection,
                        at=tx.now,
                        key_id=row["key_id"],
                        by=actor.id,
                        outcome=event.outcome.value,
                        motivation=form.motivation,
                    )
                )

        await self._ctx.writer.run(unit)
        return await self.show(actor, objection)

    async def lift(
        self, actor: Actor, objection: UUID, form: cf.LiftForm, key: Idempotency | None
    ) -> cf.ObjectionAnswer:
        """End the restriction of a rejected objection here and at the recipients, after the person was told (GDPR 18(3)).

        Raises:
            ConflictError: It was not weighed yet, upheld, or lifted before.
            InputError: No reference of what the person was told beforehand.
        """
        allow(actor, "objection.lift")
        no_number(form.notice)
        ctx, row = self._ctx, self._row(objection)
        if row["lifted_at"] is None:  # else it may be the same request again, which gets the same answer
            o.decide(_state(row), o.Lift(form.told_on, form.notice), local_day(ctx.clock.now()))
        rows, told = self._told(objection)
        await self._telling.judged(actor, told, m.Kind.RESTRICTED, partial(_work, "lifted"))
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            o.decide(_state(self._row(objection)), o.Lift(form.told_on, form.notice), local_day(tx.now))
            tx.append(
                e.ObjectionLifted(
                    originator_id=objection,
                    at=tx.now,
                    key_id=row["key_id"],
                    by=actor.id,
                    told_on=form.told_on.isoformat(),
                    notice=form.notice,
                )
            )
            for restriction in (objection, *(uuid5(objection, str(item)) for item in ids(row["items"]))):
                tx.append(e.RestrictionLifted(originator_id=restriction_of(restriction), at=tx.now, by=actor.id))
            fresh[:] = self._tell(tx, actor, objection, c.Telling.LIFTED, rows, told)
            return objection, {"messages": [out.message for out, _ in fresh]}

        await once(ctx, actor, f"objection.lift:{objection}", key, form, unit)
        self._post.send(fresh)
        return await self.show(actor, objection)

    def _told(self, objection: UUID) -> tuple[list[sqlite3.Row], dict[str, list[UUID]]]:
        """Whom the restriction was told, and about what."""
        rows, told = [], dict[str, list[UUID]]()
        for act in self._telling.acts("objection=? AND telling='restricted'", str(objection)):
            rows += [row for item in act.items if (row := self._exchanged.item(item)) is not None]
            for one in act.recipients:
                partner = self._ctx.covenants.current.by_slug(one.partner)
                if partner is not None and partner.connected:
                    told.setdefault(one.partner, []).extend(one.items)
        return rows, told

    # ------------------------------------------------------------------------------------ how it stands

    async def listed(self, actor: Actor) -> list[cf.ObjectionAnswer]:
        """Every objection, the one that is due first on top."""
        allow(actor, "objection.list")
        rows = self._ctx.ledger.rows("SELECT * FROM objections ORDER BY outcome IS NOT NULL, due_on, log_index")
        answers = [self._answer(row) for row in rows]
        await self._reads.log(actor, "objection.list", [one.subject for one in answers] or [None])
        return answers

    async def show(self, actor: Actor, objection: UUID) -> cf.ObjectionAnswer:
        """One objection, with whom was told what."""
        allow(actor, "objection.list")
        answer = self._answer(self._row(objection))
        await self._reads.log(actor, "objection.list", [answer.subject])
        return answer

    def open(self) -> tuple[int, bool]:
        """How many wait for a decision, and whether one is overdue."""
        late = self.to_weigh()
        return len(late), any(late)

    def to_weigh(self) -> list[bool]:
        """What waits for a decision: whether each of it is late."""
        today = local_day(self._ctx.clock.now())
        return [
            _state(row).overdue(today)
            for row in self._ctx.ledger.rows("SELECT * FROM objections WHERE outcome IS NULL")
        ]

    def _row(self, objection: UUID) -> sqlite3.Row:
        row = self._ctx.ledger.one("SELECT * FROM objections WHERE objection=?", str(objection))
        if row is None:
            raise NotFoundError("There is no such objection at this node.")
        return row

    def _answer(self, row: sqlite3.Row) -> cf.ObjectionAnswer:
        event = self._ctx.log.event(self._ctx.log.entry(row["log_index"]))
        subject = event.subject if isinstance(event, e.ObjectionReceived) else None
        person = None if subject is None or isinstance(subject, Gone) else self._ctx.people.resolve(subject)
        state = _state(row)
        return cf.ObjectionAnswer(
            objection=UUID(row["objection"]),
            received_on=state.received_on,
            due_on=state.due_on,
            extended=state.extended,
            overdue=state.overdue(local_day(self._ctx.clock.now())),
            outcome=row["outcome"],
            decided_at=moment(row["decided_at"]) if row["decided_at"] else None,
            lifted_at=moment(row["lifted_at"]) if row["lifted_at"] else None,
            items=ids(row["items"]),
            subject=person.handle if person else None,
            label=label_of(person) if person else "",
            notified=self._telling.acts("objection=?", row["objection"]),
        )


def restriction_of(about: UUID) -> UUID:
    """The restriction that an objection set: on everything (the objection's own id) or on an item."""
    return uuid5(about, OBJECTION)


def _received(
    tx: Tx,
    ctx: Context,
    actor: Actor,
    objection: UUID,
    form: cf.ObjectionForm,
    state: o.Objection,
    subject: UUID,
    rows: Iterable[sqlite3.Row],
) -> e.ObjectionReceived:
    retention = ctx.covenants.current.covenant.settings.statement_retention
    return e.ObjectionReceived(
        originator_id=objection,
        at=tx.now,
        key_id=tx.new_key(retention),
        retention=retention,
        by=actor.id,
        received_on=state.received_on.isoformat(),
        due_on=state.due_on.isoformat(),
        items=tuple(dict.fromkeys(UUID(row["item"]) for row in rows)),
        subject=subject,
        text=form.text,
    )


def _restrict(tx: Tx, actor: Actor, event: e.ObjectionReceived) -> None:
    """Everything about the person, and by id what is on record now, so that it can be shown as of any day."""
    about: list[tuple[UUID, UUID | None]] = [(event.originator_id, None)]
    about += [(uuid5(event.originator_id, str(item)), item) for item in event.items]
    for restriction, item in about:
        tx.append(
            e.RestrictionSet(
                originator_id=restriction_of(restriction),
                at=tx.now,
                key_id=event.key_id,
                retention=event.retention,
                by=actor.id,
                cause=OBJECTION,
                item=item,
                subject=event.subject if item is None else None,
            )
        )


def _state(row: sqlite3.Row) -> o.Objection:
    return o.Objection(
        date.fromisoformat(row["received_on"]),
        date.fromisoformat(row["due_on"]),
        bool(row["extended"]),
        o.Weighed(row["outcome"]) if row["outcome"] else None,
        row["lifted_at"] is not None,
    )


def _work(state: str, items: list[UUID]) -> Restricted:
    return Restricted(items=items, state="set" if state == "set" else "lifted", reason=OBJECTION)
