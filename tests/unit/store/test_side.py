"""The side store keeps small things durably."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from exchange.errors import IntegrityError, SetupError
from exchange.store.side import SideStore


@pytest.fixture
def side(tmp_path):
    SideStore.create(tmp_path / "side.db")
    store = SideStore.open(tmp_path / "side.db")
    yield store
    store.close()


def test_what_is_put_is_there_after_a_restart(side, tmp_path):
    side.put("own-bundle", "sequence", {"n": 4})
    side.put("own-bundle", "sequence", {"n": 5})
    side.put_many("own-prekey", {"b": {"x": [1, None, "é"]}, "a": {}})
    side.close()
    again = SideStore.open(tmp_path / "side.db")
    assert again.get("own-bundle", "sequence") == {"n": 5}
    assert again.list("own-prekey") == [("a", {}), ("b", {"x": [1, None, "é"]})]
    again.close()


def test_what_was_never_put_is_absent(side):
    assert side.get("kind", "key") is None
    assert side.list("kind") == []


def test_what_is_deleted_is_gone_and_deleting_again_is_harmless(side):
    side.put("kind", "key", {"n": 1})
    side.delete("kind", "key")
    side.delete("kind", "key")
    assert side.get("kind", "key") is None


def test_commits_are_durable(side):
    assert side._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_it_is_never_created_over_nor_made_by_opening(side, tmp_path):
    with pytest.raises(SetupError):
        SideStore.create(tmp_path / "side.db")
    with pytest.raises(SetupError):
        SideStore.open(tmp_path / "other.db")
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize("junk", [b"{", b"[]", b"\xff", b"7"])
def test_a_damaged_value_is_our_own_error(side, junk):
    side._db.execute("INSERT INTO side VALUES ('kind', 'key', ?)", (junk,))
    with pytest.raises(IntegrityError):
        side.get("kind", "key")


def test_another_kind_of_database_is_refused(tmp_path):
    db = sqlite3.connect(tmp_path / "side.db")
    db.execute("CREATE TABLE t (x)")
    db.close()
    with pytest.raises(SetupError):
        SideStore.open(tmp_path / "side.db")


def test_threads_take_turns(side):
    def work(name):
        for n in range(20):
            side.put("kind", f"{name}-{n}", {"n": n})
            assert side.get("kind", f"{name}-{n}") == {"n": n}

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(side.list("kind")) == 80
