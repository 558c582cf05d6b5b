"""What each recipient would get, before anything is stored: composed as it would be sent, and judged by the covenant."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal
from uuid import uuid4

from exchange.domain.covenant import Covenant
from exchange.domain.proposal import Verdict
from exchange.domain.retention import is_over, local_day
from exchange.domain.scene import FULL_GATES, ITEM_GATES, MESSAGE_GATES
from exchange.errors import InputError, NotFoundError
from exchange.node import forms as f
from exchange.node import rules
from exchange.node.context import Context
from exchange.node.covenants import Accepted
from exchange.node.messages import obeyed
from exchange.node.people import Person
from exchange.node.terms import last_day
from exchange.wire import messages as m

NO_REFERENCE = "0" * 32
"""Stands for the pairwise reference while only the gates look."""
EXCHANGE = "EXCHANGE"
FOR_EVER = date(9999, 12, 30)
"""Of a term that nothing has started yet."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What one recipient would get."""

    recipient: str
    kind: m.Kind
    statement: m.Statement
    items: list[m.Item]
    """The items of the form first, in their order; an identity item may follow."""
    identity: bool
    verdict: Verdict
    book: Accepted
    """The covenant generation it was decided under: the newest that the recipient obeys too."""


class Drafting:
    """Makes drafts; stores nothing."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def drafts(self, form: f.ShareForm) -> list[Draft]:
        """What each recipient would get, judged.

        Raises:
            NotFoundError: The subject is not in the register.
            InputError: A recipient is named twice.
        """
        person = self._ctx.people.resolve(form.subject)
        if person is None:
            raise NotFoundError("There is no such subject in this node's register.")
        if len({r.partner for r in form.recipients}) != len(form.recipients):
            raise InputError("A recipient is named twice.")
        return [self._draft(form, to, person) for to in form.recipients]

    def _draft(self, form: f.ShareForm, to: f.RecipientForm, person: Person) -> Draft:
        ctx, now = self._ctx, self._ctx.clock.now()
        book = obeyed(ctx, to.partner, now)
        kind = m.Kind.SIGNAL if form.kind == "signal" else m.Kind.DISCLOSURE
        statement = _statement(form, to)
        items = [self._item(item) for item in form.items]
        identity = form.channel == EXCHANGE and self._must_tell_who(
            person, to.partner, kind, form.purpose, book.covenant
        )
        if identity:
            items.append(self._identity_item(person, to.partner, kind, form.purpose, book.covenant))
        verdict = rules.every(
            rules.judge(one.covenant, kind, ctx.me.slug, to.partner, statement, items, local_day(now))
            for one in ctx.covenants.between(book.generation)
        )
        return Draft(to.partner, kind, statement, items, identity, verdict, book)

    def _item(self, item: f.ItemForm) -> m.Item:
        regime: Literal["AVG", "WPG"] = item.origin_regime or self._ctx.me.regime.value
        return m.Item(
            item=uuid4(),
            subject=NO_REFERENCE,
            category=item.category,
            field=item.field,
            value=item.value,
            nature=item.nature,
            source=item.source,
            certainty=item.certainty,
            observed_on=iso_day(item.observed_on),
            origin_partner=item.origin_partner or self._ctx.me.slug,
            origin_regime=regime,
            valid_until=iso_day(item.valid_until),
            source_consent=item.source_consent,
            onward_ground=item.onward_ground,
        )

    def _must_tell_who(self, person: Person, to: str, kind: m.Kind, purpose: str, covenant: Covenant) -> bool:
        """Whether the partner would otherwise not know, or not as long as it keeps this, who it is about.

        An identity goes with the part that told it. Where the partner has a reference and may not be told the name for this
        purpose, it gets no name rather than no message.
        """
        if self._ctx.people.reference_for(person.handle, to) is None:
            return True
        me, (category, name) = self._ctx.me.slug, m.IDENTITY_FIELDS["name"]
        domain = rules.domain_kind(kind)
        if name not in covenant.index.allowed_fields(purpose, category, to, me, domain.value):
            return False
        now = self._ctx.clock.now()
        needed = _kept(covenant, covenant.retention_class(domain, category), to, now)
        return not any(
            _kept(covenant, row["retention"], to, now) >= needed
            and not is_over(_kept(covenant, row["retention"], to, datetime.fromtimestamp(row["at"] / 1000, UTC)), now)
            for row in self._told(person, to)
        )

    def _told(self, person: Person, partner: str) -> list[sqlite3.Row]:
        """The identities of a person that went to a partner, or came from it, and are kept here."""
        indexes = [index for one in self._ctx.people.same(person.handle) for index in one.told]
        return [
            row
            for index in indexes
            for row in self._ctx.ledger.rows(
                "SELECT i.retention AS retention, i.at AS at FROM items i JOIN contents c ON c.key_id = i.content_key"
                " JOIN messages m ON m.message = i.message"
                " WHERE i.log_index=? AND i.partner=? AND c.erasure IS NULL AND m.state NOT IN ('voided','nacked')",
                index,
                partner,
            )
        ]

    def _identity_item(self, person: Person, to: str, kind: m.Kind, purpose: str, covenant: Covenant) -> m.Item:
        """Tells a partner who a reference is; it passes the gates like any other item."""
        known = person.identity
        identity = m.Identity(
            given_names=known.given_names,
            prefix=known.prefix,
            family_name=known.family_name,
            birth_date=iso_day(known.birth_date),
            postcode=known.postcode,
            house_number=known.house_number,
        )
        me = self._ctx.me.slug
        category, field = m.IDENTITY_FIELDS["name"]
        return m.Item(
            item=uuid4(),
            subject=NO_REFERENCE,
            category=category,
            field=field,
            identity=rules.identity_for(covenant, me, to, kind, purpose, identity),
            origin_partner=me,
        )

    def explain(self, form: f.ShareForm) -> list[f.Explanation]:
        """What would happen, before anything is stored."""
        gates = [g.__name__ for g in (*MESSAGE_GATES, *FULL_GATES, *ITEM_GATES)]
        return [
            f.Explanation(
                partner=d.recipient,
                allowed=d.verdict.allowed,
                refusals=reasons(d.verdict, d.recipient, len(form.items)),
                gates=gates,
            )
            for d in self.drafts(form)
        ]


def _statement(form: f.ShareForm, to: f.RecipientForm) -> m.Statement:
    notice = form.notice
    return m.Statement(
        case=form.case,
        purpose=form.purpose,
        context=form.context,
        sender_basis=form.basis,
        sender_task=form.task,
        recipient_basis=to.basis,
        recipient_task=to.task,
        special_exception=to.special_exception,
        criminal_ground=to.criminal_ground,
        stated=form.stated,
        wpg=m.WpgDecision(**form.wpg.model_dump(mode="json")) if form.wpg else None,
        numbers_confirmed=form.number_confirmed,
        secrecy=m.Secrecy(**form.secrecy.model_dump()),
        weighing=m.Weighing(**form.weighing.model_dump()),
        notice=m.Notice(**notice.model_dump(mode="json")),
        signal_kind=form.signal_kind,
        support_rationale=form.support_rationale,
        request=form.request,
        feedback_wanted=form.feedback_wanted,
    )


def reasons(verdict: Verdict, partner: str, own_items: int) -> list[f.RefusalAnswer]:
    """Every reason against what ``partner`` would get, by item of the form."""
    return [
        f.RefusalAnswer(
            code=finding.code,
            name=finding.refusal.name,
            article=finding.refusal.article,
            text=finding.sentence(),
            partner=partner,
            item=finding.item if finding.item is not None and finding.item < own_items else None,
        )
        for finding in verdict.findings
    ]


def _kept(covenant: Covenant, retention: str, holder: str, at: datetime) -> date:
    """Until when a partner keeps something of a class that it gets at ``at``, as the covenant proposes."""
    days = [last_day(rule.rule(), at) for rule in covenant.retention_rules(retention, holder)[:1]]
    return next((day for day in days if day is not None), FOR_EVER)


def iso_day(day: date | None) -> str | None:
    """As the wire spells a day."""
    return day.isoformat() if day is not None else None
