"""Forms that are being filled in, the proposals that case systems make, and the profile on which something was shared."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from exchange.domain.event import Event, Private
from exchange.domain.events.core import KeyId


class SharedOnProfile(Event, topic="act/on-profile/1"):
    """A standard exchange of the covenant was used; ``originator_id`` is the act. What partners got is an ordinary message."""

    by: UUID
    profile: str
    kind: Literal["signal", "disclosure"]
    generation: int
    """Of the covenant whose profile it was."""


class DraftSaved(Event, topic="draft/saved/1"):
    """A form as far as it was filled in; ``originator_id`` is the draft, and the newest one counts.

    It lies under a key of its own, which goes when the draft is sent, discarded, or not touched until its last day.
    """

    key_id: KeyId
    by: UUID
    origin: Literal["own", "zgw"]
    """Who began it: somebody here, or a case system that told of a case (ZGW)."""
    kind: Literal["signal", "disclosure"]
    profile: str | None
    keep_until: str
    """The last day on which it is kept unless it is saved again."""
    subject: Private[UUID | None]
    form: Private[str]
    """The form as JSON."""


class DraftClosed(Event, topic="draft/closed/1"):
    """It was sent, or somebody discarded it; the erasure of its text is decided in the same transaction."""

    by: UUID
    outcome: Literal["sent", "discarded"]
    act: UUID | None
    """Of sent: what it became."""
