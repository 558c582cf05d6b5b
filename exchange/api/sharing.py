"""Routes about sharing: signals, disclosures, the inbox and the outbox."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from exchange.api.calls import Caller, Key, Language, MessageId, Service
from exchange.domain.numbering import numbering_of
from exchange.node.draft_forms import SuggestForm, SuggestionAnswer
from exchange.node.forms import (
    ActAnswer,
    AskedForm,
    DropForm,
    Explanation,
    InboxRow,
    MessageAnswer,
    OutboxRow,
    ReplyForm,
)
from exchange.reports.refusals import explained

router = APIRouter(prefix="/v1", tags=["sharing"])


@router.post("/acts", status_code=status.HTTP_201_CREATED)
async def share(service: Service, actor: Caller, key: Key, form: AskedForm, response: Response) -> ActAnswer:
    """Send a signal or make a disclosure. A refusal carries every reason at once and stores no content.

    With `profile` the form may leave out what the covenant's profile says.
    """
    answer = await service.share(actor, service.completed(form), key)
    response.headers["Location"] = f"/v1/acts/{answer.act}"
    return answer


@router.post("/acts/_explain")
async def explain(service: Service, actor: Caller, form: AskedForm, language: Language) -> list[Explanation]:
    """Say per recipient what would happen, without sending anything. That you asked about this person is recorded."""
    answers = await service.explain(actor, service.completed(form))
    return explained(answers, language, numbering_of(await service.covenant()))


@router.post("/acts/_suggest")
async def suggest(service: Service, actor: Caller, form: SuggestForm) -> SuggestionAnswer:
    """What the covenant lets this partner fill in: recipients, purposes, bases, fields, and the grounds that are needed."""
    return await service.suggest(actor, form)


@router.get("/acts/{act}")
async def act(
    service: Service,
    actor: Caller,
    act: UUID,
    wait_s: Annotated[
        float, Query(alias="waitS", ge=0, le=60, description="Wait at most this long for every receipt.")
    ] = 0,
) -> ActAnswer:
    """Where the messages of one act stand."""
    return await service.act(actor, act, wait_s=wait_s)


@router.get("/inbox")
async def inbox(service: Service, actor: Caller) -> list[InboxRow]:
    """What partners sent, without its content."""
    return await service.inbox(actor)


@router.get("/inbox/{message}")
async def read(service: Service, actor: Caller, message: MessageId) -> MessageAnswer:
    """One message with its text. That you read it is recorded."""
    return await service.read_message(actor, message)


@router.post("/inbox/{message}/replies", status_code=status.HTTP_201_CREATED)
async def reply(service: Service, actor: Caller, key: Key, message: MessageId, form: ReplyForm) -> ActAnswer:
    """Tell the sender that it was taken up or handled."""
    return await service.reply(actor, message, form, key)


@router.get("/outbox")
async def outbox(service: Service, actor: Caller) -> list[OutboxRow]:
    """Messages without a receipt."""
    return await service.outbox(actor)


@router.post("/outbox/{message}/retry", status_code=status.HTTP_204_NO_CONTENT)
async def retry(service: Service, actor: Caller, message: MessageId) -> None:
    """Send a message again now."""
    await service.retry_message(actor, message)


@router.post("/outbox/{message}/drop", status_code=status.HTTP_204_NO_CONTENT)
async def drop(service: Service, actor: Caller, message: MessageId, form: DropForm) -> None:
    """Let a message go; a signed void takes its sequence number."""
    await service.drop_message(actor, message, form)
