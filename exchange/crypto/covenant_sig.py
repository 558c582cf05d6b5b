"""Signing a covenant: every connected partner's root, over the exact bytes, n of n.

The roots come from the cards in the document itself, so signatures alone prove only that the holders of *these* keys agree.
That these are the partners' keys, people establish once: each reads the fingerprint aloud to the others.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from exchange.crypto import labels
from exchange.crypto.labels import H
from exchange.crypto.signing import RootKey, RootPublic, RootSignature, verify_root
from exchange.errors import CovenantError, CryptoError

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


def verify_covenant(document: bytes, signatures: Mapping[str, RootSignature], roots: Mapping[str, RootPublic]) -> None:
    """Check that every connected partner signed, with a root of its own, and nobody else did.

    Args:
        document: The canonical bytes, as received.
        signatures: By partner id.
        roots: The root on each connected partner's card, by partner id.

    Raises:
        CovenantError: Nobody is connected, a signature is missing, too many or does not hold, or two partners share a root key.
    """
    if not roots:
        raise CovenantError("The covenant has no connected partner.")
    _check_distinct(roots)
    if missing := sorted(roots.keys() - signatures.keys()):
        raise CovenantError(
            "The covenant lacks the signature of {count} of its {total} connected partners.",
            count=len(missing),
            total=len(roots),
        )
    if signatures.keys() - roots.keys():
        raise CovenantError("The covenant carries a signature of somebody who is not a connected partner.")
    for partner, root in roots.items():
        try:
            verify_root(root, labels.SIGN_COVENANT, document, signatures[partner])
        except CryptoError:
            raise CovenantError(
                "The root signature of partner {partner} does not hold over this covenant.", partner=partner
            ) from None


def _check_distinct(roots: Mapping[str, RootPublic]) -> None:
    """One holder must not count as two partners, with either half."""
    for halves in ({root.ed25519 for root in roots.values()}, {root.mldsa65 for root in roots.values()}):
        if len(halves) != len(roots):
            raise CovenantError("Two partners of the covenant have the same root key.")
