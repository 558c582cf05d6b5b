"""Routes about what has to be on record before sharing, and what is owed after acute danger. Who it is about stands in bodies."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from exchange.api.calls import Caller, Key, Language, Service
from exchange.domain.numbering import numbering_of
from exchange.node.facts_forms import (
    AboutForm,
    ActivityAnswer,
    ActivityForm,
    DecisionAnswer,
    DecisionForm,
    DueReview,
    DutyAnswer,
    ExceptionAnswer,
    ExceptionForm,
    FactAnswer,
    FulfilForm,
    NoticeAnswer,
    ReviewForm,
    SubjectNoticeForm,
    TrainingAnswer,
    TrainingForm,
    WeighForm,
    WhyForm,
    WorkAnswer,
)
from exchange.reports.refusals import duty_in_language

router = APIRouter(prefix="/v1", tags=["facts"])


@router.post("/notices", status_code=status.HTTP_201_CREATED)
async def give_notice(service: Service, actor: Caller, key: Key, form: SubjectNoticeForm) -> FactAnswer:
    """Record that a person was informed beforehand (covenant article 10.1)."""
    return await service.facts.give_notice(actor, form, key)


@router.post("/notices/_zoek")
async def notices(service: Service, actor: Caller, form: AboutForm) -> list[NoticeAnswer]:
    """What a person was told. That you read it is recorded."""
    return await service.facts.notices(actor, form)


@router.post("/exceptions", status_code=status.HTTP_201_CREATED)
async def invoke_exception(service: Service, actor: Caller, key: Key, form: ExceptionForm) -> FactAnswer:
    """Record why a person is not informed, and when that is looked at again."""
    return await service.facts.invoke_exception(actor, form, key)


@router.post("/exceptions/_zoek")
async def exceptions(service: Service, actor: Caller, form: AboutForm) -> list[ExceptionAnswer]:
    """Why a person was not told. That you read it is recorded."""
    return await service.facts.exceptions(actor, form)


@router.get("/exceptions/due")
async def reviews_due(
    service: Service, actor: Caller, until: Annotated[date | None, Query(description="Up to this day.")] = None
) -> list[DueReview]:
    """Exceptions that have to be looked at; not about whom."""
    return await service.facts.reviews_due(actor, until)


@router.post("/exceptions/{exception}/reviews", status_code=status.HTTP_201_CREATED)
async def review_exception(service: Service, actor: Caller, exception: UUID, form: ReviewForm) -> FactAnswer:
    """Prolong an exception until a next review, or end it."""
    return await service.facts.review_exception(actor, exception, form)


@router.post("/wpg-decisions", status_code=status.HTTP_201_CREATED)
async def register_decision(service: Service, actor: Caller, key: Key, form: DecisionForm) -> FactAnswer:
    """Register a decision of the police to disclose (Wpg 16, 18, 19, 20)."""
    return await service.facts.register_decision(actor, form, key)


@router.get("/wpg-decisions")
async def decisions(service: Service, actor: Caller) -> list[DecisionAnswer]:
    """Every registered Wpg decision."""
    return await service.facts.decisions(actor)


@router.post("/wpg-decisions/{decision}/withdraw", status_code=status.HTTP_204_NO_CONTENT)
async def withdraw_decision(service: Service, actor: Caller, decision: UUID, form: WhyForm) -> None:
    """Withdraw a decision: from now on it carries nothing."""
    await service.facts.withdraw_decision(actor, decision, form)


@router.post("/trainings", status_code=status.HTTP_204_NO_CONTENT)
async def record_training(service: Service, actor: Caller, form: TrainingForm) -> None:
    """Record that an actor followed a privacy training (covenant article 12.1)."""
    await service.facts.record_training(actor, form)


@router.get("/trainings")
async def trainings(service: Service, actor: Caller) -> list[TrainingAnswer]:
    """The last training of everybody who followed one."""
    return await service.facts.trainings(actor)


@router.post("/processing-activities", status_code=status.HTTP_201_CREATED)
async def register_activity(service: Service, actor: Caller, key: Key, form: ActivityForm) -> ActivityAnswer:
    """A new or changed entry of the processing register (covenant article 13.1); a change gives it a new identifier."""
    return await service.facts.register_activity(actor, form, key)


@router.get("/processing-activities")
async def activities(service: Service, actor: Caller) -> list[ActivityAnswer]:
    """The processing register as it stands."""
    return await service.facts.activities(actor)


@router.post("/processing-activities/{entry}/end", status_code=status.HTTP_204_NO_CONTENT)
async def end_activity(service: Service, actor: Caller, entry: UUID) -> None:
    """The processing stopped; the entry stays for what was done under it."""
    await service.facts.end_activity(actor, entry)


@router.post("/acts/{act}/weighing", status_code=status.HTTP_201_CREATED)
async def weigh(service: Service, actor: Caller, key: Key, act: UUID, form: WeighForm) -> FactAnswer:
    """Write the weighing of an act that acute danger did not let wait for it."""
    return await service.facts.weigh(actor, act, form, key)


@router.get("/duties")
async def duties(
    service: Service,
    actor: Caller,
    language: Language,
    closed: Annotated[bool, Query(description="Also what was made good.")] = False,  # noqa: FBT002 - a query parameter
) -> list[DutyAnswer]:
    """What is owed after acute danger, the most urgent first; not about whom."""
    numbering = numbering_of(await service.covenant())
    return [duty_in_language(duty, language, numbering) for duty in service.facts.duties.all(actor, closed=closed)]


@router.post("/duties/{duty}/fulfil")
async def fulfil(service: Service, actor: Caller, language: Language, duty: UUID, form: FulfilForm) -> DutyAnswer:
    """Make a duty good by the chair's release, or by a privacy officer's reason."""
    fulfilled = await service.facts.duties.fulfil(actor, duty, form)
    return duty_in_language(fulfilled, language, numbering_of(await service.covenant()))


@router.get("/worklist")
async def worklist(service: Service, actor: Caller) -> list[WorkAnswer]:
    """How much waits for you; never about whom."""
    return await service.worklist(actor)
