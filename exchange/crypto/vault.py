"""The cryptography of the key vault (protocol §6); where its bytes are kept is :mod:`exchange.store.vault`'s business.

    vault secret VS   random; one *slot* per custodian holds it
    anchor_g          32 random bytes kept outside the vault file; the only thing that needs physical destruction
    root_g            HMAC(anchor_g, label ‖ 0x00 ‖ u64 g ‖ VS)
    bucket            a random key, sealed under root_g; wraps up to 128 rows of one retention class
    row               AEAD(bucket key, key, aad = id)

A slot wraps VS to an X-Wing public key whose seed comes from the custodian's passphrase (Argon2id) or 32-byte service credential.
Wrapping to a public key lets the vault replace VS, when a custodian leaves, without asking the others for their passphrases.
The slot heads are authenticated under VS, so that nobody without VS can plant a public key to have the next VS wrapped to it.
"""

from __future__ import annotations

import hmac
import os
import struct
import unicodedata
from dataclasses import dataclass
from typing import Final

from nacl.exceptions import CryptoError as SodiumError
from nacl.pwhash import argon2id

from exchange.crypto.aead import seal, unseal
from exchange.crypto.hpke import ENC_SIZE, PUBLIC_SIZE, unwrap, wrap, xwing_public
from exchange.crypto.labels import VAULT_BUCKET, VAULT_ROOT, VAULT_ROW, VAULT_SLOT, expand, signed
from exchange.errors import CryptoError, InputError, IntegrityError, LockedError

SECRET_SIZE: Final = 32
SALT_SIZE: Final = 16
ID_SIZE: Final = 16
MIN_PASSPHRASE: Final = 12
"""Characters. Argon2id buys time, not wonders."""
MAX_MEMORY: Final = 2**30
"""Bytes; a tampered slot must not make the node allocate more."""
MAX_OPS: Final = 16

_CHECK: Final = "covx/1 vault check"
_SEED: Final = "covx/1 vault slot seed"
_MAC: Final = "covx/1 vault slot mac"
_PASSPHRASE, _CREDENTIAL = 1, 2
_HEAD: Final = struct.Struct(f">BBII{SALT_SIZE}s{PUBLIC_SIZE}s")
_VERSION: Final = 1


@dataclass(frozen=True, repr=False)
class Passphrase:
    """What a custodian remembers. Compared after Unicode normalisation (NFC): keyboards differ in how they type an é."""

    text: str

    def __post_init__(self) -> None:
        if len(self.text) < MIN_PASSPHRASE:
            raise InputError("A passphrase has at least {minimum} characters.", minimum=MIN_PASSPHRASE)


@dataclass(frozen=True, repr=False)
class Credential:
    """32 random bytes a service manager hands to the node at start."""

    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) != SECRET_SIZE:
            raise InputError(
                "A service credential is {expected} bytes, got {got}.", expected=SECRET_SIZE, got=len(self.data)
            )


Secret = Passphrase | Credential


@dataclass(frozen=True)
class ArgonCost:
    """What one guess at a passphrase costs: passes over, and bytes of, memory."""

    ops: int
    memory: int


MODERATE: Final = ArgonCost(argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE)
"""256 MiB, about 0.6 s: once per start."""


@dataclass(frozen=True)
class Slot:
    """One custodian's way in, as stored."""

    name: str
    head: bytes
    """Version, kind, cost, salt and X-Wing public key."""
    box: bytes
    """VS, wrapped to that public key."""
    mac: bytes
    """The head and name, authenticated under VS."""


def new_secret() -> bytes:
    """A fresh vault secret, anchor or bucket key."""
    return os.urandom(SECRET_SIZE)


def make_slot(name: str, secret: Secret, cost: ArgonCost, vault_secret: bytes) -> Slot:
    """A new slot that opens ``vault_secret`` with ``secret``. Takes as long as ``cost`` says."""
    salt = os.urandom(SALT_SIZE)
    kind = _PASSPHRASE if isinstance(secret, Passphrase) else _CREDENTIAL
    used = cost if kind == _PASSPHRASE else ArgonCost(0, 0)
    public = xwing_public(_seed(secret, salt, used, name))
    head = _HEAD.pack(_VERSION, kind, used.ops, used.memory, salt, public)
    return rewrap_slot(Slot(name, head, b"", b""), vault_secret)


def rewrap_slot(slot: Slot, vault_secret: bytes) -> Slot:
    """The same slot around another vault secret; needs nothing from its custodian."""
    enc, ct = wrap(_public(slot), _info(slot), vault_secret)
    return Slot(slot.name, slot.head, enc + ct, _mac(slot, vault_secret))


def open_slot(slot: Slot, secret: Secret) -> bytes:
    """The vault secret.

    Raises:
        LockedError: Another passphrase or credential, or a slot that was changed; one sentence for both.
    """
    _version, kind, ops, memory, salt, public = _parse(slot)
    if (kind == _PASSPHRASE) != isinstance(secret, Passphrase):
        raise LockedError("This secret does not open the key vault.")
    seed = _seed(secret, salt, ArgonCost(ops, memory), slot.name)
    if not hmac.compare_digest(xwing_public(seed), public):
        raise LockedError("This secret does not open the key vault.")
    try:
        vault_secret = unwrap(seed, _info(slot), slot.box[:ENC_SIZE], slot.box[ENC_SIZE:])
    except CryptoError:
        raise LockedError("This secret does not open the key vault.") from None
    check_slot(slot, vault_secret)
    return vault_secret


def check_slot(slot: Slot, vault_secret: bytes) -> None:
    """Verify that whoever made this slot's head knew the vault secret. To be done before anything is wrapped to it.

    Raises:
        IntegrityError: The head was planted or changed.
    """
    if not hmac.compare_digest(slot.mac, _mac(slot, vault_secret)):
        raise IntegrityError("A slot of the key vault is not what was written; somebody changed the vault file.")


@dataclass(frozen=True, repr=False)
class Root:
    """The root key of one generation, split by use."""

    bucket: bytes
    check: bytes


def vault_root(anchor: bytes, generation: int, vault_secret: bytes) -> Root:
    """``root_g``: needs the anchor of that generation *and* the vault secret."""
    root = hmac.digest(anchor, signed(VAULT_ROOT, generation.to_bytes(8, "big") + vault_secret), "sha256")
    return Root(expand(root, VAULT_BUCKET), expand(root, _CHECK))


def make_check(root: Root) -> bytes:
    """A box that only the right root opens, so that an empty vault knows its anchor too."""
    return seal(root.check, b"", signed(_CHECK, b""))


def open_check(root: Root, box: bytes) -> None:
    """Verify ``root``.

    Raises:
        LockedError: Another anchor, generation or vault secret than this vault was written with.
    """
    try:
        unseal(root.check, box, signed(_CHECK, b""))
    except CryptoError:
        raise LockedError(
            "The anchor does not fit this key vault: one of them was replaced or restored from a copy."
        ) from None


def seal_bucket(root: Root, bucket: int, retention_class: str, key: bytes) -> bytes:
    """A bucket key under the root of this generation, bound to its number and retention class."""
    return seal(root.bucket, key, _bucket_aad(bucket, retention_class))


def open_bucket(root: Root, bucket: int, retention_class: str, box: bytes) -> bytes:
    """The bucket key.

    Raises:
        IntegrityError: The box was changed or moved.
    """
    try:
        return unseal(root.bucket, box, _bucket_aad(bucket, retention_class))
    except CryptoError:
        raise IntegrityError("Bucket {bucket} of the key vault is not what was written.", bucket=bucket) from None


def seal_row(bucket_key: bytes, key_id: bytes, key: bytes) -> bytes:
    """A key under its bucket's key, bound to its id."""
    return seal(bucket_key, key, signed(VAULT_ROW, key_id))


def open_row(bucket_key: bytes, key_id: bytes, box: bytes) -> bytes:
    """The key.

    Raises:
        IntegrityError: The box was changed or moved to another id.
    """
    try:
        return unseal(bucket_key, box, signed(VAULT_ROW, key_id))
    except CryptoError:
        raise IntegrityError(
            "A key in the vault is not what was written; restore the vault from its replica."
        ) from None


def _seed(secret: Secret, salt: bytes, cost: ArgonCost, name: str) -> bytes:
    if isinstance(secret, Credential):
        return expand(secret.data, _SEED, salt + name.encode())
    text = unicodedata.normalize("NFC", secret.text).encode()
    try:
        stretched = argon2id.kdf(SECRET_SIZE, text, salt, cost.ops, cost.memory)
    except (SodiumError, ValueError, TypeError, RuntimeError):
        raise LockedError("The passphrase cannot be stretched here: is there enough memory?") from None
    return expand(stretched, _SEED, name.encode())


def _parse(slot: Slot) -> tuple[int, int, int, int, bytes, bytes]:
    if len(slot.head) != _HEAD.size:
        raise LockedError("A slot of the key vault has an unknown form; install the release that wrote it.")
    version, kind, ops, memory, salt, public = _HEAD.unpack(slot.head)
    if version != _VERSION or kind not in (_PASSPHRASE, _CREDENTIAL) or ops > MAX_OPS or memory > MAX_MEMORY:
        raise LockedError("A slot of the key vault has an unknown form; install the release that wrote it.")
    return version, kind, ops, memory, salt, public


def _public(slot: Slot) -> bytes:
    return _parse(slot)[5]


def _info(slot: Slot) -> bytes:
    return signed(VAULT_SLOT, slot.head + slot.name.encode())


def _mac(slot: Slot, vault_secret: bytes) -> bytes:
    return hmac.digest(expand(vault_secret, _MAC), slot.head + slot.name.encode(), "sha256")


def _bucket_aad(bucket: int, retention_class: str) -> bytes:
    return signed(VAULT_BUCKET, bucket.to_bytes(8, "big") + retention_class.encode())
