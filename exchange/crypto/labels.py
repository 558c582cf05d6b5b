"""Labels: every derived key, hash and signed input starts with its own label and a NUL, used for one thing only.

A signature made over one kind of input can therefore never be offered as another kind (a header as a receipt), and two
keys derived from one secret are unrelated. The labels are ASCII, start with the protocol's name and version, and hold
no NUL themselves, so ``label ‖ 0x00 ‖ data`` splits in exactly one way.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

from exchange.errors import CryptoError

PROTOCOL: Final = "covx/1"
SUITE: Final = 1
"""X-Wing, HKDF-SHA256, ChaCha20-Poly1305 on the wrap; XChaCha20-Poly1305 inside; Ed25519 signatures."""

# Envelope (protocol §4)
WRAP: Final = "covx/1 wrap"
PART_AAD: Final = "covx/1 part aad"
PART_COMMIT: Final = "covx/1 pcommit"
MESSAGE_ID: Final = "covx/1 msgid"

# Signed by the sign key
SIGN_HEADER: Final = "covx/1 sign hdr"
SIGN_RECEIPT: Final = "covx/1 sign receipt"
SIGN_RECEIPTS: Final = "covx/1 sign receipts"
SIGN_NACK: Final = "covx/1 sign nack"
SIGN_VOID: Final = "covx/1 sign void"
SIGN_BUNDLE: Final = "covx/1 sign bundle"
SIGN_HEARTBEAT: Final = "covx/1 sign heartbeat"
SIGN_CONTROL: Final = "covx/1 sign control"
SIGN_ERASURE: Final = "covx/1 sign erasure"
SIGN_RELEASE: Final = "covx/1 sign release"

# The case conference
OFFER_COMMIT: Final = "covx/1 offer commit"

# Signed by the root keys
SIGN_CARD: Final = "covx/1 sign card"
SIGN_COVENANT: Final = "covx/1 sign covenant"
SIGN_STATEMENT: Final = "covx/1 sign statement"
SIGN_INCIDENT: Final = "covx/1 sign incident"

# Data at rest
EVENT_PRIVATE: Final = "covx/1 event private"
VAULT_ROOT: Final = "covx/1 vault root"
VAULT_SLOT: Final = "covx/1 vault slot"
VAULT_BUCKET: Final = "covx/1 vault bucket"
VAULT_ROW: Final = "covx/1 vault row"
KEY_FILE: Final = "covx/1 key file"
COMMAND: Final = "covx/1 command"
REQUEST: Final = "covx/1 command request"

KEY_SIZE: Final = 32


@lru_cache(maxsize=256)
def _prefix(label: str) -> bytes:
    if not label.startswith("covx/1 ") or "\0" in label or not label.isascii():
        raise CryptoError("A label must be ASCII, start with 'covx/1 ' and hold no NUL.")
    return label.encode() + b"\0"


def signed(label: str, data: bytes) -> bytes:
    """The input to sign, hash or bind: ``label ‖ 0x00 ‖ data``."""
    return _prefix(label) + data


def H(data: bytes) -> bytes:  # noqa: N802 - the protocol's own name for it
    """SHA-256 of ``data``."""
    return hashlib.sha256(data).digest()


def expand(key: bytes, label: str, ctx: bytes = b"") -> bytes:
    """HKDF-Expand-SHA256 (RFC 5869 §2.3) to 32 bytes, info = ``label ‖ 0x00 ‖ ctx``.

    One output block is exactly 32 bytes, so this is ``HMAC(key, info ‖ 0x01)``.

    Raises:
        CryptoError: ``key`` is not 32 bytes; a key shorter than the hash is no pseudo-random key.
    """
    if len(key) != KEY_SIZE:
        raise CryptoError("A key of {expected} bytes is needed, got {got}.", expected=KEY_SIZE, got=len(key))
    return _hmac(key, _prefix(label) + ctx + b"\x01")


_INNER: Final = bytes(byte ^ 0x36 for byte in range(256)), b"\x36" * (64 - KEY_SIZE)
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256)), b"\x5c" * (64 - KEY_SIZE)


def _hmac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) with a key of 32 bytes: two hashes.

    The library's own sets up a context and lets go of the interpreter at each call, for five times the time; one disclosure
    with its receipt derives sixteen keys and commitments.
    """
    inner = hashlib.sha256(key.translate(_INNER[0]) + _INNER[1] + data).digest()
    return hashlib.sha256(key.translate(_OUTER[0]) + _OUTER[1] + inner).digest()
