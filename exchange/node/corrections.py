"""Corrections of what this node gave, or keeps (GDPR 16, 19; Wpg 4(4)): a new value in place of an old one.

In one act every partner that got the old one is told. Each message is content like a disclosure and passes every gate on both
sides, on the grounds on which the old value went. Whoever cannot be told over the exchange is named, to be told by hand.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from uuid import UUID, uuid4

from exchange.domain import corrections as c
from exchange.domain import events as e
from exchange.domain.covenant import Covenant
from exchange.domain.proposal import Verdict
from exchange.domain.retention import local_day
from exchange.domain.vocabulary import Kind
from exchange.errors import ConflictError, InputError, NotFoundError
from exchange.node import corrections_forms as cf
from exchange.node import forms as f
from exchange.node import recording, rules
from exchange.node.commands import Result, allow, once
from exchange.node.context import Context
from exchange.node.covenants import Accepted
from exchange.node.drafting import iso_day, reasons
from exchange.node.exchanged import About, Exchanged
from exchange.node.identity import identity_for, stands_under, told
from exchange.node.messages import Plain, compose, obeyed
from exchange.node.numbers import no_number
from exchange.node.register import Reads
from exchange.node.service import Actor, Idempotency, Refused
from exchange.node.telling import Telling, reachable
from exchange.node.work import Fresh, Post, record_refusal
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.codec import encode_model

UNKNOWN_SIGNAL = "SIGNAAL"
"""Kind of a corrected signal that named none."""


@dataclass(frozen=True, slots=True)
class New:
    """One corrected item for one partner, as it will be sent."""

    old: sqlite3.Row
    about: About
    statement: m.Statement
    item: m.Item
    book: Accepted
    verdict: Verdict


class Corrections:
    """See the module."""

    def __init__(self, ctx: Context, post: Post, reads: Reads) -> None:
        self._ctx = ctx
        self._post = post
        self._reads = reads
        self._telling = Telling(ctx, post)
        self._exchanged = Exchanged(ctx)

    async def correct(self, actor: Actor, form: cf.CorrectionForm, key: Idempotency | None) -> cf.Notified:
        """Put a new value in place of an old one, here and at everybody who got it.

        Raises:
            NotFoundError: No such item.
            ConflictError: It was corrected before, or erased.
            Refused: For at least one recipient the covenant does not allow the new value; nothing was sent.
        """
        allow(actor, "correction.make")
        base = self._item(form.item)
        no_number(form.value, form.explanation)
        copies = [row for row in self._exchanged.copies(base) if not self._corrected(row["item"])]
        made = [new for row in copies if (new := self._new(actor, row, form)) is not None]
        await self._refuse(actor, made)
        by_message = {new.old["log_index"] for new in made}
        by_hand = [row for row in copies if row["log_index"] not in by_message]
        alone = [] if any(row["log_index"] == base["log_index"] for row in copies) else [base]
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            for item in (
                base["item"],
                *(new.old["item"] for new in made),
            ):  # here, where nobody else corrects meanwhile
                self._not_yet_corrected(item)
            act = uuid4()
            self._telling.decided(
                tx,
                actor,
                act,
                c.Telling.CORRECTED,
                items=[UUID(row["item"]) for row in (*copies, *alone)],
                told=[new.old["partner"] for new in made],
                by_hand=[row["partner"] for row in by_hand],
                reason="CORRECTIE",
                explanation=form.explanation,
                value=form.value,
            )
            fresh[:] = [self._send(tx, actor, act, new) for new in made]
            for row in (*by_hand, *alone):
                _mark(tx, actor, act, row, None, None)
            return act, {"messages": [o.message for o, _ in fresh]}

        act, _ = await once(self._ctx, actor, "correction.make", key, form, unit)
        self._post.send(fresh)
        return self._telling.acts("act=?", str(act))[0]

    def _item(self, item: UUID) -> sqlite3.Row:
        row = self._exchanged.item(item)
        if row is None:
            raise NotFoundError("There is no such item in this node's own records.")
        return row

    def _corrected(self, item: str) -> bool:
        return self._ctx.ledger.count("corrected WHERE item=?", item) > 0

    def _not_yet_corrected(self, item: str) -> None:
        row = self._ctx.ledger.one("SELECT replacement FROM corrected WHERE item=?", item)
        if row is not None:
            raise ConflictError(
                "This item was corrected before; correct what took its place ({item}).", item=row["replacement"] or "-"
            )

    def _new(self, actor: Actor, row: sqlite3.Row, form: cf.CorrectionForm) -> New | None:
        """What a recipient of the old item gets; None when he can only be told outside the exchange."""
        ctx, exchanged = self._ctx, self._exchanged
        if not reachable(ctx, row):
            return None
        old, about, said = exchanged.plain(row), exchanged.sealed(row), exchanged.statement(row)
        if old is None or about is None or said is None:
            return None
        if (old.identity is not None) is not (form.identity is not None):
            raise InputError("Give an identity for an item that tells who somebody is, and a value for any other.")
        now = ctx.clock.now()
        book = obeyed(ctx, row["partner"], now)
        statement = _statement(row, said, form)
        books = [one.covenant for one in ctx.covenants.between(book.generation)]
        item = old.model_copy(
            update={"item": uuid4(), "replaces": old.item, "value": form.value, "observed_on": None}
            | (_identity(ctx, row, form.identity, statement, books) if form.identity is not None else {})
        )
        # The chair let the old value go; the right one takes its place.
        known = rules.Own(release_known=True, trained_on=ctx.facts.trained_on(actor.id))
        verdict = rules.every(
            rules.judge(one, m.Kind.CORRECTED, ctx.me.slug, row["partner"], statement, [item], local_day(now), known)
            for one in books
        )
        return New(row, about, statement, item, book, verdict)

    async def _refuse(self, actor: Actor, made: list[New]) -> None:
        refused = [new for new in made if not new.verdict.allowed]
        if not refused:
            return

        def unit(tx: Tx) -> None:
            for new in refused:
                record_refusal(
                    tx,
                    actor=actor,
                    partner=new.old["partner"],
                    kind=m.Kind.CORRECTED,
                    verdict=new.verdict,
                    categories=(new.old["category"],),
                )

        await self._ctx.writer.run(unit)
        why = [answer for new in refused for answer in reasons(new.verdict, new.old["partner"], 1)]
        raise Refused(why, max(finding.refusal.status for new in refused for finding in new.verdict.findings))

    def _send(self, tx: Tx, actor: Actor, act: UUID, new: New) -> Fresh:
        covenant, partner = new.book.covenant, new.old["partner"]
        kind = rules.kind_of(m.Kind.CORRECTED, new.statement)
        parts = [
            Plain(encode_model(new.statement), covenant.settings.statement_retention),
            Plain(encode_model(new.item), covenant.retention_class(kind, new.item.category)),
        ]
        outgoing, stored, index = compose(
            tx,
            self._ctx,
            recipient=partner,
            kind=m.Kind.CORRECTED,
            parts=parts,
            act=act,
            by=actor.id,
            generation=new.book.generation,
        )
        recording.record(
            tx,
            covenant=covenant,
            statement=new.statement,
            item=new.item,
            part=stored[1],
            number=1,
            act=act,
            message=outgoing.message,
            direction="sent",
            partner=partner,
            kind=m.Kind.CORRECTED,
            subject=new.about.subject,
            mentions=list(new.about.mentions),
            by=actor.id,
        )
        _mark(tx, actor, act, new.old, new.item.item, outgoing.message)
        old = UUID(new.old["item"])
        self._telling.sent(tx, outgoing.message, partner, c.Telling.CORRECTED, act, [old], None, "CORRECTIE")
        return outgoing, index

    async def listed(self, actor: Actor) -> list[cf.Notified]:
        """Every correction of this node, newest first, with each partner's answer."""
        allow(actor, "notification.list")
        await self._reads.log(actor, "corrections", [None])
        return self._telling.acts("telling='corrected'")


# ---------------------------------------------------------------------------------------- pure helpers


def _mark(tx: Tx, actor: Actor, act: UUID, row: sqlite3.Row, replacement: UUID | None, message: str | None) -> None:
    tx.append(
        e.ItemCorrected(
            originator_id=uuid4(),
            at=tx.now,
            item=UUID(row["item"]),
            replacement=replacement,
            partner=row["partner"],
            direction=row["direction"],
            act=act,
            message=message,
            by=actor.id,
        ),
        fresh=True,
    )


def _statement(row: sqlite3.Row, said: m.Statement, form: cf.CorrectionForm) -> m.Statement:
    """On the grounds on which the old value went, without what was asked or promised then."""
    changes: dict[str, object] = {"request": "", "feedback_wanted": False, "traceparent": None}
    changes["numbers_confirmed"] = form.number_confirmed
    if row["kind"] == "signal":
        changes["signal_kind"] = said.signal_kind or UNKNOWN_SIGNAL
    if form.notice is not None:
        changes["notice"] = m.Notice(**form.notice.model_dump(mode="json"))
    return said.model_copy(update=changes)


def _identity(
    ctx: Context, row: sqlite3.Row, known: f.IdentityForm, statement: m.Statement, books: list[Covenant]
) -> dict[str, object]:
    """As much of the right identity as this recipient may have, where the covenant it goes under (the first) has it.

    Raises:
        InputError: That is nothing.
    """
    whole = m.Identity(
        given_names=known.given_names,
        prefix=known.prefix,
        family_name=known.family_name,
        birth_date=iso_day(known.birth_date),
        postcode=known.postcode,
        house_number=known.house_number,
    )
    to = row["partner"]
    may = identity_for(books, ctx.me.slug, to, Kind.DISCLOSURE, statement.purpose, whole)
    if not told(may):
        raise InputError("Nothing of this identity may go to {partner}; recall the item instead.", partner=to)
    category, field = stands_under(books[0], may)
    return {"identity": may, "category": category, "field": field}
