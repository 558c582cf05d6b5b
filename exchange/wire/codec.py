"""The strict codec: RFC 8785 canonical JSON, and nothing else is accepted.

A signature covers bytes, not objects, so every object has exactly one spelling. What parses re-encodes to the same bytes;
what does not is refused. That one comparison catches duplicate keys, white space, other escapes, other number spellings and
key order at once.

The JSON of this protocol holds no fractions, so canonical form is: keys sorted, no white space, UTF-8, shortest escapes.
``orjson`` writes exactly that for ASCII keys (a property test compares it with a reference implementation of RFC 8785).
"""

from __future__ import annotations

from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from exchange.errors import WireError

MAX_BYTES = 64 * 1024
"""A header or a part may not be longer (NL GOV profile for CloudEvents: intermediaries forward 64 KB)."""
MAX_DEPTH = 8
MAX_INTEGER = 2**53 - 1
"""RFC 8785 numbers are IEEE doubles; above this they would not survive."""

_M = TypeVar("_M", bound=BaseModel)


def encode(value: Any) -> bytes:
    """The canonical bytes of ``value`` (dict, list, str, int, bool, None; no fractions).

    Raises:
        WireError: ``value`` holds something canonical JSON of this protocol cannot say.
    """
    _check_shape(value, MAX_DEPTH)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError:
        raise WireError("not-encodable", "This value has no canonical JSON form.") from None


def decode(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Parse canonical JSON.

    Raises:
        WireError: Too long, too deep, not JSON, or not in canonical form.
    """
    if len(data) > max_bytes:
        raise WireError(
            "too-large",
            "The JSON is {size} bytes; at most {limit} are accepted.",
            size=len(data),
            limit=max_bytes,
        )
    try:
        value = orjson.loads(data)  # its own nesting limit makes hostile depth an error, not a crash
    except orjson.JSONDecodeError:
        raise WireError("not-json", "The bytes are not JSON.") from None
    _check_shape(value, MAX_DEPTH)
    if not isinstance(value, dict | list) or encode(value) != data:
        raise WireError("not-canonical", "The JSON is not in canonical form (RFC 8785).")
    return value


def encode_model(model: BaseModel) -> bytes:
    """The canonical bytes of a message model; fields without a value are left out."""
    return orjson.dumps(
        model.__pydantic_serializer__.to_python(
            model, mode="json", exclude_none=True
        ),  # model_dump costs as much again
        option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER,
    )


def encode_own(value: dict[str, Any]) -> bytes:
    """The canonical bytes of what this node itself put together, without looking at it again: ASCII names, nothing empty.

    Never for a value a partner or a person wrote: :func:`encode` and :func:`encode_model` are for those.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)


def decode_model(model: type[_M], data: bytes, *, max_bytes: int = MAX_BYTES) -> _M:
    """Parse canonical JSON into ``model``, strictly.

    Raises:
        WireError: Not canonical, or not of this schema. The sentence holds no value of the sender.
    """
    if len(data) > max_bytes:
        raise WireError(
            "too-large",
            "The JSON is {size} bytes; at most {limit} are accepted.",
            size=len(data),
            limit=max_bytes,
        )
    try:
        parsed = model.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise WireError(
            "schema", "The message does not fit its schema ({count} errors).", count=error.error_count()
        ) from None
    if encode_model(parsed) != data:  # catches every other spelling, and explicit nulls
        raise WireError("not-canonical", "The JSON is not in canonical form (RFC 8785).")
    return parsed


def _check_shape(value: Any, levels: int) -> None:
    """No fraction, names in ASCII, and no deeper than ``levels``."""
    if isinstance(value, float):
        raise WireError("not-encodable", "Canonical JSON of this protocol holds no fractions.")
    if not isinstance(value, dict | list):
        return
    if levels == 0:
        raise WireError("too-deep", "The JSON is nested deeper than {limit} levels.", limit=MAX_DEPTH)
    if isinstance(value, dict) and not all(isinstance(name, str) and name.isascii() for name in value):
        # RFC 8785 sorts names by UTF-16 units, this encoder by bytes: the same for ASCII, and only for that.
        raise WireError("not-encodable", "Names in the JSON of this protocol are ASCII.")
    for child in value.values() if isinstance(value, dict) else value:
        _check_shape(child, levels - 1)
