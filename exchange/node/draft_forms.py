"""Forms and answers of drafts, proposals and suggestions; see :mod:`exchange.node.forms`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from exchange.node.forms import Answer, Explanation, Form, OpenForm
from exchange.wire.messages import Code


class DraftRow(Answer):
    """A form that is being filled in, without its content."""

    draft: UUID
    kind: Literal["signal", "disclosure"]
    profile: str | None
    origin: Literal["own", "zgw"]
    """Who began it: somebody here, or a case system."""
    proposal: bool
    """A case system proposed it and nobody took it up yet."""
    at: datetime
    """When it was last saved."""
    keep_until: date
    """The last day on which it is kept unless it is saved again."""


class DraftAnswer(Answer):
    """A draft with its content, for the reader who was logged."""

    row: DraftRow
    subject_label: str
    """Whom it is about, for the screen."""
    form: OpenForm


class Missing(Answer):
    """Something a draft lacks, or has otherwise than its profile."""

    location: str
    type: str
    message: str


class DraftExplanation(Answer):
    """What stands between a draft and sending it."""

    missing: list[Missing]
    """To be filled in or mended first."""
    recipients: list[Explanation]
    """What would happen, per recipient; empty while something is missing."""


class ProposalForm(Form):
    """A case was opened in a case system: what that system proposes, which only a person can send (GDPR 22)."""

    kind: Literal["signal", "disclosure"] = "signal"
    profile: Code | None = None
    signal_kind: Code | None = None
    external_reference: Annotated[str, Field(min_length=1, max_length=300)]
    """The address of the case; sealed, and never fetched."""


# ---------------------------------------------------------------------------------------- suggestions


class SuggestForm(Form):
    """For what the covenant's rules are read forward."""

    kind: Literal["signal", "disclosure"] = "disclosure"
    purpose: Code | None = None
    """None: each that is about persons."""
    subject: UUID | None = None
    """Whom it is to be about: then also of whom this person was told. That you asked is recorded."""


class LiftAnswer(Answer):
    """A ground on which something may go, and the recipient's tasks for which it holds."""

    ground: str
    tasks: list[str]
    beside: str | None = None
    """Another ground that has to be cited with it."""


class OfferAnswer(Answer):
    """What of one category may go to one recipient."""

    category: str
    fields: list[str]
    tasks: list[str]
    """The recipient's tasks for which it may go without any ground."""
    lifts: list[LiftAnswer]
    """Else one of these is cited."""
    police: bool
    """It may go as well when it came from the police under a decision."""
    secrecy: bool
    """What lifts professional secrecy has to be said."""


class WayAnswer(Answer):
    """One recipient for one purpose."""

    recipient: str
    purpose: str
    bases: list[str]
    decision: bool
    """Only under a registered decision of the police."""
    offers: list[OfferAnswer]


class SuggestionAnswer(Answer):
    """Everything this partner may fill in for one kind of message."""

    kind: Literal["signal", "disclosure"]
    bases: list[str]
    tasks: list[str]
    contexts: list[str]
    signal_kinds: list[str]
    profiles: list[str]
    notice: bool
    """The person must be told first, or an exception must say why not."""
    weighing: bool
    ways: list[WayAnswer]
    told: list[str] = []
    """Partners of which this person was told, by the notices on record."""
    restricted: bool = False
    """Everything about this person may only be stored (GDPR 18): nothing goes."""
