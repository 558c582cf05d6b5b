"""Routes about drafts: a signal or a disclosure that is still being filled in, and what case systems propose."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response, status

from exchange.api.calls import Caller, Key, Language, Service
from exchange.domain.numbering import numbering_of
from exchange.i18n import tr
from exchange.node.draft_forms import DraftAnswer, DraftExplanation, DraftRow, Missing
from exchange.node.forms import ActAnswer, OpenForm
from exchange.reports.refusals import explained

router = APIRouter(prefix="/v1/drafts", tags=["drafts"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def save(service: Service, actor: Caller, key: Key, form: OpenForm, response: Response) -> DraftRow:
    """Keep a form as far as it was filled in, sealed; only its maker sees it, and it goes after its last day."""
    answer = await service.drafts.save(actor, form, key)
    response.headers["Location"] = f"/v1/drafts/{answer.draft}"
    return answer


@router.get("")
async def drafts(service: Service, actor: Caller) -> list[DraftRow]:
    """Your drafts, and proposals of case systems that you may send; without their content."""
    return service.drafts.all(actor)


@router.get("/{draft}")
async def read(service: Service, actor: Caller, draft: UUID) -> DraftAnswer:
    """A draft with its content. That you read it is recorded."""
    return await service.drafts.read(actor, draft)


@router.put("/{draft}")
async def change(service: Service, actor: Caller, draft: UUID, form: OpenForm) -> DraftRow:
    """Save a draft anew, as a whole. Saving a proposal takes it up: from then on it is yours alone."""
    return await service.drafts.change(actor, draft, form)


@router.post("/{draft}/_explain")
async def explain(service: Service, actor: Caller, draft: UUID, language: Language) -> DraftExplanation:
    """What a draft still lacks; when nothing, what would happen per recipient. Nothing is sent; that you asked is recorded."""
    lacks = await service.drafts.explain(actor, draft)
    missing = [
        Missing(location=detail.location, type=detail.kind, message=detail.localised(tr(language)))
        for detail in lacks.missing
    ]
    return DraftExplanation(
        missing=missing, recipients=explained(lacks.recipients, language, numbering_of(await service.covenant()))
    )


@router.post("/{draft}/send", status_code=status.HTTP_201_CREATED)
async def send(service: Service, actor: Caller, key: Key, draft: UUID, response: Response) -> ActAnswer:
    """Share what the draft says. Its text here is destroyed with it; sending it again gives the same act."""
    answer = await service.drafts.send(actor, draft, key)
    response.headers["Location"] = f"/v1/acts/{answer.act}"
    return answer


@router.post("/{draft}/discard", status_code=status.HTTP_204_NO_CONTENT)
async def discard(service: Service, actor: Caller, draft: UUID) -> None:
    """Destroy a draft."""
    await service.drafts.discard(actor, draft)
