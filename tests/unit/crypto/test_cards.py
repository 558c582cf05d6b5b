"""Cards: what the root signed, whole, with seven different keys and no weak one."""

import base64
import dataclasses
import hashlib
import json

import nkeys
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.crypto import canonical, cards, labels
from exchange.crypto.cards import Card
from exchange.crypto.signing import Ed25519Key, MLDSAKey, RootKey, RootSignature
from exchange.errors import CryptoError


def h(text):
    return hashlib.sha256(text.encode()).digest()


def user_nkey(seed):
    encoded = nkeys.encode_seed(seed, nkeys.PREFIX_BYTE_USER)
    return nkeys.from_seed(encoded).public_key.decode()


ROOT = RootKey(h("root a") + h("root b"))
CARD = Card(
    partner=h("partner")[:16].hex(),
    slug="actium",
    sign=Ed25519Key(h("sign")).public,
    log=Ed25519Key(h("log")).public,
    log_pq=MLDSAKey(44, h("log")).public,
    witness=MLDSAKey(44, h("witness")).public,
    transport=user_nkey(h("transport")),
    root=ROOT.public,
)
SIGNATURE = cards.sign_card(ROOT, CARD)
IDENTITY_POINT = b"\1" + bytes(31)


def test_a_card_comes_back_from_its_bytes_and_its_file():
    assert cards.verify_card(cards.card_bytes(CARD), SIGNATURE) == CARD
    assert cards.read_card_file(cards.card_file(CARD, SIGNATURE)) == (CARD, SIGNATURE)
    assert Card.from_json(json.loads(json.dumps(CARD.to_json()))) == CARD


def test_a_card_signed_by_another_root_is_refused():
    """An attacker's own root may sign anything but cannot put another partner's root on the card."""
    other = RootKey.generate()
    with pytest.raises(CryptoError):
        cards.verify_card(cards.card_bytes(CARD), other.sign(labels.SIGN_CARD, cards.card_bytes(CARD)))
    with pytest.raises(CryptoError):
        cards.sign_card(other, CARD)


def test_one_of_two_signatures_on_a_card_is_not_enough():
    other = RootKey.generate().sign(labels.SIGN_CARD, cards.card_bytes(CARD))
    for half in (RootSignature(SIGNATURE.ed25519, other.mldsa65), RootSignature(other.ed25519, SIGNATURE.mldsa65)):
        with pytest.raises(CryptoError):
            cards.verify_card(cards.card_bytes(CARD), half)


def test_a_covenant_signature_is_no_card_signature():
    signature = ROOT.sign(labels.SIGN_COVENANT, cards.card_bytes(CARD))
    with pytest.raises(CryptoError):
        cards.verify_card(cards.card_bytes(CARD), signature)


@pytest.mark.parametrize("field", ["partner", "slug", "sign", "log", "log_pq", "witness", "transport"])
def test_a_card_changed_after_signing_is_refused(field):
    other = {
        "partner": "00" * 16,
        "slug": "politie",
        "sign": Ed25519Key(h("x")).public,
        "log": Ed25519Key(h("y")).public,
        "log_pq": MLDSAKey(44, h("x")).public,
        "witness": MLDSAKey(44, h("y")).public,
        "transport": user_nkey(h("x")),
    }
    changed = dataclasses.replace(CARD, **{field: other[field]})
    with pytest.raises(CryptoError):
        cards.verify_card(cards.card_bytes(changed), SIGNATURE)
    with pytest.raises(CryptoError):
        cards.read_card_file(cards.card_file(changed, SIGNATURE))


@pytest.mark.parametrize(
    "change",
    [
        {"sign": IDENTITY_POINT},
        {"log": IDENTITY_POINT},
        {"slug": "A"},
        {"slug": "a"},
        {"slug": "actium\n"},
        {"slug": "../actium"},
        {"slug": "a" * 32},
        {"transport": "U"},
        {"transport": CARD.transport.lower()},
        {"transport": CARD.transport[:-1] + ("A" if CARD.transport[-1] != "A" else "B")},
        {"transport": nkeys.from_seed(nkeys.encode_seed(h("t"), nkeys.PREFIX_BYTE_ACCOUNT)).public_key.decode()},
        {"log": CARD.sign},
        {"witness": CARD.log_pq},
        {"sign": CARD.root.ed25519},
        {"sign": cards.nkey_public(CARD.transport)},
    ],
    ids=lambda c: next(iter(c)),
)
def test_weak_malformed_or_doubled_keys_are_refused_before_and_after_signing(change):
    card = dataclasses.replace(CARD, **change)
    with pytest.raises(CryptoError):
        cards.sign_card(ROOT, card)
    with pytest.raises(CryptoError):
        Card.from_json(card.to_json())


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(v=2),
        lambda v: v.update(v=1.0),
        lambda v: v.update(v=True),
        lambda v: v.update(extra=1),
        lambda v: v.pop("witness"),
        lambda v: v.update(log=None),
        lambda v: v["log"].pop("mldsa44"),
        lambda v: v.update(sign=v["sign"].upper()),
        lambda v: v.update(sign=7),
        lambda v: v.update(witness=base64.b64encode(b"short").decode()),
        lambda v: v.update(root=None),
        lambda v: v.update(transport=None),
        lambda v: v.update(slug=None),
    ],
)
def test_a_malformed_card_is_refused(change):
    value = json.loads(cards.card_bytes(CARD))
    change(value)
    with pytest.raises(CryptoError):
        Card.from_json(value)
    with pytest.raises(CryptoError):
        cards.parse_card(canonical.dump(value))


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_no_card_file(data):
    with pytest.raises(CryptoError):
        cards.read_card_file(data)


def test_a_card_in_another_spelling_is_refused():
    data = cards.card_bytes(CARD)
    for bad in (data + b" ", b" " + data, data.replace(b",", b", ", 1), data[:-1]):
        with pytest.raises(CryptoError):
            cards.parse_card(bad)


def test_nkeys_of_the_broker_library_are_read():
    seed = h("some user")
    assert cards.nkey_public(user_nkey(seed)) == Ed25519Key(seed).public


def test_all_seven_public_keys_are_listed_once():
    assert len(set(CARD.keys())) == len(CARD.keys()) == 7
