"""Objections of data subjects (GDPR 21): received, weighed, and the restriction lifted after the person was told."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from exchange.domain.event import Event, Private
from exchange.domain.events.core import KeyId


class ObjectionReceived(Event, topic="objection/received/1"):
    """Somebody objects; from here on everything about this person may only be stored. ``originator_id`` is the objection."""

    key_id: KeyId
    retention: str
    by: UUID
    received_on: str
    due_on: str
    items: tuple[UUID, ...]
    """What was on record about the person."""
    subject: Private[UUID]
    text: Private[str]


class ObjectionExtended(Event, topic="objection/extended/1"):
    """It takes longer, and the person was told why within the first month (GDPR 12(3))."""

    key_id: KeyId
    by: UUID
    due_on: str
    told_on: str
    reason: Private[str]
    notice: Private[str]


class ObjectionDecided(Event, topic="objection/decided/1"):
    """It was weighed (GDPR 21(1))."""

    key_id: KeyId
    by: UUID
    outcome: Literal["upheld", "rejected"]
    motivation: Private[str]


class ObjectionLifted(Event, topic="objection/lifted/1"):
    """The restriction ended, after the person was told (GDPR 18(3))."""

    key_id: KeyId
    by: UUID
    told_on: str
    notice: Private[str]
