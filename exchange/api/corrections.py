"""Routes about items after they were exchanged: corrections, recalls, what partners told, objections."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, status

from exchange.api.calls import Caller, Key, MessageId, Service
from exchange.node.corrections_forms import (
    CorrectionForm,
    ExtendForm,
    LiftForm,
    Notified,
    ObjectionAnswer,
    ObjectionForm,
    ProcessedForm,
    RecallForm,
    WeighForm,
    Worklist,
)

router = APIRouter(prefix="/v1", tags=["corrections"])


@router.post("/corrections", status_code=status.HTTP_201_CREATED)
async def correct(service: Service, actor: Caller, key: Key, form: CorrectionForm) -> Notified:
    """Say what an item should be; every partner that got it is told in one act."""
    return await service.corrections.correct(actor, form, key)


@router.get("/corrections")
async def corrections(service: Service, actor: Caller) -> list[Notified]:
    """Every correction of this node, with who was told, when, and what each answered."""
    return await service.corrections.listed(actor)


@router.post("/recalls", status_code=status.HTTP_201_CREATED)
async def recall(service: Service, actor: Caller, key: Key, form: RecallForm) -> Notified:
    """Ask back what was given wrongly or unlawfully. The partner restricts it at once, and answers."""
    return await service.recalls.recall(actor, form, key)


@router.get("/recalls")
async def recalls(service: Service, actor: Caller) -> list[Notified]:
    """Every recall of this node, with who was told, when, and what each answered."""
    return await service.recalls.listed(actor)


@router.get("/notifications")
async def notifications(service: Service, actor: Caller) -> Worklist:
    """What waits: to answer here, overdue at partners, to be mended further down."""
    return await service.notifications.worklist(actor)


@router.post("/inbox/{message}/processed", status_code=status.HTTP_201_CREATED)
async def processed(service: Service, actor: Caller, key: Key, message: MessageId, form: ProcessedForm) -> Worklist:
    """Answer a correction, recall or restriction of a partner. A recall to erase is carried out first."""
    return await service.notifications.process(actor, message, form, key)


@router.post("/objections", status_code=status.HTTP_201_CREATED)
async def objection(service: Service, actor: Caller, key: Key, form: ObjectionForm) -> ObjectionAnswer:
    """Somebody objects: from now on everything about this person may only be stored."""
    return await service.objections.receive(actor, form, key)


@router.get("/objections")
async def objections(service: Service, actor: Caller) -> list[ObjectionAnswer]:
    """Every objection; what waits for a decision first."""
    return await service.objections.listed(actor)


@router.get("/objections/{objection}")
async def objection_shown(service: Service, actor: Caller, objection: UUID) -> ObjectionAnswer:
    """One objection, with whom was told what."""
    return await service.objections.show(actor, objection)


@router.post("/objections/{objection}/extend")
async def objection_extended(service: Service, actor: Caller, objection: UUID, form: ExtendForm) -> ObjectionAnswer:
    """Take up to two months more, after telling the person why."""
    return await service.objections.extend(actor, objection, form)


@router.post("/objections/{objection}/decide")
async def objection_decided(service: Service, actor: Caller, objection: UUID, form: WeighForm) -> ObjectionAnswer:
    """Say how it was weighed, and why. The restriction stays."""
    return await service.objections.decide(actor, objection, form)


@router.post("/objections/{objection}/lift")
async def objection_lifted(
    service: Service, actor: Caller, key: Key, objection: UUID, form: LiftForm
) -> ObjectionAnswer:
    """End the restriction, here and at the recipients, after the person was told."""
    return await service.objections.lift(actor, objection, form, key)
