"""Sealing at rest and in flight: only the exact box, key and associated data open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)

from exchange.crypto import aead
from exchange.errors import CryptoError

KEY = bytes(range(32))


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_what_is_sealed_opens_again(plaintext, aad):
    box = aead.seal(KEY, plaintext, aad)
    assert len(box) == len(plaintext) + aead.OVERHEAD
    assert aead.unseal(KEY, box, aad) == plaintext


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=5000), st.binary(max_size=300))
def test_the_librarys_own_binding_opens_our_boxes_and_we_open_its(key, plaintext, aad):
    box = aead.seal(key, plaintext, aad)
    nonce = box[: aead.NONCE_SIZE]
    assert crypto_aead_xchacha20poly1305_ietf_decrypt(box[aead.NONCE_SIZE :], aad, nonce, key) == plaintext
    theirs = crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, aad, nonce, key)
    assert nonce + theirs == box
    assert aead.unseal(key, nonce + theirs, aad) == plaintext


@pytest.mark.parametrize("wrong", [bytearray(32), memoryview(bytes(32)), "k" * 32])
def test_what_is_no_bytes_never_reaches_libsodium(wrong):
    box = aead.seal(KEY, b"text", b"aad")
    for call in (
        lambda: aead.seal(wrong, b"text", b"aad"),
        lambda: aead.seal(KEY, wrong, b"aad"),
        lambda: aead.seal(KEY, b"text", wrong),
        lambda: aead.unseal(wrong, box, b"aad"),
        lambda: aead.unseal(KEY, wrong + wrong if isinstance(wrong, str) else type(wrong)(box), b"aad"),
        lambda: aead.unseal(KEY, box, wrong),
    ):
        with pytest.raises(TypeError):
            call()


def test_a_known_box_of_the_xchacha_draft_opens():
    """draft-irtf-cfrg-xchacha-03 appendix A.3.1, so that another implementation reads our boxes."""
    key = bytes(range(0x80, 0xA0))
    nonce = bytes(range(0x40, 0x58))
    aad = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    plaintext = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    ciphertext = bytes.fromhex(
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
        "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
        "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"
    )
    assert aead.unseal(key, nonce + ciphertext, aad) == plaintext


def test_two_boxes_of_the_same_text_differ():
    assert aead.seal(KEY, b"text", b"") != aead.seal(KEY, b"text", b"")


def test_a_bit_flipped_anywhere_in_the_box_is_refused():
    box = aead.seal(KEY, b"sixteen bytes ..", b"aad")
    for position in range(len(box) * 8):
        bad = bytearray(box)
        bad[position // 8] ^= 1 << position % 8
        with pytest.raises(CryptoError):
            aead.unseal(KEY, bytes(bad), b"aad")


def test_every_truncation_and_a_trailing_byte_are_refused():
    box = aead.seal(KEY, b"text", b"aad")
    for bad in [*(box[:n] for n in range(len(box))), box + b"\0"]:
        with pytest.raises(CryptoError):
            aead.unseal(KEY, bad, b"aad")


@pytest.mark.parametrize(("key", "aad"), [(bytes(32), b"aad"), (KEY, b"other"), (KEY, b"")])
def test_another_key_or_other_associated_data_is_refused(key, aad):
    box = aead.seal(KEY, b"text", b"aad")
    with pytest.raises(CryptoError):
        aead.unseal(key, box, aad)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(size):
    with pytest.raises(CryptoError):
        aead.seal(bytes(size), b"text", b"")
    with pytest.raises(CryptoError):
        aead.unseal(bytes(size), aead.seal(KEY, b"text", b""), b"")


def test_fresh_keys_differ():
    assert len({aead.new_key() for _ in range(50)}) == 50
