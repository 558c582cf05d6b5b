"""Facts of casework: signals of our own and their triage, the case, its circle, third parties, feedback."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from exchange.domain.event import Event, Private
from exchange.domain.events.core import KeyId, Stored

# ---------------------------------------------------------------------------------------- signals and triage


class SignalNoted(Event, topic="signal/noted/1"):
    """A signal of our own, before or without telling a partner; ``originator_id`` is the signal."""

    key_id: KeyId
    retention: str
    by: UUID
    subject: Private[UUID | None]
    kind: Private[str]
    reporter_kind: Private[str]
    rationale: Private[str]
    """Why the person could benefit from support (covenant article 1)."""
    facts: Private[list[str]]
    opinions: Private[list[str]]
    """Kept apart from facts (Wpg 4(3))."""


class ReporterNoted(Event, topic="signal/reporter-noted/1"):
    """Who reported it. Under a key of its own, never part of any answer about the subject (UAVG 41(1)(i))."""

    key_id: KeyId
    retention: str
    identity: Private[str]


class Reclassed(Stored):
    """A content that is kept under another class from now on."""

    key_id: KeyId
    retention: str


class SignalTriaged(Event, topic="signal/triaged/1"):
    """Somebody judged a signal: one that was received (``message``) or our own (``signal``)."""

    key_id: KeyId
    retention: str
    message: str | None
    signal: UUID | None
    outcome: str
    case: UUID | None
    merged_with: str | None
    """Message id or signal id that it is merged with."""
    kept: tuple[Reclassed, ...]
    """A signal that was taken up is kept as what it is about; one that was not keeps the short term of a signal."""
    by: UUID
    reason: Private[str]


# ---------------------------------------------------------------------------------------- the case


class CaseOpened(Event, topic="case/opened/1"):
    """We opened a case and coordinate it."""

    key_id: KeyId
    retention: str
    case: UUID
    lead: str
    coordinator: UUID
    """Actor who guards its progress (procesregisseur)."""
    review_due: str | None
    by: UUID
    problem: Private[str]
    """Why it touches the neighbourhood: the covenant is about collective problems."""


class CaseShared(Event, topic="case/shared/1"):
    """A partner told how its case stands; ``key_id`` is that of the message's part."""

    key_id: KeyId
    case: UUID
    partner: str
    message: str
    phase: str
    lead: str
    partners: tuple[str, ...]
    inside: bool
    """Whether we are in its scope."""
    problem: Private[str]
    subjects: Private[list[UUID]]


class CaseSubjectAdded(Event, topic="case/subject-added/1"):
    """A person whom the case is about."""

    key_id: KeyId
    retention: str
    case: UUID
    main: bool
    by: UUID
    subject: Private[UUID]


class CaseMoved(Event, topic="case/moved/1"):
    """Another phase; closing starts the term of what belongs to the case, reopening stops it."""

    key_id: KeyId
    retention: str
    case: UUID
    phase: str
    close_reason: str | None
    by: UUID
    reason: Private[str]
    """Why it is scaled down, closed or reopened."""


class CaseScopeChanged(Event, topic="case/scope-changed/1"):
    """A partner was put in scope (need to know), or taken out."""

    key_id: KeyId
    retention: str
    case: UUID
    partner: str
    inside: bool
    by: UUID
    reason: Private[str]


class CaseLeadSet(Event, topic="case/lead-set/1"):
    """Which partner leads the case, and which actor of ours coordinates it."""

    case: UUID
    lead: str
    coordinator: UUID
    by: UUID


class CaseGoalSet(Event, topic="case/goal-set/1"):
    """A goal of the plan."""

    key_id: KeyId
    retention: str
    case: UUID
    goal: UUID
    reached: bool
    by: UUID
    text: Private[str]


class CaseActionSet(Event, topic="case/action-set/1"):
    """An action of the plan, new or as it stands now."""

    key_id: KeyId
    retention: str
    case: UUID
    action: UUID
    owner: str
    due: str
    status: str
    agreement: UUID | None
    by: UUID
    text: Private[str]
    result: Private[str]


class CaseReviewSet(Event, topic="case/review-set/1"):
    """When the case is looked at again."""

    case: UUID
    due: str
    by: UUID


class CaseAllocated(Event, topic="case/allocated/1"):
    """The case was allocated to a third party for further handling (covenant 8.1 (b))."""

    key_id: KeyId
    retention: str
    case: UUID
    allocation: UUID
    by: UUID
    to: Private[str]
    reason: Private[str]


# ---------------------------------------------------------------------------------------- who may look


class CircleChanged(Event, topic="case/circle-changed/1"):
    """An actor of ours belongs to the circle of a case, or no longer."""

    case: UUID
    actor: UUID
    inside: bool
    by: UUID


class OpenedOutsideCircle(Event, topic="case/opened-outside-circle/1"):
    """Somebody outside the circle looked, with a reason; ``originator_id`` is the opening that is reviewed."""

    key_id: KeyId
    retention: str
    ground: Literal["circle", "wpg"]
    """What stood in the way: the circle of the case, or the list of designated receivers of police data."""
    case: UUID | None
    message: str | None
    view: str
    by: UUID
    reason: Private[str]


class OutsideOpeningReviewed(Event, topic="case/outside-opening-reviewed/1"):
    """The privacy officer judged an opening; ``originator_id`` is that opening."""

    key_id: KeyId
    retention: str
    verdict: Literal["justified", "follow-up"]
    by: UUID
    note: Private[str]


class WpgReceiverSet(Event, topic="wpg/receiver-set/1"):
    """An actor is designated to receive and use police data here, or no longer."""

    actor: UUID
    designated: bool
    by: UUID


# ---------------------------------------------------------------------------------------- third parties, feedback


class ThirdPartyTold(Event, topic="third-party/told/1"):
    """A disclosure to somebody who is no partner (covenant article 8); its items are ``item/recorded``."""

    key_id: KeyId
    retention: str
    act: UUID
    case: UUID
    agreement: UUID | None
    allocation: UUID | None
    by: UUID
    name: Private[str]


class FeedbackWanted(Event, topic="feedback/wanted/1"):
    """The sender of a message asked to hear what came of it."""

    message: str
    partner: str
    direction: Literal["sent", "received"]
    due: str
