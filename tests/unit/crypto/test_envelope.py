"""Attacks on the envelope (protocol §10, "Envelope" and "Sender"): each is refused, with its own code."""

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.crypto import aead, envelope, labels, signing
from exchange.crypto.envelope import MAX_FRAME, MAX_HEADER, MAX_PART, MAX_PARTS, MAX_PLAINTEXT
from exchange.crypto.signing import Ed25519Key
from exchange.errors import CryptoError, InputError, WireError

BOX_AT = 16 + 1120 + 56


def code(conversation, frame, **mine):
    with pytest.raises(WireError) as caught:
        conversation.receive(frame, **mine)
    return caught.value.reason


def test_a_message_comes_through_whole(conversation):
    assert conversation.receive(conversation.build()) == conversation.texts


def test_a_message_without_parts_comes_through(conversation):
    assert conversation.receive(conversation.build([])) == []


def test_each_attempt_is_a_different_frame_of_the_same_message(conversation):
    parts = conversation.parts()
    one, two = conversation.build(parts), conversation.build(parts)
    assert one[16:BOX_AT] != two[16:BOX_AT]
    opened = [
        envelope.open_frame(envelope.parse_frame(f), conversation.opened, conversation.covenant, 1, b"R" * 16)
        for f in (one, two)
    ]
    assert opened[0] == opened[1]
    assert envelope.message_id(opened[0].header) == envelope.message_id(opened[1].header)


def test_the_time_of_wrapping_comes_through(conversation):
    frame = envelope.parse_frame(conversation.build(wrapped_ms=2**64 - 1))
    assert envelope.open_frame(frame, conversation.seed, conversation.covenant, 1, b"R" * 16).wrapped_ms == 2**64 - 1


def test_bit_flips_at_every_position(conversation):
    frame = conversation.build()
    for position in range(len(frame)):
        bits = range(8) if position < 16 or position >= BOX_AT else [position % 8]
        for bit in bits:
            bad = bytearray(frame)
            bad[position] ^= 1 << bit
            with pytest.raises(WireError):
                conversation.receive(bytes(bad))


def test_every_truncation_and_every_trailing_byte(conversation):
    frame = conversation.build([conversation.parts([b"x"])[0]])
    for size in range(len(frame)):
        with pytest.raises(WireError):
            conversation.receive(frame[:size])
    for tail in (b"\0", b"\0" * 4, b"\0\0\0\x01a", frame[-108:], b"x" * 200):
        with pytest.raises(WireError):
            conversation.receive(frame + tail)


@pytest.mark.parametrize("suite", [0, 2, 255])
def test_another_suite_is_refused_before_anything_is_opened(conversation, suite):
    frame = conversation.build()
    assert code(conversation, frame[:4] + bytes([suite]) + frame[5:]) == "suite-unknown"


@pytest.mark.parametrize(
    "start",
    [b"CVX0\x01\0\0\0", b"cvx1\x01\0\0\0", b"CVX1\x01\0\0\x01", b"CVX1\x01\x80\0\0"],
    ids=["magic", "case", "low zero", "high zero"],
)
def test_another_magic_or_a_used_zero_is_refused(conversation, start):
    assert code(conversation, start + conversation.build()[8:]) == "frame-malformed"


@pytest.mark.parametrize(
    "mine",
    [{"covenant": b"\1" * 32}, {"generation": 2}, {"generation": 0}, {"recipient": b"Q" * 16}],
    ids=["other covenant", "other generation", "no generation", "recipient other than me"],
)
def test_a_frame_for_another_place_does_not_open(conversation, mine):
    assert code(conversation, conversation.build(), **mine) == "hpke-failed"


def test_a_frame_under_another_kid_does_not_open(conversation):
    frame = conversation.build()
    assert code(conversation, frame[:8] + b"kid-0002" + frame[16:]) == "hpke-failed"


def test_a_frame_of_another_prekey_does_not_open(conversation, fresh_seed):
    assert code(conversation, conversation.build(prekey_public=fresh_seed.opened.public)) == "hpke-failed"


def test_stanza_moved_between_frames(conversation):
    one, two = conversation.build(), conversation.build()
    assert code(conversation, one[:16] + two[16:BOX_AT] + one[BOX_AT:]) == "box-failed"


def test_box_moved_between_frames(conversation):
    one, two = conversation.build(), conversation.build()
    assert code(conversation, one[:BOX_AT] + two[BOX_AT:]) == "box-failed"


@pytest.mark.parametrize("at", ["box", "part"])
def test_length_ffffffff_allocates_nothing(conversation, at):
    frame = conversation.build([conversation.parts([b"x"])[0]])
    place = BOX_AT if at == "box" else len(frame) - 108
    bad = frame[:place] + b"\xff\xff\xff\xff" + frame[place + 4 :]
    tracemalloc.start()
    try:
        assert code(conversation, bad) == "frame-malformed"
        assert tracemalloc.get_traced_memory()[1] < 64 * 1024
    finally:
        tracemalloc.stop()


def test_parts_swapped(conversation):
    parts = conversation.parts([b"one", b"two"])
    assert code(conversation, conversation.build(parts, parts=[p.ciphertext for p in parts[::-1]])) == "part-hash"


def test_parts_and_keys_swapped_under_the_old_header(conversation):
    parts = conversation.parts([b"one", b"two"])
    frame = conversation.build(parts[::-1], header=conversation.header(parts))
    assert code(conversation, frame) == "part-hash"


def test_parts_swapped_with_header_and_keys_still_know_their_place(conversation):
    """Even the sender cannot number a part twice: the place is in the associated data."""
    parts = conversation.parts([b"one", b"two"])
    assert code(conversation, conversation.build(parts[::-1])) == "part-failed"


def test_a_part_dropped_or_doubled_on_the_way(conversation):
    parts = conversation.parts([b"one", b"two"])
    frame = conversation.build(parts)
    last = 4 + parts[1].length
    assert code(conversation, frame[:-last]) == "box-failed"
    assert code(conversation, frame + frame[-last:]) == "box-failed"


def test_a_part_of_another_message_is_refused(conversation):
    parts = conversation.parts([b"one"])
    foreign = envelope.new_part(conversation.covenant, conversation.sender, b"N" * 16, 0, 1, b"one")
    assert code(conversation, conversation.build([foreign], header=conversation.header(parts))) == "part-hash"
    assert code(conversation, conversation.build([foreign])) == "part-failed"


def test_lying_pkc(conversation):
    parts = conversation.parts([b"one"])
    header = conversation.header(parts)[:-64] + envelope.pkc(aead.new_key()).hex().encode()
    assert code(conversation, conversation.build(parts, header=header)) == "pkc"


@pytest.mark.parametrize(
    "padded",
    [
        bytes(64),
        b"x" * 64,
        b"text\x80".ljust(128, b"\0"),
        b"text\x80".ljust(72, b"\0"),
        b"text\x80".ljust(63, b"\0"),
        b"text".ljust(64, b"\0"),
        b"text\x81".ljust(64, b"\0"),
        b"",
        b"\x80",
    ],
)
def test_bad_padding(conversation, padded):
    with pytest.raises(CryptoError):
        envelope.unpad(padded)
    aad = envelope._part_aad(conversation.covenant, conversation.sender, conversation.message, 0, 1)
    key = aead.new_key()
    with pytest.raises(CryptoError):
        envelope.open_part(
            key, conversation.covenant, conversation.sender, conversation.message, 0, 1, aead.seal(key, padded, aad)
        )


@given(st.binary(max_size=2000))
@example(b"")
@example(b"\x80")
@example(b"text\x80\0\0\0")
@example(b"\0" * 63)
@example(b"\0" * 64)
def test_padding_comes_off_exactly(plaintext):
    padded = envelope.pad(plaintext)
    assert envelope.unpad(padded) == plaintext
    assert len(padded) == envelope.padded_size(len(plaintext)) >= 64


@given(st.binary(max_size=300))
def test_whatever_unpads_pads_to_the_same_bytes(padded):
    try:
        plaintext = envelope.unpad(padded)
    except CryptoError:
        return
    assert envelope.pad(plaintext) == padded


def test_padding_hides_all_but_a_few_sizes():
    sizes = {envelope.padded_size(n) for n in range(MAX_PLAINTEXT + 1)}
    assert len(sizes) < 200
    assert all(envelope.padded_size(n) > n for n in range(MAX_PLAINTEXT + 1))
    assert all(envelope.padded_size(n) <= max(64, (n + 1) * 1.12) for n in range(MAX_PLAINTEXT + 1))


@pytest.mark.parametrize("change", ["covenant", "sender", "message", "i", "n", "key"])
def test_a_part_opens_only_in_its_own_place(conversation, change):
    place = {
        "key": aead.new_key(),
        "covenant": conversation.covenant,
        "sender": conversation.sender,
        "message": conversation.message,
        "i": 1,
        "n": 3,
    }
    sealed = envelope.seal_part(*place.values(), b"text")
    assert envelope.open_part(*place.values(), sealed) == b"text"
    other = {"key": aead.new_key(), "covenant": b"\1" * 32, "sender": b"\1" * 16, "message": b"\1" * 16, "i": 2, "n": 2}
    with pytest.raises(CryptoError):
        envelope.open_part(*{**place, change: other[change]}.values(), sealed)


@pytest.mark.parametrize(("i", "n"), [(0, 0), (1, 1), (-1, 1), (0, 257), (256, 256)])
def test_a_part_number_out_of_range_is_refused(conversation, i, n):
    with pytest.raises(CryptoError):
        envelope.new_part(conversation.covenant, conversation.sender, conversation.message, i, n, b"text")


def test_strip_and_re_sign(conversation):
    """A lawful recipient strips the signature and passes the message off as his own: the sender's key refuses it."""
    thief = Ed25519Key.generate()
    parts = conversation.parts()
    header = conversation.header(parts)
    frame = conversation.build(parts, signature=thief.sign(labels.SIGN_HEADER, header))
    assert code(conversation, frame) == "signature"


def test_a_receipt_signature_offered_on_a_header(conversation):
    parts = conversation.parts()
    header = conversation.header(parts)
    frame = conversation.build(parts, signature=conversation.sign_key.sign(labels.SIGN_RECEIPT, header))
    assert code(conversation, frame) == "signature"


def test_surreptitious_forwarding_by_a_lawful_recipient(conversation, fresh_seed):
    """He holds the keys, so he can wrap it anew for somebody else; but not one signed byte can change, and the signed
    header names its recipient (check 10)."""
    mine = envelope.open_frame(
        envelope.parse_frame(conversation.build()), conversation.opened, conversation.covenant, 1, b"R" * 16
    )
    forwarded = {"prekey_public": fresh_seed.opened.public, "recipient": b"Q" * 16, "signature": mine.signature}
    frame = conversation.build(header=mine.header, part_keys=mine.part_keys, parts=mine.parts, **forwarded)
    theirs = envelope.open_frame(envelope.parse_frame(frame), fresh_seed.opened, conversation.covenant, 1, b"Q" * 16)
    assert (theirs.header, theirs.signature) == (mine.header, mine.signature)
    renamed = conversation.build(header=mine.header + b" ", part_keys=mine.part_keys, parts=mine.parts, **forwarded)
    altered = envelope.open_frame(envelope.parse_frame(renamed), fresh_seed.opened, conversation.covenant, 1, b"Q" * 16)
    with pytest.raises(CryptoError):
        signing.verify(conversation.sign_key.public, labels.SIGN_HEADER, altered.header, altered.signature)


def test_message_id_is_labelled_and_of_the_bytes():
    assert envelope.message_id(b"{}") == labels.H(b"covx/1 msgid\0{}")
    assert envelope.message_id(b"{}") != envelope.message_id(b"{} ")


def test_too_much_for_one_frame_is_refused_at_the_sender(conversation):
    with pytest.raises(InputError):
        conversation.parts([b"x" * (MAX_PLAINTEXT + 1)])
    parts = conversation.parts([b"x" * MAX_PLAINTEXT] * 8)
    with pytest.raises(InputError):
        conversation.build(parts)
    with pytest.raises(InputError):
        conversation.build([], header=b"x" * (MAX_HEADER + 1))
    part = conversation.parts([b"x"])[0]
    with pytest.raises(InputError):
        conversation.build([part] * (MAX_PARTS + 1), header=b"")


def test_the_largest_of_everything_comes_through(conversation):
    texts = [b"x" * MAX_PLAINTEXT] * 6
    parts = conversation.parts(texts)
    assert parts[0].length == MAX_PART
    assert conversation.receive(conversation.build(parts)) == texts
    many = [bytes([n]) for n in range(MAX_PARTS)]
    assert conversation.receive(conversation.build(conversation.parts(many))) == many


def test_a_frame_over_the_cap_is_refused_unread(conversation):
    assert code(conversation, conversation.build() + bytes(MAX_FRAME)) == "frame-too-large"


def test_more_than_256_parts_are_refused(conversation):
    frame = conversation.build([conversation.parts([b"x"])[0]])
    assert code(conversation, frame + frame[-108:] * 256) == "frame-malformed"


def test_a_part_smaller_than_any_sealed_part_is_refused(conversation):
    frame = conversation.build([])
    assert code(conversation, frame + envelope.v4(b"x" * 103)) == "frame-malformed"


@pytest.mark.parametrize(
    "change",
    [
        {"covenant": b"short"},
        {"recipient": b"short"},
        {"kid": b"short"},
        {"generation": -1},
        {"generation": 2**32},
        {"wrapped_ms": -1},
        {"wrapped_ms": 2**64},
        {"signature": b"short"},
        {"part_keys": []},
        {"part_keys": [b"short", b"short"]},
        {"parts": [b"short", b"short"]},
        {"prekey_public": b"short"},
    ],
)
def test_a_frame_of_wrong_sized_values_is_never_made(conversation, change):
    with pytest.raises(CryptoError):
        conversation.build(**change)


@given(st.binary(max_size=4000))
def test_any_bytes_at_all_give_our_own_refusal(conversation, data):
    with pytest.raises(WireError):
        envelope.parse_frame(data)


@given(st.binary(max_size=600), st.lists(st.integers(104, 300), max_size=5))
def test_whatever_parses_re_encodes_to_the_same_bytes(box, sizes):
    start = b"CVX1\x01\0\0\0" + b"k" * 8 + b"e" * 1120 + b"c" * 56
    data = start + b"".join(envelope.v4(x) for x in [box.ljust(108, b"b"), *(b"p" * n for n in sizes)])
    frame = envelope.parse_frame(data)
    again = frame.prefix + frame.box + b"".join(envelope.v4(part) for part in frame.parts)
    assert again == data
    assert (frame.kid, frame.enc, frame.ct) == (b"k" * 8, b"e" * 1120, b"c" * 56)


@given(st.binary(max_size=300), st.integers(0, 4))
@example(b"\0\0\0\1h" + bytes(64 + 64), 2)
@example(b"\0\0\0\0" + bytes(64), 0)
@example(b"\xff\xff\xff\xff" + bytes(64), 0)
def test_any_authentic_box_that_is_no_message_is_refused(inner, parts):
    """A partner may seal whatever he likes under a right frame key."""
    size = int.from_bytes(inner[:4], "big")
    if len(inner) >= 4 and len(inner) == 4 + size + 64 + 32 * parts:
        header, signature, keys = envelope._split_inner(inner, parts)
        assert envelope.v4(header) + signature + b"".join(keys) == inner
    else:
        with pytest.raises(WireError, match="box"):
            envelope._split_inner(inner, parts)
