"""The shape of a fact: a frozen event with a fixed, versioned topic and sealed private fields.

An event has a public part, which anyone with the log file can read and an auditor replays, and fields marked
:data:`Private`, which the mapper seals under exactly one vault key, named in the public field ``key_id``. When that key has
been destroyed, the fields read as :data:`SHREDDED` for ever; when the vault is not open they read as :data:`LOCKED`. The
type checker makes every reader of a private field say what happens then.

Topics are history: once an event class has been released its topic, and the meaning of its fields, never change. A changed
shape is a new version (``…/2``). The registry is closed: a topic that is not in it stops the node.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from exchange.errors import IntegrityError


class Gone(enum.Enum):
    """What a private field reads as when its text cannot be had."""

    SHREDDED = "shredded"
    """The key was destroyed; no one can read this any more."""
    LOCKED = "locked"
    """The key exists but was not at hand (an auditor without content keys)."""


SHREDDED = Gone.SHREDDED
LOCKED = Gone.LOCKED


class Sealed:
    """Marks a field as private; see :data:`Private`."""


_T = TypeVar("_T")
Private = Annotated[_T | Gone, Sealed()]
"""``Private[str]``: sealed in the log under the event's ``key_id``."""

EVENTS: dict[str, type[Event]] = {}
"""The closed registry: topic -> class. Filled when :mod:`exchange.domain.events` is imported."""


class Event(BaseModel):
    """One fact. ``originator_id`` is a random id (or a uuid5 of one), never derived from personal data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: ClassVar[str] = ""
    private: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields that are sealed."""

    originator_id: UUID
    at: datetime
    """When the node recorded it (UTC, whole milliseconds)."""

    def __init_subclass__(cls, *, topic: str = "", **kwargs: Any) -> None:
        """Take ``topic`` out of the class arguments; it is used when the fields are known."""
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, *, topic: str = "", **kwargs: Any) -> None:
        """Register ``topic`` and remember which fields are private."""
        super().__pydantic_init_subclass__(**kwargs)
        if not topic:
            return
        if topic in EVENTS:
            raise IntegrityError("The topic {topic} is defined twice.", topic=topic)
        cls.topic = topic
        cls.private = frozenset(
            name for name, field in cls.model_fields.items() if any(isinstance(m, Sealed) for m in field.metadata)
        )
        EVENTS[topic] = cls


def topic_class(topic: str) -> type[Event]:
    """The event class of ``topic``.

    Raises:
        IntegrityError: The topic is unknown: the log was written by a newer release, or is not ours.
    """
    try:
        return EVENTS[topic]
    except KeyError:
        raise IntegrityError(
            "The log holds an event of a kind this release does not know ({topic}); install the release that wrote it.",
            topic=topic[:64],
        ) from None
