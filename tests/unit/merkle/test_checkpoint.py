"""Checkpoints and cosignatures: one spelling, every signature needed, and none that can change owners."""

import base64
import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.crypto.signing import Ed25519Key, MLDSAKey, verify_mldsa_note, verify_note
from exchange.errors import CryptoError
from exchange.merkle import checkpoint as cp
from exchange.merkle.checkpoint import ED25519, MLDSA44, Checkpoint, NoteKey

TAG = "0123456789abcdef"
ORIGIN = cp.origin_of(TAG, "actium")
ROOT = hashlib.sha256(b"root").digest()
POINT = Checkpoint(ORIGIN, 20852163, ROOT)
LOG, LOG_PQ = Ed25519Key(hashlib.sha256(b"log").digest()), MLDSAKey(44, hashlib.sha256(b"log pq").digest())
WITNESSES = {slug: MLDSAKey(44, hashlib.sha256(slug.encode()).digest()) for slug in ("politie", "gemeente")}


def mldsa(public, message, signature):
    verify_mldsa_note(44, public, message, signature)


SIGNERS = [(ORIGIN, ED25519, LOG.public, LOG.sign_note), (ORIGIN, MLDSA44, LOG_PQ.public, LOG_PQ.sign_note)]
KEYS = [NoteKey(ORIGIN, ED25519, LOG.public, verify_note), NoteKey(ORIGIN, MLDSA44, LOG_PQ.public, mldsa)]
NOTE = cp.signed_note(POINT, SIGNERS, 1_772_438_400)


def witness(slug, name=None):
    key = WITNESSES[slug]
    return (name or cp.witness_name(TAG, slug), MLDSA44, key.public, key.sign_note)


def witness_key(slug):
    return NoteKey(cp.witness_name(TAG, slug), MLDSA44, WITNESSES[slug].public, mldsa)


def test_the_published_note_of_the_go_implementation_verifies():
    """golang.org/x/mod/sumdb/note, example: name, key id and signature of an independent implementation."""
    text = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    public = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    note = cp.parse_note(text + b"\n" + f"\u2014 PeterNeumann {line}\n".encode())
    (signature,) = note.signatures
    assert note.text == text
    assert signature.key_id == cp.key_id("PeterNeumann", ED25519, public) == bytes.fromhex("c74f20a3")
    verify_note(public, note.text, signature.signature)


def test_the_body_is_as_in_the_specification():
    body = Checkpoint(
        "example.com/behind-the-sofa", 20852163, base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    )
    assert body.body() == b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_cosigned_message_is_as_in_the_specification():
    message = cp.cosigned_message("w", 7, Checkpoint("o", 5, ROOT))
    u64 = "0000000000000007"
    assert (
        message.hex() == "737562747265652f76310a00" + "0177" + u64 + "016f" + "00" * 8 + "0000000000000005" + ROOT.hex()
    )


def test_a_signed_checkpoint_opens():
    assert cp.open_checkpoint(NOTE, ORIGIN, KEYS) == POINT
    assert cp.parse_note(NOTE).encode() == NOTE


@pytest.mark.parametrize("kept", [0, 1])
def test_one_of_the_two_log_signatures_is_not_enough(kept):
    note = cp.signed_note(POINT, [SIGNERS[kept]], 5)
    with pytest.raises(CryptoError):
        cp.open_checkpoint(note, ORIGIN, KEYS)


def test_without_keys_nothing_opens():
    with pytest.raises(CryptoError):
        cp.open_checkpoint(NOTE, ORIGIN, [])


@pytest.mark.parametrize("change", [{"size": 20852164}, {"root": bytes(32)}, {"origin": cp.origin_of(TAG, "politie")}])
def test_signatures_do_not_move_to_another_checkpoint(change):
    other = dataclasses.replace(POINT, **change)
    moved = cp.Note(other.body(), cp.parse_note(NOTE).signatures).encode()
    with pytest.raises(CryptoError):
        cp.open_checkpoint(moved, other.origin, KEYS)


def test_a_checkpoint_of_another_log_is_refused():
    with pytest.raises(CryptoError):
        cp.open_checkpoint(NOTE, cp.origin_of(TAG, "politie"), KEYS)


def test_a_log_incident_starts_a_log_of_another_name():
    names = {cp.origin_of(TAG, "actium", n) for n in range(3)} | {cp.witness_name(TAG, "actium")}
    assert len(names) == 4


def test_a_bad_line_of_a_known_key_refuses_the_note_even_beside_a_good_one():
    good = cp.parse_note(NOTE)
    line = good.signatures[0]
    bad = cp.with_signature(NOTE, line._replace(signature=bytes(64)))
    with pytest.raises(CryptoError):
        cp.open_checkpoint(bad, ORIGIN, KEYS)


def test_lines_of_unknown_keys_are_passed_over():
    stranger = Ed25519Key.generate()
    note = cp.with_signature(NOTE, cp.sign_line(POINT, ("stranger", ED25519, stranger.public, stranger.sign_note)))
    same_name = cp.with_signature(note, cp.sign_line(POINT, (ORIGIN, ED25519, stranger.public, stranger.sign_note)))
    assert cp.open_checkpoint(same_name, ORIGIN, KEYS) == POINT


def test_cosignatures_are_counted_once_per_witness_with_their_latest_time():
    note = NOTE
    for slug, at in (("politie", 100), ("politie", 300), ("politie", 200), ("gemeente", 50)):
        note = cp.with_signature(note, cp.sign_line(POINT, witness(slug), at))
    found = cp.cosigners(note, [witness_key("politie"), witness_key("gemeente")])
    assert found == {cp.witness_name(TAG, "politie"): 300, cp.witness_name(TAG, "gemeente"): 50}
    assert cp.cosigners(NOTE, [witness_key("politie")]) == {}


def test_the_same_line_twice_stands_once():
    line = cp.sign_line(POINT, witness("politie"), 5)
    once = cp.with_signature(NOTE, line)
    assert cp.with_signature(once, line) == once


def test_cosignature_re_attributed():
    """Another witness puts his name and key id on a cosignature; the name is inside what was signed."""
    line = cp.sign_line(POINT, witness("politie"), 5)
    name = cp.witness_name(TAG, "gemeente")
    stolen = line._replace(name=name, key_id=cp.key_id(name, MLDSA44, WITNESSES["gemeente"].public))
    with pytest.raises(CryptoError):
        cp.cosigners(cp.with_signature(NOTE, stolen), [witness_key("gemeente")])
    same_key = NoteKey(name, MLDSA44, WITNESSES["politie"].public, mldsa)
    renamed = line._replace(name=name, key_id=cp.key_id(name, MLDSA44, WITNESSES["politie"].public))
    with pytest.raises(CryptoError):
        cp.cosigners(cp.with_signature(NOTE, renamed), [same_key])


def test_a_cosignature_with_another_time_is_refused():
    line = cp.sign_line(POINT, witness("politie"), 5)
    moved = line._replace(signature=(6).to_bytes(8, "big") + line.signature[8:])
    with pytest.raises(CryptoError):
        cp.cosigners(cp.with_signature(NOTE, moved), [witness_key("politie")])


def test_a_line_is_verified_only_against_its_own_key():
    line = cp.sign_line(POINT, witness("politie"), 5)
    assert cp.verify_line(POINT, line, witness_key("politie")) == 5
    with pytest.raises(CryptoError):
        cp.verify_line(POINT, line, witness_key("gemeente"))


@pytest.mark.parametrize("size", [0, 7, 8, 64, 2427, 2429])
def test_a_cosignature_of_another_length_is_refused(size):
    line = cp.sign_line(POINT, witness("politie"), 5)
    cut = line._replace(signature=(line.signature + b"\0")[:size])
    with pytest.raises(CryptoError):
        cp.verify_line(POINT, cut, witness_key("politie"))


BODY = POINT.body()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        BODY[:-1],
        BODY + b"extension\n",
        BODY + b"\n",
        BODY.replace(b"\n", b"\r\n"),
        BODY.replace(b"20852163", b"020852163"),
        BODY.replace(b"20852163", b"+1"),
        BODY.replace(b"20852163", b"-1"),
        BODY.replace(b"20852163", b" 1"),
        BODY.replace(b"20852163", b"1_0"),
        BODY.replace(b"20852163", "\u0661".encode()),
        BODY.replace(b"20852163", b""),
        BODY.replace(b"20852163", b"9223372036854775808"),
        BODY.replace(b"20852163", b"9" * 5000),
        BODY.replace(b"=\n", b"\n"),
        BODY.replace(b"=\n", b"==\n"),
        BODY.replace(ORIGIN.encode(), b""),
        BODY.replace(ORIGIN.encode(), b"a b"),
        BODY.replace(ORIGIN.encode(), b"a+b"),
        BODY.replace(ORIGIN.encode(), "a\u00a0b".encode()),
        BODY.replace(ORIGIN.encode(), "a\u2028b".encode()),
        BODY.replace(ORIGIN.encode(), b"a\xff"),
        BODY.replace(ORIGIN.encode(), b"a" * 256),
        f"{ORIGIN}\n1\n{base64.b64encode(bytes(31)).decode()}\n".encode(),
        f"{ORIGIN}\n1\n{base64.b64encode(bytes(33)).decode()}\n".encode(),
    ],
    ids=range(26),
)
def test_malformed_checkpoints(body):
    with pytest.raises(CryptoError):
        cp.parse_body(body)


def test_loose_bits_in_the_root_are_another_spelling_and_refused():
    text = base64.b64encode(bytes(32)).decode()
    assert base64.b64decode(text[:-2] + "B=") == bytes(32)  # the decoder alone would take it
    with pytest.raises(CryptoError):
        cp.parse_body(f"{ORIGIN}\n1\n{text[:-2]}B=\n".encode())


LINE = NOTE[len(BODY) + 1 :].split(b"\n")[0]


@pytest.mark.parametrize(
    "note",
    [
        b"",
        BODY,
        BODY + b"\n",
        BODY + LINE + b"\n",
        BODY + b"\n" + LINE,
        BODY + b"\n" + LINE + b"\n\n",
        BODY + b"\n" + LINE + b" \n",
        BODY + b"\n" + LINE.replace("\u2014".encode(), b"-") + b"\n",
        BODY + b"\n" + LINE.replace(b" ", b"  ", 1) + b"\n",
        BODY + b"\n" + LINE[:-1] + b"\n",
        BODY + b"\n" + b"\xff" + LINE + b"\n",
        BODY + b"\t\n\n" + LINE + b"\n",
        BODY + b"\n" + "\u2014 name AAAA\n".encode(),
        BODY + b"\n" + "\u2014 name\n".encode(),
        BODY + b"\n" + "\u2014  AAAAAAAA\n".encode(),
        BODY + b"\n" + "\u2014 na+me AAAAAAAA\n".encode(),
        BODY + b"\n" + (LINE + b"\n") * 65,
        BODY + b"\n" + LINE + b"\n" + b"x" * cp.MAX_NOTE,
    ],
    ids=range(18),
)
def test_malformed_notes(note):
    with pytest.raises(CryptoError):
        cp.parse_note(note)


def test_sixteen_signatures_are_accepted_as_the_specification_asks():
    many = BODY + b"\n" + (LINE + b"\n") * 16
    assert len(cp.parse_note(many).signatures) == 16


@given(st.binary(max_size=200))
def test_any_bytes_at_all_give_our_own_refusal(data):
    for parse in (cp.parse_note, cp.parse_body):
        with pytest.raises(CryptoError):
            parse(data)


names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Z", "C"], exclude_characters="+"), min_size=1, max_size=30
)


@given(names, st.integers(0, cp.MAX_SIZE), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_comes_back_from_its_body(origin, size, root):
    point = Checkpoint(origin, size, root)
    assert cp.parse_body(point.body()) == point


lines = st.lists(
    st.builds(cp.NoteSignature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80)),
    min_size=1,
    max_size=5,
)


@given(st.lists(st.text("ab c\u00e9", max_size=8), min_size=1, max_size=5), lines)
def test_a_note_comes_back_from_its_bytes(texts, signatures):
    note = cp.Note(("\n".join(texts) + "\n").encode(), tuple(signatures))
    assert cp.parse_note(note.encode()) == note


@pytest.mark.parametrize(
    "values", [("", 1, ROOT), ("a b", 1, ROOT), ("a\n", 1, ROOT), ("a", -1, ROOT), ("a", 2**63, ROOT), ("a", 1, b"")]
)
def test_an_impossible_checkpoint_is_never_made(values):
    with pytest.raises(CryptoError):
        Checkpoint(*values)


@pytest.mark.parametrize("kind", [0, 2, 4, 5, 255])
def test_no_other_signature_type_is_made(kind):
    with pytest.raises(CryptoError):
        cp.sign_line(POINT, (ORIGIN, kind, LOG.public, LOG.sign_note))


def test_a_time_out_of_range_is_not_signed():
    for at in (-1, 2**63):
        with pytest.raises(CryptoError):
            cp.sign_line(POINT, witness("politie"), at)
