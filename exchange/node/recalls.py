"""Recalls of what this node should not have given, or must have erased (Wpg 4(4); GDPR 17, 19).

The partner's node restricts the items when it stores the message; a person there erases them, or refuses on a ground of the law.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from uuid import UUID, uuid4

from exchange.domain import corrections as c
from exchange.domain.vocabulary import RECALL_REASONS
from exchange.errors import InputError, NotFoundError
from exchange.node import corrections_forms as cf
from exchange.node.commands import Result, allow, once
from exchange.node.context import Context
from exchange.node.exchanged import Exchanged
from exchange.node.numbers import no_number
from exchange.node.register import Reads
from exchange.node.service import Actor, Idempotency
from exchange.node.telling import Telling, reachable
from exchange.node.work import Fresh, Post
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.corrections import Recalled


class Recalls:
    """See the module."""

    def __init__(self, ctx: Context, post: Post, reads: Reads) -> None:
        self._ctx = ctx
        self._post = post
        self._reads = reads
        self._telling = Telling(ctx, post)
        self._exchanged = Exchanged(ctx)

    async def listed(self, actor: Actor) -> list[cf.Notified]:
        """Every recall of this node, newest first, with each partner's answer."""
        allow(actor, "notification.list")
        await self._reads.log(actor, "recalls", [None])
        return self._telling.acts("telling='recalled'")

    async def recall(self, actor: Actor, form: cf.RecallForm, key: Idempotency | None) -> cf.Notified:
        """Ask back what was given wrongly or unlawfully.

        Raises:
            NotFoundError: An item that this node did not give to anybody.
            InputError: The reason is none.
        """
        allow(actor, "recall.make")
        if form.reason not in RECALL_REASONS:
            raise InputError("The reason of a recall is one of: {reasons}.", reasons=", ".join(RECALL_REASONS))
        no_number(form.explanation)
        rows = self._recalled_rows(form)
        told_to = self._telling.by_partner(rows)
        by_hand = [row["partner"] for row in rows if not reachable(self._ctx, row)]
        make = partial(_recall_work, form)
        await self._telling.judged(actor, told_to, m.Kind.RECALLED, make)
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            act = uuid4()
            self._telling.decided(
                tx,
                actor,
                act,
                c.Telling.RECALLED,
                items=[UUID(row["item"]) for row in rows],
                told=told_to,
                by_hand=by_hand,
                reason=form.reason,
                explanation=form.explanation,
            )
            fresh[:] = self._telling.tell(tx, actor, act, c.Telling.RECALLED, told_to, make)
            return act, {"messages": [o.message for o, _ in fresh]}

        act, _ = await once(self._ctx, actor, "recall.make", key, form, unit)
        self._post.send(fresh)
        return self._telling.acts("act=?", str(act))[0]

    def _recalled_rows(self, form: cf.RecallForm) -> list[sqlite3.Row]:
        found = {}
        for item in form.items:
            row = self._exchanged.item(item, "sent")
            if row is None:
                raise NotFoundError("An item of the recall was not given to anybody by this node.")
            for one in [row, *(self._exchanged.copies(row) if form.everywhere else [])]:
                found[one["log_index"]] = one
        return [found[index] for index in sorted(found)]


def _recall_work(form: cf.RecallForm, items: list[UUID]) -> Recalled:
    return Recalled(items=items, action=form.action, reason=form.reason)
