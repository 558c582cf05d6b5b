"""The Merkle tree of RFC 6962 / RFC 9162: roots, inclusion proofs, consistency proofs. Pure functions over hashes.

* :class:`Frontier` is what the writer holds: the roots of the complete subtrees, O(log n) memory, constant work per leaf.
* :class:`Tree` holds every complete node (64 bytes per leaf) and proves in O(log n); whoever proves builds it once.
* The ``verify_`` functions need nothing but hashes.

A proof does **not** bind the tree size: size and root must come together from one signed checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from exchange.errors import CryptoError, IntegrityError

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of the tree without leaves."""
_MAX_PROOF: Final = 64
"""Hashes in the longest proof: sizes stay below 2^63."""


def leaf_hash(leaf: bytes) -> bytes:
    """``SHA-256(0x00 ‖ leaf)``."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """``SHA-256(0x01 ‖ left ‖ right)``."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: one root per one-bit of the size, largest subtree first."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        odd = self.size
        peaks = self._peaks
        while odd & 1:
            leaf = sha256(b"\x01" + peaks.pop() + leaf).digest()
            odd >>= 1
        peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of all leaves so far."""
        return _bag(self._peaks)

    def copy(self) -> Frontier:
        """An independent frontier in the same state: what a batch extends and may throw away."""
        twin = Frontier()
        twin.size = self.size
        twin._peaks = self._peaks.copy()
        return twin

    def to_list(self) -> list[bytes]:
        """The subtree roots, for storage beside the size."""
        return self._peaks.copy()

    @classmethod
    def from_list(cls, size: int, peaks: Sequence[bytes]) -> Frontier:
        """The inverse of ``(size, to_list())``.

        Raises:
            IntegrityError: Not as many roots as the size has one-bits, or not hashes.
        """
        if size < 0 or len(peaks) != size.bit_count() or any(len(p) != HASH_SIZE for p in peaks):
            raise IntegrityError("The stored edge of the tree does not fit its size.")
        frontier = cls()
        frontier.size = size
        frontier._peaks = list(peaks)
        return frontier


def root_of(hashes: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in constant memory."""
    frontier = Frontier()
    for leaf in hashes:
        frontier.append(leaf)
    return frontier.root()


def _bag(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in peaks[-2::-1]:
        root = sha256(b"\x01" + peak + root).digest()
    return root


# ------------------------------------------------------------------------------------------------ proving


class Tree:
    """Every complete node, level by level, each level one flat array of 32-byte hashes."""

    __slots__ = ("_levels", "size")

    def __init__(self, hashes: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._levels: list[bytearray] = [bytearray()]
        for leaf in hashes:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        levels = self._levels
        levels[0] += leaf
        index, level = self.size, 0
        while index & 1:
            pair = levels[level][-2 * HASH_SIZE :]
            level += 1
            if level == len(levels):
                levels.append(bytearray())
            levels[level] += sha256(b"\x01" + pair).digest()
            index >>= 1
        self.size += 1

    def leaf(self, index: int) -> bytes:
        """The leaf hash at ``index``."""
        return self._node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """The root of the first ``size`` leaves (of all, when not given).

        Raises:
            IntegrityError: The tree is not that large.
        """
        end = self.size if size is None else size
        self._check_size(end)
        return self._range(0, end)

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """PATH(index, D[size]) of RFC 9162 §2.1.3.1.

        Raises:
            IntegrityError: No such leaf, or no such size.
        """
        end = self.size if size is None else size
        self._check_size(end)
        if not 0 <= index < end:
            raise IntegrityError("The tree of {size} leaves has no such leaf.", size=end)
        proof = []
        for level in range((end - 1).bit_length()):
            sibling = index >> level ^ 1
            if sibling + 1 << level <= end:  # complete: a stored node
                proof.append(self._node(level, sibling))
            elif sibling << level < end:
                proof.append(self._range(sibling << level, end))
        return proof

    def consistency_proof(self, old: int, size: int | None = None) -> list[bytes]:
        """PROOF(old, D[size]) of RFC 9162 §2.1.4.1; empty for an old size of 0 or an equal size.

        Raises:
            IntegrityError: The sizes are not in order.
        """
        end = self.size if size is None else size
        self._check_size(end)
        if not 0 <= old <= end:
            raise IntegrityError("The tree of {size} leaves has no such earlier size.", size=end)
        if old in {0, end}:
            return []
        return [self._range(start, stop) for start, stop in _consistency_ranges(old, end)]

    def _range(self, start: int, stop: int) -> bytes:
        """The root of leaves ``start`` to ``stop``, with ``start`` a multiple of the smallest power of two that covers it."""
        peaks = []
        while start < stop:
            level = (stop - start).bit_length() - 1
            peaks.append(self._node(level, start >> level))
            start += 1 << level
        return _bag(peaks)

    def _node(self, level: int, index: int) -> bytes:
        at = index * HASH_SIZE
        return bytes(self._levels[level][at : at + HASH_SIZE])

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise IntegrityError("The tree has {size} leaves, fewer than asked for.", size=self.size)


def _consistency_ranges(old: int, size: int) -> list[tuple[int, int]]:
    """SUBPROOF(old, D[size], true) as leaf ranges, in the order of the proof."""
    start, stop, left = 0, size, old
    whole = True  # the old tree is, so far, the whole left part that the verifier knows by its root
    siblings = []
    while left != stop - start:
        half = 1 << (stop - start - 1).bit_length() - 1
        if left <= half:
            siblings.append((start + half, stop))
            stop = start + half
        else:
            siblings.append((start, start + half))
            start += half
            left -= half
            whole = False
    if not whole:
        siblings.append((start, stop))
    return siblings[::-1]


def inclusion_proof(hashes: Iterable[bytes], index: int) -> list[bytes]:
    """The proof that leaf ``index`` is in the tree over ``hashes``; builds the tree, so for one-off use."""
    return Tree(hashes).inclusion_proof(index)


def consistency_proof(hashes: Iterable[bytes], old: int) -> list[bytes]:
    """The proof that the first ``old`` of ``hashes`` are a prefix; builds the tree, so for one-off use."""
    return Tree(hashes).consistency_proof(old)


# ------------------------------------------------------------------------------------------------ verifying


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash ``leaf`` stands at ``index`` in the tree of ``size`` with ``root`` (RFC 9162 §2.1.3.2).

    ``size`` and ``root`` must come from one signed checkpoint.

    Raises:
        CryptoError: It does not.
    """
    if not 0 <= index < size or not _are_hashes([leaf, root, *proof]):
        raise _no_inclusion()
    at, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise _no_inclusion()
        if at & 1 or at == last:
            result = sha256(b"\x01" + sibling + result).digest()
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            result = sha256(b"\x01" + result + sibling).digest()
        at >>= 1
        last >>= 1
    if last != 0 or result != root:
        raise _no_inclusion()


def verify_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of ``size`` continues the tree of ``old`` (RFC 9162 §2.1.4.2).

    Raises:
        CryptoError: It does not: the log was rewritten, or the proof is not one.
    """
    if not 0 <= old <= size or not _are_hashes([old_root, root, *proof]):
        raise _no_consistency()
    if old in {0, size}:
        # Nothing is claimed about the content of an empty tree, but its root is known.
        if proof or old_root != (root if old == size else EMPTY_ROOT):
            raise _no_consistency()
        return
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not hashes:
        raise _no_consistency()
    at, last = old - 1, size - 1
    while at & 1:
        at >>= 1
        last >>= 1
    if _fold_consistency(hashes, at, last) != (old_root, root):
        raise _no_consistency()


def _fold_consistency(hashes: Sequence[bytes], at: int, last: int) -> tuple[bytes, bytes] | None:
    """Steps 5 and 6 of RFC 9162 §2.1.4.2: the two roots that the proof leads to, or None when its length is wrong."""
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old = sha256(b"\x01" + sibling + old).digest()
            new = sha256(b"\x01" + sibling + new).digest()
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            new = sha256(b"\x01" + new + sibling).digest()
        at >>= 1
        last >>= 1
    return (old, new) if last == 0 else None


def _are_hashes(hashes: Sequence[bytes]) -> bool:
    return len(hashes) <= _MAX_PROOF + 2 and all(len(h) == HASH_SIZE for h in hashes)


def _no_inclusion() -> CryptoError:
    return CryptoError("An inclusion proof does not hold.")


def _no_consistency() -> CryptoError:
    return CryptoError("A consistency proof does not hold.")
