"""The node's log: immutable, Merkle-hashed, and the only source of everything else.

    Log.create(directory)                       once
    with Log.open(directory, vault) as log:
        log.settle()                            keys of a batch that never made it are destroyed
        with log.batch(now) as batch:
            batch.append(event)
            batch.commit()
        for entry in log.entries(start=0): log.event(entry)

One process has it open (a lock file says so), one thread writes, any thread reads.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from exchange.domain.event import Event
from exchange.errors import ConflictError, ExchangeError, IntegrityError, NotFoundError, SetupError, StorageError
from exchange.merkle.tree import Frontier
from exchange.store import sqlite
from exchange.store.archive import Archive
from exchange.store.batch import Batch, Savepoint, batch_tag, read
from exchange.store.entry import Entry, Leaf, Stamped
from exchange.store.frontiers import frontier_at
from exchange.store.keys import KeyId, KeyStore, NewKey
from exchange.store.lock import take_lock
from exchange.store.mapper import key_id_of
from exchange.store.recorder import FORMAT, Checkpoint

__all__ = ["Batch", "Checkpoint", "Entry", "Log", "Savepoint", "Stamped"]

FILE: Final = "log.db"
LOCK: Final = "log.lock"
PAGE: Final = 500
FRONTIER_EVERY: Final = 1024
"""Leaves between two stored frontiers; opening hashes at most this many, and one batch, again."""


class Log:
    """See the module. Made by :meth:`open`."""

    def __init__(self, archive: Archive, keys: KeyStore | None, lock: int) -> None:
        self.path, self._archive = archive.path, archive
        self._recorder = archive.recorder
        self._keys = keys
        self._lock = lock
        self._guard = threading.Lock()
        self._batch: Batch | None = None
        self._orphans: list[tuple[KeyId, bytes]] = []
        self._newest: Checkpoint | None = None
        self.behind = False
        """Whether its vault confirmed keys of an entry that is not here: an older log was put in its place (:meth:`settle`)."""
        self._resync()

    # ------------------------------------------------------------------------------------ opening

    @staticmethod
    def create(directory: Path) -> None:
        """Make an empty log in ``directory``.

        Raises:
            SetupError: There is one already.
        """
        sqlite.create(directory / FILE, FORMAT)

    @classmethod
    def open(cls, directory: Path, keys: KeyStore | None) -> Self:
        """The log of ``directory``; with ``keys`` None (an auditor) private fields read LOCKED and nothing can be written.

        Raises:
            SetupError: There is none, it is of another release, or another process has it open.
        """
        if not (directory / FILE).is_file():
            raise SetupError("There is no {name} in this node directory; check the path, or restore it.", name=FILE)
        lock = take_lock(directory / LOCK)
        try:
            with sqlite.disk():
                return cls(Archive(directory / FILE, keys), keys, lock)
        except BaseException:
            os.close(lock)
            raise

    def close(self) -> None:
        """Let go of the files. Harmless when done twice."""
        self._archive.close()
        if self._lock >= 0:
            os.close(self._lock)  # closing releases the lock
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------------------------ reading

    @property
    def size(self) -> int:
        """How many events are stored."""
        return self._frontier.size

    @property
    def damaged(self) -> bool:
        """Whether there are more events than leaves or the reverse: then it can be read and verified, not written."""
        return self._damaged

    def root(self) -> bytes:
        """RFC 6962 root over all stored leaves."""
        return self._frontier.root()

    def head(self) -> tuple[int, bytes]:
        """Size and root of one and the same moment; what a checkpoint is signed over."""
        frontier = self._frontier  # replaced as a whole at each commit, never changed in place
        return frontier.size, frontier.root()

    def entries(self, start: int = 0, limit: int = PAGE, topics: Sequence[str] | None = None) -> list[Entry]:
        """Up to ``limit`` entries from index ``start`` on, oldest first; only of ``topics`` when given."""
        with sqlite.disk():
            return self._recorder.entries(start, limit, topics)

    def entry(self, index: int) -> Entry:
        """The entry at ``index``.

        Raises:
            NotFoundError: The log is shorter.
        """
        if index >= 0 and (found := self.entries(index, 1)):
            return found[0]
        raise NotFoundError("The log has no entry {index}; it holds {size}.", index=index, size=self.size)

    def event(self, entry: Entry) -> Event:
        """The event of ``entry``, with private fields unsealed, SHREDDED or LOCKED."""
        return self.read_all([entry])[0]

    def entries_at(self, indexes: Sequence[int]) -> list[Entry]:
        """The entries at these indexes, in order of index; absent ones are passed over."""
        with sqlite.disk():
            return self._recorder.entries_at(indexes)

    def read_all(self, entries: Sequence[Entry], *, unseal: bool = True) -> list[Event]:
        """The events of many entries, their keys fetched in one go; without ``unseal`` private fields read LOCKED."""
        keys: dict[KeyId, bytes] | None = None
        if unseal and self._keys is not None:
            wanted = {key_id for entry in entries if (key_id := key_id_of(entry)) is not None}
            keys = self._keys.get_many(sorted(wanted)) if wanted else {}
        return [read(entry, keys) for entry in entries]

    def events(self, originator_id: UUID) -> list[Event]:
        """All events of one stream, oldest first."""
        with sqlite.disk():
            entries = self._recorder.stream(originator_id.hex)
        return self.read_all(entries) if entries else []

    def last_versions(self, originators: Sequence[str]) -> dict[str, int]:
        """The newest version in each of the streams with these 32-digit ids; 0 where there is none."""
        with sqlite.disk():
            return self._recorder.last_versions(originators)

    def leaves(self, start: int = 0, limit: int = PAGE) -> list[Leaf]:
        """Leaf rows from index ``start`` on."""
        with sqlite.disk():
            return self._recorder.leaves(start, limit)

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        """The leaf hashes of ``[start, stop)``, for proofs."""
        with sqlite.disk():
            return self._recorder.leaf_hashes(start, max(0, stop - start))

    def key(self, key_id: KeyId) -> bytes | None:
        """A key of the vault; None when it was destroyed, or when no vault is at hand."""
        return self._keys.get(key_id) if self._keys is not None else None

    def sealed(self, digest: str) -> bytes | None:
        """The part ciphertext with this SHA-256 (hex); None when it has been dropped."""
        with sqlite.disk():
            return self._recorder.sealed(bytes.fromhex(digest))

    def sealed_page(self, after: bytes = b"", limit: int = PAGE) -> list[tuple[bytes, bytes]]:
        """Ciphertext rows in the order of their hashes, for verification."""
        with sqlite.disk():
            return self._recorder.sealed_page(after, limit)

    # ------------------------------------------------------------------------------------ checkpoints

    def checkpoints(self, start: int = 0, limit: int = -1) -> list[Checkpoint]:
        """Own signed checkpoints with a size of at least ``start``, oldest first."""
        with sqlite.disk():
            return self._recorder.checkpoints(start, limit)

    def frontiers(self) -> list[tuple[int, bytes]]:
        """Stored trees by size, for verification."""
        with sqlite.disk():
            return self._recorder.frontiers()

    def newest_checkpoint(self) -> Checkpoint | None:
        """The newest own signed checkpoint."""
        return self._newest

    def add_checkpoint(self, size: int, root: bytes, note: bytes) -> None:
        """Store a checkpoint signed over :meth:`head`; sizes only rise. Storing the newest one again does nothing.

        Raises:
            IntegrityError: Our own log has another root at that size: never sign, never store that.
            ConflictError: A checkpoint of this size or a larger one is stored already.
        """
        checkpoint = Checkpoint(size, root, note)
        with self._guard:
            if checkpoint == self._newest:
                return
            if self._newest is not None and size <= self._newest.size:
                raise ConflictError(
                    "A checkpoint over {newest} entries is stored already; one over {size} comes too late.",
                    newest=self._newest.size,
                    size=size,
                )
            if self.root_at(size) != root:
                raise IntegrityError("A checkpoint over {size} entries names a root this log does not have.", size=size)
            try:
                with sqlite.disk():
                    self._recorder.insert_checkpoint(checkpoint)
            except ExchangeError:
                with sqlite.disk():  # a commit may fail after it persisted: what the file says counts
                    self._newest = self._recorder.newest_checkpoint()
                if self._newest != checkpoint:
                    raise
            self._newest = checkpoint

    def root_at(self, size: int) -> bytes:
        """The root the log had at ``size`` entries.

        Raises:
            NotFoundError: It never had that many.
        """
        current = self._frontier
        if size == current.size:
            return current.root()
        if not 0 <= size < current.size:
            raise NotFoundError("The log has no {size} entries; it holds {held}.", size=size, held=current.size)
        with sqlite.disk():
            return frontier_at(self._recorder, size).root()

    # ------------------------------------------------------------------------------------ writing

    def batch(self, now: datetime) -> Batch:
        """A new batch stamped with ``now``. One at a time.

        Raises:
            ConflictError: The previous batch is neither committed nor abandoned.
            StorageError: The disk still refuses after a failed commit.
            SetupError: The log is older than its vault, or was opened without one.
        """
        if self._batch is not None:
            raise ConflictError("Another batch is being written; finish it first.")
        if self._keys is None:
            raise SetupError("This log was opened without its vault, for reading only.")
        if self.behind:
            raise SetupError(
                "The log of this node is not the newest that its vault knows: entry {index} is missing or was changed. Nothing "
                "is written, sent or received until the newest log.db is put back.",
                index=int.from_bytes(self._vault().mark()[:8], "big"),
            )
        self.resync()
        if self._damaged:
            raise IntegrityError("The log was changed by another hand after entry {index}; verify it.", index=self.size)
        self._batch = Batch(self, now, self._frontier.copy())
        return self._batch

    @property
    def stale(self) -> bool:
        """Whether a batch failed and nobody has looked since what the file holds."""
        return self._stale

    def resync(self) -> None:
        """After a batch failed: take from the file what it holds. It may hold the batch, when only the answer was lost.

        Raises:
            StorageError: The disk still refuses.
        """
        if self._stale:
            with sqlite.disk():
                self._resync()

    def finished(self, frontier: Frontier | None) -> None:
        """The open batch is done; ``frontier`` is the new one when it was stored. For :class:`Batch`."""
        self._batch = None
        if frontier is not None:
            self._frontier = frontier

    def store(
        self,
        rows: list[StoredEvent],
        leaves: list[Leaf],
        sealed: list[tuple[bytes, bytes]],
        keys: list[NewKey],
        frontier: Frontier,
    ) -> None:
        """Steps 1 to 3 of :mod:`exchange.store.batch`. For :class:`Batch`.

        Raises:
            StorageError: Nothing was stored.
        """
        vault = self._vault()
        try:
            if keys:
                vault.put_pending(keys)  # 1
            self._insert(rows, leaves, sealed, frontier)  # 2
        except BaseException:
            self._stale = True
            # They open nothing that is stored, but an erased part's key must not survive here: see _sweep.
            self._orphans += [(row.id, row.tag) for row in keys]
            self.finished(None)
            raise
        self.finished(frontier)
        with contextlib.suppress(ExchangeError):  # the facts are stored; the next start confirms or sweeps
            vault.confirm([row.id for row in keys])  # 3
            self._sweep(vault)

    def drop_sealed(self, digests: Sequence[str]) -> None:
        """Remove part ciphertexts whose keys are gone; absent ones are passed over."""
        if digests:
            with sqlite.disk():
                self._recorder.delete_sealed([bytes.fromhex(digest) for digest in digests])

    def settle(self) -> int:
        """After a start: confirm pending keys whose batch is in the log, destroy the others; how many were destroyed.

        None is destroyed when the log is older than its vault: they are of entries that may yet be put back.
        """
        vault = self._vault()
        mark = vault.mark()
        self.behind = bool(mark) and not self._holds(mark)
        if self.behind:
            return 0
        pending = vault.pending()
        try:
            return self._sort_out(vault, pending)
        except StorageError:
            # The vault's replica is silent. They open nothing that is stored, so they may go after the next commit.
            self._orphans += pending
            return 0

    # ------------------------------------------------------------------------------------ inside

    def _vault(self) -> KeyStore:
        if self._keys is None:
            raise SetupError("This log was opened without its vault, for reading only.")
        return self._keys

    def _insert(
        self, rows: list[StoredEvent], leaves: list[Leaf], sealed: list[tuple[bytes, bytes]], frontier: Frontier
    ) -> None:
        keep = frontier.size // FRONTIER_EVERY > self._frontier.size // FRONTIER_EVERY
        peaks = (frontier.size, b"".join(frontier.to_list())) if keep else None
        try:
            with sqlite.disk():
                self._recorder.insert_events(rows, leaves=leaves, sealed=sealed, frontier=peaks)
        except ExchangeError:
            # A commit may fail after it persisted (its answer was lost). What the file says counts.
            if not self._holds(batch_tag(leaves[0])):
                raise

    def _holds(self, tag: bytes) -> bool:
        found = self.leaves(int.from_bytes(tag[:8], "big"), 1)
        return bool(found) and batch_tag(found[0]) == tag

    def _sweep(self, vault: KeyStore) -> None:
        """Destroy the keys of batches that failed. Only after a later commit: that one overwrote what a failed one left."""
        if self._orphans:
            self._sort_out(vault, self._orphans)
            self._orphans = []

    def _sort_out(self, vault: KeyStore, pending: list[tuple[KeyId, bytes]]) -> int:
        """Confirm the keys whose batch is in the log, destroy the others; how many were destroyed."""
        held = {tag: self._holds(tag) for tag in {tag for _, tag in pending}}
        vault.confirm([key_id for key_id, tag in pending if held[tag]])
        vault.flush()
        lost = [key_id for key_id, tag in pending if not held[tag]]
        return vault.shred(lost).count if lost else 0

    def _resync(self) -> None:
        """Take size, frontier and newest checkpoint from the file."""
        events, leaves = self._recorder.size(), self._recorder.leaf_count()
        self._damaged = events != leaves
        self._frontier = frontier_at(self._recorder, min(events, leaves))
        self._newest = self._recorder.newest_checkpoint()
        self._stale = False
