"""The envelope ``covx/1``: one message to one recipient, end-to-end encrypted, with a key of its own for every part.

::

    frame  = "CVX1" | u8 suite | 3 zeros | kid 8 | enc 1120 | ct 56 | v4(box) | v4(part_0) | …          at most 512 KiB
    enc,ct = HPKE.Seal(prekey, info = "covx/1 wrap" 0 suite covenant generation recipient kid, FK ‖ u64 wrapped_ms)
    box    = nonce 24 | AEAD(FK, aad = all frame bytes before it, v4(header) ‖ signature 64 ‖ part keys 32 each)
    part_i = nonce 24 | AEAD(PK_i, aad = "covx/1 part aad" 0 suite covenant sender message u16 i u16 n, pad(plaintext))

Integers are big-endian; ``v4(x)`` is a u32 length and x. FK is fresh for every attempt and never stored, so re-wrapping
needs only the part keys and keeps the message id. The box does not cover the parts: the signed header holds their hashes.

Of the receiving checks (protocol §4) this module does 1 (:func:`parse_frame`), 3 and 5 (:func:`open_frame`); the part's
own checks, 15 and 16, are :func:`pkc` and :func:`open_part`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from exchange.crypto import aead, hpke, labels
from exchange.crypto.labels import SUITE, H, expand, signed
from exchange.errors import CryptoError, InputError, WireError

MAGIC: Final = b"CVX1"
MAX_FRAME: Final = 512 * 1024
MAX_HEADER: Final = 64 * 1024
MAX_PARTS: Final = 256
MAX_PLAINTEXT: Final = 64 * 1024
"""Bytes of one part before padding."""
MIN_PADDED: Final = 64

KID_SIZE: Final = 8
ID_SIZE: Final = 16
COVENANT_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64
_WRAPPED_SIZE: Final = aead.KEY_SIZE + 8
_CT_SIZE: Final = _WRAPPED_SIZE + hpke.TAG_SIZE
_START: Final = MAGIC + bytes([SUITE, 0, 0, 0])
_ENC_AT: Final = len(_START) + KID_SIZE
_CT_AT: Final = _ENC_AT + hpke.ENC_SIZE
_BOX_AT: Final = _CT_AT + _CT_SIZE
_MIN_BOX: Final = aead.OVERHEAD + 4 + SIGNATURE_SIZE
_MAX_BOX: Final = _MIN_BOX + MAX_HEADER + MAX_PARTS * aead.KEY_SIZE
_MAX_U32: Final = 2**32 - 1
_MAX_U64: Final = 2**64 - 1


# ------------------------------------------------------------------------------------------------ parts


@dataclass(frozen=True, slots=True)
class Part:
    """A sealed part: what the header promises about it, its ciphertext, and the key that goes to the vault."""

    key: bytes
    ciphertext: bytes

    @property
    def hash(self) -> bytes:
        """SHA-256 of the ciphertext (nonce and box)."""
        return H(self.ciphertext)

    @property
    def length(self) -> int:
        """Bytes of the ciphertext."""
        return len(self.ciphertext)

    @property
    def pkc(self) -> bytes:
        """The commitment to the key."""
        return pkc(self.key)


def padded_size(length: int) -> int:
    """Padmé (PURBs, Nikitin et al. 2019) of ``length`` bytes and the marker, at least 64: leaks O(log log) bits."""
    needed = max(length + 1, MIN_PADDED)
    exponent = needed.bit_length() - 1
    low_bits = exponent - exponent.bit_length()
    mask = (1 << low_bits) - 1
    return (needed + mask) & ~mask


MAX_PART: Final = padded_size(MAX_PLAINTEXT) + aead.OVERHEAD
_MIN_PART: Final = MIN_PADDED + aead.OVERHEAD


def pad(plaintext: bytes) -> bytes:
    """``plaintext``, the marker 0x80, zeros (ISO/IEC 7816-4), to the Padmé size."""
    return (plaintext + b"\x80").ljust(padded_size(len(plaintext)), b"\0")


def unpad(padded: bytes) -> bytes:
    """The inverse of :func:`pad`; exactly one padding per plaintext is accepted.

    Not constant-time, and need not be: it only ever sees bytes that already passed authentication.

    Raises:
        CryptoError: Not a padding that :func:`pad` makes.
    """
    body = padded.rstrip(b"\0")
    if body[-1:] != b"\x80" or len(padded) != padded_size(len(body) - 1):
        raise CryptoError("A part is not padded as the protocol says.")
    return body[:-1]


def pkc(key: bytes) -> bytes:
    """The part key commitment, 32 bytes: the AEAD alone lets one ciphertext have two readings under two keys."""
    return expand(key, labels.PART_COMMIT)


def seal_part(key: bytes, covenant: bytes, sender: bytes, message: bytes, i: int, n: int, plaintext: bytes) -> bytes:
    """Ciphertext (nonce and box) of part ``i`` of ``n``; ``message`` is the 16-byte message uuid.

    Raises:
        InputError: The plaintext is over 64 KiB.
        CryptoError: An id or key of the wrong size, or a part number out of range.
    """
    if len(plaintext) > MAX_PLAINTEXT:
        raise InputError(
            "One part is {size} bytes; at most {limit} can be sent.", size=len(plaintext), limit=MAX_PLAINTEXT
        )
    return aead.seal(key, pad(plaintext), _part_aad(covenant, sender, message, i, n))


def new_part(covenant: bytes, sender: bytes, message: bytes, i: int, n: int, plaintext: bytes) -> Part:
    """:func:`seal_part` under a fresh random key."""
    key = aead.new_key()
    return Part(key, seal_part(key, covenant, sender, message, i, n, plaintext))


def open_part(key: bytes, covenant: bytes, sender: bytes, message: bytes, i: int, n: int, ciphertext: bytes) -> bytes:
    """The plaintext of a part. The caller has compared :func:`pkc` with the signed header first.

    Raises:
        CryptoError: Another key, place, message, sender or covenant, changed bytes, or bad padding.
    """
    return unpad(aead.unseal(key, ciphertext, _part_aad(covenant, sender, message, i, n)))


def _part_aad(covenant: bytes, sender: bytes, message: bytes, i: int, n: int) -> bytes:
    # Every field has a fixed size, so the concatenation has one reading.
    if len(covenant) != COVENANT_SIZE or len(sender) != ID_SIZE or len(message) != ID_SIZE:
        raise CryptoError("An id of this envelope has the wrong size.")
    if not 0 <= i < n <= MAX_PARTS:
        raise CryptoError("A part number is out of range.")
    place = i.to_bytes(2, "big") + n.to_bytes(2, "big")
    return signed(labels.PART_AAD, bytes([SUITE]) + covenant + sender + message + place)


def message_id(header: bytes) -> bytes:
    """The 32-byte identity of a message: a labelled hash of the header bytes as sent."""
    return H(signed(labels.MESSAGE_ID, header))


# ------------------------------------------------------------------------------------------------ frames


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame taken apart (check 1); nothing in it is authentic yet."""

    kid: bytes
    enc: bytes
    ct: bytes
    box: bytes
    parts: list[bytes]
    prefix: bytes
    """All frame bytes before the box: its associated data."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A frame that opened (checks 3 and 5); the signature is still unchecked."""

    header: bytes
    signature: bytes
    part_keys: list[bytes]
    parts: list[bytes]
    wrapped_ms: int
    """When the sender wrapped it, by the sender's clock (Unix milliseconds); compared with the prekey's window."""


def v4(data: bytes) -> bytes:
    """``u32 length ‖ data``."""
    return len(data).to_bytes(4, "big") + data


def wrap_frame(
    *,
    prekey_public: bytes,
    kid: bytes,
    covenant: bytes,
    generation: int,
    recipient: bytes,
    header: bytes,
    signature: bytes,
    part_keys: Sequence[bytes],
    parts: Sequence[bytes],
    wrapped_ms: int,
) -> bytes:
    """One attempt to send a message: the frame, under a fresh frame key.

    Raises:
        InputError: The message does not fit in a frame.
        CryptoError: An unusable prekey, or a value of the wrong size.
    """
    _check_message(header, signature, part_keys, parts)
    info = _wrap_info(covenant, generation, recipient, kid)
    if not 0 <= wrapped_ms <= _MAX_U64:
        raise CryptoError("A time in the envelope is out of range.")
    frame_key = os.urandom(aead.KEY_SIZE)
    enc, ct = hpke.wrap(prekey_public, info, frame_key + wrapped_ms.to_bytes(8, "big"))
    inner = v4(header) + signature + b"".join(part_keys)
    # The box length is known before sealing, so the associated data can hold it.
    prefix = _START + kid + enc + ct + (len(inner) + aead.OVERHEAD).to_bytes(4, "big")
    return b"".join((prefix, aead.seal(frame_key, inner, prefix), *map(v4, parts)))


def check_fits(header: bytes, parts: Sequence[bytes]) -> None:
    """Whether a message can be sent at all; the size of its frame is the same at every attempt.

    Raises:
        InputError: The header, the number of parts or the whole is over its limit.
    """
    if len(header) > MAX_HEADER or len(parts) > MAX_PARTS:
        raise InputError("The message has too long a header or more than {limit} parts.", limit=MAX_PARTS)
    box = _MIN_BOX + len(header) + len(parts) * aead.KEY_SIZE
    size = _BOX_AT + 4 + box + sum(4 + len(part) for part in parts)
    if size > MAX_FRAME:
        raise InputError("The message is {size} bytes; at most {limit} can be sent.", size=size, limit=MAX_FRAME)


def parse_frame(data: bytes) -> Frame:
    """Check 1: length, magic, suite, zeros, caps. Copies only what is there, whatever a length field says.

    Raises:
        WireError: ``frame-too-large``, ``frame-malformed`` or ``suite-unknown``.
    """
    if len(data) > MAX_FRAME:
        raise WireError(
            "frame-too-large",
            "The frame is {size} bytes; at most {limit} are accepted.",
            size=len(data),
            limit=MAX_FRAME,
        )
    if data[:4] != MAGIC or len(data) < _BOX_AT:
        raise _malformed()
    if data[4] != SUITE:
        raise WireError("suite-unknown", "The frame uses a cipher suite this release does not know.")
    if data[5:8] != b"\0\0\0":
        raise _malformed()
    box, at = _take(data, _BOX_AT, _MIN_BOX, _MAX_BOX)
    parts = []
    while at < len(data):
        part, at = _take(data, at, _MIN_PART, MAX_PART)
        parts.append(part)
    if len(parts) > MAX_PARTS:
        raise _malformed()
    return Frame(
        kid=data[8:_ENC_AT],
        enc=data[_ENC_AT:_CT_AT],
        ct=data[_CT_AT:_BOX_AT],
        box=box,
        parts=parts,
        prefix=data[: _BOX_AT + 4],
    )


def open_frame(
    frame: Frame, seed: bytes | hpke.OpenedSeed, covenant: bytes, generation: int, recipient: bytes
) -> Opened:
    """Checks 3 and 5: the wrap opens under our prekey, the box under the frame key.

    Raises:
        WireError: ``hpke-failed`` (another prekey, covenant, generation or recipient, or changed bytes) or
            ``box-failed`` (changed, moved from another frame, or not as many keys as parts).
    """
    try:
        wrapped = hpke.unwrap(seed, _wrap_info(covenant, generation, recipient, frame.kid), frame.enc, frame.ct)
    except CryptoError:
        wrapped = b""
    if len(wrapped) != _WRAPPED_SIZE:  # check 3
        raise WireError("hpke-failed", "The frame does not open with the key it names.")
    try:
        inner = aead.unseal(wrapped[: aead.KEY_SIZE], frame.box, frame.prefix)
    except CryptoError:
        raise _box_failed() from None
    header, signature, part_keys = _split_inner(inner, len(frame.parts))  # check 5
    return Opened(header, signature, part_keys, frame.parts, int.from_bytes(wrapped[aead.KEY_SIZE :], "big"))


def _split_inner(inner: bytes, parts: int) -> tuple[bytes, bytes, list[bytes]]:
    size = int.from_bytes(inner[:4], "big")
    keys_at = 4 + size + SIGNATURE_SIZE
    if size > MAX_HEADER or len(inner) != keys_at + parts * aead.KEY_SIZE:
        raise _box_failed()
    keys = [inner[at : at + aead.KEY_SIZE] for at in range(keys_at, len(inner), aead.KEY_SIZE)]
    return inner[4 : 4 + size], inner[4 + size : keys_at], keys


def _take(data: bytes, at: int, least: int, most: int) -> tuple[bytes, int]:
    """The v4 field at ``at`` and where the next one starts; the length is checked before anything is copied."""
    start = at + 4
    size = int.from_bytes(data[at:start], "big")
    end = start + size
    if not least <= size <= most or end > len(data):
        raise _malformed()
    return data[start:end], end


def _wrap_info(covenant: bytes, generation: int, recipient: bytes, kid: bytes) -> bytes:
    if len(covenant) != COVENANT_SIZE or len(recipient) != ID_SIZE or len(kid) != KID_SIZE:
        raise CryptoError("An id of this envelope has the wrong size.")
    if not 0 <= generation <= _MAX_U32:
        raise CryptoError("A covenant generation is out of range.")
    return signed(labels.WRAP, bytes([SUITE]) + covenant + generation.to_bytes(4, "big") + recipient + kid)


def _check_message(header: bytes, signature: bytes, part_keys: Sequence[bytes], parts: Sequence[bytes]) -> None:
    check_fits(header, parts)
    if len(signature) != SIGNATURE_SIZE or any(len(key) != aead.KEY_SIZE for key in part_keys):
        raise CryptoError("A signature or part key of this envelope has the wrong size.")
    if len(part_keys) != len(parts) or any(not _MIN_PART <= len(part) <= MAX_PART for part in parts):
        raise CryptoError("The parts of this envelope do not fit their keys or sizes.")


def _malformed() -> WireError:
    return WireError("frame-malformed", "The frame is not built as the protocol says.")


def _box_failed() -> WireError:
    return WireError("box-failed", "The sealed box in the frame does not open.")
