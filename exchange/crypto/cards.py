"""Partner cards: the public keys of one partner, one per role, signed by its root.

A card proves that the root's holder chose these keys; *whose* root it is, people establish by comparing the covenant's
fingerprint aloud. So a card is trusted only as part of a covenant. Later changes of role keys are key statements, signed by
the same root; a card itself never changes.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from exchange.crypto import canonical, labels
from exchange.crypto.signing import (
    ED25519_PUBLIC_SIZE,
    MLDSA_PUBLIC_SIZE,
    RootKey,
    RootPublic,
    RootSignature,
    check_public,
    verify_root,
)
from exchange.errors import CryptoError

MAX_CARD: Final = 16 * 1024
MAX_FILE: Final = 32 * 1024
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,30}")
_NKEY_USER_PREFIX: Final = 20 << 3
_NKEY_SIZE: Final = 1 + ED25519_PUBLIC_SIZE + 2


@dataclass(frozen=True, slots=True)
class Card:
    """The public keys of one partner."""

    partner: str
    """Partner id: 16 random bytes in hex, never used again."""
    slug: str
    sign: bytes
    """Ed25519: headers, receipts, bundles, heartbeats."""
    log: bytes
    """Ed25519: own checkpoints, together with ``log_pq``."""
    log_pq: bytes
    """ML-DSA-44: own checkpoints."""
    witness: bytes
    """ML-DSA-44: cosignatures on partners' checkpoints."""
    transport: str
    """NKey (user) that the broker knows the node by; ``U`` and 55 characters."""
    root: RootPublic

    def to_json(self) -> dict[str, object]:
        """The JSON object that stands in a covenant."""
        return {
            "v": 1,
            "partner": self.partner,
            "slug": self.slug,
            "sign": self.sign.hex(),
            "log": {"ed25519": self.log.hex(), "mldsa44": canonical.b64(self.log_pq)},
            "witness": canonical.b64(self.witness),
            "transport": self.transport,
            "root": self.root.to_json(),
        }

    @classmethod
    def from_json(cls, data: object) -> Card:
        """The inverse of :meth:`to_json`, with every key checked.

        Raises:
            CryptoError: Not that form, a key that is malformed or of small order, or one key in two roles.
        """
        names = frozenset({"v", "partner", "slug", "sign", "log", "witness", "transport", "root"})
        value = canonical.fields(data, names)
        log = canonical.fields(value["log"], frozenset({"ed25519", "mldsa44"}))
        card = cls(
            partner=canonical.hexed(value["partner"], 16).hex(),
            slug=canonical.text(value["slug"]),
            sign=canonical.hexed(value["sign"], ED25519_PUBLIC_SIZE),
            log=canonical.hexed(log["ed25519"], ED25519_PUBLIC_SIZE),
            log_pq=canonical.unb64(log["mldsa44"], MLDSA_PUBLIC_SIZE[44]),
            witness=canonical.unb64(value["witness"], MLDSA_PUBLIC_SIZE[44]),
            transport=canonical.text(value["transport"]),
            root=RootPublic.from_json(value["root"]),
        )
        if canonical.whole(value["v"]) != 1:
            raise CryptoError("A partner card is of a version this release does not know.")
        card.check()
        return card

    def keys(self) -> tuple[bytes, ...]:
        """Every public key on the card, for finding one that stands twice."""
        return (
            self.sign,
            self.log,
            self.log_pq,
            self.witness,
            nkey_public(self.transport),
            self.root.ed25519,
            self.root.mldsa65,
        )

    def check(self) -> None:
        """Refuse unusable keys and names.

        Raises:
            CryptoError: See :meth:`from_json`.
        """
        if not _SLUG.fullmatch(self.slug):
            raise CryptoError("A partner card names its partner in a form that is not a slug.")
        for key in (self.sign, self.log, nkey_public(self.transport)):
            check_public(key)
        self.root.check()
        # One key in two roles would let a signature of one role be offered in the other.
        if len(set(self.keys())) != len(self.keys()):
            raise CryptoError("A partner card holds the same key in two roles.")


def card_bytes(card: Card) -> bytes:
    """The canonical JSON that the root signs."""
    return canonical.dump(card.to_json())


def parse_card(data: bytes) -> Card:
    """The inverse of :func:`card_bytes`; the root's signature is still unchecked.

    Raises:
        CryptoError: Not canonical, or see :meth:`Card.from_json`.
    """
    return Card.from_json(canonical.load(data, MAX_CARD))


def sign_card(root: RootKey, card: Card) -> RootSignature:
    """The root's signature over its own card.

    Raises:
        CryptoError: The card is of another root, or not acceptable.
    """
    if card.root != root.public:
        raise CryptoError("This root key is not the one on the card.")
    card.check()
    return root.sign(labels.SIGN_CARD, card_bytes(card))


def verify_card(data: bytes, signature: RootSignature) -> Card:
    """The card in ``data``, once both signatures of the root it names hold.

    Raises:
        CryptoError: They do not, or the card is not acceptable.
    """
    card = parse_card(data)
    verify_root(card.root, labels.SIGN_CARD, data, signature)
    return card


def card_file(card: Card, signature: RootSignature) -> bytes:
    """The file that partners give each other: the card and its root's signature."""
    return canonical.dump({"card": card.to_json(), "signature": signature.to_json()}) + b"\n"


def read_card_file(data: bytes) -> tuple[Card, RootSignature]:
    """The inverse of :func:`card_file`, verified.

    Raises:
        CryptoError: The file or a signature is not acceptable.
    """
    value = canonical.fields(canonical.load(data.removesuffix(b"\n"), MAX_FILE), frozenset({"card", "signature"}))
    signature = RootSignature.from_json(value["signature"])
    card = Card.from_json(value["card"])
    return verify_card(card_bytes(card), signature), signature


def nkey_public(text: str) -> bytes:
    """The Ed25519 public key in a NATS user NKey: base32 of prefix, key and CRC-16.

    Raises:
        CryptoError: It is no user NKey.
    """
    try:
        raw = base64.b32decode(text)
    except (binascii.Error, ValueError):
        raise _no_nkey() from None
    checked = int.from_bytes(raw[-2:], "little") == binascii.crc_hqx(raw[:-2], 0)
    if len(raw) != _NKEY_SIZE or raw[0] != _NKEY_USER_PREFIX or not checked or base64.b32encode(raw).decode() != text:
        raise _no_nkey()
    return raw[1:-2]


def _no_nkey() -> CryptoError:
    return CryptoError("A partner card holds no valid NATS user key.")
