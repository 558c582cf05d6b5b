"""Labels keep every derived key and every signed input apart."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from exchange.crypto import labels
from exchange.errors import CryptoError

ALL = [v for k, v in vars(labels).items() if k.isupper() and isinstance(v, str) and k != "PROTOCOL"]


def test_no_two_labels_are_the_same_and_none_starts_another():
    assert len(ALL) > 15
    assert len(set(ALL)) == len(ALL)
    starts = [labels.signed(label, b"") for label in ALL]
    assert not [(a, b) for a in starts for b in starts if a is not b and a.startswith(b)]


@given(st.sampled_from(ALL), st.sampled_from(ALL), st.binary(max_size=40), st.binary(max_size=40))
def test_two_labelled_inputs_are_equal_only_when_label_and_data_are(one, other, data, more):
    same = labels.signed(one, data) == labels.signed(other, more)
    assert same == ((one, data) == (other, more))


@given(st.binary(min_size=32, max_size=32), st.sampled_from(ALL), st.binary(max_size=80))
def test_expand_is_hkdf_expand_of_rfc_5869(key, label, ctx):
    reference = HKDFExpand(algorithm=SHA256(), length=32, info=label.encode() + b"\0" + ctx).derive(key)
    assert labels.expand(key, label, ctx) == reference


@pytest.mark.parametrize("label", ["covx/1 a\0b", "other/1 x", "covx/1 é", ""])
def test_a_label_that_could_be_read_in_two_ways_is_refused(label):
    with pytest.raises(CryptoError):
        labels.signed(label, b"data")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_short_or_long_key_is_not_expanded(size):
    with pytest.raises(CryptoError):
        labels.expand(bytes(size), labels.PART_COMMIT)
