"""Messages about the work itself: one typed part each, judged and sent the same way, taken up by whoever the kind belongs to.

@taken(m.Kind.RECALLED)
def _recalled(tx, ctx, incoming, part): …        runs in the transaction that stores the message and its receipt

post.judged(actor, …)                            raises Refused when the covenant does not allow it
fresh = post.compose(tx, …)                      in a unit of the writer
post.send([fresh])                               after the commit
"""

from __future__ import annotations

from functools import partial
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.proposal import Verdict
from exchange.domain.retention import local_day
from exchange.domain.vocabulary import Side
from exchange.node import rules
from exchange.node.commands import Bell
from exchange.node.context import Context
from exchange.node.drafting import reasons
from exchange.node.messages import Outgoing, Plain, compose, obeyed
from exchange.node.outbox import Outbox
from exchange.node.service import Actor, Refused
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.codec import encode_model

Fresh = tuple[Outgoing, int]
"""A composed message and its log index."""


class Post:
    """Sends messages about the work."""

    def __init__(self, ctx: Context, outbox: Outbox, bell: Bell) -> None:
        self._ctx = ctx
        self._outbox = outbox
        self._bell = bell

    async def judged(self, actor: Actor | None, recipient: str, kind: m.Kind, work: m.Work) -> None:
        """Pass, or refuse.

        Raises:
            Refused: The covenant does not allow it; the refusal was recorded without content.
        """
        ctx, now = self._ctx, self._ctx.clock.now()
        books = ctx.covenants.between(obeyed(ctx, recipient, now).generation)
        verdict = rules.every(
            rules.judge_work(ctx, b.covenant, kind, ctx.me.slug, recipient, work, local_day(now), side=Side.SENDING)
            for b in books
        )
        if not verdict.allowed:
            await ctx.writer.run(
                partial(record_refusal, actor=actor, partner=known(ctx, recipient), kind=kind, verdict=verdict)
            )
            raise Refused(reasons(verdict, recipient, 0), max(finding.refusal.status for finding in verdict.findings))

    def compose(
        self,
        tx: Tx,
        *,
        recipient: str,
        kind: m.Kind,
        work: m.Work,
        act: UUID,
        by: UUID | None,
        reply_to: str | None = None,
        retention: str | None = None,
    ) -> Fresh:
        """One message of ``kind``; its part is kept as long as statements are, unless ``retention`` names another class."""
        book = obeyed(self._ctx, recipient, tx.now)
        kept = retention or book.covenant.settings.statement_retention
        outgoing, _, index = compose(
            tx,
            self._ctx,
            recipient=recipient,
            kind=kind,
            parts=[Plain(encode_model(work), kept)],
            act=act,
            by=by,
            generation=book.generation,
            reply_to=reply_to,
        )
        return outgoing, index

    def send(self, fresh: list[Fresh]) -> None:
        """Hand composed messages to the outbox, after their commit."""
        self._outbox.add([o for o, _ in fresh], [i for _, i in fresh])
        self._bell.ring()


def known(ctx: Context, typed: str) -> str:
    """The slug of a partner as typed; empty when the covenant knows none of that name, for it may name anybody."""
    return typed if ctx.covenants.current.by_slug(typed) is not None else ""


def record_refusal(
    tx: Tx, *, actor: Actor | None, partner: str, kind: m.Kind, verdict: Verdict, categories: tuple[str, ...] = ()
) -> None:
    """That something was refused, and by which rules; never the content."""
    tx.append(
        e.RefusalRecorded(
            originator_id=uuid4(),
            at=tx.now,
            side="sender",
            partner=partner,
            kind=rules.domain_kind(kind).value,
            codes=verdict.codes,
            categories=categories,
            by=actor.id if actor else None,
        )
    )
