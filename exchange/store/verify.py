"""Re-reading the whole log, believing nothing, in constant memory.

For every entry, in order, and naming the first bad index:

1. the position is the next one, and there is exactly one leaf for it
2. the leaf is of a version and kind this release knows
3. the leaf hash is that of the leaf built again from the stored entry
4. the entry reads as an event (with ``unseal``: its box opens)
5. the caller's own check holds (header signatures, part commitments)
6. at each stored checkpoint and frontier, the root so far is the one stored

Then every ciphertext row hashes to its name, and the tree's size and root are those the running log works with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from exchange.crypto.labels import H
from exchange.domain.event import Event
from exchange.errors import IntegrityError
from exchange.merkle.tree import Frontier, leaf_hash
from exchange.store.entry import KIND_EVENT, LEAF_VERSION, SALT_SIZE, Entry, Leaf, leaf_bytes
from exchange.store.log import PAGE, Log

Check = Callable[[Entry, Event], None]
_SEALED_PAGE: Final = 64


@dataclass(frozen=True)
class Report:
    """What a verification that found nothing wrong has seen."""

    size: int
    root: bytes
    checkpoints: int
    sealed: int


def verify(log: Log, *, extra: Check | None = None, unseal: bool = False) -> Iterator[int | Report]:
    """Verify ``log`` as it stood at the call; yields how many entries are done after each page, and last the report.

    Args:
        log: The log; it may go on growing meanwhile.
        extra: Called with every entry and its event; raises IntegrityError with the index.
        unseal: Open every private box whose key is at hand. Without it no key is needed.

    Raises:
        IntegrityError: With the first bad index.
    """
    size, root = log.head()
    walk = _Walk(log, size)
    while walk.frontier.size < size:
        page = log.entries(walk.frontier.size, min(PAGE, size - walk.frontier.size))
        leaves = log.leaves(walk.frontier.size, len(page) or 1)
        _pairs(walk.frontier.size, page, leaves)
        for entry, leaf in zip(page, leaves, strict=True):
            _matches(entry, leaf)  # 2, 3
            walk.take(leaf)  # 6
        for entry, event in zip(page, log.read_all(page, unseal=unseal), strict=True):  # 4
            if extra is not None:
                extra(entry, event)  # 5
        yield walk.frontier.size
    if log.damaged:
        raise IntegrityError("Entry {index} of the log is there without its leaf, or the leaf without it.", index=size)
    if walk.frontier.root() != root:
        raise IntegrityError("The log on disk is not the log this node has been writing.", index=max(size - 1, 0))
    yield Report(size, root, walk.checkpoints, _sealed(log))


class _Walk:
    """The tree so far, held against what was stored along the way."""

    def __init__(self, log: Log, size: int) -> None:
        self.frontier = Frontier()
        self.checkpoints = 0
        self._roots = [(c.size, c.root) for c in reversed(log.checkpoints()) if c.size <= size]
        self._peaks = [(at, peaks) for at, peaks in reversed(log.frontiers()) if at <= size]
        while self._roots and self._roots[-1][0] == 0:
            self._compare_root(0)

    def take(self, leaf: Leaf) -> None:
        self.frontier.append(leaf.hash)
        if self._roots and self._roots[-1][0] == self.frontier.size:
            self._compare_root(leaf.index)
        if self._peaks and self._peaks[-1][0] == self.frontier.size:
            _, peaks = self._peaks.pop()
            if b"".join(self.frontier.to_list()) != peaks:
                raise IntegrityError("The stored tree does not fit the log up to entry {index}.", index=leaf.index)

    def _compare_root(self, index: int) -> None:
        _, root = self._roots.pop()
        if root != self.frontier.root():
            raise IntegrityError("The log up to entry {index} is not what was signed in its checkpoint.", index=index)
        self.checkpoints += 1


def _pairs(start: int, page: list[Entry], leaves: list[Leaf]) -> None:
    """1: the positions of entries and leaves are ``start``, ``start + 1``, …, side by side."""
    for offset in range(max(len(page), len(leaves), 1)):
        index = start + offset
        if offset >= len(page) or page[offset].index != index:
            raise IntegrityError("Entry {index} of the log is missing.", index=index)
        if offset >= len(leaves) or leaves[offset].index != index:
            raise IntegrityError("Entry {index} of the log has no leaf.", index=index)


def _matches(entry: Entry, leaf: Leaf) -> None:
    if (leaf.version, leaf.kind, len(leaf.salt)) != (LEAF_VERSION, KIND_EVENT, SALT_SIZE):
        raise IntegrityError("The leaf of entry {index} has an unknown form.", index=entry.index)
    try:
        built = leaf_hash(leaf_bytes(entry, leaf.at_ms, leaf.salt))
    except Exception:  # noqa: BLE001 - a foreign hand can put any type in any column
        built = b""
    if built != leaf.hash:
        raise IntegrityError("Entry {index} of the log is not what was written.", index=entry.index)


def _sealed(log: Log) -> int:
    count, after = 0, b""
    while page := log.sealed_page(after, _SEALED_PAGE):
        for digest, ciphertext in page:
            if H(ciphertext) != digest:
                raise IntegrityError(
                    "A stored part is not what its hash names; restore it, or ask the partner to send it again."
                )
        count, after = count + len(page), page[-1][0]
    return count
