"""Routes about accountability: who knows what, the log, the cursor feed, verify, replay and the story."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from exchange.api.calls import Caller, Index, Language, Service, Slug
from exchange.api.streams import MEDIA, Line, ndjson
from exchange.errors import NotFoundError
from exchange.node.forms import FeedRow, Form, LogRow, WhoKnows, WhoKnowsQuery
from exchange.reports.titles import Titles
from exchange.reports.who_knows import render

router = APIRouter(prefix="/v1", tags=["accountability"])

_NDJSON: dict[int | str, dict[str, object]] = {
    200: {"model": Line, "content": {MEDIA: {}}, "description": "Progress first, the answer or a problem last."}
}
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""The page holds its own style and nothing else: no script, image, font or link outside."""


class StoryForm(Form):
    """Whose story; give exactly one."""

    case: UUID | None = None
    subject: UUID | None = None
    partner: Slug | None = None


@router.post("/who-knows", response_model=WhoKnows, responses={200: {"content": {"text/html": {}}}})
async def who_knows(
    request: Request, service: Service, actor: Caller, query: WhoKnowsQuery, language: Language
) -> WhoKnows | Response:
    """Say who knows what about a person, since when, why and until when; as JSON, or as a page to print."""
    answer = await service.who_knows(actor, query)
    if "text/html" not in request.headers.get("accept", ""):
        return answer
    titles = Titles.of_covenant(await service.covenant())
    page = render(answer, language, titles)
    # Recorded before the page leaves: erasure cannot reach a copy on paper, but it can be chased.
    await service.copied_out(actor, "who-knows", answer.subject)
    return HTMLResponse(page, headers={"Content-Security-Policy": _PAGE_POLICY, "Content-Language": language})


@router.get("/log")
async def log(
    service: Service,
    actor: Caller,
    start: Index = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[LogRow]:
    """List the public part of log entries."""
    return await service.log_rows(actor, start, limit)


@router.get("/log/{index}")
async def log_entry(service: Service, actor: Caller, index: Index) -> LogRow:
    """Show the public part of one log entry."""
    rows = await service.log_rows(actor, index, 1)
    if not rows or rows[0].index != index:
        raise NotFoundError("The log has no entry {index}.", index=index)
    return rows[0]


@router.get("/feed")
async def feed(
    service: Service,
    actor: Caller,
    cursor: Index = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[FeedRow]:
    """Read on from a cursor; start at 0, then give the last cursor you saw. Holds no personal data."""
    return await service.feed(actor, cursor, limit)


@router.post("/log/_verify", response_class=StreamingResponse, responses=_NDJSON)
async def verify(service: Service, actor: Caller, language: Language) -> StreamingResponse:
    """Re-read every entry, leaf, signature and sealed part."""
    return await ndjson(service.verify_log(actor), language)


@router.post("/log/_replay", response_class=StreamingResponse, responses=_NDJSON)
async def replay(service: Service, actor: Caller, language: Language) -> StreamingResponse:
    """Rebuild every view from the log alone, and compare."""
    return await ndjson(service.replay_log(actor), language)


@router.post("/log/_story", response_class=StreamingResponse, responses=_NDJSON)
async def story(service: Service, actor: Caller, form: StoryForm, language: Language) -> StreamingResponse:
    """Tell in order what happened in a case, to a subject, or with a partner."""
    lines = service.story(actor, case=form.case, subject=form.subject, partner=form.partner)
    return await ndjson(lines, language)
