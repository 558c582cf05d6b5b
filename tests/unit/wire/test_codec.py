"""One spelling per object: what parses re-encodes to the same bytes, what does not is refused with our own error."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.errors import WireError
from exchange.wire.codec import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, decode, encode

KEYS = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@given(VALUES)
@example({'\x00\x1f\x7f\b\t\n\f\r"\\/': "\u2028\u2029\ufeff\U0001f600"})
@example({"b": 1, "a": 2, "B": 3, "": 4})
def test_what_is_written_is_what_the_reference_implementation_writes(value):
    if depth(value) > MAX_DEPTH:
        with pytest.raises(WireError):
            encode(value)
    else:
        assert encode(value) == rfc8785.dumps(value)


@given(VALUES.filter(lambda v: isinstance(v, dict | list) and depth(v) <= MAX_DEPTH))
def test_what_is_written_reads_back_equal(value):
    assert decode(encode(value)) == value


def check(data: bytes) -> None:
    """The promise of the codec about any bytes at all."""
    try:
        value = decode(data)
    except WireError:
        return
    assert encode(value) == data == rfc8785.dumps(value)


@given(st.binary(max_size=200))
def test_any_bytes_parse_to_themselves_or_are_refused(data):
    check(data)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_every_other_spelling_of_the_same_value_is_refused(value, ascii_only, indent):
    check(json.dumps(value, ensure_ascii=ascii_only, indent=indent, sort_keys=False).encode())


@given(VALUES.filter(lambda v: depth(v) <= MAX_DEPTH), st.data())
def test_a_byte_changed_anywhere_parses_to_itself_or_is_refused(value, data):
    changed = bytearray(encode([value] if depth(value) < MAX_DEPTH else value))
    at = data.draw(st.integers(0, max(len(changed) - 1, 0)))
    changed[at : at + 1] = data.draw(st.binary(max_size=2))
    check(bytes(changed))


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":2}',
        b'{"a":1.0}',
        b'{"a":1.5}',
        b'{"a":-0}',
        b'{"a":1e2}',
        b'{"a":9007199254740992}',
        b'{"a":123456789012345678901234567890}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\\u0061"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u001F"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xc0\xaf"}',
        b'\xef\xbb\xbf{"a":1}',
        b' {"a":1}',
        b'{"a":1}\n',
        b'{"a":1}x',
        b'{"a":1,}',
        b"{'a':1}",
        b'"text"',
        b"7",
        b"null",
        b"",
        b"[" * 10_000,
        b"[" * 10_000 + b"]" * 10_000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        '{"é":1}'.encode(),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_a_hostile_spelling_is_refused_with_our_own_error(data):
    with pytest.raises(WireError):
        decode(data)


def test_names_that_two_implementations_would_sort_differently_are_refused():
    """RFC 8785 sorts by UTF-16 units, others by code points; names of this protocol are ASCII."""
    value = {"\ue000": 1, "\U00010000": 2}
    with pytest.raises(WireError):
        encode(value)
    with pytest.raises(WireError):
        decode(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


@pytest.mark.parametrize("value", [{"a": 1.5}, {"a": "\ud800"}, {1: 2}, {"a": b"x"}, {"a": {1, 2}}, {"a": 2**53}])
def test_what_canonical_json_cannot_say_is_not_written(value):
    with pytest.raises(WireError):
        encode(value)


def test_a_header_over_64_kib_is_refused_unread():
    assert decode(b'{"a":"' + b"x" * (MAX_BYTES - 8) + b'"}')
    with pytest.raises(WireError, match="at most"):
        decode(b'{"a":"' + b"x" * (MAX_BYTES - 7) + b'"}')
