"""Sealing: XChaCha20-Poly1305 with a random 24-byte nonce in front (draft-irtf-cfrg-xchacha).

The nonce is random: 192 bits make a repeat under one key a matter of 2^80 boxes, so no counter has to survive a crash.
The cipher does not commit to its key (one ciphertext may have two readings); where that matters, the envelope
publishes a commitment beside it.
"""

from __future__ import annotations

import os
from typing import Final

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError as SodiumError

from exchange.errors import CryptoError

KEY_SIZE: Final = 32
NONCE_SIZE: Final = 24
TAG_SIZE: Final = 16
OVERHEAD: Final = NONCE_SIZE + TAG_SIZE
"""How many bytes a box is longer than its plaintext."""


def new_key() -> bytes:
    """A fresh random 32-byte key."""
    return os.urandom(KEY_SIZE)


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """``nonce 24 ‖ ciphertext ‖ tag 16`` of ``plaintext``, bound to ``aad``.

    Raises:
        CryptoError: ``key`` is not 32 bytes.
    """
    _check_key(key)
    nonce = os.urandom(NONCE_SIZE)
    return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, aad, nonce, key)


def unseal(key: bytes, box: bytes, aad: bytes) -> bytes:
    """The plaintext of ``box``.

    Raises:
        CryptoError: Another key, another ``aad``, or a box that was changed or cut short. One sentence for all of
            them: an attacker learns nothing from which it was.
    """
    _check_key(key)
    # Shorter than nonce and tag would reach libsodium with a negative output length.
    if len(box) < OVERHEAD:
        raise CryptoError("A sealed box does not open: the key or the data is not what it was sealed with.")
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(box[NONCE_SIZE:], aad, box[:NONCE_SIZE], key)
    except SodiumError:
        raise CryptoError("A sealed box does not open: the key or the data is not what it was sealed with.") from None


def _check_key(key: bytes) -> None:
    if len(key) != KEY_SIZE:
        raise CryptoError("A key of {expected} bytes is needed, got {got}.", expected=KEY_SIZE, got=len(key))
