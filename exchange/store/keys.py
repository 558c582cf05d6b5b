"""What the log needs of a key store, and what a key looks like on its way into one.

The vault (:mod:`exchange.store.vault`) is the key store; tests use a smaller one under the same contract.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

KeyId = str
"""A vault key: 32 lower-case hex digits."""

_TIME_BYTES: Final = 6
_RANDOM_BYTES: Final = 10


def new_key_id(now_ms: int) -> KeyId:
    """A fresh key id: 6 bytes of time, 10 random (80 bits never meet by accident).

    The time in front puts keys of one day side by side in the vault's index, so that adding keys costs the same in a large
    vault as in a small one. It tells nothing new: the events that name the key carry their time in the open.
    """
    return (now_ms.to_bytes(_TIME_BYTES, "big") + os.urandom(_RANDOM_BYTES)).hex()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key on its way into the vault."""

    id: KeyId
    retention_class: str
    """What is due together lies together: the vault groups keys by this code."""
    key: bytes
    tag: bytes
    """Names the log batch the key was made for; decides at the next start whether it stays."""

    def __repr__(self) -> str:
        """Without the key: a repr ends up in tracebacks."""
        return f"NewKey({self.id})"


@dataclass(frozen=True, slots=True)
class Shredded:
    """What a shred did: the vault's generation after it, and how many keys it destroyed."""

    generation: int
    count: int


class KeySource(Protocol):
    """Where keys are looked up."""

    def get(self, key_id: KeyId) -> bytes | None:
        """The key, or None when it was destroyed or never existed."""

    def get_many(self, ids: Sequence[KeyId]) -> dict[KeyId, bytes]:
        """The keys that exist; a missing one is absent."""


class KeyStore(KeySource, Protocol):
    """Where keys are kept and destroyed. Every method raises StorageError when the disk refuses."""

    def put_pending(self, rows: Sequence[NewKey]) -> None:
        """Store keys durably, marked as not yet named by an event."""

    def confirm(self, ids: Iterable[KeyId]) -> None:
        """Their event is in the log. May be lazy: a lost confirmation is repaired at the next start."""

    def flush(self) -> None:
        """Make every confirmation durable."""

    def pending(self) -> list[tuple[KeyId, bytes]]:
        """Unconfirmed keys with their tags."""

    def mark(self) -> bytes:
        """Tag of the newest batch whose keys were confirmed; empty before the first."""

    def shred(self, ids: Sequence[KeyId]) -> Shredded:
        """Destroy keys for good; ids that are not there are passed over."""
