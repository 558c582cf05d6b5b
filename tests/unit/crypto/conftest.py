"""One sender, one recipient, and the receiver's checks in a row: what every attack on the envelope is tried against."""

import hashlib
from types import SimpleNamespace

import pytest

from exchange.crypto import envelope, hpke, labels, signing
from exchange.crypto.aead import new_key
from exchange.crypto.hpke import OpenedSeed
from exchange.crypto.signing import Ed25519Key
from exchange.errors import CryptoError, WireError


class Conversation:
    """A message from one partner to another. ``build`` makes the frame, ``receive`` runs checks 1, 3, 5, 9, 14-16."""

    def __init__(self):
        self.covenant = hashlib.sha256(b"a covenant").digest()
        self.sender, self.recipient, self.message = b"S" * 16, b"R" * 16, b"M" * 16
        self.kid = b"kid-0001"
        self.generation = 1
        self.sign_key = Ed25519Key(hashlib.sha256(b"sign").digest())
        self.seed = hashlib.sha256(b"prekey").digest()
        self.opened = OpenedSeed(self.seed)
        self.texts = [b'{"v":1}', b"a second part"]

    def parts(self, texts=None):
        texts = self.texts if texts is None else texts
        return [
            envelope.new_part(self.covenant, self.sender, self.message, i, len(texts), text)
            for i, text in enumerate(texts)
        ]

    @staticmethod
    def header(parts):
        """Stands in for the CloudEvents header: the hashes and commitments of the parts, one line each."""
        return b"\n".join(f"{p.hash.hex()} {p.length} {p.pkc.hex()}".encode() for p in parts)

    def build(self, made=None, /, **changes):
        made = self.parts() if made is None else made
        header = changes.pop("header") if "header" in changes else self.header(made)
        values = {
            "prekey_public": self.opened.public,
            "kid": self.kid,
            "covenant": self.covenant,
            "generation": self.generation,
            "recipient": self.recipient,
            "header": header,
            "signature": self.sign_key.sign(labels.SIGN_HEADER, header),
            "part_keys": [p.key for p in made],
            "parts": [p.ciphertext for p in made],
            "wrapped_ms": 1_772_438_400_000,
        }
        return envelope.wrap_frame(**{**values, **changes})

    def receive(self, data, **changes):
        """The plaintexts, or the code of the first check that fails."""
        mine = {"covenant": self.covenant, "generation": self.generation, "recipient": self.recipient, **changes}
        frame = envelope.parse_frame(data)  # 1
        opened = envelope.open_frame(frame, self.opened, **mine)  # 3, 5
        try:
            signing.verify(self.sign_key.public, labels.SIGN_HEADER, opened.header, opened.signature)  # 9
        except CryptoError:
            raise WireError("signature", "The signature does not hold.") from None
        lines = opened.header.split(b"\n") if opened.header else []
        if len(lines) != len(opened.parts):
            raise WireError("part-count", "Not as many parts as promised.")
        return [self._part(i, opened, line.decode().split()) for i, line in enumerate(lines)]

    def _part(self, i, opened, promised):
        part, key = opened.parts[i], opened.part_keys[i]
        if [hashlib.sha256(part).hexdigest(), str(len(part))] != promised[:2]:  # 14
            raise WireError("part-hash", "A part is not the one promised.")
        if envelope.pkc(key).hex() != promised[2]:  # 15
            raise WireError("pkc", "A part key is not the one promised.")
        try:  # 16
            return envelope.open_part(key, self.covenant, self.sender, self.message, i, len(opened.parts), part)
        except CryptoError:
            raise WireError("part-failed", "A part does not open.") from None


@pytest.fixture(scope="session")
def conversation():
    return Conversation()


@pytest.fixture(scope="session")
def fresh_seed():
    seed = hpke.new_seed()
    return SimpleNamespace(seed=seed, opened=OpenedSeed(seed), key=new_key())
