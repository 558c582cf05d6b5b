"""The chair's side of a case conference (covenant 11.2): plan it, decide on the offers item by item."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.event import Event, Gone
from exchange.domain.retention import local_day
from exchange.domain.vocabulary import Side
from exchange.errors import ConflictError, InputError, NotFoundError
from exchange.node import conference_forms as cf
from exchange.node import scope
from exchange.node.actors import Actors
from exchange.node.commands import Result, allow
from exchange.node.conference_table import CHAIR, Table
from exchange.node.context import Context
from exchange.node.numbers import no_number
from exchange.node.release import Release, sign
from exchange.node.service import Actor, Idempotency
from exchange.node.work import Fresh, Post
from exchange.node.writer import Tx
from exchange.wire import conference as w
from exchange.wire import messages as m


class Chairing(Table):
    """Planning and deciding."""

    def __init__(self, ctx: Context, post: Post, actors: Actors) -> None:
        super().__init__(ctx, post)
        self._actors = actors

    # ------------------------------------------------------------------------------------ planning

    async def plan(self, actor: Actor, form: cf.ConferenceForm, key: Idempotency | None) -> UUID:
        """Plan a conference and tell every participant the agenda items in whose scope it is.

        Raises:
            Refused: There is no chair (R12).
        """
        allow(actor, "conference.plan")
        attendees = self._attendees(form)
        for subject in (s for item in form.agenda for s in item.subjects):
            self._known(subject)
        for item in form.agenda:
            self._in_scope(item)
        chairperson = self._chairperson(form.chair)
        if form.minutes_taker is not None:
            self._actors.answer(form.minutes_taker)
        await self._judged_plan(actor, form.date.isoformat(), attendees)

        def unit(tx: Tx, fresh: list[Fresh]) -> tuple[UUID, Result]:
            conference = uuid4()
            planned = {
                "chair": self._ctx.me.slug,
                "date": form.date.isoformat(),
                "chairperson": chairperson,
                "minutes_taker": form.minutes_taker,
            }
            self._plan(tx, actor, conference, 1, attendees, planned)
            for item in form.agenda:
                self._set(tx, actor, conference, item)
            fresh += self._tell(tx, actor, conference, [p for item in form.agenda for p in item.partners])
            return conference, {}

        conference, _ = await self.carry_out(actor, "conference.plan", key, form, unit)
        return conference

    async def agenda(self, actor: Actor, conference: UUID, form: cf.AgendaForm, key: Idempotency | None) -> UUID:
        """Put a case on the agenda; gives the id of the agenda item. The partners in scope of it are told, no others."""
        allow(actor, "conference.agenda")
        await self.chaired_here(actor, conference)
        for subject in form.subjects:
            self._known(subject)
        self._in_scope(form)

        def unit(tx: Tx, fresh: list[Fresh]) -> tuple[UUID, Result]:
            newest = _newest(self.facts(conference, tx))
            if len(self.state(conference, tx).agenda) >= w.AGENDA:
                raise ConflictError("The agenda is full: it holds {most} cases.", most=w.AGENDA)
            again = newest.model_dump(include={"chair", "date", "chairperson", "minutes_taker"})
            self._plan(tx, actor, conference, newest.version + 1, _seats(newest), again)
            item = self._set(tx, actor, conference, form)
            fresh += self._tell(tx, actor, conference, form.partners)
            return item, {}

        item, _ = await self.carry_out(actor, f"conference.agenda:{conference}", key, form, unit)
        return item

    def _plan(
        self, tx: Tx, actor: Actor, conference: UUID, version: int, seats: tuple[e.Attendee, ...], rest: dict[str, Any]
    ) -> None:
        """Say the plan: who sits at the table in public, and what was typed about them sealed."""
        term = self.term
        self._say(
            tx, e.ConferencePlanned, conference, key_id=tx.new_key(term), retention=term, version=version, by=actor.id,
            partners=tuple(one.partner for one in seats), participants=seats, **rest,
        )  # fmt: skip

    def _attendees(self, form: cf.ConferenceForm) -> tuple[e.Attendee, ...]:
        book = self._ctx.covenants.current
        return tuple(
            e.Attendee(partner=book.partner(one.partner).slug, role=one.role, secrecy=one.secrecy)
            for one in form.participants
        )

    def _chairperson(self, chair: UUID | None) -> UUID | None:
        """The actor who chairs; None when nobody is named, or somebody who is no chair here."""
        if chair is None:
            return None
        known = self._actors.answer(chair)
        return chair if CHAIR in known.roles and not known.revoked else None

    def _known(self, subject: UUID) -> None:
        if self._ctx.people.resolve(subject) is None:
            raise NotFoundError("There is no such subject in this node's register.")

    def _in_scope(self, form: cf.AgendaForm) -> None:
        """A case is talked over by partners in its scope: an item released to another would be refused (R36)."""
        for partner in form.partners:
            if partner != self._ctx.me.slug and scope.outside(self._ctx, form.case, partner, Side.SENDING):
                raise InputError(
                    "The case is not shared with {partner}, or is closed: share it first, or leave the partner out.",
                    partner=partner,
                )

    async def _judged_plan(self, actor: Actor, date: str, attendees: tuple[e.Attendee, ...]) -> None:
        """The codes that go to others hold no citizen service number."""
        told = w.Conference(
            conference=uuid4(), version=1, date=date, chair=self._ctx.me.slug, agenda=[],
            participants=[w.Attendee(**one.model_dump()) for one in attendees],
        )  # fmt: skip
        for one in attendees:
            if self.connected(one.partner):
                await self._post.judged(actor, one.partner, m.Kind.CONFERENCE, told)

    def _set(self, tx: Tx, actor: Actor, conference: UUID, form: cf.AgendaForm) -> UUID:
        item = uuid4()
        term = self.term
        self._say(
            tx, e.AgendaItemSet, conference, key_id=tx.new_key(term), retention=term, item=item, case=form.case,
            partners=tuple(dict.fromkeys(form.partners)), by=actor.id, subjects=[str(s) for s in form.subjects],
        )  # fmt: skip
        return item

    def _tell(self, tx: Tx, actor: Actor, conference: UUID, partners: Iterable[str]) -> list[Fresh]:
        facts = self.facts(conference, tx)
        return [
            self._post.compose(
                tx,
                recipient=partner,
                kind=m.Kind.CONFERENCE,
                work=self._told(facts, partner),
                act=conference,
                by=actor.id,
            )
            for partner in sorted(set(partners))
            if self.connected(partner)
        ]

    def _told(self, facts: list[Event], partner: str) -> w.Conference:
        """What ``partner`` may know of the plan."""
        newest = _newest(facts)
        items = [fact for fact in facts if isinstance(fact, e.AgendaItemSet) and partner in fact.partners]
        company = {one for item in items for one in item.partners} | {self._ctx.me.slug}
        return w.Conference(
            conference=newest.conference,
            version=newest.version,
            date=newest.date,
            chair=newest.chair,
            participants=[w.Attendee(**one.model_dump()) for one in _seats(newest) if one.partner in company],
            agenda=[
                w.AgendaEntry(
                    item=item.item,
                    case=item.case,
                    partners=list(item.partners),
                    subjects=self._references(item, partner),
                )
                for item in items
            ],
        )

    def _references(self, item: e.AgendaItemSet, partner: str) -> list[str]:
        """The subjects that both sides know. A reference is never made here: who it is goes with the first item about it."""
        handles = [] if isinstance(item.subjects, Gone) else item.subjects
        found = (self._ctx.people.reference_for(UUID(handle), partner) for handle in handles)
        return [reference for reference in found if reference is not None]

    # ------------------------------------------------------------------------------------ deciding

    async def decide(self, actor: Actor, conference: UUID, form: cf.DecideForm, key: Idempotency | None) -> None:
        """Release, strike or ask, item by item. Each owner hears of its own offers only.

        Raises:
            Refused: It is not this chair's to decide, or the offers were not held against article 11.2 yet (R12).
        """
        allow(actor, "conference.decide")
        state = await self.chaired_here(actor, conference)
        for one in form.decisions:
            owner = state.offer(one.offer).owner
            if one.question and self.connected(owner):
                asked = w.ChairDecided(
                    conference=conference, offer=one.offer, decision=one.decision, signatures=[], question=one.question
                )
                await self._post.judged(actor, owner, m.Kind.CHAIR_DECIDED, asked)
            no_number(one.question)

        def unit(tx: Tx, fresh: list[Fresh]) -> tuple[UUID, Result]:
            if form.minimisation_reviewed and not self.state(conference, tx).reviewed:
                today = local_day(tx.now).isoformat()
                self._say(tx, e.MinimisationReviewed, conference, on=today, by=actor.id)
            for one in form.decisions:
                fresh += self._decide(tx, actor, conference, one)
            return conference, {}

        await self.carry_out(actor, f"conference.decide:{conference}", key, form, unit)

    def _decide(self, tx: Tx, actor: Actor, conference: UUID, form: cf.DecisionForm) -> list[Fresh]:
        facts = self.facts(conference, tx)
        offered = next((f for f in facts if isinstance(f, e.ItemOffered) and f.offer == form.offer), None)
        if offered is None:
            raise NotFoundError("There is no such offer in this conference.")
        release = uuid4() if form.decision == "release" else None
        signatures = self._signatures(offered, release) if release is not None else {}
        term = self.term
        self._say(
            tx, e.OfferDecided, conference, key_id=tx.new_key(term), retention=term, offer=form.offer,
            decision=form.decision, release=release, signatures=signatures, wants_content=form.wants_content,
            by=actor.id, question=form.question,
        )  # fmt: skip
        if not self.connected(offered.owner):
            return []
        told = w.ChairDecided(
            conference=conference,
            offer=form.offer,
            decision=form.decision,
            release=release,
            reviewed_on=next((f.on for f in facts if isinstance(f, e.MinimisationReviewed)), None),
            signatures=[w.ReleaseSignature(recipient=to, signature=by) for to, by in sorted(signatures.items())],
            question=form.question,
            wants_content=form.wants_content,
        )
        return [
            self._post.compose(
                tx, recipient=offered.owner, kind=m.Kind.CHAIR_DECIDED, work=told, act=conference, by=actor.id
            )
        ]

    def _signatures(self, offered: e.ItemOffered, release: UUID) -> dict[str, str]:
        """One signature per recipient, so that none learns who else was given the item."""
        if isinstance(offered.field, Gone):
            raise ConflictError("This offer was erased; it cannot be released any more.")
        return {
            recipient: sign(self._ctx, release_of(offered, offered.field, release, recipient))
            for recipient in offered.recipients
        }


# ---------------------------------------------------------------------------------------- pure helpers


def release_of(offered: e.ItemOffered, field: str, release: UUID, recipient: str) -> Release:
    """What the chair signs about an offer, for one recipient."""
    return Release(
        conference=offered.conference,
        release=release,
        case=offered.case,
        owner=offered.owner,
        recipient=recipient,
        category=offered.category,
        field=field,
        purpose=offered.purpose,
        commitment=offered.commitment,
    )


def _seats(planned: e.Planned) -> tuple[e.Attendee, ...]:
    """Who sits at the table, as what, and what each of them signed.

    Raises:
        ConflictError: It was erased.
    """
    if isinstance(planned.participants, Gone):
        raise ConflictError(
            "What the participants of this conference signed was erased at the end of its term; plan a new one."
        )
    return planned.participants


def _newest(facts: list[Event]) -> e.Planned:
    planned = [fact for fact in facts if isinstance(fact, e.Planned)]
    if not planned:
        raise NotFoundError("There is no such conference at this node.")
    return planned[-1]
