"""Forms and answers about case conferences. No answer about an offer holds its content."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from exchange.node.forms import Answer, Form, Line, ShareForm, Text, Written
from exchange.wire.conference import AGENDA, MOST
from exchange.wire.messages import Code, Slug

Scope = Annotated[list[Slug], Field(min_length=1, max_length=50)]


class AttendeeForm(Form):
    """A partner at the table, as what, and the reference of the secrecy statement it signed."""

    partner: Slug
    role: Code
    secrecy: Code


class AgendaForm(Form):
    """A case for the agenda, the partners in scope of it, and whom it is about."""

    case: UUID
    partners: Scope
    subjects: list[UUID] = Field(default=[], max_length=8)


class ConferenceForm(Form):
    """A conference. Without a chair there is none (covenant 11.2)."""

    date: dt.date
    chair: UUID | None = None
    """An actor of this node with the role chair."""
    minutes_taker: UUID | None = None
    participants: Annotated[list[AttendeeForm], Field(min_length=1, max_length=50)]
    agenda: list[AgendaForm] = Field(default=[], max_length=AGENDA)


class OfferForm(Form):
    """Items that could be shared in a conference. Each item of the form is offered, and decided on, apart."""

    item: UUID
    """Agenda item."""
    why: Written
    """Why the conference needs it; the chair reads this instead of the content."""
    send_on_release: bool = False
    """Decide now that it goes as soon as the chair releases it; else it waits for a confirmation."""
    answers: UUID | None = None
    """The earlier offer about which the chair asked; this one takes its place."""
    share: ShareForm


class OfferRef(Form):
    """One offer."""

    offer: UUID


class OffersMade(Answer):
    """The ids of what was offered, in the order of the form."""

    offers: list[UUID]


class DecisionForm(Form):
    """What the chair decides about one offer."""

    offer: UUID
    decision: Literal["release", "strike", "ask"]
    question: Text = ""
    wants_content: bool = False
    """Of a question: ask to see the content, which is then disclosed to the chair's organisation."""


class DecideForm(Form):
    """The chair's decisions."""

    decisions: Annotated[list[DecisionForm], Field(min_length=1, max_length=100)]
    minimisation_reviewed: bool = False
    """The chair held the offers against article 11.2. Nothing is released before that was said once."""


class AgreementForm(Form):
    """Who does what before when."""

    action: Written
    owner: Slug
    due: dt.date
    third_party: Line = ""


class MinutesForm(Form):
    """Agreements and decisions on one agenda item. Nothing else is minuted."""

    item: UUID
    agreements: list[AgreementForm] = Field(default=[], max_length=MOST)
    decisions: list[Written] = Field(default=[], max_length=MOST)


class OutcomeForm(Form):
    """Which agenda items to publish the outcome of; all of them when none is named."""

    items: list[UUID] = Field(default=[], max_length=AGENDA)
    next_date: dt.date | None = None


class ToChairForm(Form):
    """The grounds on which the chair's organisation is shown the content."""

    basis: Code
    task: Code
    special_exception: Code | None = None
    criminal_ground: Code | None = None


class AttendeeAnswer(Answer):
    """A partner at the table."""

    partner: str
    role: str | None
    """None when it was erased, as the reference of what it signed."""
    secrecy: str | None


class AgreementAnswer(Answer):
    """An agreement; third-party disclosures hang on its id."""

    agreement: UUID
    conference: UUID
    case: UUID
    owner: str
    due: dt.date
    overdue: bool
    done: bool
    action: str | None
    """None when it was erased."""
    third_party: str | None


class ResolutionAnswer(Answer):
    """A decision."""

    decision: UUID
    text: str | None


class AgendaAnswer(Answer):
    """An agenda item with what was agreed on it."""

    item: UUID
    case: UUID
    partners: list[str]
    subjects: list[UUID]
    """Whom this node's register knows of those it is about."""
    agreements: list[AgreementAnswer]
    decisions: list[ResolutionAnswer]
    version: int
    """Of the published outcome; 0 before the first."""


class ConferenceRow(Answer):
    """A conference in the list."""

    conference: UUID
    chair: str
    date: dt.date
    version: int
    items: int
    offers_open: int


class ConferenceAnswer(Answer):
    """A conference as this node knows it."""

    conference: UUID
    chair: str
    date: dt.date
    version: int
    chairperson: UUID | None
    minutes_taker: UUID | None
    reviewed_on: dt.date | None
    next_date: dt.date | None
    participants: list[AttendeeAnswer]
    agenda: list[AgendaAnswer]


class OfferAnswer(Answer):
    """An offer: codes and reasons, never its content."""

    offer: UUID
    item: UUID
    case: UUID
    owner: str
    category: str
    field: str | None
    purpose: str
    why: str | None
    """None when it was erased."""
    subject: UUID | None
    subject_label: str = ""
    recipients: list[str]
    status: str
    automatic: bool
    release: UUID | None
    question: str | None
    wants_content: bool
    codes: list[str]
    """Why it was held back after its release."""
    answers: UUID | None
    act: UUID | None
