"""Checkpoints: a log's size and root, signed (C2SP tlog-checkpoint, signed-note, tlog-cosignature).

::

    covenant-exchange/0123456789abcdef/actium
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — covenant-exchange/0123456789abcdef/actium Az3grlgtzPICa5OS8npV…

A log signs its checkpoint with Ed25519 (type 0x01, over the text) and ML-DSA-44 (type 0x06, over the cosigned message); a
witness cosigns with ML-DSA-44. Type 0x06 covers the signer's name and a time, so a cosignature cannot be passed off as
somebody else's. Signing and verifying functions are handed in: this room holds no keys.

Size and root are only ever taken together from one verified checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from exchange.errors import CryptoError

ED25519: Final = 0x01
MLDSA44: Final = 0x06
_SIGNATURE_SIZE: Final = {ED25519: 64, MLDSA44: 8 + 2420}
"""Of type 0x06: a u64 time and the signature."""

HASH_SIZE: Final = 32
MAX_SIZE: Final = 2**63 - 1
MAX_TIME: Final = 2**63 - 1
MAX_NOTE: Final = 256 * 1024
MAX_SIGNATURES: Final = 64
MAX_NAME: Final = 255
_COSIGNED: Final = b"subtree/v1\n\x00"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")

Sign: TypeAlias = Callable[[bytes], bytes]
Verify: TypeAlias = Callable[[bytes, bytes, bytes], None]
"""``(public key, message, signature)``; raises CryptoError."""
Signer: TypeAlias = tuple[str, int, bytes, Sign]
"""Name, type (:data:`ED25519` or :data:`MLDSA44`), public key, and what signs."""


class NoteKey(NamedTuple):
    """A key that is trusted under a name."""

    name: str
    kind: int
    public: bytes
    verify: Verify


class NoteSignature(NamedTuple):
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes
    """Of type 0x06 with its time in front."""


class Note(NamedTuple):
    """A signed note taken apart; no signature in it has been checked."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note's one spelling."""
        lines = (f"\u2014 {s.name} {_b64(s.key_id + s.signature)}\n" for s in self.signatures)
        return self.text + b"\n" + "".join(lines).encode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself at one moment."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not _is_name(self.origin) or not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_SIZE:
            raise CryptoError("A checkpoint needs an origin without spaces, a size and a root of 32 bytes.")

    def body(self) -> bytes:
        """The note text: three lines, no extension lines."""
        return f"{self.origin}\n{self.size}\n{_b64(self.root)}\n".encode()


def origin_of(covenant_tag: str, slug: str, incident: int = 0) -> str:
    """The origin of a partner's log under a covenant; ``incident`` counts its log incidents, each of which starts a new log."""
    suffix = f"/{incident}" if incident else ""
    return f"covenant-exchange/{covenant_tag}/{slug}{suffix}"


def witness_name(covenant_tag: str, slug: str) -> str:
    """The name a partner cosigns under; never the origin of a log."""
    return f"covenant-exchange/{covenant_tag}/{slug}/witness"


# ------------------------------------------------------------------------------------------------ reading


def parse_note(data: bytes) -> Note:
    """Take a signed note apart.

    Raises:
        CryptoError: Not a note, or not in its one spelling.
    """
    try:
        content = data.decode() if len(data) <= MAX_NOTE else ""
    except UnicodeDecodeError:
        raise _malformed() from None
    text, blank, lines = content.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or _CONTROL.search(content):
        raise _malformed()
    signatures = tuple(_parse_signature(line) for line in lines[:-1].split("\n"))
    if len(signatures) > MAX_SIGNATURES:
        raise _malformed()
    return Note(f"{text}\n".encode(), signatures)


def parse_body(text: bytes) -> Checkpoint:
    """The checkpoint that a note's text states.

    Raises:
        CryptoError: Not exactly origin, size and root, each in its one spelling.
    """
    try:
        origin, size, root, rest = text.decode().split("\n")
    except ValueError:  # also: not UTF-8
        raise _malformed() from None
    if rest or not _NUMBER.fullmatch(size):
        raise _malformed()
    return Checkpoint(origin, int(size), _unb64(root))


def _parse_signature(line: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "\u2014" or not _is_name(name):
        raise _malformed()
    raw = _unb64(encoded)
    if len(raw) <= 4:  # noqa: PLR2004 - the key id
        raise _malformed()
    return NoteSignature(name, raw[:4], raw[4:])


# ------------------------------------------------------------------------------------------------ signing


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The four bytes that, with the name, say which key signed; an identifier, not a proof."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def cosigned_message(name: str, timestamp_s: int, checkpoint: Checkpoint) -> bytes:
    """The bytes an ML-DSA-44 signature covers: signer's name, time, origin, and the tree from 0 to its size."""
    if not _is_name(name) or not 0 <= timestamp_s <= MAX_TIME:
        raise CryptoError("A cosignature needs a name without spaces and a time.")
    origin, signer = checkpoint.origin.encode(), name.encode()
    return b"".join(
        (
            _COSIGNED,
            bytes([len(signer)]) + signer,
            timestamp_s.to_bytes(8, "big"),
            bytes([len(origin)]) + origin,
            bytes(8),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def sign_line(checkpoint: Checkpoint, signer: Signer, timestamp_s: int = 0) -> NoteSignature:
    """One signature over ``checkpoint``; also how a witness cosigns.

    Args:
        checkpoint: What is signed.
        signer: With which key, under which name.
        timestamp_s: Unix seconds for type 0x06; 0 makes no statement about time. Type 0x01 carries none.
    """
    name, kind, public, sign = signer
    if kind == MLDSA44:
        message = cosigned_message(name, timestamp_s, checkpoint)  # refuses a time that has no eight bytes
        signature = timestamp_s.to_bytes(8, "big") + sign(message)
    else:
        signature = sign(checkpoint.body())
    if not _is_name(name) or len(signature) != _SIGNATURE_SIZE.get(kind):
        raise CryptoError("A checkpoint can be signed with Ed25519 or ML-DSA-44 only, under a name without spaces.")
    return NoteSignature(name, key_id(name, kind, public), signature)


def signed_note(checkpoint: Checkpoint, signers: Iterable[Signer], timestamp_s: int = 0) -> bytes:
    """The signed note of ``checkpoint``."""
    lines = tuple(sign_line(checkpoint, signer, timestamp_s) for signer in signers)
    return Note(checkpoint.body(), lines).encode()


def with_signature(note: bytes, line: NoteSignature) -> bytes:
    """The note with one more signature line, unless it is there already.

    Raises:
        CryptoError: ``note`` is not a note.
    """
    parsed = parse_note(note)
    known = line in parsed.signatures
    return note if known else Note(parsed.text, (*parsed.signatures, line)).encode()


# ------------------------------------------------------------------------------------------------ verifying


def verify_line(checkpoint: Checkpoint, line: NoteSignature, key: NoteKey) -> int:
    """Check one line against one key; its time in Unix seconds (0 for Ed25519, which has none).

    Raises:
        CryptoError: Another key's line, or it does not hold.
    """
    if line[:2] != (key.name, key_id(key.name, key.kind, key.public)):
        raise CryptoError("A checkpoint signature is of another key.")
    if len(line.signature) != _SIGNATURE_SIZE.get(key.kind):
        raise CryptoError("A checkpoint signature does not hold.")
    if key.kind == ED25519:
        key.verify(key.public, checkpoint.body(), line.signature)
        return 0
    timestamp_s = int.from_bytes(line.signature[:8], "big")
    key.verify(key.public, cosigned_message(key.name, timestamp_s, checkpoint), line.signature[8:])
    return timestamp_s


def open_checkpoint(note: bytes, origin: str, keys: Iterable[NoteKey]) -> Checkpoint:
    """The checkpoint in ``note``, once **every** one of the log's ``keys`` has signed it.

    Lines of unknown keys are passed over (witnesses, a rotated key); a bad line of a known key refuses the whole note.

    Raises:
        CryptoError: Malformed, of another log, or a signature is missing or does not hold.
    """
    parsed = parse_note(note)
    checkpoint = parse_body(parsed.text)
    if checkpoint.origin != origin:
        raise CryptoError("The checkpoint is of another log.")
    trusted = list(keys)
    if not trusted or any(not _times(parsed, checkpoint, key) for key in trusted):
        raise CryptoError("The checkpoint lacks a signature of its log.")
    return checkpoint


def cosigners(note: bytes, witnesses: Iterable[NoteKey]) -> dict[str, int]:
    """Which witnesses signed, with the latest time each states; each name counts once.

    Raises:
        CryptoError: Malformed, or a line of a known witness does not hold.
    """
    parsed = parse_note(note)
    checkpoint = parse_body(parsed.text)
    found = {key.name: _times(parsed, checkpoint, key) for key in witnesses}
    return {name: max(times) for name, times in found.items() if times}


def _times(note: Note, checkpoint: Checkpoint, key: NoteKey) -> list[int]:
    mine = (key.name, key_id(key.name, key.kind, key.public))
    return [verify_line(checkpoint, line, key) for line in note.signatures if line[:2] == mine]


def _is_name(name: str) -> bool:
    """A key name or origin: not empty, no spaces, no plus, no control characters, and short enough for a length byte."""
    return name.isprintable() and not re.search(r"[\s+]", name) and 0 < len(name.encode(errors="replace")) <= MAX_NAME


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise _malformed() from None
    if _b64(data) != text:  # loose padding bits would give one note two spellings
        raise _malformed()
    return data


def _malformed() -> CryptoError:
    return CryptoError("A checkpoint is not in the form the protocol says.")
