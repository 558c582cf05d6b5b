"""Forms and answers of what has to be on record before sharing, and of what is owed after acute danger."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from exchange.node.forms import Answer, Form, Name, Text, Written
from exchange.wire.messages import Code, Hex64, Slug


class SubjectNoticeForm(Form):
    """The subject was told beforehand (covenant article 10.1)."""

    subject: UUID
    given_by: Name
    """The professional who told."""
    given_on: date
    mode: Literal["GESPREK", "HUISBEZOEK", "TELEFOON", "BRIEF", "E-MAIL", "TOLK", "VIA_VERTEGENWOORDIGER"]
    language: Annotated[str, Field(max_length=40)] = ""
    """How it was fitted to the person's comprehension."""
    purpose: Written
    recipients: Annotated[list[Slug], Field(min_length=1, max_length=50)]
    interest: Written
    """Which interest the person has in it."""
    rights_explained: bool
    source_told: bool = False
    reaction: Literal["AKKOORD", "BEZWAAR", "GEEN"] = "GEEN"
    reference: Code | None = None
    """Where the proof lies."""


class ExceptionForm(Form):
    """The subject is not told, for a reason that is looked at again (UAVG 41, GDPR 14(5), Wpg 27)."""

    subject: UUID
    ground: Code
    considerations: Annotated[dict[Literal["a", "b", "c", "d", "e", "f", "g", "h"], Written], Field(min_length=1)]
    """UAVG 41(2), by letter."""
    motivation: Written
    recipients: Annotated[list[Slug], Field(min_length=1, max_length=50)]
    """The partners that it carries to."""
    review_on: date
    ends_on: date | None = None
    told_of_restriction: bool = False


class ReviewForm(Form):
    """Does the reason still exist?"""

    outcome: Literal["prolonged", "ended"]
    review_on: date | None = None
    """Of prolonged: the next review."""
    ends_on: date | None = None
    motivation: Written


class DecisionForm(Form):
    """A decision of the police to disclose (Wpg 16, 18, 19, 20(2))."""

    reference: Code
    ground: Code
    goal: Code
    decided_on: date
    signed_by: Name
    interest: Written
    """The weighty public interest."""
    purpose: Written
    """The partnership or case, and what for."""
    recipients: Annotated[list[Slug], Field(min_length=1, max_length=50)]
    categories: Annotated[list[Code], Field(min_length=1, max_length=100)]
    fields: Annotated[list[Code], Field(max_length=200)] | None = None
    """When given: only these fields."""
    conditions: Annotated[list[Text], Field(max_length=20, default_factory=list)]
    authority: Literal["BURGEMEESTER", "OVJ"] | None = None
    agreed_on: date | None = None
    valid_until: date
    document: Hex64 | None = None
    """SHA-256 of the signed document."""


class WhyForm(Form):
    """A reason, sealed."""

    reason: Written


class TrainingForm(Form):
    """A privacy training was followed (covenant article 12.1)."""

    actor: UUID | None = None
    """None: by whoever records it."""
    followed_on: date


class ActivityForm(Form):
    """An entry of the processing register (covenant 13.1, GDPR 30)."""

    entry: UUID | None = None
    """An entry that changes; None for a new one."""
    name: Name
    purposes: Annotated[list[Code], Field(min_length=1, max_length=50)]
    categories: Annotated[list[Code], Field(min_length=1, max_length=100)]
    recipients: Annotated[list[Slug], Field(min_length=1, max_length=50)]
    bases: Annotated[list[Code], Field(min_length=1, max_length=10)]
    retention: Annotated[list[Code], Field(max_length=50, default_factory=list)]
    confidential: bool = False


class WeighForm(Form):
    """Why it was needed, in proportion, and not possible with less; written after acute danger (covenant article 11.1)."""

    necessity: Written
    proportionality: Written
    subsidiarity: Written


class FulfilForm(Form):
    """A duty is made good by a fact, or a privacy officer says why it stays as it is."""

    good: Literal["release", "reason"]
    fact: UUID | None = None
    reason: Text = ""


class AboutForm(Form):
    """Of whom."""

    subject: UUID


# ---------------------------------------------------------------------------------------- answers


class FactAnswer(Answer):
    """Something on record."""

    fact: UUID
    log_index: int


class NoticeAnswer(Answer):
    """A notice with its text."""

    notice: UUID
    at: datetime
    by: UUID
    given_on: date | None
    given_by: str
    mode: str
    language: str
    purpose: str
    recipients: list[str]
    interest: str
    rights_explained: bool
    source_told: bool
    reaction: str
    reference: str


class ExceptionAnswer(Answer):
    """An exception with its text."""

    exception: UUID
    at: datetime
    by: UUID
    ground: str
    considerations: dict[str, str]
    motivation: str
    recipients: list[str]
    review_on: date
    ends_on: date | None
    told_of_restriction: bool
    holds: bool


class DueReview(Answer):
    """An exception somebody has to look at; not about whom."""

    exception: UUID
    review_on: date
    overdue: bool


class DecisionAnswer(Answer):
    """A Wpg decision."""

    decision: UUID
    reference: str
    ground: str
    goal: str
    recipients: list[str]
    categories: list[str]
    fields: list[str] | None
    agreed: bool
    decided_on: date
    valid_until: date
    conditions: list[str]
    withdrawn: bool
    valid: bool


class TrainingAnswer(Answer):
    """The last training of an actor."""

    actor: UUID
    followed_on: date
    until: date | None
    lapsed: bool


class ActivityAnswer(Answer):
    """A live entry of the processing register."""

    entry: UUID
    activity: str
    name: str
    purposes: list[str]
    categories: list[str]
    recipients: list[str]
    bases: list[str]
    retention: list[str]
    confidential: bool
    since: datetime


class DutyAnswer(Answer):
    """Something owed after acute danger; not about whom."""

    duty: UUID
    code: str
    text: str
    act: UUID
    partner: str
    owner: UUID
    role: str
    made_good_by: str
    due_at: datetime
    overdue: bool
    state: Literal["open", "made-good", "excused"]


WorkKind = Literal[
    "inbox", "signal", "unmatched", "proposal", "draft", "case-review", "offer", "own-offer", "agreement", "feedback",
    "notification", "onward", "objection", "duty", "review", "opening", "rule", "erasure", "parked", "refused",
]  # fmt: skip
"""On which list it stands."""


class WorkAnswer(Answer):
    """How much of one kind waits for this actor; never about whom."""

    kind: WorkKind
    count: int
    overdue: int
    """Of proposals and drafts: those that go tonight."""
