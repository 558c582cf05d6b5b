"""Transport keys: NKeys (Ed25519, base32) by which the broker tells partners apart. They prove nothing to a partner."""

from __future__ import annotations

import base64
import binascii
import os

import nkeys  # type: ignore[import-untyped]  # ships no types

from exchange.errors import SetupError

_PUBLIC_BYTES = 35  # prefix 1, key 32, CRC-16 2
_PUBLIC_CHARS = 56


def generate_seed() -> str:
    """A fresh user seed (``SU…``). Secret: it belongs in the node's sealed key store."""
    return str(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER).decode())


def public_of(seed: str) -> str:
    """The public user key (``U…``, 56 characters) of ``seed``; it stands on the partner's card.

    Raises:
        SetupError: ``seed`` is not a user seed.
    """
    try:
        public = str(nkeys.from_seed(bytearray(seed.encode("ascii"))).public_key.decode())
    except (ValueError, IndexError, nkeys.NkeysError) as error:
        raise SetupError("The transport key is not a NATS user seed (it begins with SU).") from error
    return check_public(public)


def check_public(public: str) -> str:
    """``public`` itself when it is a well-formed public user key with a correct check sum.

    Raises:
        SetupError: It is not.
    """
    try:
        raw = base64.b32decode(public) if len(public) == _PUBLIC_CHARS else b""
    except (binascii.Error, ValueError):
        raw = b""
    if (
        len(raw) != _PUBLIC_BYTES
        or raw[0] != nkeys.PREFIX_BYTE_USER
        or int(nkeys.crc16(bytearray(raw[:-2]))).to_bytes(2, "little") != raw[-2:]
    ):
        raise SetupError("A transport key on a card is a NATS user key: 56 characters that begin with U.")
    return public
