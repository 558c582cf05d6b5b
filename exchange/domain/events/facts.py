"""What a node has to have on record before it may share: notices, exceptions, decisions, trainings, the processing register.

Whatever is about a subject is sealed. Dates by which something must be looked at again stay public: deadlines are counted from
the log alone.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from exchange.domain.event import Event, Private
from exchange.domain.events.core import KeyId


class NoticeGiven(Event, topic="notice/given/1"):
    """The subject was told (covenant article 10.1); ``originator_id`` is the notice."""

    key_id: KeyId
    retention: str
    by: UUID
    """Who recorded it."""
    subject: Private[UUID]
    given_by: Private[str]
    """The professional who told."""
    given_on: Private[str]
    mode: Private[str]
    language: Private[str]
    purpose: Private[str]
    recipients: Private[list[str]]
    """Slugs of the partners that were named."""
    interest: Private[str]
    rights_explained: Private[bool]
    source_told: Private[bool]
    """Where the data came from was told as well (GDPR 14(2)(f))."""
    reaction: Private[str]
    """AKKOORD, BEZWAAR or GEEN; a reaction is no consent."""
    reference: Private[str]
    """Where the proof lies, in the partner's own words."""


class ExceptionInvokedForAnybody(Event, topic="exception/invoked/1"):
    """As :class:`ExceptionInvoked` was written before it named recipients: since then it carries to nobody."""

    key_id: KeyId
    retention: str
    by: UUID
    review_on: str
    """Last day on which it holds without a new review."""
    ends_on: str | None
    subject: Private[UUID]
    ground: Private[str]
    considerations: Private[dict[str, str]]
    """UAVG 41(2), by letter ``a`` to ``h``."""
    motivation: Private[str]
    told_of_restriction: Private[bool]
    """UAVG 41(2)(h): whether the subject knows that something is withheld."""


class ExceptionInvoked(ExceptionInvokedForAnybody, topic="exception/invoked/2"):
    """The subject is not told, and why (UAVG 41, GDPR 14(5), Wpg 27); ``originator_id`` is the exception."""

    recipients: Private[list[str]]
    """Slugs of the partners that it carries to."""


class ExceptionReviewed(Event, topic="exception/reviewed/1"):
    """Somebody looked whether the reason still exists: prolonged, or ended on this day."""

    key_id: KeyId
    by: UUID
    outcome: Literal["prolonged", "ended"]
    review_on: str
    """Prolonged: the next review. Ended: the last day on which it held."""
    ends_on: str | None
    motivation: Private[str]


class WpgDecisionRegistered(Event, topic="wpg-decision/registered/1"):
    """A decision of the police to disclose (Wpg 16, 18, 19, 20(2)); ``originator_id`` is the decision."""

    key_id: KeyId
    retention: str
    by: UUID
    ground: str
    goal: str
    recipients: tuple[str, ...]
    categories: tuple[str, ...]
    fields: tuple[str, ...] | None
    authority: Literal["BURGEMEESTER", "OVJ"] | None
    """Competent authority that agreed."""
    agreed_on: str | None
    decided_on: str
    valid_until: str
    document: str | None
    """SHA-256 of the signed document, hex."""
    reference: Private[str]
    signed_by: Private[str]
    interest: Private[str]
    purpose: Private[str]
    conditions: Private[list[str]]


class WpgDecisionWithdrawn(Event, topic="wpg-decision/withdrawn/1"):
    """The decision carries nothing any more."""

    key_id: KeyId
    by: UUID
    reason: Private[str]


class TrainingFollowed(Event, topic="training/followed/1"):
    """An actor followed a privacy training (covenant article 12.1)."""

    actor: UUID
    followed_on: str
    by: UUID


class ActivityRegistered(Event, topic="activity/registered/2"):
    """A processing activity in the own register (covenant 13.1, GDPR 30); ``originator_id`` is its entry.

    Every relevant change gives it a new identifier, so that an old record points at what held then.
    """

    key_id: KeyId
    retention: str
    """Its term starts when this version is replaced or the processing stops."""
    activity: str
    """URI of this version."""
    replaces: str | None
    purposes: tuple[str, ...]
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    bases: tuple[str, ...]
    classes: tuple[str, ...]
    """Retention classes of what is processed."""
    confidential: bool
    by: UUID
    name: Private[str]


class ActivityRegisteredOpenly(Event, topic="activity/registered/1"):
    """The same as it was written before, with its name in the public line. Such a log is still read; none is written."""

    activity: str
    replaces: str | None
    name: str
    purposes: tuple[str, ...]
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    bases: tuple[str, ...]
    retention: tuple[str, ...]
    confidential: bool
    by: UUID

    @property
    def classes(self) -> tuple[str, ...]:
        """Retention classes of what is processed."""
        return self.retention


RegisteredActivity = ActivityRegistered | ActivityRegisteredOpenly
"""An entry of the processing register, whichever release wrote it."""


class ActivityEnded(Event, topic="activity/ended/1"):
    """The processing stopped; the entry stays for what was done under it."""

    activity: str
    by: UUID


class RestrictionSet(Event, topic="restriction/set/1"):
    """Something may only be stored (GDPR 18): one item, or everything about a subject. ``originator_id`` is the restriction."""

    key_id: KeyId
    retention: str
    by: UUID | None
    """None when a partner's message asked for it."""
    cause: str
    """Code: why, such as BEZWAAR or CORRECTIE."""
    item: UUID | None
    subject: Private[UUID | None]
    """Set when everything about this subject is restricted."""


class RestrictionLifted(Event, topic="restriction/lifted/1"):
    """It may be used again."""

    by: UUID | None
