"""Signatures: Ed25519 for what must be fast, ML-DSA for what must outlive a quantum computer, both for the root.

* Ed25519 goes through libsodium only, for signing **and every verification**: OpenSSL accepted forgeries under
  small-order keys where libsodium accepts none. A public key is checked with :func:`check_public` when it is enrolled.
* ML-DSA-44 signs checkpoints and cosignatures, ML-DSA-65 the root's half (FIPS 204, hedged).
* The root signs with Ed25519 **and** ML-DSA-65; a reader needs both to hold.

``sign`` puts a label before the data, so no signature can be taken for another kind. ``sign_note`` is for C2SP notes
only, whose format fixes the signed bytes; those keys (log, witness) sign nothing else.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import mldsa
from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import CryptoError as SodiumError

from exchange.crypto.labels import signed
from exchange.errors import CryptoError, SetupError

SEED_SIZE: Final = 32
ED25519_PUBLIC_SIZE: Final = 32
ED25519_SIGNATURE_SIZE: Final = 64
MLDSA_PUBLIC_SIZE: Final = {44: 1312, 65: 1952}
MLDSA_SIGNATURE_SIZE: Final = {44: 2420, 65: 3309}

_Private44: TypeAlias = mldsa.MLDSA44PrivateKey
_Private65: TypeAlias = mldsa.MLDSA65PrivateKey


def _check_seed(seed: bytes) -> None:
    if len(seed) != SEED_SIZE:
        raise CryptoError("A key seed of {expected} bytes is needed, got {got}.", expected=SEED_SIZE, got=len(seed))


class Ed25519Key:
    """An Ed25519 signing key, held as its 32-byte seed."""

    __slots__ = ("_secret", "public", "seed")

    def __init__(self, seed: bytes) -> None:
        _check_seed(seed)
        self.seed = seed
        self.public, self._secret = crypto_sign_seed_keypair(seed)

    @classmethod
    def generate(cls) -> Ed25519Key:
        """A new random key."""
        return cls(os.urandom(SEED_SIZE))

    def sign(self, label: str, data: bytes) -> bytes:
        """64-byte signature over ``label ‖ 0x00 ‖ data``."""
        return crypto_sign(signed(label, data), self._secret)[:ED25519_SIGNATURE_SIZE]

    def sign_note(self, body: bytes) -> bytes:
        """64-byte signature over a C2SP note body as it is (log key only)."""
        return crypto_sign(body, self._secret)[:ED25519_SIGNATURE_SIZE]

    def __repr__(self) -> str:
        """The public half only: a repr ends up in logs."""
        return f"Ed25519Key({self.public.hex()})"


def verify(public: bytes, label: str, data: bytes, signature: bytes) -> None:
    """Check an Ed25519 signature over ``label ‖ 0x00 ‖ data``.

    Raises:
        CryptoError: It does not hold.
    """
    verify_note(public, signed(label, data), signature)


def verify_note(public: bytes, body: bytes, signature: bytes) -> None:
    """Check an Ed25519 signature over a C2SP note body.

    Raises:
        CryptoError: It does not hold.
    """
    # Lengths first: libsodium reads 32 bytes of key whatever it is given, and a longer "signature" would shift the body.
    if len(public) != ED25519_PUBLIC_SIZE or len(signature) != ED25519_SIGNATURE_SIZE:
        raise CryptoError("An Ed25519 signature does not hold.")
    try:
        crypto_sign_open(signature + body, public)
    except SodiumError:
        raise CryptoError("An Ed25519 signature does not hold.") from None


def check_public(public: bytes) -> None:
    """Refuse an Ed25519 public key that is no canonical point of the prime-order group; for enrolment.

    Raises:
        CryptoError: Wrong length, not on the curve, or of small order (everyone could sign for it).
    """
    if len(public) != ED25519_PUBLIC_SIZE or not crypto_core_ed25519_is_valid_point(public):
        raise CryptoError("An Ed25519 public key is not acceptable: it is malformed or of small order.")


class MLDSAKey:
    """An ML-DSA key of level 44 or 65 (FIPS 204), held as its 32-byte seed.

    Raises:
        SetupError: The cryptography library was built without ML-DSA.
    """

    __slots__ = ("_private", "level", "public", "seed")

    def __init__(self, level: int, seed: bytes) -> None:
        _check_level(level)
        _check_seed(seed)
        self.level = level
        self.seed = seed
        try:
            self._private: _Private44 | _Private65 = (
                mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
                if level == 44  # noqa: PLR2004 - the level is the name of the algorithm
                else mldsa.MLDSA65PrivateKey.from_seed_bytes(seed)
            )
        except UnsupportedAlgorithm:
            raise _no_mldsa() from None
        self.public = self._private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls, level: int) -> MLDSAKey:
        """A new random key of ``level`` 44 or 65."""
        return cls(level, os.urandom(SEED_SIZE))

    def sign(self, label: str, data: bytes) -> bytes:
        """Signature over ``label ‖ 0x00 ‖ data``, empty FIPS 204 context."""
        return self._private.sign(signed(label, data))

    def sign_note(self, body: bytes) -> bytes:
        """Signature over the bytes that C2SP fixes for a cosignature (log and witness key only)."""
        return self._private.sign(body)

    def __repr__(self) -> str:
        """The level only: a repr ends up in logs."""
        return f"MLDSAKey({self.level})"


def verify_mldsa(level: int, public: bytes, label: str, data: bytes, signature: bytes) -> None:
    """Check an ML-DSA signature over ``label ‖ 0x00 ‖ data``.

    Raises:
        CryptoError: It does not hold.
    """
    verify_mldsa_note(level, public, signed(label, data), signature)


def verify_mldsa_note(level: int, public: bytes, body: bytes, signature: bytes) -> None:
    """Check an ML-DSA signature over bytes that C2SP fixes.

    Raises:
        CryptoError: It does not hold.
        SetupError: The cryptography library was built without ML-DSA.
    """
    _check_level(level)
    try:
        if level == 44:  # noqa: PLR2004 - the level is the name of the algorithm
            mldsa.MLDSA44PublicKey.from_public_bytes(public).verify(signature, body)
        else:
            mldsa.MLDSA65PublicKey.from_public_bytes(public).verify(signature, body)
    except UnsupportedAlgorithm:
        raise _no_mldsa() from None
    except (InvalidSignature, ValueError, TypeError):
        raise CryptoError("An ML-DSA-{level} signature does not hold.", level=level) from None


def check_mldsa_public(level: int, public: bytes) -> None:
    """Refuse an ML-DSA public key of the wrong length; every byte string of that length is a key.

    Raises:
        CryptoError: Wrong length.
    """
    _check_level(level)
    if len(public) != MLDSA_PUBLIC_SIZE[level]:
        raise CryptoError("An ML-DSA-{level} public key is not acceptable: wrong length.", level=level)


def _check_level(level: int) -> None:
    if level not in MLDSA_PUBLIC_SIZE:
        raise CryptoError("ML-DSA level 44 or 65 is needed, got {level}.", level=level)


def _no_mldsa() -> SetupError:
    return SetupError("This build of the cryptography library has no ML-DSA; install the release in the lock file.")


@dataclass(frozen=True, slots=True)
class RootPublic:
    """The public half of a root: both keys."""

    ed25519: bytes
    mldsa65: bytes

    def check(self) -> None:
        """Refuse malformed keys; for enrolment.

        Raises:
            CryptoError: One of the two is not acceptable.
        """
        check_public(self.ed25519)
        check_mldsa_public(65, self.mldsa65)

    def to_json(self) -> dict[str, str]:
        """JSON form: Ed25519 in hex, ML-DSA in base64."""
        return {"ed25519": self.ed25519.hex(), "mldsa65": _b64(self.mldsa65)}

    @classmethod
    def from_json(cls, data: object) -> RootPublic:
        """The inverse of :meth:`to_json`.

        Raises:
            CryptoError: Not that form, or not acceptable keys.
        """
        ed25519, mldsa65 = _pair(data, ED25519_PUBLIC_SIZE, MLDSA_PUBLIC_SIZE[65])
        public = cls(ed25519, mldsa65)
        public.check()
        return public


@dataclass(frozen=True, slots=True)
class RootSignature:
    """The two signatures of a root over the same labelled bytes."""

    ed25519: bytes
    mldsa65: bytes

    def to_json(self) -> dict[str, str]:
        """JSON form: Ed25519 in hex, ML-DSA in base64."""
        return {"ed25519": self.ed25519.hex(), "mldsa65": _b64(self.mldsa65)}

    @classmethod
    def from_json(cls, data: object) -> RootSignature:
        """The inverse of :meth:`to_json`.

        Raises:
            CryptoError: Not that form.
        """
        return cls(*_pair(data, ED25519_SIGNATURE_SIZE, MLDSA_SIGNATURE_SIZE[65]))

    @classmethod
    def halves(cls, data: object) -> RootSignature:
        """As :meth:`from_json`, but a half that is absent or malformed becomes empty, which never verifies.

        For saying which half a partner still owes; whoever only wants to know whether it holds takes :meth:`from_json`.
        """
        given = data if isinstance(data, dict) and data.keys() <= {"ed25519", "mldsa65"} else {}
        return cls(_half(given.get("ed25519"), bytes.fromhex, bytes.hex), _half(given.get("mldsa65"), _unb64, _b64))


class RootKey:
    """A partner's root: Ed25519 and ML-DSA-65, kept offline; held as 64 bytes, one independent seed each."""

    __slots__ = ("_ed25519", "_mldsa65", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != 2 * SEED_SIZE:
            raise CryptoError("A key seed of {expected} bytes is needed, got {got}.", expected=64, got=len(seed))
        self._ed25519 = Ed25519Key(seed[:SEED_SIZE])
        self._mldsa65 = MLDSAKey(65, seed[SEED_SIZE:])
        self.public = RootPublic(self._ed25519.public, self._mldsa65.public)

    @classmethod
    def generate(cls) -> RootKey:
        """A new random root."""
        return cls(os.urandom(2 * SEED_SIZE))

    @property
    def seed(self) -> bytes:
        """The 64 secret bytes, for the offline file."""
        return self._ed25519.seed + self._mldsa65.seed

    def sign(self, label: str, data: bytes) -> RootSignature:
        """Both signatures over ``label ‖ 0x00 ‖ data``."""
        return RootSignature(self._ed25519.sign(label, data), self._mldsa65.sign(label, data))

    def __repr__(self) -> str:
        """The public half only: a repr ends up in logs."""
        return f"RootKey({self.public.ed25519.hex()})"


def verify_root(public: RootPublic, label: str, data: bytes, signature: RootSignature) -> None:
    """Check both signatures of a root; one alone is worth nothing.

    Raises:
        CryptoError: One of the two does not hold.
    """
    verify(public.ed25519, label, data, signature.ed25519)
    verify_mldsa(65, public.mldsa65, label, data, signature.mldsa65)


def lacking(public: RootPublic, label: str, data: bytes, signature: RootSignature) -> tuple[str, ...]:
    """Which of a root's two signatures do not hold, by the names people use; empty when both do."""
    found = []
    try:
        verify(public.ed25519, label, data, signature.ed25519)
    except CryptoError:
        found.append("Ed25519")
    try:
        verify_mldsa(65, public.mldsa65, label, data, signature.mldsa65)
    except CryptoError:
        found.append("ML-DSA-65")
    return tuple(found)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _half(text: object, decode: Callable[[str], bytes], encode: Callable[[bytes], str]) -> bytes:
    """One field of a signature in its only spelling, or nothing."""
    try:
        data = decode(text) if isinstance(text, str) else b""
    except (ValueError, binascii.Error):
        return b""
    return data if encode(data) == text else b""


def _pair(data: object, size_hex: int, size_b64: int) -> tuple[bytes, bytes]:
    """The two fields of a root key or signature, in their only spelling."""
    try:
        if not isinstance(data, dict) or set(data) != {"ed25519", "mldsa65"}:
            raise ValueError  # noqa: TRY301 - one rejection for every malformed form
        first = bytes.fromhex(data["ed25519"])
        second = base64.b64decode(data["mldsa65"], validate=True)
    except (ValueError, TypeError, binascii.Error):
        raise CryptoError("A root key or signature is malformed.") from None
    # Whatever parses must re-encode to the same text: no capitals, spaces or loose padding bits.
    if (first.hex(), _b64(second)) != (data["ed25519"], data["mldsa65"]):
        raise CryptoError("A root key or signature is malformed.")
    if len(first) != size_hex or len(second) != size_b64:
        raise CryptoError("A root key or signature is malformed.")
    return first, second
