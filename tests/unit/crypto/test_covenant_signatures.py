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


def owed(document=DOCUMENT, signatures=SIGNATURES):
    """What the error says of each partner: code and lacking halves."""
    names = {name: (name, name.title()) for name in NAMES}
    with pytest.raises(covenant_sig.UnsignedError) as refusal:
        covenant_sig.verify_covenant(document, signatures, ROOTS, names)
    details = {d.location: (d.kind, d.params["halves"]) for d in refusal.value.details}
    assert all(name.title() in str(refusal.value) for name in details)
    return details


def test_every_partner_who_did_not_sign_is_named_with_the_half_that_lacks():
    stranger = covenant_sig.sign_covenant(RootKey.generate(), DOCUMENT)
    good = SIGNATURES["politie"]
    assert owed(signatures={"actium": SIGNATURES["actium"]}) == {
        "gemeente": ("signature-missing", "Ed25519 + ML-DSA-65"),
        "politie": ("signature-missing", "Ed25519 + ML-DSA-65"),
    }
    assert owed(signatures={**SIGNATURES, "politie": RootSignature(good.ed25519, stranger.mldsa65)}) == {
        "politie": ("signature-invalid", "ML-DSA-65")
    }
    assert owed(signatures={**SIGNATURES, "politie": RootSignature(stranger.ed25519, good.mldsa65)}) == {
        "politie": ("signature-invalid", "Ed25519")
    }
    assert set(owed(document=DOCUMENT + b" ")) == set(NAMES)


@pytest.mark.parametrize("half", ["ed25519", "mldsa65"])
@pytest.mark.parametrize("spoilt", [None, "", "zz", 7, "upper"])
def test_a_half_that_is_absent_or_misspelt_lacks_and_the_other_half_counts(half, spoilt):
    written = dict(SIGNATURES["politie"].to_json())
    if spoilt is None:
        del written[half]
    else:
        written[half] = written[half].swapcase() if spoilt == "upper" else spoilt
    lacking = "Ed25519" if half == "ed25519" else "ML-DSA-65"
    assert owed(signatures={**SIGNATURES, "politie": RootSignature.halves(written)}) == {
        "politie": ("signature-invalid", lacking)
    }


def test_a_signature_with_something_extra_counts_for_nothing():
    for odd in ({**SIGNATURES["politie"].to_json(), "x": "y"}, [], "text", None):
        assert RootSignature.halves(odd) == RootSignature(b"", b"")
    assert RootSignature.halves(SIGNATURES["politie"].to_json()) == SIGNATURES["politie"]


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
