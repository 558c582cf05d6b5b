"""A case conference as people read it: the agenda with what was agreed, the offers without content, the work that came of it."""

from __future__ import annotations

import datetime as dt
import sqlite3
from uuid import UUID

from exchange.domain import conference as domain
from exchange.domain import events as e
from exchange.domain.event import Event, Gone
from exchange.domain.retention import local_day
from exchange.errors import NotFoundError
from exchange.node import conference_forms as cf
from exchange.node.actors import Actors
from exchange.node.chairing import Chairing
from exchange.node.commands import allow
from exchange.node.conference_table import CHAIR
from exchange.node.context import Context
from exchange.node.minuting import Minuting
from exchange.node.register import Reads
from exchange.node.service import Actor
from exchange.node.whoknows import label_of
from exchange.node.work import Post


class Conferences(Chairing, Minuting):
    """Everything about a conference that is not an owner's."""

    def __init__(self, ctx: Context, post: Post, actors: Actors, reads: Reads) -> None:
        super().__init__(ctx, post, actors)
        self._reads = reads

    async def all(self, actor: Actor) -> list[cf.ConferenceRow]:
        """Every conference this node takes part in, newest date first."""
        allow(actor, "conference.list")
        rows = self._ctx.ledger.rows(
            "SELECT c.*, (SELECT count(*) FROM conference_cases k WHERE k.conference=c.conference) AS items,"
            " (SELECT count(*) FROM offers o WHERE o.conference=c.conference AND o.status IN ('offered','asked')) AS open"
            " FROM conferences c ORDER BY c.date DESC, c.conference"
        )
        return [
            cf.ConferenceRow(
                conference=row["conference"],
                chair=row["chair"],
                date=row["date"],
                version=row["version"],
                items=row["items"],
                offers_open=row["open"],
            )
            for row in rows
        ]

    async def show(self, actor: Actor, conference: UUID) -> cf.ConferenceAnswer:
        """One conference with its minutes; the read is recorded first."""
        allow(actor, "conference.show")
        facts, state = self.facts(conference), self.state(conference)
        items = [fact for fact in facts if isinstance(fact, e.AgendaItemSet) and self._sees(actor, state, fact.item)]
        subjects = {item.item: self._subjects(state, item) for item in items}
        await self._reads.log(actor, "conference.show", [s for known in subjects.values() for s in known] or [None])
        planned = [fact for fact in facts if isinstance(fact, e.Planned)][-1]
        outcomes = [fact for fact in facts if isinstance(fact, e.OutcomePublished)]
        return cf.ConferenceAnswer(
            conference=conference,
            chair=planned.chair,
            date=dt.date.fromisoformat(planned.date),
            version=planned.version,
            chairperson=planned.chairperson,
            minutes_taker=planned.minutes_taker,
            reviewed_on=next((_day(f.on) for f in facts if isinstance(f, e.MinimisationReviewed)), None),
            next_date=next((_day(f.next_date) for f in reversed(outcomes) if f.next_date), None),
            participants=_table(planned),
            agenda=[self._agenda_answer(facts, state, item, subjects[item.item]) for item in items],
        )

    def _sees(self, actor: Actor, state: domain.Conference, item: UUID) -> bool:
        """Whoever chairs or minutes sees the whole agenda; others see the cases in whose scope their partner is."""
        return (
            self._ctx.me.slug in state.scope(item)
            or (CHAIR in actor.roles and state.chair == self._ctx.me.slug)
            or (state.minutes_taker is not None and actor.id == state.minutes_taker)
        )

    def _subjects(self, state: domain.Conference, item: e.AgendaItemSet) -> list[UUID]:
        """Register handles of those whom this node knows."""
        if isinstance(item.subjects, Gone):
            return []
        if state.chair == self._ctx.me.slug:
            return [UUID(handle) for handle in item.subjects]
        known = (self._ctx.people.by_reference(state.chair, reference) for reference in item.subjects)
        return [person.handle for person in known if person is not None]

    def _agenda_answer(
        self, facts: list[Event], state: domain.Conference, item: e.AgendaItemSet, subjects: list[UUID]
    ) -> cf.AgendaAnswer:
        return cf.AgendaAnswer(
            item=item.item,
            case=item.case,
            partners=list(item.partners),
            subjects=subjects,
            agreements=[
                self._agreement(fact, done=state.agreements[fact.agreement].done)
                for fact in facts
                if isinstance(fact, e.AgreementMade) and fact.item == item.item
            ],
            decisions=[
                cf.ResolutionAnswer(decision=fact.decision, text=_text(fact.text))
                for fact in facts
                if isinstance(fact, e.DecisionMade) and fact.item == item.item
            ],
            version=state.published.get(item.item, 0),
        )

    def _agreement(self, fact: e.AgreementMade, *, done: bool) -> cf.AgreementAnswer:
        due = dt.date.fromisoformat(fact.due)
        return cf.AgreementAnswer(
            agreement=fact.agreement,
            conference=fact.conference,
            case=fact.case,
            owner=fact.owner,
            due=due,
            overdue=not done and due < local_day(self._ctx.clock.now()),
            done=done,
            action=_text(fact.action),
            third_party=_text(fact.third_party),
        )

    # ------------------------------------------------------------------------------------ offers

    async def offers(self, actor: Actor, conference: UUID) -> list[cf.OfferAnswer]:
        """The offers: to the chair all of them, to others those of their own partner. Codes and reasons, never content."""
        allow(actor, "conference.offers")
        facts, state = self.facts(conference), self.state(conference)
        me = self._ctx.me.slug
        chairs = CHAIR in actor.roles and state.chair == me
        made = [fact for fact in facts if isinstance(fact, e.ItemOffered) and (chairs or fact.owner == me)]
        subjects = {one.offer: self._subject_of(one) for one in made}
        if made:
            await self._reads.log(actor, "conference.offers", list(subjects.values()))
        return [self._offer(facts, state, one, subjects[one.offer]) for one in made]

    def _subject_of(self, offered: e.ItemOffered) -> UUID | None:
        if isinstance(offered.subject, Gone) or not offered.subject:
            return None
        if offered.owner == self._ctx.me.slug:
            return UUID(offered.subject)
        person = self._ctx.people.by_reference(offered.owner, offered.subject)
        return person.handle if person is not None else None

    def _offer(
        self, facts: list[Event], state: domain.Conference, made: e.ItemOffered, subject: UUID | None
    ) -> cf.OfferAnswer:
        known = state.offer(made.offer)
        person = self._ctx.people.resolve(subject) if subject is not None else None
        decided = [fact for fact in facts if isinstance(fact, e.OfferDecided) and fact.offer == made.offer]
        return cf.OfferAnswer(
            offer=made.offer,
            item=made.item,
            case=made.case,
            owner=made.owner,
            category=made.category,
            field=_text(made.field),
            purpose=made.purpose,
            why=_text(made.why),
            subject=subject,
            subject_label=label_of(person) if person is not None else "",
            recipients=sorted(made.recipients),
            status=known.status.value,
            automatic=known.automatic,
            release=known.release,
            question=_text(decided[-1].question) if decided else "",
            wants_content=bool(decided) and decided[-1].wants_content,
            codes=list(known.codes),
            answers=made.answers,
            act=known.act,
        )

    # ------------------------------------------------------------------------------------ agreements

    async def agreements(self, actor: Actor) -> list[cf.AgreementAnswer]:
        """What this partner agreed to do and has not done, soonest first."""
        allow(actor, "agreement.list")
        found = [self._ctx.log.event(self._ctx.log.entry(row["log_index"])) for row in self._open_agreements()]
        if found:
            await self._reads.log(actor, "agreement.list", [None])
        return [self._agreement(fact, done=False) for fact in found if isinstance(fact, e.AgreementMade)]

    def owed(self) -> list[bool]:
        """What this partner agreed to do and has not done: whether each of it is late."""
        today = local_day(self._ctx.clock.now()).isoformat()
        return [row["due"] < today for row in self._open_agreements()]

    def _open_agreements(self) -> list[sqlite3.Row]:
        return self._ctx.ledger.rows(
            "SELECT log_index, due FROM agreements WHERE owner=? AND done_at IS NULL ORDER BY due, agreement",
            self._ctx.me.slug,
        )

    def to_decide(self) -> int:
        """Offers in conferences chaired here that the chair has not decided about."""
        return self._ctx.ledger.count(
            "offers o JOIN conferences c ON c.conference=o.conference WHERE c.chair=? AND o.status='offered'",
            self._ctx.me.slug,
        )

    async def agreement_done(self, actor: Actor, agreement: UUID) -> None:
        """This partner did what it agreed to."""
        allow(actor, "agreement.done")
        row = self._ctx.ledger.one("SELECT conference, chair FROM agreements WHERE agreement=?", str(agreement))
        if row is None:
            raise NotFoundError("There is no such agreement at this node.")
        chair, conference = str(row["chair"]), UUID(row["conference"])
        await self._ctx.writer.run(
            lambda tx: self.say(tx, chair, conference, e.AgreementDone, agreement=agreement, by=actor.id)
        )


def _table(planned: e.Planned) -> list[cf.AttendeeAnswer]:
    """Who sits at the table; as what, and what each signed, unless that was erased."""
    if isinstance(planned.participants, Gone):
        return [cf.AttendeeAnswer(partner=slug, role=None, secrecy=None) for slug in planned.partners]
    return [cf.AttendeeAnswer(**one.model_dump()) for one in planned.participants]


def _text(value: str | Gone) -> str | None:
    """A sealed text, or nothing when it was erased."""
    return None if isinstance(value, Gone) else value


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
