"""One line of the log and its Merkle leaf.

An entry is what is stored; its leaf is what partners witness. The leaf holds only hashes, codes and numbers, is salted
(a short state cannot be guessed from its hash), and covers the stored bytes, ciphertext included: destroying a key never
changes the tree.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from exchange.crypto.labels import H

LEAF_VERSION: Final = 1
KIND_EVENT: Final = 1
SALT_SIZE: Final = 16
_HEAD: Final = struct.Struct(">BBQQ")
_ORIGIN: Final = struct.Struct(">16sIH")


class Entry(NamedTuple):
    """An event as it lies in the log; ``index`` counts from 0 and is the Merkle leaf index."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    originator: str
    """Stream id, 32 hex digits."""
    version: int
    """Position in its stream, from 1."""
    topic: str
    state: bytes
    """Public JSON line, newline, sealed box (see :mod:`exchange.store.mapper`)."""

    @property
    def originator_id(self) -> UUID:
        """Stream id."""
        return UUID(self.originator)

    @property
    def public(self) -> bytes:
        """The public JSON line, readable without any key."""
        return self.state.partition(b"\n")[0]


@dataclass(frozen=True, slots=True)
class Leaf:
    """What is stored beside an entry so that its leaf can be built again."""

    index: int
    at_ms: int
    """When the batch was stamped, in ms since 1970 (UTC)."""
    salt: bytes
    hash: bytes
    version: int = LEAF_VERSION
    kind: int = KIND_EVENT


def leaf_bytes(entry: Entry, at_ms: int, salt: bytes, version: int = LEAF_VERSION, kind: int = KIND_EVENT) -> bytes:
    """The leaf of ``entry``: version, kind, index, time, salt, stream, version in it, topic, SHA-256 of the stored state.

    All integers big-endian: ``u8 ‖ u8 ‖ u64 ‖ u64 ‖ 16 ‖ 16 ‖ u32 ‖ u16 length ‖ topic ‖ 32``.
    """
    topic = entry.topic.encode()
    return b"".join(
        (
            _HEAD.pack(version, kind, entry.index, at_ms),
            salt,
            _ORIGIN.pack(bytes.fromhex(entry.originator), entry.version, len(topic)),
            topic,
            H(entry.state),
        )
    )


class Stamped(NamedTuple):
    """The place an appended event will have, fixed before the commit so that a receipt can name it."""

    index: int  # type: ignore[assignment]  # hides tuple.index
    leaf_hash: bytes
