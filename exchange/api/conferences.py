"""Routes about case conferences: plan, offer, decide, minute, publish; and the agreements that wait to be done."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response, status

from exchange.api.calls import Caller, Key, Service
from exchange.node import conference_forms as cf
from exchange.node.forms import ActAnswer, Answer

router = APIRouter(prefix="/v1", tags=["conferences"])


class Planned(Answer):
    """The id of what was planned."""

    conference: UUID


class OnAgenda(Answer):
    """The id of an agenda item."""

    item: UUID


class Minuted(Answer):
    """The ids of the agreements, in the order of the form."""

    agreements: list[UUID]


@router.post("/conferences", status_code=status.HTTP_201_CREATED)
async def plan(service: Service, actor: Caller, key: Key, form: cf.ConferenceForm, response: Response) -> Planned:
    """Plan a case conference. Each participant is told the agenda items in whose scope it is, and no others."""
    conference = await service.conferences.plan(actor, form, key)
    response.headers["Location"] = f"/v1/conferences/{conference}"
    return Planned(conference=conference)


@router.get("/conferences")
async def conferences(service: Service, actor: Caller) -> list[cf.ConferenceRow]:
    """Every conference this node takes part in."""
    return await service.conferences.all(actor)


@router.get("/conferences/{conference}")
async def show(service: Service, actor: Caller, conference: UUID) -> cf.ConferenceAnswer:
    """One conference with its minutes. That you read it is recorded."""
    return await service.conferences.show(actor, conference)


@router.post("/conferences/{conference}/agenda", status_code=status.HTTP_201_CREATED)
async def agenda(service: Service, actor: Caller, key: Key, conference: UUID, form: cf.AgendaForm) -> OnAgenda:
    """Put a case on the agenda."""
    return OnAgenda(item=await service.conferences.agenda(actor, conference, form, key))


@router.post("/conferences/{conference}/offers", status_code=status.HTTP_201_CREATED)
async def offer(service: Service, actor: Caller, key: Key, conference: UUID, form: cf.OfferForm) -> cf.OffersMade:
    """Offer items without their content; the content stays here until the chair releases it."""
    return await service.offers.offer(actor, conference, form, key)


@router.get("/conferences/{conference}/offers")
async def offers(service: Service, actor: Caller, conference: UUID) -> list[cf.OfferAnswer]:
    """The offers, never their content: all of them for the chair, your own organisation's for others."""
    return await service.conferences.offers(actor, conference)


@router.post("/conferences/{conference}/decisions", status_code=status.HTTP_204_NO_CONTENT)
async def decide(service: Service, actor: Caller, key: Key, conference: UUID, form: cf.DecideForm) -> None:
    """Release, strike or ask, item by item."""
    await service.conferences.decide(actor, conference, form, key)


@router.post("/conferences/{conference}/offers/{offer}/confirm", status_code=status.HTTP_201_CREATED)
async def confirm(service: Service, actor: Caller, conference: UUID, offer: UUID) -> ActAnswer:
    """Send a released item. Every gate is asked again now."""
    return await service.offers.confirm(actor, conference, offer)


@router.post("/conferences/{conference}/offers/{offer}/withdraw", status_code=status.HTTP_204_NO_CONTENT)
async def withdraw(service: Service, actor: Caller, conference: UUID, offer: UUID) -> None:
    """Take an offer back before it was sent."""
    await service.offers.withdraw(actor, conference, offer)


@router.post("/conferences/{conference}/offers/{offer}/show-to-chair", status_code=status.HTTP_201_CREATED)
async def show_to_chair(
    service: Service, actor: Caller, conference: UUID, offer: UUID, form: cf.ToChairForm
) -> ActAnswer:
    """Show the chair what it asked to see: a disclosure to the chair's organisation."""
    return await service.offers.show_to_chair(actor, conference, offer, form)


@router.post("/conferences/{conference}/minutes", status_code=status.HTTP_201_CREATED)
async def minutes(service: Service, actor: Caller, key: Key, conference: UUID, form: cf.MinutesForm) -> Minuted:
    """Write down agreements and decisions on one agenda item."""
    return Minuted(agreements=await service.conferences.minutes(actor, conference, form, key))


@router.post("/conferences/{conference}/outcome", status_code=status.HTTP_204_NO_CONTENT)
async def outcome(service: Service, actor: Caller, key: Key, conference: UUID, form: cf.OutcomeForm) -> None:
    """Publish agreements and decisions to the partners in scope of each agenda item."""
    await service.conferences.outcome(actor, conference, form, key)


@router.get("/agreements")
async def agreements(service: Service, actor: Caller) -> list[cf.AgreementAnswer]:
    """What your organisation agreed to do and has not done, soonest first."""
    return await service.conferences.agreements(actor)


@router.post("/agreements/{agreement}/done", status_code=status.HTTP_204_NO_CONTENT)
async def done(service: Service, actor: Caller, agreement: UUID) -> None:
    """It was done."""
    await service.conferences.agreement_done(actor, agreement)
