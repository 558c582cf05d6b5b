"""HPKE base mode (RFC 9180) with the hybrid KEM 0x647A, X-Wing: ML-KEM-768 and X25519 together.

A prekey is stored as its 32-byte X-Wing seed. ``SHAKE256(seed)[:96]`` expands to the ML-KEM seed (64 bytes, d ‖ z) and the
X25519 scalar (32 bytes); the public key is 1184 + 32 bytes (draft-connolly-cfrg-xwing-kem). One suite, no classical
fallback: without ML-KEM the node refuses to start.

The library's ``encrypt`` takes ``info`` and no associated data, so everything that must be bound goes through ``info``.
"""

from __future__ import annotations

import base64
import hashlib
import os
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

from exchange.errors import CryptoError, LockedError, SetupError

SEED_SIZE: Final = 32
MLKEM_PUBLIC_SIZE: Final = 1184
X25519_SIZE: Final = 32
PUBLIC_SIZE: Final = MLKEM_PUBLIC_SIZE + X25519_SIZE
ENC_SIZE: Final = 1120
"""ML-KEM ciphertext 1088 and X25519 ephemeral public key 32."""
TAG_SIZE: Final = 16

_SUITE: Final = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
# What the library raises for hostile keys and ciphertexts (low-order point, modulus check, tag, types).
_FAILURES: Final = (InvalidTag, ValueError, TypeError)


class OpenedSeed:
    """A seed expanded once, for many :func:`unwrap` calls; drop it when the seed is destroyed.

    Raises:
        CryptoError: The seed is not 32 bytes.
        SetupError: The cryptography library was built without ML-KEM.
    """

    __slots__ = ("_private", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise CryptoError("A key seed of {expected} bytes is needed, got {got}.", expected=SEED_SIZE, got=len(seed))
        expanded = hashlib.shake_256(seed).digest(96)
        try:
            kem = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        except UnsupportedAlgorithm:
            raise SetupError(
                "This build of the cryptography library has no ML-KEM; install the release in the lock file."
            ) from None
        curve = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
        self._private = hpke.MLKEM768X25519PrivateKey(kem, curve)
        self.public = kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()

    def open(self, info: bytes, enc: bytes, ct: bytes) -> bytes:
        """See :func:`unwrap`."""
        # The library splits enc ‖ ct itself; a short enc would silently borrow from ct.
        if len(enc) != ENC_SIZE:
            raise CryptoError("A wrapped key does not open.")
        try:
            return _SUITE.decrypt(enc + ct, self._private, info)
        except _FAILURES:
            raise CryptoError("A wrapped key does not open.") from None

    def __repr__(self) -> str:
        """A digest of the public half only: a repr ends up in logs."""
        return f"OpenedSeed({hashlib.sha256(self.public).hexdigest()[:16]})"


def new_seed() -> bytes:
    """A fresh random 32-byte seed."""
    return os.urandom(SEED_SIZE)


def xwing_public(seed: bytes) -> bytes:
    """The 1216-byte public key of ``seed``."""
    return OpenedSeed(seed).public


def wrap(public: bytes, info: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
    """Encrypt to ``public``: ``(enc 1120 bytes, ciphertext of len(plaintext) + 16)``; randomised.

    Raises:
        CryptoError: The public key is malformed or has a low-order X25519 half.
    """
    try:
        sealed = _SUITE.encrypt(plaintext, _load_public(public), info)
    except _FAILURES:
        raise CryptoError("A partner's encryption key is not usable.") from None
    return sealed[:ENC_SIZE], sealed[ENC_SIZE:]


def unwrap(seed: bytes | OpenedSeed, info: bytes, enc: bytes, ct: bytes) -> bytes:
    """The plaintext of ``(enc, ct)``.

    Raises:
        CryptoError: Another key, another ``info``, or changed bytes; one sentence for all.
    """
    return (seed if isinstance(seed, OpenedSeed) else OpenedSeed(seed)).open(info, enc, ct)


def trial(public: bytes) -> None:
    """Encrypt once to ``public``: a low-order X25519 half loads without complaint and only then fails.

    Raises:
        CryptoError: The key is not usable.
    """
    wrap(public, b"covx/1 trial\0", b"")


# Only public keys are cached. Seeds never: a destroyed epoch key must not live on in a cache.
@lru_cache(maxsize=128)
def _load_public(public: bytes) -> hpke.MLKEM768X25519PublicKey:
    if len(public) != PUBLIC_SIZE:
        raise CryptoError("A partner's encryption key is not usable.")
    kem = mlkem.MLKEM768PublicKey.from_public_bytes(public[:MLKEM_PUBLIC_SIZE])
    return hpke.MLKEM768X25519PublicKey(kem, x25519.X25519PublicKey.from_public_bytes(public[MLKEM_PUBLIC_SIZE:]))


# Made by this project: seed, info and plaintext below, wrapped once. Also in schemas/vectors/hpke.json.
_KAT_SEED: Final = hashlib.sha256(b"covx/1 known answer seed").digest()
_KAT_INFO: Final = b"covx/1 known answer"
_KAT_PLAIN: Final = b"covenant exchange: forty bytes of answer"
_KAT_PUBLIC_SHA256: Final = "3d94da7956949c6b77dc22c9943818b232efeb51b30ba7134060ef7c4d63c518"
_KAT_SEALED: Final = (
    "unsnsB8MnB1PLzcuyHZsUgQS05bDWFP5YBb31FK2RmohX/A2FAu2dZQxGHGSRO80IV8rjyxJQ1xHJCGlfDWCXyf4mZznNB68a75q"
    "0jl0HoygqKY2j97rvckWLj9K9ilwKh537B1weTnBImXnYImXBCHXObnxERWMY8SsbQGr1joqbygFtFBCdR6trZs3lz4HQWwgYAJn"
    "4EkQNEm/+/rDRFN1nIXpr5P5rKmCQahK/0DzIoQ/u+mU3vkflWyDIx5b8EVidSDOp7iTGmSiGcLWt+Cv3mRYVg5f44BdVUz2A4Hw"
    "HDmrRvNs3CCnoRXnHYpY6CU+7tHMySUciAOUQkHPilt8IEcNedkvFfDrdnxYvpbfwEDS+EkvhHrIXbD8NqTXZGIA+/EjsC1jO2lV"
    "ph2MI4WzS7vlxk3bgyCv9NvbwNym9XX56C1b72GZ2GQ07NvLS8tCls/1onXdbCR9b8l9DbcvAJw9hJ8V69UZFqrNq1Mb3P3P/8CD"
    "d+gDP0AklXExIkCehBOMMBRVtWrPrw6Syy+nFFc/RGMUawLZ9RZWmsHlwVBzED1nIv61YG5484NJ2mRsFu5LIns8M5dsL1p82LPJ"
    "HHaEJKyANYh20errx/aBp6ROtVxDnIDsOZk0vhp1JWsufYZ9HAEqTSenEJYfN3EykE2a4z2VnuMp3adkOx7wmNQPO0XOleL/XEg2"
    "+iRGzrH4gOOAKg3R1jWAWTSuUafTryNuGLj3Q2GyyF7Yhr1c1SRqsznj+hx+h377W6Ne8fuCHyp4pJHJ8DeX42hqM37sH6F8lFsT"
    "aTgtrtLBeGgYdv8QWVA/hesjW2QcwfMnaBGqE5/qnq1hhUT5EvF/43SIKrebUo0OUCwqFeq4T98ub/n7jm52jjs6MlDty9182Qsh"
    "817L8ZCiscZEA2SYus5/ae2BTvdQht8DUG67XlnVOBZCDGAVugWqqkiKu+Nj05pguHtnWPZczphtfKb4sPtAcT5Xd3GvJb+dEFip"
    "49nHiF36UsIX/L/y89aDVujkhsFw+kyL/JnvGgWM3FPQATvROaZ0VlJRhqM+iq23MKfqSiTBy4RfU8vlH3PPvId+ecra6fFxlZxm"
    "hT43xDA4q4lPeeebc2PoEoTz+8zIHMxlXpeLxAZdZ2iwJ0ncfHDJ/lCbd6roBrNfwKiIuKJYWJvA59HxYd+Xz5xyF2/Ts9yi1sCd"
    "ZM4Z6hs3MbfMO+ROaR9VpNFLz7VZQJhAthfwAWC2dF6s1/SLJk1iThurRMMS/+5frtN7BghMyhmec01Fcwh08zue6aglbKjHk+Wv"
    "GPEZYcgzhJV0WYJmQCf3EDGPfVOBZ+T4620DNEkunbzPoP8aOqJTssjyoQUpoST/D/vNS9F7s9snSWEbpmH38aPb56a/EOImSlg4"
    "m24kH4tDKv5AUOPSPhVmH/7xBl0ccBKiCJLT5Apd6pu72AsDqBpB/b8C1AxsUJLlWkXTjZBOxBnX0U3HVe7SosgBMd6fKECEiMfU"
    "aCPi6ExX4dylNBZEUdVokyU/vl9CoXXt5u8dFEJ9Ub3nljzrNmriHUqxPP/cUIsKPScw"
)


def self_test() -> None:
    """Known answer at start-up: the library still reads what it wrote when this suite was fixed (HPKE-PQ is a draft).

    Raises:
        SetupError: The cryptography library was built without ML-KEM.
        LockedError: A known answer is not met; nothing may be sent or opened with this library.
    """
    opened = OpenedSeed(_KAT_SEED)
    sealed = base64.b64decode(_KAT_SEALED)
    try:
        plain = opened.open(_KAT_INFO, sealed[:ENC_SIZE], sealed[ENC_SIZE:])
        fresh = opened.open(_KAT_INFO, *wrap(opened.public, _KAT_INFO, _KAT_PLAIN))
    except CryptoError:
        plain = fresh = b""
    public = hashlib.sha256(opened.public).hexdigest()
    if public != _KAT_PUBLIC_SHA256 or plain != _KAT_PLAIN or fresh != _KAT_PLAIN:
        raise LockedError("The key self-test failed: this cryptography library does not give the known answer.")
