"""The time of an event as the tables hold it."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from exchange.domain.event import Event


def ms(event: Event) -> int:
    """The event's time in milliseconds since the epoch."""
    return to_ms(event.at)


@lru_cache(maxsize=64)  # the events of a batch share their time
def to_ms(at: datetime) -> int:
    """An aware moment in milliseconds since the epoch."""
    return round(at.timestamp() * 1000)
