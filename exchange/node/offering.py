"""The owner's side of a case conference: offer without content, send what the chair released, and nothing else.

The content of an offer lies sealed under a key of its own, with the term of what was not taken up (six weeks in the proposal),
and leaves the node only as an ordinary disclosure after the release: every gate is asked again at that moment. A struck item
never leaves; its text goes with that key.
"""

from __future__ import annotations

import os
from typing import Final
from uuid import UUID, uuid4

import structlog

from exchange.domain import conference as domain
from exchange.domain import events as e
from exchange.domain.event import Gone
from exchange.domain.proposal import Finding
from exchange.errors import ConflictError, ExchangeError, InputError, NotAllowedError, NotFoundError
from exchange.node import conference_forms as cf
from exchange.node import forms as f
from exchange.node.actors import Actors
from exchange.node.commands import Bell, Result, allow
from exchange.node.conference_table import Table, refused
from exchange.node.context import Context
from exchange.node.drafting import EXCHANGE, Drafting
from exchange.node.numbers import no_number
from exchange.node.release import SALT, commitment
from exchange.node.service import Actor, Idempotency, Refused
from exchange.node.sharing import Sharing
from exchange.node.work import Fresh, Post
from exchange.node.writer import Tx
from exchange.wire import conference as w
from exchange.wire import messages as m

LOOK_AGAIN_S = 600.0
"""A release that could not be sent because the disk refused is tried again after the next news, or after this."""
OF_WHO_DECIDES: Final = frozenset({"R26", "R32"})
"""Gates that ask about the person who decides: at an offer that waits for a person, that is not who offers it."""
log = structlog.get_logger()


class Offering(Table):
    """See the module."""

    def __init__(
        self, ctx: Context, post: Post, sharing: Sharing, drafting: Drafting, actors: Actors, bell: Bell
    ) -> None:
        super().__init__(ctx, post)
        self._sharing = sharing
        self._actors = actors
        self._bell = bell
        self._drafting = drafting

    # ------------------------------------------------------------------------------------ offering

    async def offer(self, actor: Actor, conference: UUID, form: cf.OfferForm, key: Idempotency | None) -> cf.OffersMade:
        """Offer every item of the form apart: the chair reads category, field, purpose and why, never the content.

        Raises:
            Refused: The covenant would not allow the disclosure even when released, or this partner is not in scope.
        """
        allow(actor, "conference.offer")
        state = self.state(conference)
        item = state.agenda.get(form.item)
        if item is None:
            raise NotFoundError("There is no such item on the agenda of this conference.")
        share = _disclosure(form.share, state, item)
        if form.send_on_release and actor.kind != "person":
            raise await self.recorded(actor, m.Kind.OFFERED, refused(Finding("R32"), state.chair))
        await self._would_pass(actor, share, automatic=form.send_on_release)
        salts = [os.urandom(SALT).hex() for _ in share.items]
        offers = [self._wire(form, state, item, share, n, salt) for n, salt in enumerate(salts)]
        held = [w.Held(offer=form.answers, codes=[])] if form.answers is not None else []
        told = w.Offered(conference=conference, offers=offers, held=held)
        if self.connected(state.chair):
            await self._post.judged(actor, state.chair, m.Kind.OFFERED, told)
        no_number(form.why)  # also when the chair is our own

        def unit(tx: Tx, fresh: list[Fresh]) -> tuple[UUID, Result]:
            for one, salt, number in zip(offers, salts, range(len(salts)), strict=True):
                self._seal(tx, actor, state, form, share, one, salt, number)
            if form.answers is not None:
                self.say(tx, state.chair, conference, e.OfferWithdrawn, offer=form.answers, by=actor.id)
            fresh += self._tell(tx, actor, state, told)
            return conference, {"offers": [str(one.offer) for one in offers]}

        _, result = await self.carry_out(actor, f"conference.offer:{conference}", key, form, unit)
        made = result["offers"]
        return cf.OffersMade(offers=[UUID(one) for one in made] if isinstance(made, list) else [])

    async def _would_pass(self, actor: Actor, share: f.ShareForm, *, automatic: bool) -> None:
        """Ask every gate but those that wait: for the chair, and for whoever will confirm. All are asked when it is sent."""
        waiting = {domain.NO_RELEASE.code} | (set() if automatic else OF_WHO_DECIDES)
        found = [r for told in self._drafting.explain(actor, share) for r in told.refusals]
        against = [reason for reason in found if reason.code not in waiting]
        if against:
            status = max(Finding(reason.code).refusal.status for reason in against)
            raise await self.recorded(actor, m.Kind.OFFERED, Refused(against, status))

    def _wire(
        self,
        form: cf.OfferForm,
        state: domain.Conference,
        item: domain.AgendaItem,
        share: f.ShareForm,
        n: int,
        salt: str,
    ) -> w.Offer:
        fields = self._drafting.item(share.items[n])
        return w.Offer(
            offer=uuid4(),
            item=item.item,
            case=item.case,
            category=fields.category,
            field=fields.field,
            purpose=share.purpose,
            subject=self._ctx.people.reference_for(share.subject, state.chair),
            why=form.why,
            recipients=sorted(r.partner for r in share.recipients),
            commitment=commitment(salt, fields),
            answers=form.answers,
        )

    def _seal(
        self,
        tx: Tx,
        actor: Actor,
        state: domain.Conference,
        form: cf.OfferForm,
        share: f.ShareForm,
        offer: w.Offer,
        salt: str,
        number: int,
    ) -> None:
        term = self._ctx.covenants.current.covenant.settings.signal_retention
        one = share.model_copy(update={"items": [share.items[number]]})
        self.say(
            tx, state.chair, state.conference, e.ItemOffered, key_id=tx.new_key(term), retention=term,
            owner=self._ctx.me.slug, automatic=form.send_on_release, by=actor.id, content=one.model_dump_json(),
            salt=salt, **offer.model_dump(exclude={"recipients", "subject"}), recipients=tuple(offer.recipients),
            subject=str(share.subject),
        )  # fmt: skip

    def _tell(self, tx: Tx, actor: Actor | None, state: domain.Conference, told: w.Offered) -> list[Fresh]:
        if not self.connected(state.chair):
            return []
        by = actor.id if actor is not None else None
        return [
            self._post.compose(tx, recipient=state.chair, kind=m.Kind.OFFERED, work=told, act=state.conference, by=by)
        ]

    async def withdraw(self, actor: Actor, conference: UUID, offer: UUID) -> None:
        """Take an offer back before it was sent."""
        allow(actor, "conference.offer")
        state = self.state(conference)
        state.offer(offer)
        told = w.Offered(conference=conference, offers=[], held=[w.Held(offer=offer, codes=[])])

        def unit(tx: Tx, fresh: list[Fresh]) -> tuple[UUID, Result]:
            self.say(tx, state.chair, conference, e.OfferWithdrawn, offer=offer, by=actor.id)
            fresh += self._tell(tx, actor, state, told)
            return offer, {}

        await self.carry_out(actor, f"conference.withdraw:{offer}", None, cf.OfferRef(offer=offer), unit)

    # ------------------------------------------------------------------------------------ sending

    async def confirm(self, actor: Actor, conference: UUID, offer: UUID) -> f.ActAnswer:
        """Send a released item; the one who confirms decides (AVG 22).

        Raises:
            Refused: The chair did not release it (R12), or a gate refuses it now; then it is held back and the chair told.
        """
        allow(actor, "conference.confirm")
        return await self._sharing.act(await self._fulfil(actor, conference, offer), 0)

    async def show_to_chair(self, actor: Actor, conference: UUID, offer: UUID, form: cf.ToChairForm) -> f.ActAnswer:
        """Show the chair what an offer holds, because the chair asked: an ordinary disclosure to the chair's partner."""
        allow(actor, "conference.confirm")
        state, made = self._own(conference, offer)
        if state.chair == self._ctx.me.slug:
            raise ConflictError("The chair belongs to this organisation; there is nothing to disclose.")
        if state.offer(offer).status is not domain.Status.ASKED:
            raise ConflictError("The chair did not ask about this offer.")
        to = f.RecipientForm(partner=state.chair, **form.model_dump())
        share = _content(made).model_copy(update={"recipients": [to], "conference": None})
        return await self._sharing.act(await self._sharing.share(actor, share, None), 0)

    def _own(self, conference: UUID, offer: UUID) -> tuple[domain.Conference, e.ItemOffered]:
        facts = self.facts(conference)
        made = next((x for x in facts if isinstance(x, e.ItemOffered) and x.offer == offer), None)
        if made is None or made.owner != self._ctx.me.slug:
            raise NotFoundError("There is no such offer in this conference.")
        return self.state(conference), made

    async def _fulfil(self, actor: Actor, conference: UUID, offer: UUID) -> UUID:
        state, made = self._own(conference, offer)
        known = state.offer(offer)
        if known.status not in domain.SENDABLE:
            self._why_not(known)
            raise await self.recorded(actor, m.Kind.OFFERED, refused(domain.NO_RELEASE, state.chair))

        def fulfilled(tx: Tx, act: UUID) -> None:
            self.say(tx, state.chair, conference, e.OfferFulfilled, offer=offer, act=act, by=actor.id)

        try:
            share = _content(made).model_copy(update={"chair_release": known.release})
            return await self._sharing.share(actor, share, Idempotency(f"release:{known.release}"), fulfilled)
        except Refused as refusal:
            await self._hold(actor, state, offer, sorted({reason.code for reason in refusal.refusals}))
            raise

    @staticmethod
    def _why_not(offer: domain.Offer) -> None:
        if offer.status in {domain.Status.SENT, domain.Status.WITHDRAWN}:
            raise ConflictError("This offer was sent or withdrawn already.")

    async def _hold(self, actor: Actor, state: domain.Conference, offer: UUID, codes: list[str]) -> None:
        """It was released and does not go: the chair hears why, by codes."""
        told = w.Offered(conference=state.conference, offers=[], held=[w.Held(offer=offer, codes=codes)])

        def unit(tx: Tx) -> list[Fresh]:
            self.say(tx, state.chair, state.conference, e.OfferHeldBack, offer=offer, codes=tuple(codes), by=actor.id)
            return self._tell(tx, actor, state, told)

        self._post.send(await self._ctx.writer.run(unit))

    def to_answer(self) -> int:
        """Own offers that wait for a person: the chair asked, or released it and nobody sent it, or a gate held it back."""
        return self._ctx.ledger.count(
            "offers WHERE owner=? AND (status IN ('asked','held-back') OR (status='released' AND automatic=0))",
            self._ctx.me.slug,
        )

    # ------------------------------------------------------------------------------------ on release

    async def run(self) -> None:
        """Send what was released and decided beforehand to go on release; whatever came between, also after a start."""
        while True:
            await self.send_released()
            await self._bell.wait(LOOK_AGAIN_S)

    async def send_released(self) -> None:
        """One pass over what waits; an offer that a gate refuses is held back and waits no more."""
        for row in self._ctx.ledger.rows(
            "SELECT o.offer, o.conference FROM offers o WHERE o.status='released' AND o.automatic=1 AND o.owner=?",
            self._ctx.me.slug,
        ):
            offer, conference = UUID(row["offer"]), UUID(row["conference"])
            try:
                await self._on_release(conference, offer)
            except Refused:  # recorded, held back, told
                continue
            except ExchangeError as error:  # the disk, or a race with a person who was quicker
                log.warning("release-later", code=error.code)

    async def _on_release(self, conference: UUID, offer: UUID) -> None:
        state = self.state(conference)
        by = state.offer(offer).by
        person = self._actors.answer(by) if by is not None else None
        actor = Actor(person.actor, person.kind, frozenset(person.roles)) if person is not None else None
        if actor is None:
            return
        try:
            allow(actor, "conference.confirm")
        except NotAllowedError:
            person = None
        if person is None or person.revoked:  # whoever decided may not any more: somebody else has to look
            await self._hold(actor, state, offer, ["R32"])
            return
        await self._fulfil(actor, conference, offer)


# ---------------------------------------------------------------------------------------- pure helpers


def _disclosure(share: f.ShareForm, state: domain.Conference, item: domain.AgendaItem) -> f.ShareForm:
    """The disclosure that an offer would become. It names nobody who decided: that is whoever confirms it (AVG 22).

    Raises:
        InputError: It is no disclosure over the exchange, or belongs to another case or conference.
    """
    if share.kind != "disclosure" or share.channel != EXCHANGE or share.chair_release is not None:
        raise InputError("An offer holds a disclosure over the exchange that was not released yet.")
    if share.case not in {None, item.case} or share.conference not in {None, state.conference}:
        raise InputError("The disclosure in an offer belongs to the case on the agenda and to no other.")
    if len(share.items) > w.MOST:
        raise InputError("Offer at most {most} items at a time.", most=w.MOST)
    return share.model_copy(update={"case": item.case, "conference": state.conference, "decided_by": None})


def _content(made: e.ItemOffered) -> f.ShareForm:
    """What was offered.

    Raises:
        Refused: Its term is over and it was erased (R19).
    """
    if isinstance(made.content, Gone):
        raise refused(Finding("R19"), made.owner)
    return f.ShareForm.model_validate_json(made.content)
