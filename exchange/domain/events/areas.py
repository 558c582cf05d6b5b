"""What was said about areas, without persons."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from exchange.domain.event import Event, Private
from exchange.domain.events.core import KeyId, Stored


class AreaSignalled(Event, topic="area/signalled/1"):
    """A report about an area: our own, or one that a partner sent. ``originator_id`` is the report."""

    key_id: KeyId
    origin: Literal["own", "received"]
    partner: str | None
    """Who sent it; None when it is our own."""
    message: str | None
    area: str
    kind: str
    purpose: str
    context: str
    observed_on: str
    reports: int
    """How many reports it stands for."""
    retention: str
    by: UUID | None
    text: Private[str]


class AreaCount(Stored):
    """One cell of a picture."""

    area: str
    kind: str
    """``*`` for all kinds."""
    count: int | None
    """None when it is hidden: small, or it would give a small one away."""


class AreaPictured(Event, topic="area/pictured/1"):
    """A picture that this node made. ``originator_id`` is the picture."""

    purpose: str
    context: str
    first: str
    last: str
    threshold: int
    cells: tuple[AreaCount, ...]
    by: UUID


class AreaPictureReceived(Event, topic="area/picture-received/1"):
    """A partner's picture."""

    partner: str
    message: str
    purpose: str
    context: str
    first: str
    last: str
    threshold: int
    cells: tuple[AreaCount, ...]
