"""The time of an event as the tables hold it."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any


def ms(event: Any) -> int:
    """The event's time in milliseconds since the epoch; of an event, or of its public line."""
    return to_ms(event.at)


@lru_cache(maxsize=64)  # the events of a batch share their time
def to_ms(at: datetime | str) -> int:
    """An aware moment in milliseconds since the epoch."""
    return round((datetime.fromisoformat(at) if isinstance(at, str) else at).timestamp() * 1000)
