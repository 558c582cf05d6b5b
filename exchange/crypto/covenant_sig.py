"""Signing a covenant: every connected partner's root, over the exact bytes, n of n.

The roots come from the cards in the document itself, so signatures alone prove only that the holders of *these* keys agree.
That these are the partners' keys, people establish once: each reads the fingerprint aloud to the others.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exchange.crypto import labels
from exchange.crypto.labels import H
from exchange.crypto.signing import RootKey, RootPublic, RootSignature, lacking
from exchange.errors import N_, CovenantError, CryptoError, Detail

HASH_SIZE: Final = 32
_GROUP: Final = 4


def document_hash(document: bytes) -> bytes:
    """SHA-256 of a covenant's canonical bytes; of generation 1 it is the covenant id."""
    return H(document)


def fingerprint(digest: bytes) -> str:
    """A 32-byte hash for reading aloud: base32 (RFC 4648, no padding) in thirteen groups of four.

    Raises:
        CryptoError: Not 32 bytes.
    """
    if len(digest) != HASH_SIZE:
        raise CryptoError(
            "A fingerprint needs a hash of {expected} bytes, got {got}.", expected=HASH_SIZE, got=len(digest)
        )
    letters = base64.b32encode(digest).decode().rstrip("=")
    return " ".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def sign_covenant(root: RootKey, document: bytes) -> RootSignature:
    """A partner's agreement: both root signatures over the document."""
    return root.sign(labels.SIGN_COVENANT, document)


@dataclass(frozen=True, slots=True)
class Owed:
    """What one connected partner still has to do before the covenant holds."""

    slug: str
    name: str
    signed: bool
    """There is a signature of this partner, but it does not hold."""
    halves: tuple[str, ...]
    """Which of its two signatures lack: Ed25519, ML-DSA-65."""

    @property
    def detail(self) -> Detail:
        """The sentence, with a code for machines."""
        halves = {"halves": " + ".join(self.halves)}
        if self.signed:
            template = N_(
                "The signature does not hold over this document ({halves}); its root must sign exactly this one."
            )
            return Detail(self.slug, "signature-invalid", template, halves)
        return Detail(self.slug, "signature-missing", N_("Did not sign yet ({halves}); its root must sign."), halves)


class UnsignedError(CovenantError):
    """Connected partners who have not signed, or not validly; ``details`` says of each which signature lacks."""

    def __init__(self, owed: Sequence[Owed], total: int) -> None:
        super().__init__(
            "The covenant lacks a valid signature of {count} of its {total} connected partners: {partners}.",
            count=len(owed),
            total=total,
            partners=", ".join(partner.name for partner in owed),
        )
        self.details = tuple(partner.detail for partner in owed)


def verify_covenant(
    document: bytes,
    signatures: Mapping[str, RootSignature],
    roots: Mapping[str, RootPublic],
    names: Mapping[str, tuple[str, str]] | None = None,
) -> None:
    """Check that every connected partner signed, with a root of its own, and nobody else did.

    Args:
        document: The canonical bytes, as received.
        signatures: By partner id.
        roots: The root on each connected partner's card, by partner id.
        names: Short and full name by partner id, for the sentences.

    Raises:
        UnsignedError: A signature is missing or does not hold; names every such partner and which half.
        CovenantError: Nobody is connected, a signature too many, or two partners share a root key.
    """
    if not roots:
        raise CovenantError("The covenant has no connected partner.")
    _check_distinct(roots)
    if signatures.keys() - roots.keys():
        raise CovenantError("The covenant carries a signature of somebody who is not a connected partner.")
    owed = []
    for partner, root in roots.items():
        signature = signatures.get(partner)
        halves = lacking(root, labels.SIGN_COVENANT, document, signature or RootSignature(b"", b""))
        if halves:
            slug, name = (names or {}).get(partner, (partner, partner))
            owed.append(Owed(slug, name, signature is not None, halves))
    if owed:
        raise UnsignedError(owed, len(roots))


def _check_distinct(roots: Mapping[str, RootPublic]) -> None:
    """One holder must not count as two partners, with either half."""
    for halves in ({root.ed25519 for root in roots.values()}, {root.mldsa65 for root in roots.values()}):
        if len(halves) != len(roots):
            raise CovenantError("Two partners of the covenant have the same root key.")
