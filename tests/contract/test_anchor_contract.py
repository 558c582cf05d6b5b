"""The AnchorProvider contract: every provider is run through this; a new one adds a line to PROVIDERS."""

from __future__ import annotations

import pytest

from exchange.errors import SetupError
from exchange.store.anchors import Anchor, FileAnchor

PROVIDERS = {"file": lambda place: FileAnchor(place / "anchor" / "vault.anchor")}

FIRST = Anchor(0, b"\x01" * 32)
SECOND = Anchor(1, b"\x02" * 32)


@pytest.fixture(params=PROVIDERS, ids=str)
def make(request, tmp_path):
    return lambda: PROVIDERS[request.param](tmp_path)


def test_nothing_is_there_before_it_is_created(make):
    assert (make().current(), make().staged()) == (None, None)


def test_what_is_created_is_read_back_by_another_instance(make):
    make().create(FIRST)
    assert make().current() == FIRST
    assert make().staged() is None


def test_an_existing_anchor_is_never_created_over(make):
    make().create(FIRST)
    with pytest.raises(SetupError):
        make().create(SECOND)
    assert make().current() == FIRST


def test_staging_leaves_the_current_anchor_alone(make):
    make().create(FIRST)
    make().stage(SECOND)
    assert (make().current(), make().staged()) == (FIRST, SECOND)


def test_staging_again_replaces_what_was_staged(make):
    make().create(FIRST)
    make().stage(Anchor(1, b"\x03" * 32))
    make().stage(SECOND)
    assert make().staged() == SECOND


def test_promoting_makes_the_staged_anchor_current_and_keeps_it_until_discarded(make):
    make().create(FIRST)
    make().stage(SECOND)
    make().promote()
    assert (make().current(), make().staged()) == (SECOND, SECOND)
    make().discard()
    assert (make().current(), make().staged()) == (SECOND, None)


def test_promoting_twice_is_promoting_once(make):
    make().create(FIRST)
    make().stage(SECOND)
    make().promote()
    make().promote()
    assert make().current() == SECOND


def test_promoting_nothing_is_refused(make):
    make().create(FIRST)
    with pytest.raises(SetupError):
        make().promote()
    assert make().current() == FIRST


def test_discarding_is_harmless_when_nothing_is_staged(make):
    make().create(FIRST)
    make().discard()
    make().discard()
    assert make().current() == FIRST


def test_the_medium_names_its_kind_and_device(make):
    anchor = make()
    anchor.create(FIRST)
    assert anchor.kind
    assert anchor.device() is None or anchor.device() > 0


def test_a_torn_file_reads_as_nothing_at_every_length_and_flipped_byte(tmp_path):
    path = tmp_path / "anchor"
    FileAnchor(path).create(FIRST)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at])
        assert FileAnchor(path).current() is None
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert FileAnchor(path).current() is None


def test_the_file_is_overwritten_in_place_and_the_staged_one_zeroed_before_it_goes(tmp_path):
    path = tmp_path / "anchor"
    anchor = FileAnchor(path)
    anchor.create(FIRST)
    inode = path.stat().st_ino
    anchor.stage(SECOND)
    beside = tmp_path / "anchor.next"
    (tmp_path / "held").hardlink_to(beside)
    anchor.promote()
    anchor.discard()
    assert path.stat().st_ino == inode
    assert set((tmp_path / "held").read_bytes()) == {0}
    assert path.stat().st_mode & 0o077 == 0
