"""Crash tables of the vault: every step of a roll, dying before and after it, failing without and with effect."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.errors import StorageError
from exchange.store.keys import NewKey, new_key_id
from exchange.store.replica import Place
from exchange.store.vault import Credential, FileAnchor, Vault

SERVICE = Credential(b"s" * 32)


class Crash(BaseException):
    """The process dies here."""


def at(root, *, replica=False):
    places = [Place(root / n / "vault.db", FileAnchor(root / f"{n}-anchor" / "anchor")) for n in ("one", "two")]
    return (*places[0], places[1] if replica else None)


def open_vault(root, *, replica=False):
    path, anchor, place = at(root, replica=replica)
    return Vault.open(path, anchor, SERVICE, replica=place)


def make(root, *, replica=False, count=140):
    path, anchor, place = at(root, replica=replica)
    Vault.create(path, anchor, {"service": SERVICE}, replica=place)
    vault = open_vault(root, replica=replica)
    rows = [NewKey(new_key_id(n), "R1", os.urandom(32), b"tag") for n in range(count)]
    vault.put_pending(rows)
    vault.confirm([row.id for row in rows])
    vault.flush()
    return vault, {row.id: row.key for row in rows}


def check(root, keys, lost, *, replica=False):
    """The oracle: after a crash the lost keys are all there or all gone, the others are there, and shredding completes."""
    kept = {key_id: key for key_id, key in keys.items() if key_id not in lost}
    with open_vault(root, replica=replica) as vault:
        found = vault.get_many(list(keys))
        assert found in (keys, kept)
        assert vault.generation == (0 if found == keys else 1)
        assert vault.verify() == len(found)
        assert vault.status().replica == ("following" if replica else "none")
        assert list(root.rglob("*.next")) == [], "no second anchor lies about"
        vault.shred(lost)
        assert vault.get_many(list(keys)) == kept
        assert vault.generation == 1
        generation = vault.generation
    if replica:
        _, _, place = at(root, replica=True)
        with Vault.open(place.path, place.anchor, SERVICE) as other:
            assert (other.get_many(list(keys)), other.generation) == (kept, generation)
    return found == keys


# Every step of a roll, as (object, method); and where the destruction is decided.
STEPS = {
    "anchor staged": ("anchor", "stage"),
    "rows wrapped anew": ("file", "_rewrap_rows"),
    "buckets wrapped anew": ("file", "_rewrap_buckets"),
    "anchor promoted": ("anchor", "promote"),
    "staged anchor discarded": ("anchor", "discard"),
    "write-ahead log truncated": ("file", "_truncate"),
    "buckets loaded": ("file", "_load"),
}
UNDONE = {"anchor staged", "rows wrapped anew", "buckets wrapped anew"}


def break_at(monkeypatch, file, step, *, when, error):
    """Make ``step`` of the next roll of ``file`` raise ``error`` before or after it does its work; once."""
    owner, name = STEPS[step]
    target = file.anchor if owner == "anchor" else file
    real = getattr(target, name)

    def broken(*args, **kwargs):
        monkeypatch.setattr(target, name, real)
        if when == "after":
            real(*args, **kwargs)
        raise error

    monkeypatch.setattr(target, name, broken)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_of_a_shred_is_repaired_at_the_next_start(tmp_path, monkeypatch, step, when):
    vault, keys = make(tmp_path / "live")
    lost = list(keys)[3:9]
    break_at(monkeypatch, vault._primary, step, when=when, error=Crash())
    with pytest.raises(Crash):
        vault.shred(lost)
    shutil.copytree(tmp_path / "live", tmp_path / "dead")  # the files as the dead process left them
    undone = check(tmp_path / "dead", keys, lost)
    assert undone == (step in UNDONE)


@pytest.mark.parametrize("file", ["_primary", "_replica"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_in_either_file_of_a_pair_is_repaired(tmp_path, monkeypatch, step, when, file):
    vault, keys = make(tmp_path / "live", replica=True, count=9)
    lost = list(keys)[3:5]
    break_at(monkeypatch, getattr(vault, file), step, when=when, error=Crash())
    with pytest.raises(Crash):
        vault.shred(lost)
    shutil.copytree(tmp_path / "live", tmp_path / "dead")
    check(tmp_path / "dead", keys, lost, replica=True)


@pytest.mark.parametrize("when", ["before", "after"], ids=["failed", "failed but did persist"])
@pytest.mark.parametrize("step", STEPS)
def test_a_disk_that_refuses_at_any_step_leaves_a_vault_that_works(tmp_path, monkeypatch, step, when):
    vault, keys = make(tmp_path)
    lost = list(keys)[3:9]
    kept = {key_id: key for key_id, key in keys.items() if key_id not in lost}
    error = StorageError("The disk is full; nothing was stored. Free some space and try again.")
    break_at(monkeypatch, vault._primary, step, when=when, error=error)
    with contextlib.suppress(StorageError):
        vault.shred(lost)
    assert vault.get_many(list(keys)) == (keys if step in UNDONE else kept)
    vault.shred(lost)
    assert vault.get_many(list(keys)) == kept
    assert vault.generation == 1
    vault.put_pending([NewKey(new_key_id(1), "R1", b"n" * 32, b"tag")])
    vault.close()
    with open_vault(tmp_path) as again:
        assert (again.get_many(list(keys)), again.generation) == (kept, 1)


class BrokenCommit:
    """A connection whose COMMIT loses its answer: it fails, with or without having done it."""

    def __init__(self, db, *, persists):
        self._db = db
        self._persists = persists
        self._broken = False

    def __getattr__(self, name):
        return getattr(self._db, name)

    def execute(self, statement, *args):
        if statement == "COMMIT" and not self._broken:
            self._broken = True
            if self._persists:
                self._db.execute("COMMIT")
            raise StorageError("The disk refused (I/O error); nothing was stored. Repair it and try again.")
        return self._db.execute(statement, *args)


@pytest.mark.parametrize("persists", [False, True])
def test_a_commit_whose_answer_is_lost_is_decided_by_what_the_file_says(tmp_path, persists):
    vault, keys = make(tmp_path)
    lost = list(keys)[3:9]
    kept = {key_id: key for key_id, key in keys.items() if key_id not in lost}
    vault._primary._db = BrokenCommit(vault._primary._db, persists=persists)
    if persists:
        assert vault.shred(lost).count == 6
    else:
        with pytest.raises(StorageError, match="nothing was destroyed"):
            vault.shred(lost)
        assert vault.get_many(list(keys)) == keys
        vault.shred(lost)
    assert vault.get_many(list(keys)) == kept
    vault.close()
    with open_vault(tmp_path) as again:
        assert (again.get_many(list(keys)), again.generation) == (kept, 1)


def test_a_torn_anchor_after_the_transaction_is_taken_from_the_staged_one(tmp_path, monkeypatch):
    vault, keys = make(tmp_path / "live")
    lost = list(keys)[:2]
    break_at(monkeypatch, vault._primary, "anchor promoted", when="before", error=Crash())
    with pytest.raises(Crash):
        vault.shred(lost)
    shutil.copytree(tmp_path / "live", tmp_path / "dead")
    anchor = tmp_path / "dead" / "one-anchor" / "anchor"
    anchor.write_bytes(anchor.read_bytes()[:20] + b"torn in the middle of the write" + anchor.read_bytes()[51:])
    assert check(tmp_path / "dead", keys, lost) is False


SCRIPT = """
import os, sys, pathlib
from exchange.store.keys import NewKey, new_key_id
from exchange.store.vault import Credential, FileAnchor, Vault
root = pathlib.Path(sys.argv[1])
vault = Vault.open(root / "one" / "vault.db", FileAnchor(root / "one-anchor" / "anchor"), Credential(b"s" * 32))
tell = lambda *words: print(*words, flush=True)
n = 0
while True:
    rows = [NewKey(new_key_id(n), "R1", os.urandom(32), b"tag") for n in range(n, n + 8)]
    n += 8
    vault.put_pending(rows)
    tell("put", *[f"{row.id}:{row.key.hex()}" for row in rows])
    vault.confirm([row.id for row in rows])
    lost = [row.id for row in rows[:3]]
    tell("trying", *lost)
    vault.shred(lost)
    tell("gone", *lost)
"""


@pytest.mark.parametrize("lines", [1, 8, 20])
def test_kill_dash_nine_loses_no_key_and_brings_none_back(tmp_path, lines):
    vault, before = make(tmp_path, count=5)
    vault.close()
    keys, gone, trying = dict(before), set(), set()
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as process:
        for _ in range(lines):
            hear(process.stdout.readline(), keys, gone, trying)
        process.kill()  # in the middle of whatever it does now
        for line in process.stdout:  # what it managed to say before it died
            hear(line, keys, gone, trying)
    with open_vault(tmp_path) as vault:
        found = vault.get_many(list(keys))
        assert not gone & found.keys()
        assert {k: v for k, v in keys.items() if k not in gone | trying} == {
            k: v for k, v in found.items() if k not in trying
        }
        assert vault.verify() >= len(found)
        vault.shred(sorted(trying))
        assert not trying & vault.get_many(list(keys)).keys()


def hear(line, keys, gone, trying):
    word, *ids = line.split() or [""]
    if word == "put":
        keys.update((k, bytes.fromhex(v)) for k, v in (pair.split(":") for pair in ids))
    elif word == "trying":
        trying.clear()
        trying.update(ids)
    elif word == "gone":
        gone.update(ids)
        trying.clear()
