"""Sealing: XChaCha20-Poly1305 with a random 24-byte nonce in front (draft-irtf-cfrg-xchacha).

The nonce is random: 192 bits make a repeat under one key a matter of 2^80 boxes, so no counter has to survive a crash.
The cipher does not commit to its key (one ciphertext may have two readings); where that matters, the envelope
publishes a commitment beside it.

libsodium is called through PyNaCl's own compiled module: its public binding checks types and builds error sentences at every
call, which costs twice what the cipher does on a short text, and a disclosure makes thirty of these calls. What that binding
checked to keep memory safe is checked here: libsodium reads exactly 32 bytes of key and 24 of nonce whatever it is given, and
writes the length of the text and 16 bytes more. The module itself refuses whatever is not ``bytes``.
It is private to PyNaCl, whose version the lock file fixes; with a release that lacks it the node would not start, and nothing
be sealed wrongly.
"""

from __future__ import annotations

import os
from typing import Final

from nacl._sodium import ffi, lib  # type: ignore[import-not-found]  # compiled, without stubs

from exchange.errors import CryptoError

KEY_SIZE: Final = 32
NONCE_SIZE: Final = 24
TAG_SIZE: Final = 16
OVERHEAD: Final = NONCE_SIZE + TAG_SIZE
"""How many bytes a box is longer than its plaintext."""

_encrypt = lib.crypto_aead_xchacha20poly1305_ietf_encrypt
_decrypt = lib.crypto_aead_xchacha20poly1305_ietf_decrypt
_BYTES: Final = ffi.typeof("unsigned char[]")
_NULL: Final = ffi.NULL


def new_key() -> bytes:
    """A fresh random 32-byte key."""
    return os.urandom(KEY_SIZE)


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """``nonce 24 ‖ ciphertext ‖ tag 16`` of ``plaintext``, bound to ``aad``.

    Raises:
        CryptoError: ``key`` is not 32 bytes.
    """
    if len(key) != KEY_SIZE:
        raise _wrong_size(key)
    nonce = os.urandom(NONCE_SIZE)
    size = len(plaintext)
    out = ffi.new(_BYTES, size + TAG_SIZE)
    # Always succeeds: it can only refuse a text of 2^64 bytes, and what is no ``bytes`` does not get this far.
    _encrypt(out, _NULL, plaintext, size, aad, len(aad), _NULL, nonce, key)
    return nonce + bytes(ffi.buffer(out))


def unseal(key: bytes, box: bytes, aad: bytes) -> bytes:
    """The plaintext of ``box``.

    Raises:
        CryptoError: Another key, another ``aad``, or a box that was changed or cut short. One sentence for all of
            them: an attacker learns nothing from which it was.
    """
    if len(key) != KEY_SIZE:
        raise _wrong_size(key)
    size = len(box) - OVERHEAD
    if size >= 0:  # libsodium would read a nonce that is not there
        out = ffi.new(_BYTES, size)
        # It reads the 24 bytes of the nonce from the front of the box, and writes nothing unless the tag holds.
        if _decrypt(out, _NULL, _NULL, box[NONCE_SIZE:], size + TAG_SIZE, aad, len(aad), box, key) == 0:
            return bytes(ffi.buffer(out))
    raise CryptoError("A sealed box does not open: the key or the data is not what it was sealed with.")


def _wrong_size(key: bytes) -> CryptoError:
    return CryptoError("A key of {expected} bytes is needed, got {got}.", expected=KEY_SIZE, got=len(key))
