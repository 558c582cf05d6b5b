"""What is put on record before sharing, and read back: notices, exceptions, Wpg decisions, trainings, the processing register.

A share form refers to it by id. Recording what was missing closes the duties of acute danger that waited for it.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from uuid import UUID

from exchange.domain import events as e
from exchange.domain import facts as d
from exchange.domain.duties import Good
from exchange.errors import NotFoundError
from exchange.node import duties as owed
from exchange.node import facts_forms as ff
from exchange.node.actors import Actors
from exchange.node.commands import allow
from exchange.node.context import Context
from exchange.node.duties import Duties
from exchange.node.register import Reads
from exchange.node.registers import Registers
from exchange.node.service import Actor, Idempotency
from exchange.node.writer import Tx


class Facts(Registers):
    """See the module."""

    def __init__(self, ctx: Context, reads: Reads, actors: Actors, duties: Duties) -> None:
        super().__init__(ctx, reads, actors)
        self.duties = duties

    # ------------------------------------------------------------------------------------ notices

    async def give_notice(self, actor: Actor, form: ff.SubjectNoticeForm, key: Idempotency | None) -> ff.FactAnswer:
        """Record that the subject was told (covenant article 10.1).

        Raises:
            InputError: It lies in the future, or names somebody who is no partner.
            Refused: A text holds a citizen service number (R02).
        """
        allow(actor, "notice.give")
        subject = self._subject(form.subject)
        d.decide_notice(form.given_on, self._today())
        self._partners(form.recipients)
        await self._no_number(
            actor, "notice", [form.given_by, form.language, form.purpose, form.interest, form.reference]
        )
        return await self._record(actor, "notice.give", form, key, partial(self._notice, actor, form, subject))

    def _notice(self, actor: Actor, form: ff.SubjectNoticeForm, subject: UUID, tx: Tx, fact: UUID) -> int:
        stamped = tx.append(
            e.NoticeGiven(
                **self._sealed(tx, actor, fact),
                subject=subject,
                given_by=form.given_by,
                given_on=form.given_on.isoformat(),
                mode=form.mode,
                language=form.language,
                purpose=form.purpose,
                recipients=sorted(set(form.recipients)),
                interest=form.interest,
                rights_explained=form.rights_explained,
                source_told=form.source_told,
                reaction=form.reaction,
                reference=form.reference or "",
            )
        )
        owed.told(tx, self._ctx, actor.id, subject, fact, form.recipients)
        return stamped.index

    async def notices(self, actor: Actor, form: ff.AboutForm) -> list[ff.NoticeAnswer]:
        """What somebody was told; the read is recorded first."""
        allow(actor, "notice.list")
        return await self._shown.notices(actor, self._subject(form.subject))

    # ------------------------------------------------------------------------------------ exceptions

    async def invoke_exception(self, actor: Actor, form: ff.ExceptionForm, key: Idempotency | None) -> ff.FactAnswer:
        """Record why the subject is not told, and when that is looked at again (UAVG 41, GDPR 14(5), Wpg 27)."""
        allow(actor, "exception.invoke")
        subject = self._subject(form.subject)
        d.decide_exception(
            form.ground,
            form.considerations,
            form.review_on,
            form.ends_on,
            regime=self._ctx.me.regime,
            today=self._today(),
            longest=self._ctx.covenants.current.covenant.index.exception_review,
        )
        self._partners(form.recipients)
        await self._no_number(actor, "exception", [form.motivation, *form.considerations.values()])
        return await self._record(actor, "exception.invoke", form, key, partial(self._exception, actor, form, subject))

    def _exception(self, actor: Actor, form: ff.ExceptionForm, subject: UUID, tx: Tx, fact: UUID) -> int:
        stamped = tx.append(
            e.ExceptionInvoked(
                **self._sealed(tx, actor, fact),
                review_on=form.review_on.isoformat(),
                ends_on=form.ends_on.isoformat() if form.ends_on else None,
                subject=subject,
                ground=form.ground,
                considerations={str(letter): text for letter, text in form.considerations.items()},
                motivation=form.motivation,
                told_of_restriction=form.told_of_restriction,
                recipients=sorted(set(form.recipients)),
            )
        )
        owed.told(tx, self._ctx, actor.id, subject, fact, form.recipients)
        return stamped.index

    async def review_exception(self, actor: Actor, exception: UUID, form: ff.ReviewForm) -> ff.FactAnswer:
        """Prolong it until a next review, or end it today."""
        allow(actor, "exception.review")
        await self._no_number(actor, "exception", [form.motivation])

        def unit(tx: Tx) -> int:
            known = self._ctx.facts.exceptions.get(exception)
            row = self._ctx.ledger.one("SELECT key_id FROM facts WHERE fact=? AND kind='exception'", str(exception))
            if known is None or row is None:
                raise NotFoundError("There is no such exception on record at this node.")
            longest = self._ctx.covenants.current.covenant.index.exception_review
            after = d.decide_review(
                known, form.outcome, form.review_on, form.ends_on, today=self._today(), longest=longest
            )
            stamped = tx.append(
                e.ExceptionReviewed(
                    originator_id=exception,
                    at=tx.now,
                    key_id=row["key_id"],
                    by=actor.id,
                    outcome=form.outcome,
                    review_on=after.review_on.isoformat(),
                    ends_on=after.ends_on.isoformat() if after.ends_on else None,
                    motivation=form.motivation,
                )
            )
            if form.outcome == "prolonged":
                owed.told(tx, self._ctx, actor.id, known.subject, exception, known.recipients)
            return stamped.index

        return ff.FactAnswer(fact=exception, log_index=await self._ctx.writer.run(unit))

    async def exceptions(self, actor: Actor, form: ff.AboutForm) -> list[ff.ExceptionAnswer]:
        """Why somebody was not told; the read is recorded first."""
        allow(actor, "exception.list")
        return await self._shown.exceptions(actor, self._subject(form.subject), self._today())

    async def reviews_due(self, actor: Actor, until: date | None) -> list[ff.DueReview]:
        """Exceptions to look at until a day (today when None); not about whom."""
        allow(actor, "exception.due")
        return self._shown.reviews(until or self._today(), self._today())

    # ------------------------------------------------------------------------------------ after acute danger

    async def weigh(self, actor: Actor, act: UUID, form: ff.WeighForm, key: Idempotency | None) -> ff.FactAnswer:
        """Write the weighing of an act that could not wait for it (covenant article 11.1)."""
        allow(actor, "weighing.write")
        if self._ctx.ledger.count("emergencies WHERE act=? AND direction='sent'", str(act)) == 0:
            raise NotFoundError("There is no such act on the path for acute danger at this node.")
        await self._no_number(actor, "weighing", [form.necessity, form.proportionality, form.subsidiarity])

        def fact(tx: Tx, made: UUID) -> int:
            stamped = tx.append(
                e.WeighingWritten(
                    **self._sealed(tx, actor, made),
                    act=act,
                    necessity=form.necessity,
                    proportionality=form.proportionality,
                    subsidiarity=form.subsidiarity,
                )
            )
            owed.made_good(tx, self._ctx, actor.id, Good.WEIGHING, made, where="act=?", values=(str(act),))
            return stamped.index

        return await self._record(actor, f"weighing.write:{act}", form, key, fact)

    def to_review(self) -> list[bool]:
        """Exceptions that somebody has to look at today, and whether that day is over."""
        return [one.overdue for one in self._shown.reviews(self._today(), self._today())]
