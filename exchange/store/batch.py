"""A group of facts that enter the log together, in one transaction, or not at all.

Everything a signed statement may name (index, leaf hash, newest checkpoint) is fixed while the batch is being filled; nothing
signed may leave the node before :meth:`Batch.commit` returned. The order of a commit, and what a crash in between means:

1. new keys go to the vault, durable, as *pending*      crash here: keys without an event; the next start shreds them
2. one log transaction: events, leaves, sealed parts    crash here: as above
3. the keys are confirmed, lazily                       crash here: the next start finds their event and confirms them
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from exchange.crypto.aead import new_key
from exchange.crypto.labels import H
from exchange.domain.event import Event
from exchange.errors import ConflictError, IntegrityError
from exchange.merkle.tree import Frontier, leaf_hash
from exchange.store.entry import SALT_SIZE, Entry, Leaf, Stamped, leaf_bytes
from exchange.store.keys import KeyId, NewKey, new_key_id
from exchange.store.mapper import decode, encode

if TYPE_CHECKING:
    from exchange.store.log import Log


class Savepoint(NamedTuple):
    """A place in a batch to return to."""

    entries: int
    sealed: int
    keys: int
    frontier: Frontier


class Batch:
    """Facts on their way into the log. Made by :meth:`Log.batch`, used by one thread, finished by commit or abandon."""

    def __init__(self, log: Log, now: datetime, frontier: Frontier) -> None:
        self.now = now
        self._now_ms = int(now.timestamp() * 1000)
        self._log = log
        self._frontier = frontier
        self._entries: list[Entry] = []
        self._events: list[Event] = []
        self._leaves: list[Leaf] = []
        self._sealed: dict[bytes, bytes] = {}
        self._keys: dict[KeyId, tuple[str, bytes]] = {}
        self._versions: dict[str, int] = {}
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def __len__(self) -> int:
        """How many events it holds."""
        return len(self._entries)

    # ------------------------------------------------------------------------------------ filling

    def new_key(self, retention_class: str, key: bytes | None = None) -> KeyId:
        """The id of a key that enters the vault with this batch.

        Args:
            retention_class: Opaque code; keys of one class are kept, and destroyed, together.
            key: A key that exists already (a part key from a partner); None makes a fresh one.
        """
        self._must_be_open()
        key_id = new_key_id(self._now_ms)
        self._keys[key_id] = (retention_class, new_key() if key is None else key)
        return key_id

    def key(self, key_id: KeyId) -> bytes:
        """A key of this batch, or else of the vault.

        Raises:
            ConflictError: It was destroyed, or never existed.
        """
        mine = self._keys.get(key_id)
        if mine is not None:
            return mine[1]
        key = self._log.key(key_id)
        if key is None:
            raise ConflictError("The key this needs has been destroyed; what it belongs to was erased.")
        return key

    def add_sealed(self, ciphertext: bytes) -> str:
        """Keep a part's ciphertext beside the events; its SHA-256 in hex."""
        self._must_be_open()
        digest = H(ciphertext)
        self._sealed.setdefault(digest, ciphertext)
        return digest.hex()

    def append(self, event: Event, *, fresh: bool = False) -> Stamped:
        """Add ``event`` at the end: number it in its stream, seal its private fields, fix its leaf.

        Args:
            event: What happened.
            fresh: Its stream id was drawn at random just now, so no stream need be looked up. The unique index refuses the
                batch if that was not so.

        Raises:
            ConflictError: The key it names was destroyed.
            IntegrityError: It cannot be stored as it is; nothing was added.
        """
        self._must_be_open()
        cls = type(event)
        key_id: KeyId | None = getattr(event, "key_id", None) if cls.private else None
        key = self.key(key_id) if key_id is not None else None
        originator = event.originator_id.hex
        version = 1 if fresh else self._last_version(originator) + 1
        entry = Entry(self._frontier.size, originator, version, cls.topic, encode(event, version, key))
        salt = os.urandom(SALT_SIZE)
        digest = leaf_hash(leaf_bytes(entry, self._now_ms, salt))
        self._versions[originator] = version
        self._entries.append(entry)
        self._events.append(event)
        self._leaves.append(Leaf(entry.index, self._now_ms, salt, digest))
        self._frontier.append(digest)
        return Stamped(entry.index, digest)

    def look_up(self, streams: Iterable[UUID]) -> None:
        """Find out in one go how far these streams are; events appended to them need no question of their own."""
        unknown = [stream.hex for stream in streams if stream.hex not in self._versions]
        if unknown:
            self._versions |= self._log.last_versions(unknown)

    def events(self, originator_id: UUID) -> list[Event]:
        """A stream as it will be after this batch: what is stored, then what was appended here."""
        originator = originator_id.hex
        added = [e for entry, e in zip(self._entries, self._events, strict=True) if entry.originator == originator]
        return [*self._log.events(originator_id), *added]

    def checkpoint(self) -> tuple[int, bytes]:
        """Size and root of the newest *signed* checkpoint, for the header of a message; the empty tree's before that."""
        newest = self._log.newest_checkpoint()
        return (newest.size, newest.root) if newest is not None else (0, H(b""))

    # ------------------------------------------------------------------------------------ undoing

    def savepoint(self) -> Savepoint:
        """Where the batch stands now."""
        return Savepoint(len(self._entries), len(self._sealed), len(self._keys), self._frontier.copy())

    def rollback(self, savepoint: Savepoint) -> None:
        """Undo everything since ``savepoint``: one failing command of a group leaves no trace."""
        self._must_be_open()
        for entry in reversed(self._entries[savepoint.entries :]):
            self._versions[entry.originator] = entry.version - 1
        for items in (self._entries, self._events, self._leaves):
            del items[savepoint.entries :]
        while len(self._sealed) > savepoint.sealed:
            self._sealed.popitem()
        while len(self._keys) > savepoint.keys:
            self._keys.popitem()
        self._frontier = savepoint.frontier.copy()

    def abandon(self) -> None:
        """Forget the batch; nothing of it was stored. Harmless after a commit."""
        if self._open:
            self._open = False
            self._log.finished(None)

    # ------------------------------------------------------------------------------------ storing

    def commit(self) -> list[tuple[Entry, Event]]:
        """Store everything; what was stored, for the views.

        Raises:
            StorageError: The disk refused, nothing was stored; a new batch can be tried.
        """
        self._must_be_open()
        self._open = False
        if not self._entries:
            self._log.finished(None)
            return []
        self._log.store(self._rows(), self._leaves, list(self._sealed.items()), self._new_keys(), self._frontier)
        return list(zip(self._entries, self._events, strict=True))

    def _rows(self) -> list[StoredEvent]:
        pairs = zip(self._entries, self._events, strict=True)
        return [StoredEvent(event.originator_id, e.version, e.topic, e.state) for e, event in pairs]

    def _new_keys(self) -> list[NewKey]:
        tag = batch_tag(self._leaves[0])
        return [NewKey(key_id, retention, key, tag) for key_id, (retention, key) in self._keys.items()]

    def _last_version(self, originator: str) -> int:
        known = self._versions.get(originator)
        return self._log.last_versions([originator])[originator] if known is None else known

    def _must_be_open(self) -> None:
        if not self._open:
            raise IntegrityError("This batch was finished already; start a new one.")


def batch_tag(first: Leaf) -> bytes:
    """Names a batch by its first leaf: ``u64 index ‖ salt``. The leaf is in the log exactly when the batch is."""
    return first.index.to_bytes(8, "big") + first.salt


def read(entry: Entry, keys: dict[KeyId, bytes] | None) -> Event:
    """The event of ``entry`` with keys fetched beforehand; None reads private fields as LOCKED."""
    return decode(entry, keys.get if keys is not None else None)
