"""What each recipient would get, before anything is stored: composed as it would be sent, and judged by the covenant."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import uuid4

from exchange.domain.covenant import Covenant
from exchange.domain.looks import Looked, looks, merged
from exchange.domain.proposal import Finding, Verdict
from exchange.domain.retention import is_over, local_day
from exchange.domain.vocabulary import Side
from exchange.errors import ExchangeError, InputError, NotFoundError
from exchange.node import forms as f
from exchange.node import release, rules, scope
from exchange.node.actors import Actors
from exchange.node.codes import UnknownCodesError, unknown_codes
from exchange.node.context import Context
from exchange.node.covenants import Accepted
from exchange.node.grounds import Grounds, Lookup
from exchange.node.identity import identity_for, stands_under, told
from exchange.node.messages import obeyed, reached
from exchange.node.people import Person
from exchange.node.service import Actor
from exchange.node.terms import Terms, last_day
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
    own: rules.Own
    """What only this node knows of it."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """What every recipient would get, and on which grounds."""

    grounds: Grounds
    each: list[Draft]


class Drafting:
    """Makes drafts; stores nothing."""

    def __init__(self, ctx: Context, actors: Actors, terms: Terms) -> None:
        self._ctx = ctx
        self._lookup = Lookup(ctx, actors, terms)

    def drafts(self, actor: Actor, form: f.ShareForm) -> Drafts:
        """What each recipient would get, judged.

        Raises:
            NotFoundError: The subject, or a fact the form names, is not on record.
            InputError: A recipient is named twice or takes part on paper, or a fact is about somebody else.
            UnknownCodesError: A category or field is not in the covenant; it holds what stands against the rest as well.
        """
        unknown = unknown_codes(self._ctx.covenants.current.covenant, form.items)
        if not unknown:
            return self._drafts(actor, form)
        details = [detail for found in unknown.values() for detail in found]
        try:
            judged = self._drafts(actor, form).each
        except ExchangeError:  # the form cannot be judged as it is; the codes are mended first
            raise UnknownCodesError(details) from None
        own = len(form.items)
        others = [
            r for d in judged for r in reasons(d.verdict, d.recipient, own) if r.item not in unknown or r.code != "R17"
        ]
        raise UnknownCodesError(details, others)

    def _drafts(self, actor: Actor, form: f.ShareForm) -> Drafts:
        """The same, whatever the codes are."""
        person = self._ctx.people.resolve(form.subject)
        if person is None:
            raise NotFoundError("There is no such subject in this node's register.")
        if len({r.partner for r in form.recipients}) != len(form.recipients):
            raise InputError("A recipient is named twice.")
        if form.channel == EXCHANGE:
            for to in form.recipients:
                if (
                    self._ctx.covenants.current.by_slug(to.partner) is not None
                ):  # of whoever is none, the gates speak (R08)
                    reached(self._ctx, to.partner)
        now = self._ctx.clock.now()
        grounds = self._lookup.of(actor, form, person, local_day(now))
        return Drafts(grounds, [self._draft(form, to, person, grounds, now) for to in form.recipients])

    def grounds(self, actor: Actor, form: f.ShareForm, person: Person) -> Grounds:
        """What is on record for such a form today."""
        return self._lookup.of(actor, form, person, local_day(self._ctx.clock.now()))

    def _draft(self, form: f.ShareForm, to: f.RecipientForm, person: Person, grounds: Grounds, now: datetime) -> Draft:
        ctx, today = self._ctx, local_day(now)
        book = obeyed(ctx, to.partner, now)
        kind = m.Kind.SIGNAL if form.kind == "signal" else m.Kind.DISCLOSURE
        statement = self._with_release(statement_of(form, to, grounds), to.partner)
        items = [self.item(item) for item in form.items]
        books = [one.covenant for one in ctx.covenants.between(book.generation)]
        who = (
            self._who(person, to.partner, kind, form.purpose, books, grounds.wpg, now)
            if form.channel == EXCHANGE
            else None
        )
        if who is not None:
            items.append(self._identity_item(book.covenant, who))
        own = replace(
            grounds.towards(to.partner, form),
            registered=self._registered(form, to.partner, items),
            release_known=self._released(statement, items, to.partner),
            outside_case=scope.outside(ctx, form.case, to.partner, Side.SENDING),
        )
        verdict = rules.every(
            rules.judge(one, kind, ctx.me.slug, to.partner, statement, items, today, own) for one in books
        )
        return Draft(to.partner, kind, statement, items, who is not None, verdict, book, own)

    def _registered(self, form: f.ShareForm, partner: str, items: list[m.Item]) -> bool:
        """Whether the own register covers this; not looked at where the covenant does not ask (article 13.1)."""
        if form.kind not in self._ctx.covenants.current.covenant.settings.register_before:
            return True
        return self._ctx.facts.registered(form.purpose, {item.category for item in items}, partner)

    def _with_release(self, statement: m.Statement, recipient: str) -> m.Statement:
        """The proof of the chair's release, where this node was given one (article 11.2)."""
        if statement.conference is None or statement.chair_release is None:
            return statement
        proof = release.proof_for(self._ctx, statement.conference, statement.chair_release, recipient)
        if proof is None:
            return statement
        return statement.model_copy(update={"release_salt": proof.salt, "release_signature": proof.signature})

    def _released(self, statement: m.Statement, items: list[m.Item], recipient: str) -> bool:
        ctx = self._ctx
        return statement.conference is not None and release.proven(
            ctx,
            chair=release.chair_of(ctx, statement.conference),
            owner=ctx.me.slug,
            recipient=recipient,
            statement=statement,
            items=items,
            books=(ctx.covenants.current,),
        )

    def item(self, item: f.ItemForm) -> m.Item:
        """An item as it will be sent, but for whom it is about."""
        origin, regime = self._lookup.origin_of(item)
        return m.Item(
            item=uuid4(),
            subject=NO_REFERENCE,
            mentions=[],  # as the default, which would be copied
            category=item.category,
            field=item.field,
            value=item.value,
            nature=item.nature,
            source=item.source,
            certainty=item.certainty,
            observed_on=iso_day(item.observed_on),
            origin_partner=origin or self._ctx.me.slug,
            origin_regime=regime or self._ctx.me.regime.value,
            valid_until=iso_day(item.valid_until),
            source_consent=item.source_consent,
            onward_ground=item.onward_ground,
        )

    def _who(
        self,
        person: Person,
        to: str,
        kind: m.Kind,
        purpose: str,
        books: Sequence[Covenant],
        decision: m.WpgDecision | None,
        now: datetime,
    ) -> m.Identity | None:
        """Who it is about, where the partner has to be told; ``books`` begin with the generation it goes under."""
        who = self._identity(person, to, kind, purpose, books, decision)
        return who if who is not None and self._must_tell(person, to, kind, purpose, books[0], who, now) else None

    def _must_tell(
        self, person: Person, to: str, kind: m.Kind, purpose: str, covenant: Covenant, who: m.Identity, now: datetime
    ) -> bool:
        """Whether the partner would otherwise not know, or not as long as it keeps this, who it is about.

        An identity goes with the part that told it. Where the partner was told once and may not be told it for this
        purpose, it gets no identity rather than no message.
        """
        if not self._ctx.people.introduced(person.handle, to):
            return True
        category, field = stands_under(covenant, who)
        domain = rules.domain_kind(kind)
        if field not in covenant.index.allowed_fields(purpose, category, to, self._ctx.me.slug, domain.value):
            return False
        retention = covenant.retention_class(domain, category)
        return not any(
            _as_long(covenant, row["retention"], retention, to, now)
            and not is_over(_kept(covenant, row["retention"], to, datetime.fromtimestamp(row["at"] / 1000, UTC)), now)
            for row in self._told(person, to)
        )

    def _told(self, person: Person, partner: str) -> Iterator[sqlite3.Row]:
        """The identities of a person that went to a partner, or came from it, and are kept here."""
        for index in [index for one in self._ctx.people.same(person.handle) for index in one.told]:
            yield from self._ctx.ledger.rows(
                "SELECT i.retention AS retention, i.at AS at FROM items i JOIN contents c ON c.key_id = i.content_key"
                " JOIN messages m ON m.message = i.message"
                " WHERE i.log_index=? AND i.partner=? AND c.erasure IS NULL AND m.state NOT IN ('voided','nacked')",
                index,
                partner,
            )

    def _identity(
        self,
        person: Person,
        to: str,
        kind: m.Kind,
        purpose: str,
        books: Iterable[Covenant],
        decision: m.WpgDecision | None,
    ) -> m.Identity | None:
        """What may tell this partner who a reference is; None where the covenant lets nothing of it go."""
        known = person.identity
        whole = m.Identity(
            given_names=known.given_names,
            prefix=known.prefix,
            family_name=known.family_name,
            birth_date=iso_day(known.birth_date),
            postcode=known.postcode,
            house_number=known.house_number,
        )
        who = identity_for(books, self._ctx.me.slug, to, rules.domain_kind(kind), purpose, whole, decision)
        return who if told(who) else None

    def _identity_item(self, covenant: Covenant, who: m.Identity) -> m.Item:
        """Tells a partner who a reference is; it passes the gates like any other item."""
        category, field = stands_under(covenant, who)
        return m.Item(
            item=uuid4(),
            subject=NO_REFERENCE,
            category=category,
            field=field,
            identity=who,
            origin_partner=self._ctx.me.slug,
        )

    def explain(self, actor: Actor, form: f.ShareForm) -> list[f.Explanation]:
        """What would happen, before anything is stored."""
        own_items = len(form.items)
        return [
            f.Explanation(
                partner=d.recipient,
                allowed=d.verdict.allowed,
                outcome=d.verdict.outcome.value,
                refusals=reasons(d.verdict, d.recipient, own_items),
                duties=answers(d.verdict.duties, d.recipient, own_items),
                warnings=answers(d.verdict.warnings, d.recipient, own_items, warning=True),
                identity=_accompanying(d, len(form.items)),
                gates=self._looked(d),
            )
            for d in self.drafts(actor, form).each
        ]

    def _looked(self, draft: Draft) -> list[f.GateAnswer]:
        """Which gates had something to look at, and what they said."""
        today, me = local_day(self._ctx.clock.now()), self._ctx.me.slug
        found: list[Looked] = []
        for book in self._ctx.covenants.between(draft.book.generation):
            proposal = rules.proposal_of(
                book.covenant, draft.kind, me, draft.recipient, draft.statement, draft.items, today, draft.own
            )
            found += looks(book.covenant, proposal, side=Side.SENDING)
        return [
            f.GateAnswer(code=look.code, title=look.title, article=look.article, outcome=look.outcome.value)
            for look in merged(found)
        ]


def _accompanying(draft: Draft, own_items: int) -> list[f.Accompanying]:
    """What goes along to tell whom it is about: the facts the gates judge, without their content."""
    if not draft.identity:
        return []
    return [
        f.Accompanying(category=fact.category, field=fact.field)
        for item in draft.items[own_items:]
        for fact in rules.facts(draft.book.covenant, "", item)
    ]


def statement_of(form: f.ShareForm, to: f.RecipientForm, grounds: Grounds) -> m.Statement:
    """Why this goes to ``to``: purpose, bases, weighing, notice."""
    return m.Statement(
        case=form.case,
        emergency=m.Emergency(**form.emergency.model_dump()) if form.emergency else None,
        conference=form.conference,
        chair_release=form.chair_release,
        purpose=form.purpose,
        context=form.context,
        sender_basis=form.basis,
        sender_task=form.task,
        recipient_basis=to.basis,
        recipient_task=to.task,
        special_exception=to.special_exception,
        criminal_ground=to.criminal_ground,
        stated=form.stated,
        wpg=grounds.wpg,
        numbers_confirmed=form.number_confirmed,
        secrecy=m.Secrecy(
            applies=form.secrecy.applies,
            regime=form.secrecy.regime,
            ground=form.secrecy.ground,
            motivation=form.secrecy.motivation,
        ),
        weighing=m.Weighing(
            necessity=form.weighing.necessity,
            proportionality=form.weighing.proportionality,
            subsidiarity=form.weighing.subsidiarity,
        ),
        notice=grounds.notice,
        signal_kind=form.signal_kind,
        support_rationale=form.support_rationale,
        request=form.request,
        feedback_wanted=form.feedback_wanted,
    )


def reasons(verdict: Verdict, partner: str, own_items: int) -> list[f.RefusalAnswer]:
    """Every reason against what ``partner`` would get, by item of the form."""
    return answers(verdict.findings, partner, own_items)


def answers(
    findings: Iterable[Finding], partner: str, own_items: int, *, warning: bool = False
) -> list[f.RefusalAnswer]:
    """Findings of any weight as people get them; a ``warning`` stops nothing."""
    return [
        f.RefusalAnswer(
            code=finding.code,
            name=finding.refusal.name,
            article=finding.refusal.article,
            text=finding.sentence(warning=warning),
            partner=partner,
            item=finding.item if finding.item is not None and finding.item < own_items else None,
            identity=finding.item is not None and finding.item >= own_items,
            params=dict(finding.params),
        )
        for finding in findings
    ]


def _kept(covenant: Covenant, retention: str, holder: str, at: datetime) -> date:
    """Until when a partner keeps something of a class that it gets at ``at``, as the covenant proposes."""
    days = [last_day(rule.rule(), at) for rule in covenant.retention_rules(retention, holder)[:1]]
    return next((day for day in days if day is not None), FOR_EVER)


def _as_long(covenant: Covenant, one: str, other: str, holder: str, at: datetime) -> bool:
    """Whether a partner keeps what it gets at ``at`` at least as long in the one class as in the other."""
    return one == other or _kept(covenant, one, holder, at) >= _kept(covenant, other, holder, at)


def iso_day(day: date | None) -> str | None:
    """As the wire spells a day."""
    return day.isoformat() if day is not None else None
