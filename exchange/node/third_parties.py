"""Disclosures to somebody who is no partner (covenant article 8): outside the exchange, on an agreement or an allocation.

They pass the same gates as any other disclosure and are recorded the same way, so that who-knows shows them, with the third
party's name; that name stands sealed. The ground is the discloser's own task (8.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.proposal import NOT_APPLICABLE, Outside, Proposal, Verdict
from exchange.domain.retention import local_day
from exchange.domain.subject import words
from exchange.domain.vocabulary import THIRD_PARTY, Side
from exchange.errors import ConflictError, InputError, NotFoundError, StorageError
from exchange.node import casework_forms as cf
from exchange.node import forms as f
from exchange.node import recording, rules, scope
from exchange.node.casestate import events_of, fold, told
from exchange.node.circle import Circle, moment_of, text_of
from exchange.node.codes import UnknownCodesError, unknown_codes
from exchange.node.commands import Result, allow, once
from exchange.node.context import Context
from exchange.node.drafting import Drafting, iso_day, reasons, statement_of
from exchange.node.grounds import Grounds
from exchange.node.noticing import with_notice
from exchange.node.numbers import no_number
from exchange.node.people import Person
from exchange.node.register import Reads
from exchange.node.service import Actor, Idempotency, Refused
from exchange.node.work import record_refusal
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.codec import encode_model


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the third party would get."""

    share: f.ShareForm
    subject: UUID
    statement: m.Statement
    items: list[m.Item]
    grounds: Grounds


class ThirdParties:
    """See the module."""

    def __init__(self, ctx: Context, circle: Circle, reads: Reads, drafting: Drafting) -> None:
        self._ctx = ctx
        self._circle = circle
        self._reads = reads
        self._drafting = drafting

    async def disclose(self, actor: Actor, form: cf.ThirdPartyForm, key: Idempotency | None) -> f.ActAnswer:
        """Record what a third party was told.

        Raises:
            NotFoundError: No such case, or the person is not in the register.
            NotAllowedError: The actor is outside the circle of the case.
            ConflictError: The case is closed.
            UnknownCodesError: A category or field is not in the covenant.
            InputError: It is a partner, or its name holds a citizen service number.
            Refused: No agreement or allocation (R10), or another gate stands against it.
        """
        allow(actor, "third-party.disclose")
        self._circle.require(actor, form.case)
        no_number(form.name)
        _no_partner(self._ctx, form.name)
        person = self._ctx.people.resolve(form.subject)
        if person is None:
            raise NotFoundError("There is no such subject in this node's register.")
        draft = self._draft(actor, form, person)
        verdict = self._verdict(form, draft)
        if not verdict.allowed:
            categories = tuple(sorted({item.category for item in draft.items}))
            await self._ctx.writer.run(
                lambda tx: record_refusal(
                    tx, actor=actor, partner=THIRD_PARTY, kind=m.Kind.DISCLOSURE, verdict=verdict, categories=categories
                )
            )
            status = max(finding.refusal.status for finding in verdict.findings)
            raise Refused(reasons(verdict, THIRD_PARTY, len(draft.items)), status)

        def unit(tx: Tx) -> tuple[UUID, Result]:
            act = uuid4()
            with_notice(tx, self._ctx, actor, draft.share, draft.grounds, draft.subject)
            self._record(tx, actor, form, draft, act)
            return act, {}

        act, _ = await once(self._ctx, actor, "third-party.disclose", key, form, unit)
        row = self._ctx.ledger.one("SELECT log_index FROM third_parties WHERE act=?", str(act))
        if row is None:
            raise StorageError(
                "It may be stored, but the disk refuses to show it now; look again before you repeat it."
            )
        told_ = f.MessageStatus(partner=THIRD_PARTY, message=None, sequence=None, state="stated")
        return f.ActAnswer(act=act, log_index=row["log_index"], messages=[told_])

    def _draft(self, actor: Actor, form: cf.ThirdPartyForm, person: Person) -> _Draft:
        to = f.RecipientForm.model_construct(
            partner=THIRD_PARTY,
            basis=NOT_APPLICABLE,
            task=NOT_APPLICABLE,
            special_exception=form.special_exception,
            criminal_ground=form.criminal_ground,
        )
        shared = f.ShareForm.model_fields.keys() & cf.ThirdPartyForm.model_fields.keys()
        share = f.ShareForm.model_construct(**{name: getattr(form, name) for name in shared}, recipients=[to])
        if form.named_to_subject:  # what the person was told is recorded as it was; no slug is written like this
            named = [*form.notice.recipients, f"{THIRD_PARTY}: {form.name}"]
            share = share.model_copy(update={"notice": form.notice.model_copy(update={"recipients": named})})
        if unknown := unknown_codes(self._ctx.covenants.current.covenant, form.items):
            raise UnknownCodesError([detail for found in unknown.values() for detail in found])
        grounds = self._drafting.grounds(actor, share, person)
        items = [self._drafting.item(item) for item in form.items]
        return _Draft(share, person.handle, statement_of(share, to, grounds), items, grounds)

    def _verdict(self, form: cf.ThirdPartyForm, draft: _Draft) -> Verdict:
        ctx, today = self._ctx, local_day(self._ctx.clock.now())
        covenant, kind = ctx.covenants.current.covenant, m.Kind.DISCLOSURE
        base = rules.proposal_of(
            covenant,
            kind,
            ctx.me.slug,
            THIRD_PARTY,
            draft.statement,
            draft.items,
            today,
            draft.grounds.towards(THIRD_PARTY, draft.share),
        )
        return rules.judge_proposal(covenant, self._proposal(form, base), draft.items)

    def _proposal(self, form: cf.ThirdPartyForm, base: Proposal) -> Proposal:
        """With the agreement and the allocation that stand in the case; one that does not stand there is none (R10)."""
        events = events_of(self._ctx, form.case)
        state = fold(self._ctx, events)
        if state.closed:
            raise ConflictError("The case is closed; only reopening it or aftercare is possible.")
        agreement = form.agreement if self._agreed(form) else None
        allocated, _ = told(events).allocations.get(form.allocation or UUID(int=0), (None, None))
        notice = base.notice
        if notice is not None and form.named_to_subject:
            notice = replace(notice, recipients=notice.recipients | {THIRD_PARTY})
        exception = base.notice_exception
        if exception is not None:  # made in this act, for whom it is told
            exception = replace(exception, recipients=exception.recipients | {THIRD_PARTY})
        return replace(
            base,
            third_party=Outside(
                agreement=str(agreement) if agreement else None,
                allocation=str(form.allocation) if form.allocation and same_party(allocated, form.name) else None,
            ),
            notice=notice,
            notice_exception=exception,
            outside_case=scope.outside(self._ctx, form.case, self._ctx.me.slug, Side.SENDING),
        )

    def _agreed(self, form: cf.ThirdPartyForm) -> bool:
        """Whether a conference agreed, about this case, on something for which it named this third party (8.1 (a)).

        A conference chaired by a partner outside the case agrees on nothing about it.
        """
        row = self._ctx.ledger.one(
            "SELECT chair, log_index FROM agreements WHERE agreement=? AND case_id=?",
            str(form.agreement),
            str(form.case),
        )
        known = scope.scope_of(self._ctx, form.case)
        if row is None or known is None or row["chair"] not in known.partners:
            return False
        made = self._ctx.log.event(self._ctx.log.entry(row["log_index"]))
        return isinstance(made, e.AgreementMade) and same_party(text_of(made.third_party), form.name)

    def _record(self, tx: Tx, actor: Actor, form: cf.ThirdPartyForm, draft: _Draft, act: UUID) -> None:
        covenant = self._ctx.covenants.current.covenant
        kept = covenant.settings.statement_retention
        tx.append(
            e.ThirdPartyTold(
                originator_id=uuid4(),
                at=tx.now,
                key_id=tx.new_key(kept),
                retention=kept,
                act=act,
                case=form.case,
                agreement=form.agreement,
                allocation=form.allocation,
                by=actor.id,
                name=form.name,
            )
        )
        for number, item in enumerate(draft.items):
            retention = covenant.retention_class(rules.domain_kind(m.Kind.DISCLOSURE), item.category)
            recording.record(
                tx,
                covenant=covenant,
                statement=draft.statement,
                item=item,
                part=recording.keep_text(tx, encode_model(item), retention),
                number=number,
                act=act,
                message=None,
                direction="sent",
                partner=THIRD_PARTY,
                kind=m.Kind.DISCLOSURE,
                subject=draft.subject,
                mentions=[],
                by=actor.id,
                channel=form.channel,
                occurred_on=iso_day(form.occurred_on),
            )

    # ------------------------------------------------------------------------------------ the ledger

    async def all(self, actor: Actor) -> list[cf.ThirdPartyRow]:
        """Every disclosure to a third party, newest first; that it was read is recorded."""
        allow(actor, "third-party.list")
        rows = self._ctx.ledger.rows("SELECT * FROM third_parties ORDER BY log_index DESC")
        await self._reads.log(actor, "third-party.list", [None])
        names = names_of(self._ctx, {r["act"]: r["log_index"] for r in rows})
        return [self._row(row["act"], names.get(row["act"]), row) for row in rows]

    def _row(self, act: str, name: str | None, row: object) -> cf.ThirdPartyRow:
        items = self._ctx.ledger.rows("SELECT * FROM items WHERE act=? ORDER BY part", act)
        told_by = dict(row)  # type: ignore[call-overload]  # an sqlite row
        return cf.ThirdPartyRow(
            act=UUID(act),
            case=UUID(told_by["case_id"]),
            name=name,
            agreement=UUID(told_by["agreement"]) if told_by["agreement"] else None,
            allocation=UUID(told_by["allocation"]) if told_by["allocation"] else None,
            channel=items[0]["channel"],
            occurred_on=date.fromisoformat(items[0]["occurred_on"]),
            at=moment_of(told_by["at"]),
            by=UUID(told_by["by"]),
            categories=sorted({i["category"] for i in items}),
            basis=items[0]["basis"].split()[:2],
        )


def same_party(known: str | None, name: str) -> bool:
    """Whether this is the third party that was named, however it is spelled (as in the register of people).

    Nobody is, once the name was erased.
    """
    return known is not None and (words(known) or [known]) == (words(name) or [name])


def _no_partner(ctx: Context, name: str) -> None:
    """A partner gets what the rules let it have, in its scope. Called a third party it would get around both (article 8)."""
    for partner in ctx.covenants.current.covenant.partners:
        if same_party(partner.slug, name) or same_party(partner.name, name):
            raise InputError(
                "{partner} is a partner of this covenant and no third party; share it with that partner itself.",
                partner=partner.slug,
            )


def names_of(ctx: Context, indexes: dict[str, int]) -> dict[str, str | None]:
    """Act -> name of the third party; None when it was erased."""
    entries = ctx.log.entries_at(sorted(indexes.values()))
    return {
        str(event.act): text_of(event.name)
        for event in ctx.log.read_all(entries)
        if isinstance(event, e.ThirdPartyTold)
    }
