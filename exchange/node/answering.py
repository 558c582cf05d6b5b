"""What partners told about items they gave, answered by a person; and everything of the kind that waits for somebody.

Done is said after it was done: a recall to erase destroys the keys first, and ends every epoch that could open a copy.
"""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Final
from uuid import UUID, uuid4

from exchange.domain import corrections as c
from exchange.domain import events as e
from exchange.domain.actors import Hands
from exchange.domain.retention import local_day
from exchange.errors import InputError, NotAllowedError, NotFoundError
from exchange.node import corrections_forms as cf
from exchange.node.actors import Actors
from exchange.node.commands import Result, allow, once
from exchange.node.context import Context
from exchange.node.retention import Retention
from exchange.node.service import Actor, Idempotency
from exchange.node.telling import Telling, ids, moment
from exchange.node.telling_taking import RECALL, restricted, told
from exchange.node.work import Fresh, Post
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.corrections import Processed

RECALLED: Final = "terugroeping"
"""Shown as the rule under which a recalled item was erased."""
ERASE_COMMAND: Final = "recall.erase"
TO_PROCESS: Final = "notifications WHERE direction='received' AND outcome IS NULL"
ONWARD: Final = (
    "onward o JOIN items i ON i.item=o.item AND i.direction='sent'"
    " WHERE NOT EXISTS (SELECT 1 FROM corrected c WHERE c.item=o.item AND c.at>=o.at) AND NOT EXISTS (SELECT 1 FROM noticed w"
    " JOIN notifications n ON n.message=w.message WHERE w.item=o.item AND n.direction='sent' AND n.telling='recalled')"
)
"""Given to others, and neither corrected nor recalled by us since."""


class Answering:
    """See the module."""

    def __init__(self, ctx: Context, post: Post, retention: Retention, actors: Actors) -> None:
        self._ctx = ctx
        self._post = post
        self._retention = retention
        self._actors = actors
        self._telling = Telling(ctx, post)

    async def process(self, actor: Actor, message: str, form: cf.ProcessedForm, key: Idempotency | None) -> cf.Worklist:
        """Answer a partner's correction, recall or restriction; a recall to erase is carried out first.

        A recall restricts the items before anybody read it. Refusing it leaves that so, unless it is set aside: then whoever
        holds them uses them again, on the ground for which it keeps them and for the reasons it gives.

        Raises:
            NotFoundError: Nothing of that kind came in this message.
            NotAllowedError: It is not for this actor to set a recall aside.
            ConflictError: It was answered before.
            InputError: A refusal without a ground of the law, or a recall set aside without a reason.
        """
        allow(actor, "recall.set-aside" if form.set_aside else "notification.process")
        if form.set_aside and not form.text.strip():
            raise InputError("Say in words why you use again what the partner recalled.")
        known = told(self._ctx, message, "received")
        row = self._ctx.ledger.one("SELECT * FROM notifications WHERE message=? AND direction='received'", message)
        if known is None or row is None:
            raise NotFoundError("No partner told anything about items in this message.")
        partner, state = known
        given = c.Answer(c.Outcome(form.outcome), form.ground, form.set_aside)
        if (
            state.outcome is not given.outcome or state.set_aside is not given.set_aside
        ):  # else it may be the same request again, which gets the same answer
            c.decide(state, given)
        answer = Processed(outcome=form.outcome, ground=form.ground, text=form.text)
        await self._post.judged(actor, partner, m.Kind.PROCESSED, answer)
        if row["action"] == c.Action.ERASE.value and form.outcome == c.Outcome.DONE.value:
            await self._erase(actor, row)
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            now = told(self._ctx, message, "received")
            c.decide(now[1] if now is not None else state, given)
            act = uuid4()
            fresh[:] = [
                self._post.compose(
                    tx, recipient=partner, kind=m.Kind.PROCESSED, work=answer, act=act, by=actor.id, reply_to=message
                )
            ]
            retention = self._ctx.covenants.current.covenant.settings.statement_retention
            tx.append(
                e.NotificationProcessed(
                    originator_id=uuid4(),
                    at=tx.now,
                    key_id=tx.new_key(retention),
                    retention=retention,
                    message=message,
                    partner=partner,
                    answer=fresh[0][0].message,
                    outcome=form.outcome,
                    ground=form.ground,
                    by=actor.id,
                    text=form.text,
                ),
                fresh=True,
            )
            self._settle(tx, actor, row, given, retention)
            return act, {"messages": [fresh[0][0].message]}

        await once(self._ctx, actor, f"notification.process:{message}", key, form, unit)
        self._post.send(fresh)
        return await self.worklist(actor)

    def _settle(self, tx: Tx, actor: Actor, row: sqlite3.Row, given: c.Answer, retention: str) -> None:
        """What a recall asked for holds again after all, or holds no more."""
        live = restricted(self._ctx, row["message"])
        if given.set_aside:
            for restriction in live:
                tx.append(e.RestrictionLifted(originator_id=restriction, at=tx.now, by=actor.id))
        elif row["action"] == c.Action.RESTRICT.value and given.outcome is c.Outcome.DONE and not live:
            for item in ids(row["items"]):
                tx.append(
                    e.RestrictionSet(
                        originator_id=uuid4(),
                        at=tx.now,
                        key_id=tx.new_key(retention),
                        retention=retention,
                        by=actor.id,
                        cause=RECALL,
                        item=item,
                        subject=None,
                    )
                )

    async def _erase(self, actor: Actor, row: sqlite3.Row) -> None:
        """Keys first, answer after: what is said to be gone is gone. The first hand is the partner's (design §4.12)."""
        allow(actor, ERASE_COMMAND)
        if self._actors.hands_on(ERASE_COMMAND, actor, [None]) is not Hands.ENOUGH:
            raise NotAllowedError("Let another actor carry out this recall.")
        keys = [
            one["content_key"]
            for item in ids(row["items"])
            for one in self._ctx.ledger.rows(
                "SELECT content_key FROM items WHERE item=? AND direction='received' AND partner=?",
                str(item),
                row["partner"],
            )
            if one["content_key"] is not None
        ]
        await self._retention.erase(actor, RECALLED, keys)

    async def worklist(self, actor: Actor) -> cf.Worklist:
        """What waits: to answer here, to be answered by partners, to be mended further down."""
        allow(actor, "notification.list")
        return cf.Worklist(
            to_process=[
                self._to_process(row) for row in self._ctx.ledger.rows(f"SELECT * FROM {TO_PROCESS} ORDER BY due_on")
            ],
            unanswered=self._telling.unanswered(),
            onward=[
                cf.Onward(
                    item=UUID(row["item"]), partner=row["partner"], because=row["message"], since=moment(row["at"])
                )
                for row in self._ctx.ledger.rows(
                    f"SELECT o.*, i.partner AS partner FROM {ONWARD} ORDER BY o.at, o.item"
                )
            ],
        )

    def _to_process(self, row: sqlite3.Row) -> cf.ToProcess:
        due = date.fromisoformat(row["due_on"])
        return cf.ToProcess(
            message=row["message"],
            partner=row["partner"],
            telling=row["telling"],
            action=row["action"],
            reason=row["reason"],
            items=ids(row["items"]),
            at=moment(row["at"]),
            due_on=due,
            overdue=local_day(self._ctx.clock.now()) > due,
        )

    def to_answer(self) -> list[bool]:
        """What partners told and nobody here answered: whether each of it is late."""
        return [self._to_process(row).overdue for row in self._ctx.ledger.rows(f"SELECT * FROM {TO_PROCESS}")]

    def counts(self) -> tuple[int, int, int]:
        """To process here, unanswered by partners, to be mended further down."""
        ledger = self._ctx.ledger
        return ledger.count(TO_PROCESS), len(self._telling.unanswered()), ledger.count(ONWARD)
