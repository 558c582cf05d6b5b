"""Canonical JSON for what this room signs: bundles and cards.

RFC 8785 form of ASCII-only content without fractions: sorted keys, no white space. Whatever parses re-encodes to the same
bytes, so there is one spelling of everything that is signed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from exchange.errors import CryptoError


def dump(value: Mapping[str, object]) -> bytes:
    """The canonical bytes of ``value`` (str, int, bool, None, list, dict; ASCII text)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def load(data: bytes, limit: int) -> dict[str, object]:
    """Parse canonical bytes.

    Raises:
        CryptoError: Longer than ``limit`` bytes, not an object, or not in canonical ASCII form.
    """
    if len(data) > limit or not data.isascii():
        raise _malformed()
    try:
        value = json.loads(data)
        again = dump(value) if isinstance(value, dict) else b""
    except (ValueError, RecursionError):  # also: an integer of thousands of digits, NaN
        raise _malformed() from None
    if again != data:
        raise _malformed()
    return value  # type: ignore[no-any-return]  # a dict: anything else re-encoded to nothing


def fields(value: object, names: frozenset[str]) -> dict[str, object]:
    """``value`` when it is an object with exactly these keys.

    Raises:
        CryptoError: It is not.
    """
    if not isinstance(value, dict) or value.keys() != names:
        raise _malformed()
    return value


def text(value: object) -> str:
    """``value`` when it is text.

    Raises:
        CryptoError: It is not.
    """
    if not isinstance(value, str):
        raise _malformed()
    return value


def whole(value: object, most: int = 2**53 - 1) -> int:
    """``value`` when it is a whole number from 0 to ``most``.

    Raises:
        CryptoError: It is not.
    """
    if type(value) is not int or not 0 <= value <= most:  # bool is an int, and must not pass
        raise _malformed()
    return value


def hexed(value: object, size: int) -> bytes:
    """The bytes of a lower-case hex text of ``size`` bytes.

    Raises:
        CryptoError: It is not one.
    """
    spelled = text(value)
    try:
        data = bytes.fromhex(spelled)
    except ValueError:
        raise _malformed() from None
    if len(data) != size or data.hex() != spelled:
        raise _malformed()
    return data


def b64(data: bytes) -> str:
    """Standard padded base64."""
    return base64.b64encode(data).decode()


def unb64(value: object, size: int) -> bytes:
    """The bytes of a standard padded base64 text of ``size`` bytes, in its one spelling.

    Raises:
        CryptoError: It is not one.
    """
    spelled = text(value)
    try:
        data = base64.b64decode(spelled, validate=True)
    except ValueError:
        raise _malformed() from None
    if len(data) != size or b64(data) != spelled:
        raise _malformed()
    return data


def _malformed() -> CryptoError:
    return CryptoError("A signed document is not in the form the protocol says.")
