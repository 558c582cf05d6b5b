"""Hybrid key wrapping: reads only its own, and never lets a library error out."""

import base64
import json
import os
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import mlkem

from exchange.crypto import hpke
from exchange.crypto.hpke import OpenedSeed
from exchange.errors import CryptoError, LockedError, SetupError

VECTORS = Path(__file__).parents[3] / "schemas" / "vectors" / "hpke.json"
LOW_ORDER = [
    bytes(32),
    b"\1" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


def test_what_is_wrapped_unwraps(fresh_seed):
    enc, ct = hpke.wrap(fresh_seed.opened.public, b"info", b"x" * 40)
    assert (len(enc), len(ct)) == (1120, 56)
    assert hpke.unwrap(fresh_seed.seed, b"info", enc, ct) == b"x" * 40
    assert hpke.unwrap(fresh_seed.opened, b"info", enc, ct) == b"x" * 40


def test_public_key_is_mlkem_then_x25519(fresh_seed):
    assert len(hpke.xwing_public(fresh_seed.seed)) == 1184 + 32
    assert hpke.xwing_public(fresh_seed.seed) == fresh_seed.opened.public


def test_other_info_other_seed_and_moved_bytes_do_not_open(fresh_seed):
    enc, ct = hpke.wrap(fresh_seed.opened.public, b"info", b"x" * 40)
    other = OpenedSeed(os.urandom(32))
    attempts = [
        (fresh_seed.opened, b"other", enc, ct),
        (fresh_seed.opened, b"", enc, ct),
        (other, b"info", enc, ct),
        (fresh_seed.opened, b"info", enc[:-1], enc[-1:] + ct),
        (fresh_seed.opened, b"info", enc + ct[:1], ct[1:]),
        (fresh_seed.opened, b"info", enc, ct[:-1]),
        (fresh_seed.opened, b"info", enc, ct + b"\0"),
        (fresh_seed.opened, b"info", enc, b""),
        (fresh_seed.opened, b"info", b"", b""),
        (fresh_seed.opened, b"info", bytes(1120), ct),
        (fresh_seed.opened, b"info", b"\xff" * 1120, ct),
        *((fresh_seed.opened, b"info", enc[:1088] + low, ct) for low in LOW_ORDER),
    ]
    for attempt in attempts:
        with pytest.raises(CryptoError):
            hpke.unwrap(*attempt)


@pytest.mark.parametrize("low", LOW_ORDER)
def test_low_order_prekey_is_found_by_trial(fresh_seed, low):
    with pytest.raises(CryptoError):
        hpke.trial(fresh_seed.opened.public[:1184] + low)


@pytest.mark.parametrize(
    "public", [b"", bytes(1215), bytes(1217), b"\xff" * 1216], ids=["none", "short", "long", "modulus"]
)
def test_a_malformed_public_key_is_refused(public):
    with pytest.raises(CryptoError):
        hpke.trial(public)


def test_a_good_key_passes_trial(fresh_seed):
    hpke.trial(fresh_seed.opened.public)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_refused(size):
    with pytest.raises(CryptoError):
        OpenedSeed(bytes(size))


def test_seeds_are_not_kept_anywhere(fresh_seed):
    """Only public keys are cached; a repr shows neither seed nor the whole public key."""
    assert fresh_seed.seed.hex() not in repr(fresh_seed.opened)
    assert not hasattr(fresh_seed.opened, "seed")
    assert not hasattr(hpke.xwing_public, "cache_info")


def test_self_test_passes_here():
    hpke.self_test()


@pytest.mark.parametrize("constant", ["_KAT_PUBLIC_SHA256", "_KAT_PLAIN", "_KAT_INFO", "_KAT_SEED"])
def test_self_test_refuses_another_answer(monkeypatch, constant):
    value = getattr(hpke, constant)
    monkeypatch.setattr(hpke, constant, value[:-1] + (b"\0" if isinstance(value, bytes) else "x"))
    with pytest.raises(LockedError):
        hpke.self_test()


def test_without_mlkem_the_node_refuses_to_start(monkeypatch):
    def missing(seed):
        raise UnsupportedAlgorithm("not in this build")

    monkeypatch.setattr(mlkem.MLKEM768PrivateKey, "from_seed_bytes", missing)
    with pytest.raises(SetupError):
        hpke.self_test()


def test_own_vectors_have_their_stated_outcome():
    for case in json.loads(VECTORS.read_text())["cases"]:
        sealed = base64.b64decode(case["sealed"])
        opened = OpenedSeed(bytes.fromhex(case["seed"]))
        assert base64.b64encode(opened.public).decode() == case["public"]
        arguments = (opened, bytes.fromhex(case["info"]), sealed[:1120], sealed[1120:])
        if case["expect"] == "opens":
            assert hpke.unwrap(*arguments).hex() == case["plaintext"]
        else:
            with pytest.raises(CryptoError):
                hpke.unwrap(*arguments)
