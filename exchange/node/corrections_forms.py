"""Forms and answers about items after they were exchanged: corrections, recalls, what partners have to answer, objections."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from exchange.node.forms import Answer, Form, IdentityForm, Line, Name, NoticeForm, Text
from exchange.wire.messages import Hex64, Reason

MOST_ITEMS = 200


class CorrectionForm(Form):
    """What an item that this node gave, or keeps, should be. Everybody who got it is told in one act."""

    item: UUID
    value: Text = ""
    identity: IdentityForm | None = None
    """Of an item that tells who somebody is: the whole identity as it should be."""
    explanation: Text = ""
    """Why it was wrong; stays here, sealed."""
    notice: NoticeForm | None = None
    """Only when the first one holds no longer, such as an exception that was reviewed."""
    number_confirmed: bool = False


class RecallForm(Form):
    """Items that should not have been given (Wpg 4(4)), or that must go (GDPR 17, 19)."""

    items: Annotated[list[UUID], Field(min_length=1, max_length=MOST_ITEMS)]
    action: Literal["ERASE", "RESTRICT"] = "ERASE"
    reason: Reason
    everywhere: bool = False
    """Also from every other partner that got the same datum."""
    explanation: Text = ""


class ProcessedForm(Form):
    """What became of a correction, recall or restriction of a partner."""

    outcome: Literal["done", "refused"]
    ground: Reason | None = None
    text: Text = ""
    set_aside: bool = False
    """Of a recall that is refused: the items are used again from here on, for the reasons in ``text``."""


class Recipient(Answer):
    """One partner that was told, and what it answered."""

    partner: str
    message: Hex64
    items: list[UUID]
    action: str | None
    told_at: datetime
    receipt: Literal["none-yet", "receipted", "rejected", "nacked", "voided"]
    receipt_at: datetime | None
    rejected: list[str]
    """Codes with which the partner refused the message itself."""
    due_on: date
    overdue: bool
    outcome: str | None
    ground: str | None
    answered_at: datetime | None
    text: str | None
    """What the partner wrote; None when nothing, or erased."""


class Notified(Answer):
    """One act of telling: what about, to whom, and how that stands."""

    act: UUID
    telling: Literal["corrected", "recalled", "restricted", "lifted"]
    at: datetime
    by: UUID
    items: list[UUID]
    reason: str
    objection: UUID | None
    by_hand: list[str]
    """Partners that know it from outside the exchange, or cannot be reached over it any more: to be told otherwise."""
    recipients: list[Recipient]


class ToProcess(Answer):
    """Something a partner told that a person here has to answer."""

    message: Hex64
    partner: str
    telling: str
    action: str | None
    reason: str
    items: list[UUID]
    at: datetime
    due_on: date
    overdue: bool


class Onward(Answer):
    """An item given to others that holds what a partner corrected or recalled: this node's own duty (GDPR 19)."""

    item: UUID
    partner: str
    """Who got it from us."""
    because: Hex64
    """Message of the partner that corrected or recalled it."""
    since: datetime


class Worklist(Answer):
    """Everything about corrections, recalls and restrictions that waits for somebody."""

    to_process: list[ToProcess]
    unanswered: list[Recipient]
    """Told to partners, and not answered on the last day."""
    onward: list[Onward]


class ObjectionForm(Form):
    """Somebody objects to the use of data about him (GDPR 21)."""

    subject: UUID
    received_on: date | None = None
    """None: today."""
    text: Text = ""
    """What he objects to, in his words; sealed."""


class ExtendForm(Form):
    """Weighing takes longer, and the person was told so."""

    told_on: date
    notice: Name
    reason: Text


class WeighForm(Form):
    """How the objection was weighed."""

    outcome: Literal["upheld", "rejected"]
    motivation: Text


class LiftForm(Form):
    """The restriction ends; the person was told beforehand (GDPR 18(3))."""

    told_on: date
    notice: Line = ""


class ObjectionAnswer(Answer):
    """Where an objection stands."""

    objection: UUID
    received_on: date
    due_on: date
    extended: bool
    overdue: bool
    outcome: str | None
    decided_at: datetime | None
    lifted_at: datetime | None
    items: list[UUID]
    subject: UUID | None
    """None when it was erased."""
    label: str
    notified: list[Notified]
