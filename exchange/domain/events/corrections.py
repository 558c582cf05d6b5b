"""Items corrected, recalled or restricted after they were exchanged: who was told what, and what they answered.

``message`` is always the id of the message that told it; ``items`` are item ids as they were sent.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from exchange.domain.event import Event, Private
from exchange.domain.events.core import KeyId

TellingCode = Literal["corrected", "recalled", "restricted", "lifted"]
OutcomeCode = Literal["done", "refused"]


class NotificationDecided(Event, topic="notification/decided/1"):
    """An actor corrected, recalled, restricted or lifted; ``originator_id`` is the act, and partners are told in it."""

    key_id: KeyId
    retention: str
    by: UUID
    telling: TellingCode
    items: tuple[UUID, ...]
    """What it is about, at this node."""
    told: tuple[str, ...]
    """Partners that are told over the exchange."""
    by_hand: tuple[str, ...]
    """Who also knows it, and can only be told outside the exchange."""
    reason: str
    """A code."""
    objection: UUID | None
    explanation: Private[str]
    value: Private[str]
    """Of a correction: what it should be."""


class NotificationSent(Event, topic="notification/sent/1"):
    """This partner is told, in this message, and owes an answer."""

    message: str
    partner: str
    telling: TellingCode
    act: UUID
    items: tuple[UUID, ...]
    action: str | None
    """Of a recall: ERASE or RESTRICT."""
    reason: str
    due_on: str


class NotificationReceived(Event, topic="notification/received/1"):
    """A partner told something about items it gave; it took effect here at once, and a person owes an answer."""

    message: str
    partner: str
    telling: TellingCode
    items: tuple[UUID, ...]
    action: str | None
    reason: str
    due_on: str
    onward: tuple[UUID, ...]
    """Items that this node gave to others and that hold what it is about: to be corrected or recalled further down."""


class NotificationProcessed(Event, topic="notification/processed/1"):
    """A person here answered what a partner told."""

    key_id: KeyId
    retention: str
    message: str
    partner: str
    answer: str
    """Message id of the answer."""
    outcome: OutcomeCode
    ground: str | None
    by: UUID
    text: Private[str]


class NotificationAnswered(Event, topic="notification/answered/1"):
    """A partner answered what it was told."""

    key_id: KeyId
    message: str
    partner: str
    outcome: OutcomeCode
    ground: str | None
    text: Private[str]


class ItemCorrected(Event, topic="item/corrected/1"):
    """This item is not current any more; it stays on record, because it was exchanged."""

    item: UUID
    replacement: UUID | None
    """The item that holds what it should be; None when it was told outside the exchange, or corrected here only."""
    partner: str
    direction: Literal["sent", "received"]
    act: UUID | None
    message: str | None
    by: UUID | None
    """None when the partner that gave it corrected it."""
