"""A covenant holds when every connected partner signed exactly these bytes, each with a root of its own."""

import base64
import hashlib

import pytest

from exchange.crypto import covenant_sig, labels
from exchange.crypto.signing import RootKey, RootPublic, RootSignature
from exchange.errors import CovenantError, CryptoError

DOCUMENT = b'{"generation":1}'
NAMES = ["gemeente", "politie", "actium"]
KEYS = {name: RootKey(hashlib.sha512(name.encode()).digest()) for name in NAMES}
ROOTS = {name: key.public for name, key in KEYS.items()}
SIGNATURES = {name: covenant_sig.sign_covenant(key, DOCUMENT) for name, key in KEYS.items()}


def refused(document=DOCUMENT, signatures=SIGNATURES, roots=ROOTS):
    with pytest.raises(CovenantError):
        covenant_sig.verify_covenant(document, signatures, roots)


def test_signed_by_all_it_holds():
    covenant_sig.verify_covenant(DOCUMENT, SIGNATURES, ROOTS)


@pytest.mark.parametrize("missing", NAMES)
def test_covenant_with_n_minus_1_signatures(missing):
    refused(signatures={name: s for name, s in SIGNATURES.items() if name != missing})


def test_covenant_with_a_signature_of_an_outsider():
    refused(signatures={**SIGNATURES, "welzijn": SIGNATURES["actium"]})
    refused(signatures={**SIGNATURES, "welzijn": covenant_sig.sign_covenant(RootKey.generate(), DOCUMENT)})


def test_covenant_with_a_duplicate_key():
    """One root standing for two partners would make n of n a matter of n-1 people; also with one half."""
    mine, other = ROOTS["actium"], RootKey.generate().public
    refused(
        roots={**ROOTS, "politie": mine},
        signatures={**SIGNATURES, "politie": SIGNATURES["actium"]},
    )
    refused(roots={**ROOTS, "politie": RootPublic(mine.ed25519, other.mldsa65)})
    refused(roots={**ROOTS, "politie": RootPublic(other.ed25519, mine.mldsa65)})


def test_covenant_with_one_of_two_root_signatures():
    stranger = covenant_sig.sign_covenant(RootKey.generate(), DOCUMENT)
    good = SIGNATURES["politie"]
    for half in (RootSignature(good.ed25519, stranger.mldsa65), RootSignature(stranger.ed25519, good.mldsa65)):
        refused(signatures={**SIGNATURES, "politie": half})


def test_covenant_changed_by_one_byte():
    refused(document=b'{"generation":2}')
    refused(document=DOCUMENT + b"\n")


def test_covenant_with_signatures_exchanged_between_partners():
    refused(signatures={**SIGNATURES, "politie": SIGNATURES["actium"], "actium": SIGNATURES["politie"]})


def test_a_card_signature_is_no_agreement_to_a_covenant():
    refused(signatures={**SIGNATURES, "politie": KEYS["politie"].sign(labels.SIGN_CARD, DOCUMENT)})


def test_a_covenant_of_nobody_is_none():
    refused(signatures={}, roots={})


def test_the_fingerprint_is_read_in_groups_of_four_and_means_the_whole_hash():
    digest = covenant_sig.document_hash(DOCUMENT)
    assert digest == hashlib.sha256(DOCUMENT).digest()
    spoken = covenant_sig.fingerprint(digest)
    groups = spoken.split(" ")
    assert [len(group) for group in groups] == [4] * 13
    assert base64.b32decode("".join(groups) + "====") == digest


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_fingerprint_of_something_else_is_refused(size):
    with pytest.raises(CryptoError):
        covenant_sig.fingerprint(bytes(size))
