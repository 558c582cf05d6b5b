"""Routes about casework: signals and triage, cases, who may look, third parties, feedback. Texts go in bodies only."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from exchange.api.calls import Caller, Key, MessageId, Service
from exchange.node import casework_forms as cf
from exchange.node.forms import ActAnswer, MessageAnswer

router = APIRouter(prefix="/v1", tags=["casework"])

CREATED = status.HTTP_201_CREATED
DONE = status.HTTP_204_NO_CONTENT

# ---------------------------------------------------------------------------------------- signals and triage


@router.get("/signals")
async def signals(
    service: Service,
    actor: Caller,
    *,
    waiting: Annotated[bool, Query(description="Only those that nobody judged yet.")] = False,
) -> list[cf.SignalRow]:
    """Own, received and sent signals, without their content."""
    return service.signals.all(actor, waiting=waiting)


@router.post("/signals", status_code=CREATED)
async def note(service: Service, actor: Caller, key: Key, form: cf.NoteForm) -> cf.SignalRow:
    """Keep a signal of your own. Nobody else hears of it."""
    return await service.signals.note(actor, form, key)


@router.post("/signals/{signal}/_read")
async def read_signal(service: Service, actor: Caller, signal: UUID, form: cf.ReasonForm) -> cf.SignalAnswer:
    """Read a signal of your own; who reported it is not in it. That you read it is recorded."""
    return await service.signals.read(actor, signal, form.reason)


@router.post("/signals/{signal}/_reporter")
async def reporter(service: Service, actor: Caller, signal: UUID) -> cf.ReporterAnswer:
    """Say who reported a signal of your own. That you asked is recorded."""
    return await service.signals.reporter(actor, signal)


@router.post("/triage", status_code=CREATED)
async def triage(service: Service, actor: Caller, key: Key, form: cf.TriageForm) -> cf.TriageAnswer:
    """Judge a signal: what is done with it, and why."""
    return await service.signals.triage(actor, form, key)


# ---------------------------------------------------------------------------------------- cases


@router.get("/cases")
async def cases(service: Service, actor: Caller) -> list[cf.CaseRow]:
    """Every case of this node, without its content."""
    return service.cases.all(actor)


@router.post("/cases", status_code=CREATED)
async def open_case(service: Service, actor: Caller, key: Key, form: cf.CaseForm) -> cf.CaseRow:
    """Open a case and coordinate it; the partners you name are told of it."""
    return await service.cases.open(actor, form, key)


@router.post("/cases/{case}/_read")
async def read_case(service: Service, actor: Caller, case: UUID, form: cf.ReasonForm) -> cf.CaseAnswer:
    """Read a case. From outside its circle that takes a reason, which the privacy officer reviews."""
    return await service.cases.read(actor, case, form.reason)


@router.post("/cases/{case}/phase")
async def move(service: Service, actor: Caller, key: Key, case: UUID, form: cf.PhaseForm) -> cf.CaseRow:
    """Take a case to another phase; the partners in scope are told."""
    return await service.cases.move(actor, case, form, key)


@router.post("/cases/{case}/scope")
async def scope(service: Service, actor: Caller, key: Key, case: UUID, form: cf.ScopeForm) -> cf.CaseRow:
    """Put a partner in the scope of a case, or take it out."""
    return await service.cases.set_scope(actor, case, form, key)


@router.post("/cases/{case}/lead")
async def lead(service: Service, actor: Caller, key: Key, case: UUID, form: cf.LeadForm) -> cf.CaseRow:
    """Name who leads a case, and who of your people coordinates it."""
    return await service.cases.set_lead(actor, case, form, key)


@router.post("/cases/{case}/subjects")
async def subject(service: Service, actor: Caller, key: Key, case: UUID, form: cf.CaseSubjectForm) -> cf.CaseRow:
    """Name one more person whom the case is about."""
    return await service.cases.add_subject(actor, case, form, key)


@router.post("/cases/{case}/goals")
async def goal(service: Service, actor: Caller, key: Key, case: UUID, form: cf.GoalForm) -> cf.CaseRow:
    """Set a goal, or say that it was reached."""
    return await service.cases.set_goal(actor, case, form, key)


@router.post("/cases/{case}/actions")
async def action(service: Service, actor: Caller, key: Key, case: UUID, form: cf.ActionForm) -> cf.CaseRow:
    """Plan an action, or say how it stands."""
    return await service.cases.set_action(actor, case, form, key)


@router.post("/cases/{case}/review")
async def review(service: Service, actor: Caller, key: Key, case: UUID, form: cf.ReviewForm) -> cf.CaseRow:
    """Say when the case is looked at again."""
    return await service.cases.set_review(actor, case, form, key)


@router.post("/cases/{case}/allocations")
async def allocate(service: Service, actor: Caller, key: Key, case: UUID, form: cf.AllocationForm) -> cf.CaseRow:
    """Allocate a case to a third party for further handling (covenant 8.1 (b))."""
    return await service.cases.allocate(actor, case, form, key)


# ---------------------------------------------------------------------------------------- who may look


@router.post("/cases/{case}/circle")
async def circle(service: Service, actor: Caller, case: UUID, form: cf.CircleForm) -> list[UUID]:
    """Let a colleague into the circle of a case, or out of it."""
    return await service.circle.change(actor, case, form)


@router.post("/inbox/{message}/_read")
async def read_message(service: Service, actor: Caller, message: MessageId, form: cf.ReasonForm) -> MessageAnswer:
    """Read a message for a reason: from outside the circle of its case, or police data without being designated."""
    return await service.read_message(actor, message, form.reason)


@router.get("/circle-openings")
async def openings(
    service: Service,
    actor: Caller,
    *,
    everything: Annotated[bool, Query(description="Also those that were reviewed.")] = False,
) -> list[cf.OpeningAnswer]:
    """List who looked from outside a circle, and why."""
    return await service.circle.openings(actor, everything=everything)


@router.post("/circle-openings/{opening}/review", status_code=DONE)
async def review_opening(service: Service, actor: Caller, opening: UUID, form: cf.OpeningReviewForm) -> None:
    """Judge an opening from outside a circle; never your own."""
    await service.circle.review(actor, opening, form)


@router.get("/wpg-receivers")
async def receivers(service: Service, actor: Caller) -> list[cf.ReceiverAnswer]:
    """List who is designated to receive and use police data."""
    return service.circle.receivers(actor)


@router.post("/wpg-receivers")
async def designate(service: Service, actor: Caller, form: cf.ReceiverForm) -> list[cf.ReceiverAnswer]:
    """Designate a receiver of police data, or end that."""
    return await service.circle.designate(actor, form)


# ---------------------------------------------------------------------------------------- third parties, feedback


@router.get("/third-party-disclosures")
async def third_parties(service: Service, actor: Caller) -> list[cf.ThirdPartyRow]:
    """List every disclosure to a third party (covenant article 8)."""
    return await service.third_parties.all(actor)


@router.post("/third-party-disclosures", status_code=CREATED)
async def tell_third_party(
    service: Service, actor: Caller, key: Key, form: cf.ThirdPartyForm, response: Response
) -> ActAnswer:
    """Record what a third party was told, on an agreement of a conference or an allocation of the case."""
    answer = await service.third_parties.disclose(actor, form, key)
    response.headers["Location"] = f"/v1/acts/{answer.act}"
    return answer


@router.get("/feedback")
async def feedback(
    service: Service, actor: Caller, *, overdue: Annotated[bool, Query(description="Only what is late.")] = False
) -> list[cf.FeedbackRow]:
    """List messages whose sender asked to hear what came of it and has not heard yet."""
    return service.feedback.all(actor, overdue=overdue)
