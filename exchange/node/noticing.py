"""The notice or exception that a form brings itself: put on record with the act, as a fact like any other."""

from __future__ import annotations

from uuid import UUID

from exchange.domain import events as e
from exchange.node import duties
from exchange.node import forms as f
from exchange.node.context import Context
from exchange.node.grounds import Grounds, excused_for
from exchange.node.service import Actor
from exchange.node.writer import Tx


def with_notice(tx: Tx, ctx: Context, actor: Actor, form: f.ShareForm, grounds: Grounds, subject: UUID) -> None:
    """Put the notice or exception that a form brings itself on record, with the act; and close the duties that waited for it."""
    if grounds.record is not None:
        _put_on_record(tx, ctx, grounds.record, actor, form, subject)
        named = form.notice.recipients if form.notice.given_on is not None else excused_for(form)
        duties.told(tx, ctx, actor.id, subject, grounds.record, named)


def _put_on_record(tx: Tx, ctx: Context, fact: UUID, actor: Actor, form: f.ShareForm, subject: UUID) -> None:
    """The form's own short notice or exception, as a fact like any other."""
    covenant, short = ctx.covenants.current.covenant, form.notice
    retention = covenant.settings.statement_retention
    key_id = tx.new_key(retention)
    if short.given_on is None:
        tx.append(
            e.ExceptionInvoked(
                originator_id=fact,
                at=tx.now,
                key_id=key_id,
                retention=retention,
                by=actor.id,
                review_on=short.review_on.isoformat() if short.review_on else "",
                ends_on=short.ends_on.isoformat() if short.ends_on else None,
                subject=subject,
                ground=short.exception or "",
                considerations={str(letter): text for letter, text in short.considerations.items()},
                motivation=short.motivation,
                told_of_restriction=False,
                recipients=excused_for(form),
            )
        )
        return
    purpose = covenant.index.purposes.get(form.purpose)
    tx.append(
        e.NoticeGiven(
            originator_id=fact,
            at=tx.now,
            key_id=key_id,
            retention=retention,
            by=actor.id,
            subject=subject,
            given_by=short.given_by,
            given_on=short.given_on.isoformat(),
            mode=short.mode or "",
            language="",
            purpose=purpose.title if purpose else "",
            recipients=list(short.recipients),
            interest=short.interest or form.support_rationale or (form.weighing.necessity if form.profile else ""),
            rights_explained=False,
            source_told=False,
            reaction="GEEN",
            reference=short.reference or "",
        )
    )
