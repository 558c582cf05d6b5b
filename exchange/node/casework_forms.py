"""Forms and answers of casework; see :mod:`exchange.node.forms`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from exchange.domain.casework import ActionStatus, CloseReason, Outcome, Phase
from exchange.node.forms import Answer, Form, ItemForm, Name, NoticeForm, SecrecyForm, Text, WeighingForm, Written
from exchange.wire.messages import Code, Hex64, Slug

# ---------------------------------------------------------------------------------------- signals and triage


class NoteForm(Form):
    """A signal of our own, before anybody else hears of it."""

    subject: UUID | None = None
    """None: about the neighbourhood, nobody in particular."""
    kind: Code
    reporter_kind: Literal["DERDE", "BURGER", "PROFESSIONAL", "ANONIEM"]
    reporter_identity: Annotated[str, Field(max_length=200)] = ""
    """Sealed under a key of its own; never part of any answer about the subject."""
    rationale: Text = ""
    """Why the person could benefit from support; required for a person."""
    facts: list[Written] = Field(default_factory=list, max_length=20)
    opinions: list[Written] = Field(default_factory=list, max_length=20)


class SignalRow(Answer):
    """A signal on the worklist, without its content."""

    source: str
    """Message id of a received or sent signal, or the id of one of our own."""
    origin: Literal["own", "received", "sent"]
    partner: str | None
    at: datetime
    outcome: Outcome | None
    case: UUID | None


class SignalAnswer(Answer):
    """A signal of our own with its text. Who reported it is never in it."""

    signal: UUID
    at: datetime
    subject: UUID | None
    subject_label: str
    kind: str | None
    """None, as every text below: erased."""
    reporter_kind: str | None
    rationale: str | None
    facts: list[str]
    opinions: list[str]
    outcome: Outcome | None
    case: UUID | None


class ReporterAnswer(Answer):
    """Who reported a signal of our own; that somebody looked is recorded."""

    signal: UUID
    identity: str | None


class CaseForm(Form):
    """A case that we open and coordinate."""

    case: UUID | None = None
    """Chosen by the caller's own system; random otherwise."""
    problem: Written
    """Why it touches the neighbourhood: the covenant is about collective problems."""
    main_subject: UUID | None = None
    secondary_subjects: list[UUID] = Field(default_factory=list, max_length=15)
    partners: list[Slug] = Field(default_factory=list, max_length=50)
    """Put in scope at once (need to know)."""
    review_due: date | None = None


class TriageForm(Form):
    """What is done with a signal."""

    source: Annotated[str, Field(pattern=r"^([0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")]
    """Message id, or the id of a signal of our own."""
    outcome: Outcome
    reason: Written
    case: UUID | None = None
    """With CASUS: the case that it joins."""
    opens: CaseForm | None = None
    """With CASUS: the case that it opens."""
    merged_with: Annotated[str, Field(max_length=64)] | None = None
    """With SAMENGEVOEGD: the other signal's source."""


class TriageAnswer(Answer):
    """The outcome that was recorded."""

    source: str
    outcome: Outcome
    case: UUID | None


# ---------------------------------------------------------------------------------------- the case


class PhaseForm(Form):
    """To another phase."""

    to: Phase
    reason: Text = ""
    close_reason: CloseReason | None = None


class ScopeForm(Form):
    """Put a partner in scope, or take it out."""

    partner: Slug
    inside: bool = True
    reason: Written


class LeadForm(Form):
    """Who leads the case, and who of ours coordinates it."""

    lead: Slug
    coordinator: UUID | None = None


class CaseSubjectForm(Form):
    """One more person whom the case is about."""

    subject: UUID
    main: bool = False


class GoalForm(Form):
    """A goal; give ``goal`` to change a known one."""

    goal: UUID | None = None
    text: Written
    reached: bool = False


class ActionForm(Form):
    """An action; give ``action`` to say how a known one stands."""

    action: UUID | None = None
    owner: Slug
    due: date
    status: ActionStatus = ActionStatus.OPEN
    text: Written
    result: Text = ""
    agreement: UUID | None = None
    """The agreement of a case conference that it carries out."""


class ReviewForm(Form):
    """When the case is looked at again."""

    due: date


class AllocationForm(Form):
    """To whom the case is allocated for further handling (covenant 8.1 (b))."""

    to: Name
    reason: Written


class ReasonForm(Form):
    """Why somebody outside the circle looks; empty inside it."""

    reason: Text = ""


class CaseRow(Answer):
    """A case without its content."""

    case: UUID
    keeper: str
    """The partner that coordinates it."""
    lead: str
    phase: Phase
    inside: bool
    """Whether we are in its scope."""
    partners: list[str]
    opened_at: datetime
    closed_at: datetime | None
    review_due: date | None
    review_overdue: bool
    open_actions: int
    overdue_actions: int
    mine: bool
    """The caller belongs to its circle."""


class GoalAnswer(Answer):
    """A goal; no text: erased."""

    goal: UUID
    text: str | None
    reached: bool


class ActionAnswer(Answer):
    """An action of the plan."""

    action: UUID
    owner: str
    due: date
    status: ActionStatus
    overdue: bool
    agreement: UUID | None
    text: str | None
    result: str | None


class PersonAnswer(Answer):
    """Whom a case is about."""

    subject: UUID
    label: str
    main: bool


class StepAnswer(Answer):
    """One step in the history of a case."""

    at: datetime
    what: str
    """Topic of the event."""
    detail: str
    by: UUID | None
    reason: str | None
    log_index: int


class AllocationAnswer(Answer):
    """An allocation of the case."""

    allocation: UUID
    to: str | None
    at: datetime


class CaseAnswer(Answer):
    """A case with its text, for the reader who was logged."""

    row: CaseRow
    problem: str | None
    """None: erased."""
    coordinator: UUID | None
    close_reason: str | None
    next_phases: list[Phase]
    """To which it may go from here; none when another partner coordinates it."""
    people: list[PersonAnswer]
    goals: list[GoalAnswer]
    actions: list[ActionAnswer]
    allocations: list[AllocationAnswer]
    signals: list[str]
    """Sources of the signals in it."""
    circle: list[UUID]
    history: list[StepAnswer]


# ---------------------------------------------------------------------------------------- who may look


class CircleForm(Form):
    """Let an actor of ours into the circle of a case, or out of it."""

    actor: UUID
    inside: bool = True


class ReceiverForm(Form):
    """Designate an actor to receive and use police data, or end that."""

    actor: UUID
    designated: bool = True


class ReceiverAnswer(Answer):
    """A designated receiver of police data."""

    actor: UUID
    since: datetime
    by: UUID


class OpeningAnswer(Answer):
    """Somebody looked from outside the circle, or without being designated."""

    opening: UUID
    ground: Literal["circle", "wpg"]
    case: UUID | None
    message: Hex64 | None
    view: str
    by: UUID
    name: str | None
    """Of who looked; None once that was erased."""
    at: datetime
    reason: str | None
    verdict: Literal["justified", "follow-up"] | None
    reviewed_by: UUID | None
    reviewed_at: datetime | None


class OpeningReviewForm(Form):
    """What the privacy officer makes of it."""

    verdict: Literal["justified", "follow-up"]
    note: Text = ""


# ---------------------------------------------------------------------------------------- third parties, feedback


class ThirdPartyForm(Form):
    """A disclosure to somebody who is no partner (covenant article 8), told outside the exchange."""

    case: UUID
    name: Name
    agreement: UUID | None = None
    allocation: UUID | None = None
    subject: UUID
    items: Annotated[list[ItemForm], Field(min_length=1, max_length=200)]
    purpose: Code
    context: Code
    basis: Code
    task: Code
    """The ground is the discloser's own task (covenant 8.2)."""
    stated: list[Code] = Field(default_factory=list, max_length=20)
    special_exception: Code | None = None
    criminal_ground: Code | None = None
    secrecy: SecrecyForm = SecrecyForm()
    weighing: WeighingForm = WeighingForm()
    notice: NoticeForm = NoticeForm()
    named_to_subject: bool = False
    """The notice told the person of this third party."""
    number_confirmed: bool = False
    channel: Literal["ORAL", "PHONE", "SECURE_MAIL", "PAPER"]
    occurred_on: date


class ThirdPartyRow(Answer):
    """A disclosure to a third party."""

    act: UUID
    case: UUID
    name: str | None
    agreement: UUID | None
    allocation: UUID | None
    channel: str
    occurred_on: date | None
    at: datetime
    by: UUID
    categories: list[str]
    basis: list[str]
    """Legal basis and own task of the discloser."""


class FeedbackRow(Answer):
    """A message whose sender asked to hear what came of it."""

    message: Hex64
    partner: str
    direction: Literal["sent", "received"]
    due: date
    state: Literal["open", "taken-up", "handled"]
    overdue: bool
