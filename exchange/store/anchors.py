"""Anchors: 32 random bytes outside the vault file, and the one thing whose overwriting is the physical destruction.

A new anchor is written *beside* the current one before the vault moves to the next generation, and takes its place after, so
that at every moment one of the two opens the vault. A provider keeps at most these two and never a history.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from exchange.errors import SetupError
from exchange.store.sqlite import disk, sync


class Anchor(NamedTuple):
    """The anchor of one vault generation."""

    generation: int
    secret: bytes


class AnchorProvider(Protocol):
    """Where an anchor is kept. Every method is durable when it returns; StorageError when the medium refuses."""

    kind: str
    """Kind of medium, as certificates name it: ``file``, later ``tpm2``, ``pkcs11``."""

    def create(self, anchor: Anchor) -> None:
        """Write the first anchor; SetupError when there is one already."""

    def current(self) -> Anchor | None:
        """The anchor; None when there is none, or what is there is torn."""

    def staged(self) -> Anchor | None:
        """The anchor written beside; None when there is none, or it is torn."""

    def stage(self, anchor: Anchor) -> None:
        """Write an anchor beside the current one, replacing one that was beside it before."""

    def promote(self) -> None:
        """Overwrite the current anchor in place with the staged one, which stays until :meth:`discard`."""

    def discard(self) -> None:
        """Overwrite and remove whatever is staged. Harmless when nothing is."""

    def device(self) -> int | None:
        """The file-system device it lies on, to warn when vault and anchor share one; None when it is no file."""


_MAGIC: Final = b"CVXANCH1"
_BODY: Final = struct.Struct(">8sQ32s")
_DIGEST: Final = 32
_SIZE: Final = _BODY.size + _DIGEST


class FileAnchor:
    """An anchor in a file, 80 bytes, overwritten in place.

    On an SSD or a copy-on-write file system "in place" is best effort, and an image backup that holds anchor and vault
    together undoes erasure until it expires. Put it on its own small medium.
    """

    kind = "file"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(path.name + ".next")

    def create(self, anchor: Anchor) -> None:
        """See :class:`AnchorProvider`."""
        if self._path.exists():
            raise SetupError("There is an anchor at this place already; nothing was changed.")
        with disk():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _write(self._path, anchor)

    def current(self) -> Anchor | None:
        """See :class:`AnchorProvider`."""
        return _read(self._path)

    def staged(self) -> Anchor | None:
        """See :class:`AnchorProvider`."""
        return _read(self._beside)

    def stage(self, anchor: Anchor) -> None:
        """See :class:`AnchorProvider`."""
        with disk():
            _write(self._beside, anchor)

    def promote(self) -> None:
        """See :class:`AnchorProvider`."""
        anchor = self.staged()
        if anchor is None:
            raise SetupError("There is no staged anchor to promote.")
        with disk():
            _write(self._path, anchor)

    def discard(self) -> None:
        """See :class:`AnchorProvider`."""
        with disk(), contextlib.suppress(FileNotFoundError):
            handle = os.open(self._beside, os.O_WRONLY)
            try:
                os.pwrite(handle, bytes(max(_SIZE, os.fstat(handle).st_size)), 0)
                os.fsync(handle)
            finally:
                os.close(handle)
            self._beside.unlink()
            sync(self._beside.parent)

    def device(self) -> int | None:
        """See :class:`AnchorProvider`."""
        with disk():
            return self._path.parent.stat().st_dev


def _encode(anchor: Anchor) -> bytes:
    body = _BODY.pack(_MAGIC, anchor.generation, anchor.secret)
    return body + hashlib.sha256(body).digest()


def _write(path: Path, anchor: Anchor) -> None:
    """Write over the same bytes: no truncation, no rename, so no old block is left behind with the old secret."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, _encode(anchor), 0)
        os.fsync(handle)
    finally:
        os.close(handle)
    sync(path.parent)


def _read(path: Path) -> Anchor | None:
    with disk():
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
    if len(data) != _SIZE or hashlib.sha256(data[: _BODY.size]).digest() != data[_BODY.size :]:
        return None  # torn: the other of the two is whole
    magic, generation, secret = _BODY.unpack(data[: _BODY.size])
    return Anchor(generation, secret) if magic == _MAGIC else None
