"""Epochs (protocol §10): what is wrapped when, what a bundle may change, and when a seed goes. The clock is virtual."""

import dataclasses
import hashlib
import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.crypto import canonical, hpke, prekeys
from exchange.crypto.prekeys import AHEAD, DAY, GRACE, HOUR, MINUTE, SKEW, Bundle, Prekey
from exchange.crypto.signing import Ed25519Key
from exchange.errors import CryptoError, WireError

NOW = 1_772_438_400_000
MONTH = 30 * DAY
SIGN = Ed25519Key(hashlib.sha256(b"sign").digest())
PUBLIC = [hpke.xwing_public(hashlib.sha256(b"prekey %d" % n).digest()) for n in range(4)]
LOW_ORDER = PUBLIC[0][:1184] + bytes(32)


def key(n, begins, ends, public=None):
    return Prekey(bytes([n]) * 8, begins, ends, PUBLIC[n % 4] if public is None else public)


def bundle(*keys, sequence=1):
    return Bundle("ab" * 16, sequence, tuple(keys), (1,))


def reason(old, new):
    with pytest.raises(WireError) as caught:
        prekeys.accept_bundle(old, new)
    return caught.value.reason


def covered(keys, start, stop):
    """Whether every moment from start to stop lies in some window."""
    at = start
    for begins, ends in sorted((k.not_before_ms, k.not_after_ms) for k in keys):
        if begins <= at < ends:
            at = ends
    return at >= stop


def made(windows, first=0):
    return [Prekey(bytes([first + n]) * 8, *window, b"") for n, window in enumerate(windows)]


# ------------------------------------------------------------------------------------------------ planning


def test_a_new_node_makes_45_days_of_keys_at_once():
    windows = prekeys.plan([], NOW)
    assert len(windows) == 45
    assert windows[0] == (NOW, NOW + DAY)
    assert windows[-1][1] == NOW + AHEAD


def test_nothing_is_made_twice_and_one_is_made_a_day():
    keys = made(prekeys.plan([], NOW))
    assert prekeys.plan(keys, NOW) == []
    later = prekeys.plan(keys, NOW + 10 * MINUTE)
    assert later == [(NOW + AHEAD, NOW + AHEAD + DAY)]
    assert prekeys.plan(keys + made(later, 100), NOW + DAY) == []


windows = st.lists(
    st.tuples(st.integers(-50, 50), st.integers(0, 24)).map(lambda w: (w[0] * HOUR * 20, w[1] * HOUR)), max_size=12
)


@given(windows)
def test_after_planning_every_moment_is_covered_whatever_existed(existing):
    keys = made([(NOW + begins, NOW + begins + length) for begins, length in existing])
    planned = prekeys.plan(keys, NOW)
    assert covered(keys + made(planned, 100), NOW, NOW + AHEAD)
    assert all(0 < ends - begins <= DAY and begins >= NOW for begins, ends in planned)
    assert prekeys.plan(keys + made(planned, 100), NOW) == []


@given(windows)
def test_planned_windows_never_overlap_each_other(existing):
    keys = made([(NOW + begins, NOW + begins + length) for begins, length in existing])
    planned = prekeys.plan(keys, NOW)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(planned))


# ------------------------------------------------------------------------------------------------ rolling and destroying


def test_roll_ends_a_key_now_and_leaves_the_rest_for_a_fresh_one():
    old = key(1, NOW, NOW + DAY)
    ended, rest = prekeys.roll(old, NOW + HOUR)
    assert (ended.not_before_ms, ended.not_after_ms) == (NOW, NOW + HOUR)
    assert rest == (NOW + HOUR, NOW + DAY)
    assert (ended.kid, ended.public) == (old.kid, old.public)


def test_stolen_future_seeds_replaced():
    stolen = key(1, NOW + 5 * DAY, NOW + 6 * DAY)
    ended, rest = prekeys.roll(stolen, NOW)
    assert rest == (NOW + 5 * DAY, NOW + 6 * DAY)
    fresh = key(2, *rest)
    at = NOW + 5 * DAY
    assert prekeys.choose(bundle(ended, fresh), at) == fresh
    assert prekeys.choose(bundle(ended), at) is None
    assert not any(ended.holds(at + step) for step in (-SKEW, 0, HOUR))
    prekeys.accept_bundle(bundle(stolen), bundle(ended, fresh, sequence=2))


def test_a_key_that_is_over_has_nothing_to_roll():
    old = key(1, NOW - 2 * DAY, NOW - DAY)
    assert prekeys.roll(old, NOW) == (old, None)
    assert prekeys.roll(prekeys.roll(key(1, NOW, NOW + DAY), NOW + HOUR)[0], NOW + HOUR)[1] is None


@pytest.mark.parametrize(
    ("after", "drained", "gone"),
    [
        (-1, True, False),
        (SKEW - 1, True, False),
        (SKEW, True, True),
        (SKEW, False, False),
        (21 * DAY, False, False),
        (MONTH + GRACE - 1, False, False),
        (MONTH + GRACE, False, True),
    ],
    ids=[
        "still valid",
        "within skew",
        "over and drained",
        "over, not drained",
        "offline 3 weeks",
        "a frame could still come",
        "nothing can come any more",
    ],
)
def test_a_seed_is_destroyed_at_the_earlier_of_drained_and_unreachable(after, drained, gone):
    epoch = key(1, NOW, NOW + DAY)
    at = epoch.not_after_ms + after
    assert prekeys.may_destroy(epoch, at, drained=drained, max_age_ms=MONTH) is gone


def test_after_a_roll_the_seed_may_go_as_soon_as_the_skew_has_passed():
    ended, _ = prekeys.roll(key(1, NOW, NOW + DAY), NOW + HOUR)
    assert prekeys.may_destroy(ended, NOW + HOUR + SKEW, drained=True, max_age_ms=MONTH)


# ------------------------------------------------------------------------------------------------ choosing


def test_the_sender_uses_a_key_valid_now_and_of_several_the_newest():
    long, fresh = key(1, NOW, NOW + DAY), key(2, NOW + HOUR, NOW + DAY)
    both = bundle(long, fresh)
    assert prekeys.choose(both, NOW) == long
    assert prekeys.choose(both, NOW + HOUR) == fresh
    assert prekeys.choose(both, NOW + DAY - 1) == fresh


@pytest.mark.parametrize("at", [NOW + DAY, NOW + DAY + 1, NOW - SKEW - 1])
def test_no_prekey_closes_the_way(at):
    """Never a long-lived fallback; also not the key that just ended, whose seed may be gone."""
    assert prekeys.choose(bundle(key(1, NOW, NOW + DAY)), at) is None
    assert prekeys.choose(bundle(), at) is None


def test_a_recipient_whose_clock_is_ahead_can_be_reached():
    first, second = key(1, NOW, NOW + DAY), key(2, NOW + MINUTE, NOW + DAY)
    assert prekeys.choose(bundle(first, second), NOW - SKEW) == first
    assert first.holds(NOW - SKEW)


@pytest.mark.parametrize(
    ("at", "held"),
    [(-SKEW - 1, False), (-SKEW, True), (0, True), (DAY, True), (DAY + SKEW - 1, True), (DAY + SKEW, False)],
)
def test_wrapped_outside_the_window_is_seen(at, held):
    assert key(1, NOW, NOW + DAY).holds(NOW + at) is held


@pytest.mark.parametrize(("days", "reachable"), [(21, True), (40, True), (46, False)])
def test_offline_for_3_weeks_and_40_days_but_not_46(days, reachable):
    """The partner's last bundle still serves on day 40; on day 46 the message waits."""
    keys = [key(n % 250, *window, public=PUBLIC[0]) for n, window in enumerate(prekeys.plan([], NOW))]
    assert (prekeys.choose(bundle(*keys), NOW + days * DAY) is not None) is reachable


# ------------------------------------------------------------------------------------------------ accepting


def test_a_newer_bundle_replaces_the_older():
    old = bundle(key(1, NOW, NOW + DAY))
    new = bundle(key(1, NOW, NOW + HOUR), key(2, NOW + HOUR, NOW + DAY), sequence=2)
    assert prekeys.accept_bundle(None, old) == old
    assert prekeys.accept_bundle(old, new) == new


def test_the_same_bundle_again_changes_nothing():
    bad = bundle(key(1, NOW, NOW + DAY), key(2, NOW, NOW + DAY, LOW_ORDER))
    once = prekeys.accept_bundle(None, bad)
    assert prekeys.accept_bundle(once, bad) == once


def test_lower_bundle_sequence():
    old = bundle(key(1, NOW, NOW + DAY), sequence=7)
    assert reason(old, bundle(key(1, NOW, NOW + DAY), sequence=6)) == "bundle-old"


def test_two_bundles_under_one_sequence():
    old = bundle(key(1, NOW, NOW + DAY))
    assert reason(old, bundle(key(2, NOW, NOW + DAY))) == "bundle-fork"


def test_a_key_changed_under_its_kid():
    old = bundle(key(1, NOW, NOW + DAY))
    assert reason(old, bundle(key(1, NOW, NOW + DAY, PUBLIC[2]), sequence=2)) == "bundle-key-changed"


def test_a_kid_that_changes_to_an_unusable_key_is_refused_not_dropped():
    old = bundle(key(1, NOW, NOW + DAY))
    assert reason(old, bundle(key(1, NOW, NOW + DAY, LOW_ORDER), sequence=2)) == "bundle-key-changed"


@pytest.mark.parametrize("window", [(NOW - 1, NOW + HOUR), (NOW, NOW + HOUR + 1)])
def test_a_window_that_grew(window):
    old = bundle(key(1, NOW, NOW + HOUR))
    assert reason(old, bundle(key(1, *window), sequence=2)) == "bundle-window-grew"


def test_a_bundle_of_another_partner():
    old = bundle(key(1, NOW, NOW + DAY))
    assert reason(old, dataclasses.replace(old, partner="cd" * 16, sequence=2)) == "bundle-partner"


@pytest.mark.parametrize("bad", [LOW_ORDER, b"\xff" * 1216], ids=["low order", "modulus"])
def test_low_order_prekey_must_not_stop_the_others(bad):
    good = key(1, NOW, NOW + DAY)
    got = prekeys.accept_bundle(None, bundle(key(2, NOW, NOW + DAY, bad), good))
    assert got.prekeys == (good,)
    assert prekeys.choose(got, NOW) == good


def test_only_new_keys_are_tried(monkeypatch):
    old = bundle(key(1, NOW, NOW + DAY), key(2, NOW, NOW + DAY))
    tried = []
    monkeypatch.setattr(prekeys, "trial", tried.append)
    prekeys.accept_bundle(old, bundle(*old.prekeys, key(3, NOW, NOW + DAY), sequence=2))
    assert tried == [PUBLIC[3]]


@pytest.mark.parametrize(
    ("mine", "theirs", "common"), [((1,), (1,), 1), ((1, 2), (1, 2, 3), 2), ((2,), (1,), None), ((), (1,), None)]
)
def test_the_highest_common_message_version_is_spoken(mine, theirs, common):
    assert prekeys.common_version(mine, theirs) == common


# ------------------------------------------------------------------------------------------------ bytes


bundles = st.builds(
    Bundle,
    partner=st.binary(min_size=16, max_size=16).map(bytes.hex),
    sequence=st.integers(0, 2**53 - 1),
    prekeys=st.lists(
        st.builds(
            lambda kid, at, length: Prekey(kid, at, at + length, PUBLIC[0]),
            st.binary(min_size=8, max_size=8),
            st.integers(0, prekeys.MAX_MS - DAY),
            st.integers(0, DAY),
        ),
        max_size=4,
        unique_by=lambda k: k.kid,
    ).map(tuple),
    versions=st.sets(st.integers(0, 1000), min_size=1, max_size=4).map(lambda v: tuple(sorted(v))),
)


@settings(max_examples=50)
@given(bundles)
def test_a_bundle_comes_back_from_its_bytes(one):
    data = prekeys.bundle_bytes(one)
    assert prekeys.parse_bundle(data) == one
    assert prekeys.bundle_bytes(prekeys.parse_bundle(data)) == data


def test_a_full_bundle_fits():
    full = bundle(*[Prekey(bytes([n]) * 8, NOW, NOW + DAY, PUBLIC[0]) for n in range(prekeys.MAX_PREKEYS)])
    assert prekeys.parse_bundle(prekeys.bundle_bytes(full)) == full


def test_a_signed_bundle_verifies_and_no_other():
    one = bundle(key(1, NOW, NOW + DAY))
    data, signature = prekeys.sign_bundle(SIGN, one)
    assert prekeys.verify_bundle(SIGN.public, data, signature) == one
    for attempt in (
        (Ed25519Key.generate().public, data, signature),
        (SIGN.public, prekeys.bundle_bytes(dataclasses.replace(one, sequence=2)), signature),
        (SIGN.public, data, SIGN.sign("covx/1 sign heartbeat", data)),
    ):
        with pytest.raises(CryptoError):
            prekeys.verify_bundle(*attempt)


def edited(change):
    value = json.loads(prekeys.bundle_bytes(bundle(key(1, NOW, NOW + DAY), key(2, NOW, NOW + DAY))))
    change(value)
    return canonical.dump(value)


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(v=2),
        lambda v: v.update(v=1.0),
        lambda v: v.update(extra=1),
        lambda v: v.pop("partner"),
        lambda v: v.update(partner="AB" * 16),
        lambda v: v.update(partner=None),
        lambda v: v.update(sequence=-1),
        lambda v: v.update(sequence=True),
        lambda v: v.update(sequence=2**53),
        lambda v: v.update(sequence="1"),
        lambda v: v.update(versions=[]),
        lambda v: v.update(versions=[2, 1]),
        lambda v: v.update(versions=[1, 1]),
        lambda v: v.update(versions=1),
        lambda v: v.update(prekeys={}),
        lambda v: v["prekeys"].append(v["prekeys"][0]),
        lambda v: v["prekeys"].append(None),
        lambda v: v["prekeys"][0].update(kid="00"),
        lambda v: v["prekeys"][0].update(kid="zz" * 8),
        lambda v: v["prekeys"][0].update(public="AAAA"),
        lambda v: v["prekeys"][0].update(public="?"),
        lambda v: v["prekeys"][0].update(not_after_ms=NOW - 1),
        lambda v: v["prekeys"][0].update(not_after_ms=NOW + DAY + 1),
        lambda v: v["prekeys"][0].update(not_before_ms=253402300800000, not_after_ms=253402300800000 + DAY),
        lambda v: v.update(prekeys=v["prekeys"][:1] * 129),
    ],
)
def test_a_malformed_bundle_is_refused(change):
    with pytest.raises(WireError) as caught:
        prekeys.parse_bundle(edited(change))
    assert caught.value.reason == "bundle-malformed"


GOOD = prekeys.bundle_bytes(bundle(key(1, NOW, NOW + DAY)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        GOOD + b"\n",
        GOOD.replace(b":", b": ", 1),
        GOOD.replace(b'"v":1', b'"v":1.0'),
        GOOD.replace(b'"v":1', b'"v":1,"v":1'),
        GOOD.replace(b'"sequence":1', b'"sequence":NaN'),
        GOOD.replace(b'"sequence":1', b'"sequence":' + b"9" * 5000),
        GOOD.replace(b'"sequence"', b'"\\u0073equence"'),
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"{" + b" " * prekeys.MAX_BUNDLE + b"}",
    ],
    ids=lambda d: d[:12].decode("latin-1") + f"…{len(d)}",
)
def test_a_bundle_that_is_not_canonical_or_hostile_is_refused(data):
    with pytest.raises(WireError):
        prekeys.parse_bundle(data)


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_no_bundle(data):
    with pytest.raises(WireError):
        prekeys.parse_bundle(data)
