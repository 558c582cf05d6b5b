"""What a share form refers to, looked up in this node's own records: the notice or exception, the Wpg decision, who decided.

The result is put into the statement that partners see and into :class:`~exchange.node.rules.Own`, which only the sender judges.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final, Literal, TypeVar
from uuid import UUID, uuid4

from exchange.domain.actors import Role, may, roles_of
from exchange.domain.facts import ExceptionFact, NoticeFact, decide_happened
from exchange.domain.retention import is_over, local_day
from exchange.errors import InputError, NotFoundError
from exchange.node import forms as f
from exchange.node import restrictions, rules
from exchange.node.actors import Actors
from exchange.node.context import Context
from exchange.node.exchanged import Exchanged
from exchange.node.people import Person
from exchange.node.service import Actor
from exchange.node.struck import Struck
from exchange.node.terms import Terms, last_day
from exchange.wire import messages as m

COMMANDS: Final = {"signal": "signal.send", "disclosure": "disclosure.make"}
"""What whoever decides must be allowed to do."""
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is known about one form, before anything is judged."""

    decider: UUID | None
    """The person who decides; ``None`` when a system acts on its own (R32)."""
    notice: m.Notice
    wpg: m.WpgDecision | None
    record: UUID | None
    """The id under which the form's own notice or exception goes on record; ``None`` when it is there already."""
    own: rules.Own
    struck: Struck

    def towards(self, recipient: str, form: f.ShareForm) -> rules.Own:
        """``own``, with what the chair struck for this recipient (article 11.2)."""
        items = zip(self.own.items, form.items, strict=True)
        struck = tuple(replace(own, struck=self.struck.of(item, form, recipient)) for own, item in items)
        return replace(self.own, items=struck)


def reference_of(fact: UUID) -> str:
    """The id of a fact as a reference for partners: in letters only, so that no run of digits looks like somebody's number."""
    return fact.hex.translate(_LETTERS)


def excused_for(form: f.ShareForm) -> list[str]:
    """Whom the exception of a form itself carries to: whom it names, else whoever the form goes to."""
    return sorted(set(form.notice.recipients) or {to.partner for to in form.recipients})


class Lookup:
    """Finds grounds; stores nothing."""

    def __init__(self, ctx: Context, actors: Actors, terms: Terms) -> None:
        self._ctx = ctx
        self._actors = actors
        self._terms = terms
        self._exchanged = Exchanged(ctx)

    def of(self, actor: Actor, form: f.ShareForm, person: Person, today: date) -> Grounds:
        """The grounds of ``form``.

        Raises:
            NotFoundError: It names something this node has not on record.
            InputError: It names a fact about somebody else, says two things at once, or speaks of a day that has still to come.
        """
        for day in (form.occurred_on, *(item.observed_on for item in form.items)):
            if day is not None:
                decide_happened(day, today)
        same = [entry.handle for entry in self._ctx.people.same(person.handle)]
        notice, record = self._notice(form, same, today)
        decider = self._decider(actor, form)
        restricted = self._ctx.facts.restricts(same)
        kept = restrictions.only_stored(self._ctx, person.handle, form.items)
        own = rules.Own(
            decided_by_person=decider is not None,
            trained_on=self._ctx.facts.trained_on(decider) if decider else None,
            items=tuple(self._item(item, restricted=only) for item, only in zip(form.items, kept, strict=True)),
            restricted=restricted,
            texts=(
                form.notice.given_by,
                form.notice.interest,
                form.notice.motivation,
                *form.notice.considerations.values(),
            ),
        )
        struck = Struck(self._ctx, person.handle)
        return Grounds(decider, notice, self._decision(form.wpg_decision_id), record, own, struck)

    # ------------------------------------------------------------------------------------ who decided

    def _decider(self, actor: Actor, form: f.ShareForm) -> UUID | None:
        """AVG 22, Wpg 7a: a person. A system names one who may do the same and still acts here."""
        if actor.kind == "person" and actor.roles - {Role.INTEGRATION}:  # a case system registered as a person is none
            if form.decided_by not in {None, actor.id}:
                raise InputError("Only a system names the person who decided; you decide yourself.")
            return actor.id
        known = self._actors.living(form.decided_by) if form.decided_by is not None else None
        if (
            known is None
            or known.kind != "person"
            or not may(roles_of(known.roles) - {Role.INTEGRATION}, COMMANDS[form.kind])
        ):
            return None
        return known.id

    # ------------------------------------------------------------------------------------ told, or not

    def _notice(self, form: f.ShareForm, same: Sequence[UUID], today: date) -> tuple[m.Notice, UUID | None]:
        short = form.notice
        given = [form.notice_id, form.exception_id, short.given_on, short.exception]
        if sum(one is not None for one in given) > 1:
            raise InputError("Name one notice or one exception: by its id, or in the form.")
        if form.notice_id is not None:
            return self._told(_about(self._ctx.facts.notices.get(form.notice_id), same)), None
        if form.exception_id is not None:
            return self._excused(_about(self._ctx.facts.exceptions.get(form.exception_id), same)), None
        return self._short(form, same, today)

    def _short(self, form: f.ShareForm, same: Sequence[UUID], today: date) -> tuple[m.Notice, UUID | None]:
        """What the form says itself: on record already when it says the same as before, else recorded with the act."""
        short = form.notice
        if short.given_on is None and (short.exception is None or short.review_on is None):
            return m.Notice(), None
        for told in self._ctx.facts.notices_of(same) if short.given_on is not None else ():
            if (told.given_on, told.mode, told.recipients, told.reference) == (
                short.given_on, short.mode or "", frozenset(short.recipients), short.reference or "",
            ):  # fmt: skip
                return self._told(told), None
        if short.given_on is None and not (short.considerations and short.motivation):
            raise InputError(
                "An exception says what UAVG 41(2) asks you to weigh, and why; fill that in, or record it first and name its id."
            )
        fact = uuid4()
        made = m.Notice(
            **{
                **short.model_dump(mode="json", exclude={"given_by", "interest", "considerations", "motivation"}),
                "reference": short.reference or reference_of(fact),
                "recipients": self._partners(excused_for(form) if short.given_on is None else short.recipients),
            }
        )
        day = short.given_on or today
        holds = day <= today and (short.review_on is None or short.review_on >= today)
        return made, fact if holds else None

    def _told(self, fact: NoticeFact) -> m.Notice:
        return m.Notice(
            reference=fact.reference or reference_of(fact.id),
            given_on=fact.given_on.isoformat(),
            mode=fact.mode or None,
            recipients=self._partners(fact.recipients),
        )

    def _excused(self, fact: ExceptionFact) -> m.Notice:
        return m.Notice(
            reference=reference_of(fact.id),
            recipients=self._partners(fact.recipients),
            exception=fact.ground,
            review_on=fact.review_on.isoformat(),
            ends_on=fact.ends_on.isoformat() if fact.ends_on else None,
        )

    def _partners(self, named: Iterable[str]) -> list[str]:
        """Whom of the covenant a notice or exception named; that third parties were named as well is not for partners to know."""
        return sorted(self._ctx.covenants.current.covenant.index.partners.keys() & set(named))

    def _decision(self, wanted: UUID | None) -> m.WpgDecision | None:
        if wanted is None:
            return None
        fact = self._ctx.facts.decisions.get(wanted)
        if fact is None:
            raise NotFoundError("There is no such Wpg decision on record at this node.")
        if fact.withdrawn:
            return None  # it carries nothing: R28
        return m.WpgDecision(
            reference=fact.reference,
            ground=fact.ground,
            goal=fact.goal,
            interest=fact.interest,
            recipients=list(fact.recipients),
            categories=list(fact.categories),
            fields=list(fact.fields) if fact.fields is not None else None,
            authority_agreed=fact.agreed,
            decided_on=fact.decided_on.isoformat(),
            valid_until=fact.valid_until.isoformat(),
            conditions=list(fact.conditions) or None,
        )

    # ------------------------------------------------------------------------------------ items on record

    def origin_of(self, item: f.ItemForm) -> tuple[str | None, Literal["AVG", "WPG"] | None]:
        """Which partner, and which regime, the own records say it comes from; nothing for what names no record.

        Where something came from is not for whoever passes it on to say otherwise (Wpg 7(2), UAVG 33(1)(a)).

        Raises:
            InputError: The form says that it comes from elsewhere.
        """
        row = self._exchanged.item(item.record) if item.record is not None else None
        if row is None:
            return item.origin_partner, item.origin_regime
        known, giver = (
            self._exchanged.plain(row),
            row["partner"] if row["direction"] == "received" else self._ctx.me.slug,
        )
        partner, regime = (known.origin_partner, known.origin_regime) if known is not None else (giver, None)
        if item.origin_partner not in {None, partner} or (regime and item.origin_regime not in {None, regime}):
            raise InputError("The item on record has another origin than the form says; leave the origin out.")
        return partner, regime or item.origin_regime

    def _item(self, item: f.ItemForm, *, restricted: bool) -> rules.ItemOwn:
        if item.record is None:
            return rules.ItemOwn(restricted=restricted)
        ledger, now = self._ctx.ledger, self._ctx.clock.now()
        rows = self._exchanged.records(item.record)
        if not rows:
            raise NotFoundError("There is no such item in this node's own records.")
        live = [row for row in rows if row["erasure"] is None and not self._over(row["retention"], row["at"], now)]
        only_stored = ledger.count("restrictions WHERE item=? AND lifted_at IS NULL", str(item.record)) > 0
        since = min(self._first_known(row) for row in [*rows, *self._exchanged.replaced(item.record)])
        return rules.ItemOwn(restricted=restricted or only_stored, gone=not live, since=since)

    def _first_known(self, row: sqlite3.Row) -> date:
        """Of a record: when it was observed, which may be long before it was recorded here (Wpg 8: first processing)."""
        recorded = local_day(datetime.fromtimestamp(row["at"] / 1000, UTC))
        text = self._exchanged.plain(row)
        observed = text.observed_on if text is not None else None
        return min(recorded, date.fromisoformat(observed)) if observed is not None else recorded

    def _over(self, retention: str, at: int, now: datetime) -> bool:
        """Whether the own confirmed term has passed, though nothing was destroyed yet."""
        term = self._terms.of(retention)
        last = last_day(term.rule, datetime.fromtimestamp(at / 1000, UTC)) if term and term.confirmed else None
        return last is not None and is_over(last, now)


_F = TypeVar("_F", NoticeFact, ExceptionFact)


def _about(fact: _F | None, same: Sequence[UUID]) -> _F:
    if fact is None:
        raise NotFoundError("There is no such notice or exception on record at this node.")
    if fact.subject not in same:
        raise InputError("That notice or exception is about somebody else.")
    return fact
