"""Case conferences in memory behind the real ports: remembers who asked what; holds invented cases only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from exchange.errors import NotFoundError
from exchange.node import conference_forms as cf
from exchange.node import forms as f
from exchange.node.service import Actor, ConferenceService, Idempotency, OfferService

CONFERENCE, ITEM, CASE, OFFER, AGREEMENT = (UUID(int=n) for n in range(70, 75))
Use = Callable[..., None]


def agreement(**changes: Any) -> cf.AgreementAnswer:
    return cf.AgreementAnswer(
        **{
            "agreement": AGREEMENT, "conference": CONFERENCE, "case": CASE, "owner": "welzijn", "due": date(2026, 3, 20),
            "overdue": True, "done": False, "action": "Opruimhulp regelen", "third_party": "Zorgteam Fictie", **changes,
        }
    )  # fmt: skip


class FakeConferences:
    """The chair's side, and what everybody reads."""

    def __init__(self, use: Use) -> None:
        self._use = use

    async def plan(self, actor: Actor, form: cf.ConferenceForm, key: Idempotency | None) -> UUID:
        self._use(actor, "conference.plan", (form, key))
        return CONFERENCE

    async def agenda(self, actor: Actor, conference: UUID, form: cf.AgendaForm, key: Idempotency | None) -> UUID:
        self._use(actor, "conference.agenda", (conference, form, key))
        return ITEM

    async def all(self, actor: Actor) -> list[cf.ConferenceRow]:
        self._use(actor, "conference.list")
        return [
            cf.ConferenceRow(
                conference=CONFERENCE, chair="gemeente", date=date(2026, 3, 12), version=2, items=1, offers_open=3
            )
        ]

    async def show(self, actor: Actor, conference: UUID) -> cf.ConferenceAnswer:
        self._use(actor, "conference.show", conference)
        if conference != CONFERENCE:
            raise NotFoundError("There is no such conference at this node.")
        return cf.ConferenceAnswer(
            conference=CONFERENCE, chair="gemeente", date=date(2026, 3, 12), version=2, chairperson=None,
            minutes_taker=None, reviewed_on=date(2026, 3, 12), next_date=None,
            participants=[cf.AttendeeAnswer(partner="welzijn", role="DEELNEMER", secrecy="verklaring-1")],
            agenda=[
                cf.AgendaAnswer(
                    item=ITEM, case=CASE, partners=["gemeente", "welzijn"], subjects=[], version=1,
                    agreements=[agreement(), agreement(done=True, overdue=False, action=None)],
                    decisions=[
                        cf.ResolutionAnswer(decision=UUID(int=80), text="Opschalen."),
                        cf.ResolutionAnswer(decision=UUID(int=81), text=None),
                    ],
                )
            ],
        )  # fmt: skip

    async def offers(self, actor: Actor, conference: UUID) -> list[cf.OfferAnswer]:
        self._use(actor, "conference.offers", conference)
        offered = cf.OfferAnswer(
            offer=OFFER, item=ITEM, case=CASE, owner="welzijn", category="HUISVESTING", field="staat",
            purpose="P0_ONDERSTEUNING", why="nodig voor het plan", subject=UUID(int=7), subject_label="Jelle Verzonnen",
            recipients=["gemeente"],
            status="held-back", automatic=True, release=UUID(int=82), question="", wants_content=False, codes=["R15"],
            answers=None, act=None,
        )  # fmt: skip
        return [offered, offered.model_copy(update={"field": None, "why": None, "codes": [], "status": "struck"})]

    async def decide(self, actor: Actor, conference: UUID, form: cf.DecideForm, key: Idempotency | None) -> None:
        self._use(actor, "conference.decide", (conference, form, key))

    async def minutes(
        self, actor: Actor, conference: UUID, form: cf.MinutesForm, key: Idempotency | None
    ) -> list[UUID]:
        self._use(actor, "conference.minutes", (conference, form, key))
        return [AGREEMENT for _ in form.agreements]

    async def outcome(self, actor: Actor, conference: UUID, form: cf.OutcomeForm, key: Idempotency | None) -> None:
        self._use(actor, "conference.outcome", (conference, form, key))

    async def agreements(self, actor: Actor) -> list[cf.AgreementAnswer]:
        self._use(actor, "agreement.list")
        return [agreement()]

    async def agreement_done(self, actor: Actor, agreement: UUID) -> None:
        self._use(actor, "agreement.done", agreement)


class FakeOffers:
    """An owner's side."""

    def __init__(self, use: Use, act: Callable[[str], f.ActAnswer]) -> None:
        self._use, self._act = use, act

    async def offer(self, actor: Actor, conference: UUID, form: cf.OfferForm, key: Idempotency | None) -> cf.OffersMade:
        self._use(actor, "conference.offer", (conference, form, key))
        return cf.OffersMade(offers=[OFFER for _ in form.share.items])

    async def confirm(self, actor: Actor, conference: UUID, offer: UUID) -> f.ActAnswer:
        self._use(actor, "conference.confirm", (conference, offer))
        return self._act("welzijn")

    async def withdraw(self, actor: Actor, conference: UUID, offer: UUID) -> None:
        self._use(actor, "conference.offer", (conference, offer))

    async def show_to_chair(self, actor: Actor, conference: UUID, offer: UUID, form: cf.ToChairForm) -> f.ActAnswer:
        self._use(actor, "conference.confirm", (conference, offer, form))
        return self._act("gemeente")


def as_ports(use: Use, act: Callable[[str], f.ActAnswer]) -> tuple[ConferenceService, OfferService]:
    """The type checker proves here that the fakes are what they stand for."""
    return FakeConferences(use), FakeOffers(use, act)
