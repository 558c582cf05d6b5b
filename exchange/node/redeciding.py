"""After a new covenant generation: what waits for its receipt is decided anew (protocol §4), before anything is sent.

A message that was lawful when it was composed may not be so under the rules that hold now. Until its receipt is here it has
not been delivered for certain, so it is judged again under every generation since; what one of them refuses is dropped with a
signed void, and the refusal is recorded. What a partner that left the covenant was to get stays where it is, marked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import uuid4

import orjson
import structlog

from exchange.domain import events as e
from exchange.domain.proposal import Verdict
from exchange.domain.retention import local_day
from exchange.domain.vocabulary import Side
from exchange.node import release, rules
from exchange.node.context import Context
from exchange.node.service import Actor
from exchange.node.work import record_refusal
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.codec import decode_model

OUTLAWED = "outlawed"
"""Reason of a void: a new generation of the covenant does not allow the message."""
LEFT = "partner-left"
"""Why a message is not sent any more: its recipient is no connected partner of the new generation."""
log = structlog.get_logger()

OpenParts = Callable[[e.MessageSent], list[bytes | None]]
Drop = Callable[[Actor | None, str, str], Awaitable[None]]


class Redeciding:
    """See the module.

    Args:
        ctx: The node.
        open_parts: Every part of a stored message in clear, None where it was erased.
        drop: Gives a message up with a signed void.
    """

    def __init__(self, ctx: Context, open_parts: OpenParts, drop: Drop) -> None:
        self._ctx = ctx
        self._open_parts = open_parts
        self._drop = drop

    async def run(self) -> None:
        """Look at every message without a receipt that an earlier generation allowed. To be done before the first sending."""
        ctx = self._ctx
        if ctx.covenants.current.generation == 1:
            return
        rows = ctx.ledger.rows(
            "SELECT message, partner, log_index FROM messages WHERE direction='sent' AND state='open'"
        )
        for row in rows:
            event = ctx.log.event(ctx.log.entry(row["log_index"]))
            if not isinstance(event, e.MessageSent | e.SequenceVoided):  # pragma: no cover - nothing else waits
                continue
            partner = ctx.covenants.current.by_slug(event.recipient)
            if partner is None or not partner.connected:
                await ctx.writer.run(partial(_left, event))
                log.warning("outbox-partner-left", partner=event.recipient)
            elif isinstance(event, e.MessageSent) and _generation(event) < ctx.covenants.current.generation:
                await self._again(event)

    async def _again(self, event: e.MessageSent) -> None:
        ctx = self._ctx
        verdict = self._verdict(event)
        if verdict is not None and not verdict.allowed:
            await ctx.writer.run(
                partial(record_refusal, actor=None, partner=event.recipient, kind=m.Kind(event.kind), verdict=verdict)
            )
            await self._drop(None, event.message, OUTLAWED)

    def _verdict(self, event: e.MessageSent) -> Verdict | None:
        """Under every later generation; None when a part was erased: the outbox voids that by itself.

        Judged as its recipient will: what only a sender knows (who decided and when he was trained) was asked when it was sent.
        """
        ctx, kind = self._ctx, m.Kind(event.kind)
        plain = self._open_parts(event)
        if any(part is None for part in plain) or kind not in m.CONTENT:
            return None
        statement = decode_model(m.Statement, plain[0] or b"")
        items = [decode_model(m.Item, part or b"") for part in plain[1:]]
        day = local_day(event.at)
        own = rules.Own(release_known=kind is m.Kind.CORRECTED or self._released(event, statement, items))
        return rules.every(
            rules.judge(
                one.covenant, kind, ctx.me.slug, event.recipient, statement, items, day, own, side=Side.RECEIVING
            )
            for one in ctx.covenants.between(_generation(event) + 1)
        )

    def _released(self, event: e.MessageSent, statement: m.Statement, items: list[m.Item]) -> bool:
        """Whether it carries the chair's release (article 11.2), which a new generation does not take back."""
        ctx = self._ctx
        return statement.conference is not None and release.proven(
            ctx,
            chair=release.chair_of(ctx, statement.conference),
            owner=ctx.me.slug,
            recipient=event.recipient,
            statement=statement,
            items=items,
            books=tuple(ctx.covenants.between(_generation(event))),
        )


def _generation(event: e.MessageSent) -> int:
    return int(orjson.loads(event.header)["data"]["generation"])


def _left(event: e.MessageSent | e.SequenceVoided, tx: Tx) -> None:
    tx.append(
        e.MessageNacked(
            originator_id=uuid4(),
            at=tx.now,
            partner=event.recipient,
            sequence=event.sequence,
            message=event.message,
            reason=LEFT,
        )
    )
