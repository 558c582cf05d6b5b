"""Signatures hold for one label, one text and one key, and for no small-order key."""

import base64
import hashlib

import pytest

from exchange.crypto import labels, signing
from exchange.crypto.signing import Ed25519Key, MLDSAKey, RootKey, RootPublic, RootSignature
from exchange.errors import CryptoError

KEY = Ed25519Key(bytes(range(32)))

# The eight points of small order, in canonical and non-canonical spelling (Chalkias et al. 2020, table 6a).
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def test_rfc_8032_vector_so_that_others_verify_us():
    """RFC 8032 §7.1 TEST 3, over the raw bytes that C2SP notes sign."""
    key = Ed25519Key(bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"))
    assert key.public.hex() == "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
    expected = (
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    assert key.sign_note(bytes.fromhex("af82")).hex() == expected


def test_header_signature_offered_as_receipt_and_the_reverse():
    data = b"the same bytes"
    header = KEY.sign(labels.SIGN_HEADER, data)
    receipt = KEY.sign(labels.SIGN_RECEIPT, data)
    signing.verify(KEY.public, labels.SIGN_HEADER, data, header)
    signing.verify(KEY.public, labels.SIGN_RECEIPT, data, receipt)
    with pytest.raises(CryptoError):
        signing.verify(KEY.public, labels.SIGN_RECEIPT, data, header)
    with pytest.raises(CryptoError):
        signing.verify(KEY.public, labels.SIGN_HEADER, data, receipt)


def test_a_bit_flipped_anywhere_in_signature_key_or_text_is_refused():
    data = b"text"
    signature = KEY.sign(labels.SIGN_HEADER, data)
    good = signature + KEY.public + data
    for position in range(len(good) * 8):
        bad = bytearray(good)
        bad[position // 8] ^= 1 << position % 8
        with pytest.raises(CryptoError):
            signing.verify(bytes(bad[64:96]), labels.SIGN_HEADER, bytes(bad[96:]), bytes(bad[:64]))


@pytest.mark.parametrize("size", [0, 1, 63, 65, 128])
def test_a_signature_of_another_length_is_refused(size):
    signature = (KEY.sign(labels.SIGN_HEADER, b"text") * 2)[:size]
    with pytest.raises(CryptoError):
        signing.verify(KEY.public, labels.SIGN_HEADER, b"text", signature)


def test_a_signature_byte_moved_into_the_text_is_refused():
    signature = KEY.sign(labels.SIGN_HEADER, b"text")
    with pytest.raises(CryptoError):
        signing.verify_note(KEY.public, signature[63:] + labels.signed(labels.SIGN_HEADER, b"text"), signature[:63])


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_small_order_identity_key_is_refused_at_enrolment_and_at_every_verify(public):
    key = bytes.fromhex(public)
    with pytest.raises(CryptoError):
        signing.check_public(key)
    # R = identity, S = 0 satisfies the cofactored equation for a small-order key, whatever the text.
    for r in SMALL_ORDER:
        with pytest.raises(CryptoError):
            signing.verify(key, labels.SIGN_HEADER, b"anything", bytes.fromhex(r) + bytes(32))


def test_a_signature_with_s_above_the_group_order_is_refused():
    order = 2**252 + 27742317777372353535851937790883648493
    signature = KEY.sign(labels.SIGN_HEADER, b"text")
    s = int.from_bytes(signature[32:], "little") + order
    with pytest.raises(CryptoError):
        signing.verify(KEY.public, labels.SIGN_HEADER, b"text", signature[:32] + s.to_bytes(32, "little"))


def test_a_good_key_passes_enrolment():
    for n in range(20):
        signing.check_public(Ed25519Key(hashlib.sha256(bytes([n])).digest()).public)


@pytest.mark.parametrize("level", [44, 65])
def test_mldsa_signs_one_label_and_one_text(level):
    key = MLDSAKey(level, bytes(range(32)))
    signature = key.sign(labels.SIGN_CARD, b"text")
    signing.verify_mldsa(level, key.public, labels.SIGN_CARD, b"text", signature)
    attempts = [
        (key.public, labels.SIGN_COVENANT, b"text", signature),
        (key.public, labels.SIGN_CARD, b"texT", signature),
        (key.public, labels.SIGN_CARD, b"text", signature[:-1]),
        (key.public, labels.SIGN_CARD, b"text", b""),
        (key.public[:-1], labels.SIGN_CARD, b"text", signature),
        (MLDSAKey.generate(level).public, labels.SIGN_CARD, b"text", signature),
    ]
    for attempt in attempts:
        with pytest.raises(CryptoError):
            signing.verify_mldsa(level, *attempt)


def test_mldsa_keys_come_back_from_their_seed():
    key = MLDSAKey.generate(44)
    assert MLDSAKey(44, key.seed).public == key.public
    assert len(key.public) == signing.MLDSA_PUBLIC_SIZE[44]


def test_mldsa_of_another_level_is_refused():
    with pytest.raises(CryptoError):
        MLDSAKey(87, bytes(32))
    with pytest.raises(CryptoError):
        signing.verify_mldsa(87, b"", labels.SIGN_CARD, b"", b"")


@pytest.fixture(scope="module")
def root():
    return RootKey(bytes(range(64)))


def test_root_with_one_of_two_signatures_is_refused(root):
    other = RootKey.generate()
    mine, theirs = root.sign(labels.SIGN_CARD, b"text"), other.sign(labels.SIGN_CARD, b"text")
    signing.verify_root(root.public, labels.SIGN_CARD, b"text", mine)
    for bad in [
        RootSignature(mine.ed25519, theirs.mldsa65),
        RootSignature(theirs.ed25519, mine.mldsa65),
        RootSignature(mine.ed25519, b""),
        RootSignature(b"", mine.mldsa65),
    ]:
        with pytest.raises(CryptoError):
            signing.verify_root(root.public, labels.SIGN_CARD, b"text", bad)


def test_root_comes_back_from_its_seed_and_json(root):
    assert RootKey(root.seed).public == root.public
    assert RootPublic.from_json(root.public.to_json()) == root.public
    signature = root.sign(labels.SIGN_CARD, b"text")
    assert RootSignature.from_json(signature.to_json()) == signature


@pytest.mark.parametrize(
    "change",
    [
        lambda _: None,
        lambda _: [],
        lambda _: {},
        lambda d: {"ed25519": d["ed25519"]},
        lambda d: {**d, "extra": "x"},
        lambda d: {**d, "ed25519": d["ed25519"].upper()},
        lambda d: {**d, "ed25519": " " + d["ed25519"]},
        lambda d: {**d, "ed25519": d["ed25519"][2:]},
        lambda d: {**d, "ed25519": 3},
        lambda d: {**d, "mldsa65": None},
        lambda d: {**d, "mldsa65": "é"},
        lambda d: {**d, "mldsa65": d["mldsa65"] + "\n"},
        lambda d: {**d, "mldsa65": base64.b64encode(b"short").decode()},
    ],
)
def test_a_malformed_root_in_json_is_refused(root, change):
    with pytest.raises(CryptoError):
        RootPublic.from_json(change(root.public.to_json()))
    with pytest.raises(CryptoError):
        RootSignature.from_json(change(root.sign(labels.SIGN_CARD, b"x").to_json()))


def test_a_root_with_a_small_order_half_is_refused(root):
    data = {**root.public.to_json(), "ed25519": SMALL_ORDER[0]}
    with pytest.raises(CryptoError):
        RootPublic.from_json(data)


def test_no_secret_shows_in_a_repr(root):
    for key in (KEY, MLDSAKey(44, bytes(range(32))), root):
        assert KEY.seed.hex() not in repr(key)
        assert "\\x" not in repr(key)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_of_another_length_is_refused(size):
    with pytest.raises(CryptoError):
        Ed25519Key(bytes(size))
    with pytest.raises(CryptoError):
        MLDSAKey(44, bytes(size))
    with pytest.raises(CryptoError):
        RootKey(bytes(size))
