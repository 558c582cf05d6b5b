"""What becomes of what is kept: terms and erasure, requests, reading, alarms."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from exchange.domain.event import Event, Private
from exchange.domain.events.core import KeyId

# ---------------------------------------------------------------------------------------- retention


class RetentionConfirmed(Event, topic="retention/confirmed/1"):
    """The controller fixed the term of a class; before that a proposed rule destroys nothing."""

    rule: str
    retention: str
    trigger: str
    period: str
    legal_source: str
    by: UUID


class ErasureAsked(Event, topic="erasure/asked/1"):
    """A person asked for destruction while nobody vouched for the clock; another may confirm that day's date (protocol §7)."""

    by: UUID
    clock: Literal["no-independent-time", "ahead-of-partners"]


class ErasureDecided(Event, topic="erasure/decided/1"):
    """These items must go; destroying their keys follows, also after a crash."""

    rule: str
    items: tuple[UUID, ...]
    """Stream ids of ``item/recorded``."""
    key_ids: tuple[KeyId, ...]
    sealed: tuple[str, ...]
    by: UUID | None
    clock: Literal["trusted", "confirmed-by-person"]


class ErasureDone(Event, topic="erasure/done/1"):
    """The keys are gone: the vault is at this generation and every epoch that could open a copy has ended."""

    generation: int
    keys: int
    epochs: int
    anchor: str
    """Kind of medium whose overwriting is the physical destruction."""


# ---------------------------------------------------------------------------------------- acting and reading


class CommandAccepted(Event, topic="command/accepted/1"):
    """A write with an idempotency key; the same key gets the same answer."""

    key_id: KeyId | None
    request: str
    """Keyed hash of actor, command and idempotency key, which a caller may have chosen to be anything."""
    body: str
    """Keyed fingerprint of what was asked: the same key with another request is a conflict. The key is of an own epoch, and
    when that is destroyed the fingerprint says nothing any more."""
    act: UUID
    result: dict[str, str | int | list[str]]
    external_reference: Private[str | None]
    """The case number in the caller's own system."""


class DataRead(Event, topic="data/read/1"):
    """Somebody saw personal data. "Ter beschikking stellen" is disclosing (covenant article 1)."""

    key_id: KeyId
    by: UUID
    view: str
    subject: Private[UUID | None]


class CopiedOut(Event, topic="data/copied-out/1"):
    """Personal data left as a file or print; erasure here does not reach that copy."""

    key_id: KeyId
    by: UUID
    view: str
    subject: Private[UUID | None]


class AlarmRaised(Event, topic="alarm/raised/1"):
    """Something an operator must look at."""

    alarm: Literal["silence", "clock", "replica", "checkpoint", "log-older"]
    partner: str | None
