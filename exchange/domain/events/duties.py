"""What was done in acute danger, and what is owed for it; and who decided when a system acted."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from exchange.domain.event import Event, Private
from exchange.domain.events.core import KeyId


class EmergencyInvoked(Event, topic="emergency/invoked/1"):
    """A message went, or came, on the path for acute danger; what the danger is stands sealed in its statement."""

    direction: Literal["sent", "received"]
    partner: str
    act: UUID
    message: str | None
    """None when it did not go over the exchange."""
    codes: tuple[str, ...]
    """What the sender still owed."""


class DutyArisen(Event, topic="duty/arisen/1"):
    """Something did not stop a message and has to be made good; ``originator_id`` is the duty."""

    key_id: KeyId
    retention: str
    code: str
    act: UUID
    partner: str
    owner: UUID
    role: str
    """On whose list it stands."""
    due_at: datetime
    subject: Private[UUID]


class DutyFulfilled(Event, topic="duty/fulfilled/1"):
    """It was made good, or a privacy officer said why it stays as it is."""

    key_id: KeyId
    by: UUID
    good: str
    fact: UUID | None
    """The notice, weighing, training or entry that makes it good."""
    reason: Private[str]


class DutyOverdue(Event, topic="duty/overdue/1"):
    """Its time was over and it was open. Raised once."""

    code: str
    owner: UUID
    role: str


class WeighingWritten(Event, topic="weighing/written/1"):
    """Necessity, proportionality and subsidiarity of an act that could not wait for them; ``originator_id`` is the weighing."""

    key_id: KeyId
    retention: str
    act: UUID
    by: UUID
    necessity: Private[str]
    proportionality: Private[str]
    subsidiarity: Private[str]


class DecidedByPerson(Event, topic="act/decided-by/1"):
    """A system acted; this person had decided (GDPR 22, Wpg 7a). ``originator_id`` is the act."""

    by: UUID
    person: UUID
