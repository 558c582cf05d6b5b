"""What a node has to have on record before it may share: restrictions.

Whatever is about a subject is sealed.
"""

from __future__ import annotations

from uuid import UUID

from exchange.domain.event import Event, Private
from exchange.domain.events.core import KeyId


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
