"""Slots, roots, buckets and rows: who can open what, and what a changed byte does."""

from __future__ import annotations

import dataclasses
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.crypto import vault as vc
from exchange.errors import InputError, IntegrityError, LockedError

COST = vc.ArgonCost(1, 8192)
SECRET = bytes(range(32))
WORDS = vc.Passphrase("paard batterij nietje café")
KEY = vc.Credential(b"k" * 32)


@pytest.mark.parametrize("secret", [WORDS, KEY], ids=["passphrase", "credential"])
def test_a_slot_opens_with_its_own_secret_only(secret):
    slot = vc.make_slot("fg", secret, COST, SECRET)
    assert vc.open_slot(slot, secret) == SECRET
    for other in (vc.Passphrase("paard batterij nietje kop"), vc.Credential(b"x" * 32)):
        with pytest.raises(LockedError):
            vc.open_slot(slot, other)


def test_a_passphrase_typed_on_another_keyboard_is_the_same_passphrase():
    slot = vc.make_slot("fg", WORDS, COST, SECRET)
    assert vc.open_slot(slot, vc.Passphrase("paard batterij nietje cafe\u0301")) == SECRET


def test_replacing_the_vault_secret_needs_nothing_from_the_custodian():
    slot = vc.make_slot("fg", WORDS, COST, SECRET)
    fresh = os.urandom(32)
    assert vc.open_slot(vc.rewrap_slot(slot, fresh), WORDS) == fresh


def test_a_slot_cannot_be_handed_to_another_name():
    slot = vc.make_slot("fg", KEY, COST, SECRET)
    with pytest.raises(LockedError):
        vc.open_slot(dataclasses.replace(slot, name="chair"), KEY)


def test_a_planted_public_key_is_seen_before_anything_is_wrapped_to_it():
    attacker = vc.make_slot("fg", vc.Credential(b"a" * 32), COST, b"guess" * 6 + b"..")
    with pytest.raises(IntegrityError):
        vc.check_slot(attacker, SECRET)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_byte_of_a_slot_is_refused(data):
    slot = vc.make_slot("fg", KEY, COST, SECRET)
    field = data.draw(st.sampled_from(["head", "box", "mac"]))
    value = bytearray(getattr(slot, field))
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises((LockedError, IntegrityError)):
        vc.open_slot(dataclasses.replace(slot, **{field: bytes(value)}), KEY)


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_truncated_slot_is_refused(cut):
    slot = vc.make_slot("fg", KEY, COST, SECRET)
    for field in ("head", "box"):
        with pytest.raises(LockedError):
            vc.open_slot(dataclasses.replace(slot, **{field: getattr(slot, field)[:cut]}), KEY)


def test_a_tampered_slot_cannot_make_the_node_allocate_the_machine():
    slot = vc.make_slot("fg", WORDS, COST, SECRET)
    huge = slot.head[:6] + (2**32 - 1).to_bytes(4, "big") + slot.head[10:]
    with pytest.raises(LockedError, match="unknown form"):
        vc.open_slot(dataclasses.replace(slot, head=huge), WORDS)


def test_the_root_needs_anchor_generation_and_vault_secret():
    root = vc.vault_root(b"a" * 32, 7, SECRET)
    box = vc.make_check(root)
    vc.open_check(vc.vault_root(b"a" * 32, 7, SECRET), box)
    for other in (
        vc.vault_root(b"b" * 32, 7, SECRET),
        vc.vault_root(b"a" * 32, 8, SECRET),
        vc.vault_root(b"a" * 32, 7, b"s" * 32),
    ):
        with pytest.raises(LockedError):
            vc.open_check(other, box)


def test_a_bucket_is_bound_to_its_number_and_class():
    root = vc.vault_root(b"a" * 32, 7, SECRET)
    box = vc.seal_bucket(root, 3, "R1", b"b" * 32)
    assert vc.open_bucket(root, 3, "R1", box) == b"b" * 32
    for bucket, name in ((4, "R1"), (3, "R2")):
        with pytest.raises(IntegrityError):
            vc.open_bucket(root, bucket, name, box)


def test_a_row_cannot_be_moved_to_another_id():
    box = vc.seal_row(b"b" * 32, b"i" * 16, b"k" * 32)
    assert vc.open_row(b"b" * 32, b"i" * 16, box) == b"k" * 32
    with pytest.raises(IntegrityError):
        vc.open_row(b"b" * 32, b"j" * 16, box)


def test_secrets_do_not_show_in_a_repr():
    assert "paard" not in repr(WORDS)
    assert "kkk" not in repr(KEY)
    assert "bucket" not in repr(vc.vault_root(b"a" * 32, 7, SECRET))


def test_a_short_passphrase_or_credential_is_refused():
    with pytest.raises(InputError):
        vc.Passphrase("te kort")
    with pytest.raises(InputError):
        vc.Credential(b"short")
