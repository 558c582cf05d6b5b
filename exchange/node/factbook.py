"""What is on record about whom, in memory: restrictions.

Who a fact is about stands sealed in the log; after unlock it is unsealed once and kept here, as the register of people is. What
is shredded is forgotten here as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from exchange.domain import events as e
from exchange.domain.event import Event, Gone

TOPICS: Final = ("restriction/set/1", "restriction/lifted/1")
"""What this fold reads; everything else in the log may be skipped."""


class Factbook:
    """The fold; ``evolve`` takes events in log order. The writer's thread evolves while others ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._restricted: dict[UUID, UUID] = {}
        """Live restriction of everything about somebody -> subject."""
        self._keys: dict[str, list[UUID]] = {}
        """Key -> what goes when it goes."""

    def evolve(self, event: Event) -> None:
        """Take one event in; shredded ones add nothing."""
        with self._lock:
            if isinstance(event, e.RestrictionLifted):
                self._restricted.pop(event.originator_id, None)
            elif (
                isinstance(event, e.RestrictionSet)
                and not isinstance(event.subject, Gone)
                and event.subject is not None
            ):
                self._restricted[event.originator_id] = event.subject
                self._keys.setdefault(event.key_id, []).append(event.originator_id)

    def forget(self, key_ids: Iterable[str]) -> None:
        """Drop whatever was sealed under these keys."""
        with self._lock:
            for key_id in key_ids:
                for restriction in self._keys.pop(key_id, ()):
                    self._restricted.pop(restriction, None)

    def restricts(self, subjects: Iterable[UUID]) -> bool:
        """Whether everything about one of these entries may only be stored."""
        if not self._restricted:
            return False
        wanted = set(subjects)
        with self._lock:
            return any(subject in wanted for subject in self._restricted.values())
