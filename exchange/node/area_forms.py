"""Forms and answers about areas."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from exchange.node.forms import Answer, Form, Text
from exchange.wire.messages import Code, Slug


class AreaRecipientForm(Form):
    """A partner and the own task for which it needs this."""

    partner: Slug
    task: Code


class AreaSignalForm(Form):
    """A report about an area. There is no field for a person, and none may be named in the text."""

    area: Code
    kind: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,47}$")]
    observed_on: date
    reports: Annotated[int, Field(ge=1, le=1000)] = 1
    text: Text = ""
    purpose: Code
    context: Code
    task: Code
    recipients: Annotated[list[AreaRecipientForm], Field(max_length=50)] = []
    """Nobody: it stays an own report, and counts in own pictures."""


class AreaPictureForm(Form):
    """A picture of everything reported here in a calendar month, quarter or year."""

    first: date
    last: date
    purpose: Code
    context: Code
    task: Code
    text: Text = ""
    recipients: Annotated[list[AreaRecipientForm], Field(max_length=50)] = []


class AreaAnswer(Answer):
    """An area of the covenant."""

    area: str
    title: str
    within: str | None


class AreaSignalAnswer(Answer):
    """A report about an area."""

    signal: UUID
    at: datetime
    origin: Literal["own", "received"]
    partner: str | None
    area: str
    kind: str
    purpose: str
    observed_on: date
    reports: int
    text: str | None
    """None when it was erased."""


class AreaCellAnswer(Answer):
    """One count; None when it is hidden."""

    area: str
    title: str
    kind: str
    count: int | None


class AreaPictureAnswer(Answer):
    """A picture, our own or a partner's."""

    picture: UUID
    at: datetime
    partner: str
    """Whose it is."""
    purpose: str
    first: date
    last: date
    threshold: int
    cells: list[AreaCellAnswer]
    messages: list[str] = []
    """Message ids under which it was sent."""
