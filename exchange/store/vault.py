"""The vault: where every key lives, and where keys are destroyed so that nothing brings them back.

    Vault.create(path, anchor, {"service": Credential(…)}, replica=Place(path2, anchor2))
    vault = Vault.open(path, anchor, Credential(…), replica=Place(path2, anchor2))
    vault.put_pending(rows); vault.confirm(ids); vault.get(key_id); vault.shred(ids)

A *replica* is a second vault file with an anchor of its own, on another medium. It follows every change, and destroying keys
waits for both. While it does not answer, keys are still added, ``status`` says so, and nothing can be destroyed.
No part of a vault belongs in a backup: an old copy of file and anchor together undoes an erasure.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from exchange.crypto.vault import (
    MODERATE,
    ArgonCost,
    Credential,
    Passphrase,
    Secret,
    make_slot,
    new_secret,
    rewrap_slot,
)
from exchange.errors import ConflictError, ExchangeError, IntegrityError, NotFoundError, StorageError
from exchange.store import replica as replicas
from exchange.store.anchors import AnchorProvider, FileAnchor
from exchange.store.keys import KeyId, NewKey, Shredded
from exchange.store.replica import Place
from exchange.store.sqlite import disk
from exchange.store.vaultfile import Row, VaultFile

__all__ = [
    "MODERATE",
    "ArgonCost",
    "Credential",
    "FileAnchor",
    "NewKey",
    "Passphrase",
    "Place",
    "Secret",
    "Shredded",
    "Vault",
    "VaultStatus",
]

_KEY_ID_DIGITS = 32


@dataclass(frozen=True)
class VaultStatus:
    """What an operator must know about the vault."""

    generation: int
    keys: int
    slots: tuple[str, ...]
    anchor: str
    """Kind of anchor medium."""
    replica: Literal["none", "following", "silent"]
    warnings: tuple[str, ...]
    """``anchor-same-device``, ``replica-same-device``, ``no-replica``, ``replica-silent``."""


class Vault:
    """See the module. Any thread may call it; one lock orders the calls."""

    def __init__(self, primary: VaultFile, replica: VaultFile | None, place: Place | None) -> None:
        self._lock = threading.RLock()
        self._primary = primary
        self._replica = replica
        self._place = place
        self._confirmed: list[bytes] = []

    # ------------------------------------------------------------------------------------ opening

    @staticmethod
    def create(
        path: Path,
        anchor: AnchorProvider,
        slots: Mapping[str, Secret],
        *,
        argon: ArgonCost = MODERATE,
        replica: Place | None = None,
    ) -> None:
        """Make an empty vault that each of ``slots`` opens; with ``replica``, its second file too.

        Raises:
            SetupError: A vault or anchor exists at one of the places.
        """
        if not slots:
            raise ConflictError("A key vault needs at least one slot, or nobody can open it.")
        secret = new_secret()
        made = [make_slot(name, by, argon, secret) for name, by in slots.items()]
        VaultFile.create(path, anchor, secret, made)
        if replica is not None:
            VaultFile.create(replica.path, replica.anchor, secret, made)

    @classmethod
    def open(cls, path: Path, anchor: AnchorProvider, secret: Secret, *, replica: Place | None = None) -> Self:
        """Open with one custodian's secret; a roll that a crash cut short is finished or undone first.

        A replica that cannot be opened does not stop the node: it is *silent*, and ``status`` says so.

        Raises:
            LockedError: Wrong secret, or a missing or unfitting anchor.
            SetupError: No vault there, or another process has it open.
        """
        vault = cls(VaultFile.open(path, anchor, secret), None, replica)
        try:
            vault._attach(secret)
        except BaseException:
            vault.close()
            raise
        return vault

    def close(self) -> None:
        """Make confirmations durable and close the files. Harmless when done twice."""
        with self._lock:
            with contextlib.suppress(ExchangeError):  # the next start confirms them again
                self.flush()
            for file in (self._primary, self._replica):
                if file is not None:
                    file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------------------------ keys

    def get(self, key_id: KeyId) -> bytes | None:
        """The key; None when it was destroyed or never existed."""
        return self.get_many([key_id]).get(key_id)

    def get_many(self, ids: Sequence[KeyId]) -> dict[KeyId, bytes]:
        """The keys that exist; a missing one is absent.

        Raises:
            IntegrityError: A row was changed.
        """
        with self._lock:
            found = self._primary.get_many([_raw(key_id) for key_id in ids])
        return {key_id.hex(): key for key_id, key in found.items()}

    def put_pending(self, rows: Sequence[NewKey]) -> None:
        """Store keys, durable when it returns, as pending until :meth:`confirm`.

        Raises:
            StorageError: The disk refused; none was stored.
        """
        raw = [Row(_raw(row.id), row.retention_class, row.key, row.tag) for row in rows]
        with self._lock:
            self._primary.put(raw, self._confirmed)
            if self._replica is not None:
                try:
                    self._replica.put(raw, self._confirmed)
                except ExchangeError:
                    self._detach()
            self._confirmed = []

    def confirm(self, ids: Iterable[KeyId]) -> None:
        """These keys have their event. Travels with the next commit; :meth:`flush` does not wait for one."""
        with self._lock:
            self._confirmed += [_raw(key_id) for key_id in ids]

    def flush(self) -> None:
        """Make every confirmation durable.

        Raises:
            StorageError: The disk refused; they stay queued.
        """
        with self._lock:
            if not self._confirmed:
                return
            self._primary.confirm(self._confirmed)
            if self._replica is not None:
                try:
                    self._replica.confirm(self._confirmed)
                except ExchangeError:
                    self._detach()
            self._confirmed = []

    def pending(self) -> list[tuple[KeyId, bytes]]:
        """Unconfirmed keys with their tags."""
        with self._lock:
            settled = set(self._confirmed)
            return [(key_id.hex(), tag) for key_id, tag in self._primary.pending() if key_id not in settled]

    def mark(self) -> bytes:
        """Tag of the newest batch of the log whose keys are confirmed here; empty before the first."""
        with self._lock:
            return self._primary.mark

    def ids_of(self, retention_class: str) -> list[KeyId]:
        """The keys of one class, for whoever keeps a list of its own and must find what is on no list."""
        with self._lock:
            return [key_id.hex() for key_id in self._primary.ids_of(retention_class)]

    def verify(self) -> int:
        """Open every row of the vault, page by page, so that whoever needs a key meanwhile gets it; how many keys there are.

        Raises:
            IntegrityError: A row was changed.
        """
        count = 0
        last: bytes | None = b""
        while last is not None:
            with self._lock:
                page, last = self._primary.verify_page(last)
            count += page
        return count

    # ------------------------------------------------------------------------------------ destroying

    @property
    def generation(self) -> int:
        """Rises with every destruction of keys."""
        return self._primary.generation

    @property
    def anchor_kind(self) -> str:
        """The medium whose overwriting is the physical destruction."""
        return self._primary.anchor.kind

    def shred(self, ids: Sequence[KeyId]) -> Shredded:
        """Destroy keys for good: no copy of file and anchor made afterwards, and no older file with this anchor, opens them.

        Ids that are not there are passed over, so a caller may simply do it again after a crash.

        Raises:
            StorageError: The disk, or the replica, did not do it; do it again. What was destroyed stays destroyed.
        """
        with self._lock:
            self._both()
            there = self._primary.present(_raw(key_id) for key_id in ids)
            if there:
                self._primary.roll(there)
                self._follow(there)
            return Shredded(self._primary.generation, len(there))

    def _both(self) -> None:
        """Raise unless the replica, if there is to be one, follows."""
        if self._place is not None and self._replica is None:
            self._attach()
            if self._replica is None:
                raise StorageError(
                    "The replica of the key vault does not answer, so nothing was destroyed. Bring it back and try again."
                )

    def _follow(self, ids: Iterable[bytes]) -> None:
        """Destroy the same keys in the replica; a caller is told when it could not, and the next call catches up."""
        if self._replica is not None:
            try:
                self._replica.roll(self._replica.present(ids), to=self._primary.generation)
            except ExchangeError:
                self._detach()
                raise

    # ------------------------------------------------------------------------------------ custodians

    def add_slot(self, name: str, secret: Secret, *, argon: ArgonCost = MODERATE) -> None:
        """Give one more custodian a way in.

        Raises:
            ConflictError: There is a slot of that name.
        """
        with self._lock:
            if any(slot.name == name for slot in self._primary.slots()):
                raise ConflictError("The key vault has a slot of that name already; remove it first.")
            self._both()
            slot = make_slot(name, secret, argon, self._primary.secret)
            for file in self._files():
                file.put_slot(slot)

    def remove_slot(self, name: str) -> None:
        """Take a custodian's way in away: the vault secret is replaced and the generation rolled, so what he kept is worthless.

        Raises:
            NotFoundError: No such slot.
            ConflictError: It is the last one.
        """
        with self._lock:
            slots = self._primary.slots()  # checked: nobody planted a public key
            staying = [slot for slot in slots if slot.name != name]
            if len(staying) == len(slots):
                raise NotFoundError("The key vault has no slot of that name.")
            if not staying:
                raise ConflictError("The last slot of the key vault cannot be removed; add another one first.")
            self._both()
            secret = new_secret()
            wrapped = [rewrap_slot(slot, secret) for slot in staying]
            for file in self._files():
                file.roll({}, slots=wrapped, secret=secret)

    # ------------------------------------------------------------------------------------ state

    def status(self) -> VaultStatus:
        """What an operator must know; tries to bring a silent replica back first.

        Raises:
            StorageError: The vault itself cannot be read.
        """
        with self._lock:
            if self._place is not None and self._replica is None:
                self._attach()
            replica: Literal["none", "following", "silent"] = "none"
            if self._place is not None:
                replica = "silent" if self._replica is None else "following"
            return VaultStatus(
                generation=self.generation,
                keys=self._primary.count(),
                slots=tuple(slot.name for slot in self._primary.slots()),
                anchor=self.anchor_kind,
                replica=replica,
                warnings=tuple(self._warnings(replica)),
            )

    def _warnings(self, replica: str) -> Iterable[str]:
        with disk():
            device = self._primary.path.stat().st_dev
            if self._primary.anchor.device() == device:
                yield "anchor-same-device"
            if self._replica is not None and self._replica.path.stat().st_dev == device:
                yield "replica-same-device"
        if replica != "following":
            yield "no-replica" if replica == "none" else "replica-silent"

    # ------------------------------------------------------------------------------------ replica

    def _files(self) -> list[VaultFile]:
        return [file for file in (self._primary, self._replica) if file is not None]

    def renew_replica(self) -> None:
        """Make the replica anew, on a fresh medium, from what the vault holds.

        Raises:
            SetupError: Something of the old replica is still there.
            NotFoundError: This vault was opened without a place for one.
        """
        with self._lock:
            if self._place is None:
                raise NotFoundError("This key vault has no replica in its settings.")
            self._detach()
            first = self._primary
            VaultFile.create(self._place.path, self._place.anchor, first.secret, first.slots(), first.generation)
            self._attach()

    def _attach(self, secret: Secret | None = None) -> None:
        if self._place is not None:
            self._replica = replicas.attach(self._primary, self._place, secret)

    def _detach(self) -> None:
        if self._replica is not None:
            self._replica.close()
            self._replica = None


def _raw(key_id: KeyId) -> bytes:
    try:
        raw = bytes.fromhex(key_id)
    except ValueError:
        raw = b""
    if len(key_id) != _KEY_ID_DIGITS or len(raw) * 2 != _KEY_ID_DIGITS:
        raise IntegrityError("A key id is 32 lower-case hexadecimal digits.")
    return raw
