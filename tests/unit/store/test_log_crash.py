"""Crash tables of a commit: vault, then log, then confirmation; dying or refusing before and after each."""

from __future__ import annotations

import copy
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.errors import StorageError
from exchange.store.log import Log
from exchange.store.mapper import key_id_of
from exchange.store.vault import Credential, FileAnchor, Vault
from exchange.store.verify import Report, verify

FULL = StorageError("The disk is full; nothing was stored. Free some space and try again.")

STEPS = {"keys put": "put_pending", "log written": "insert_events", "keys confirmed": "confirm"}


class Crash(BaseException):
    """The process dies here."""


def break_at(monkeypatch, log, keys, step, *, when, error):
    target, name = (log._recorder if step == "log written" else keys), STEPS[step]
    real = getattr(target, name)

    def broken(*args, **kwargs):
        monkeypatch.setattr(target, name, real)
        result = real(*args, **kwargs) if when == "after" else None
        if error is not None:
            raise error
        return result

    monkeypatch.setattr(target, name, broken)


def write(world, log, count=3):
    """A batch with two sealed events under keys of their own."""
    with log.batch(world.now) as batch:
        for _ in range(count - 1):
            batch.add_sealed(b"part")
            batch.append(world.noted(batch.new_key("R1")))
        batch.append(world.opened())
        return batch.commit()


def sound(log, keys):
    """The oracle: everything verifies, every key named by an event is there, no other key is, none waits."""
    *_, report = verify(log, unseal=True)
    assert isinstance(report, Report)
    assert report.size == log.size
    named = {key_id for entry in log.entries() if (key_id := key_id_of(entry))}
    assert set(keys.keys) == named
    assert keys.pending() == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_between_any_two_steps_leaves_all_of_a_batch_or_nothing(
    world, log, keys, monkeypatch, tmp_path, step, when
):
    write(world, log)
    break_at(monkeypatch, log, keys, step, when=when, error=Crash())
    with pytest.raises(Crash):
        write(world, log)
    left = copy.deepcopy(keys.__dict__)
    dead = tmp_path.with_name(tmp_path.name + "-dead")
    shutil.copytree(tmp_path, dead)
    survivor = world.MemoryKeys()
    survivor.__dict__.update({k: v for k, v in left.items() if not callable(v)})
    with Log.open(dead, survivor) as again:
        stored = (step, when) in {("log written", "after"), ("keys confirmed", "before"), ("keys confirmed", "after")}
        assert again.size == (6 if stored else 3)
        destroyed = again.settle()
        assert destroyed == (2 if (step, when) in {("keys put", "after"), ("log written", "before")} else 0)
        sound(again, survivor)
        write(world, again)
        assert again.settle() == 0
        sound(again, survivor)


@pytest.mark.parametrize("step", ["keys put", "log written"])
def test_a_refusal_stores_nothing_and_the_log_goes_on(world, log, keys, monkeypatch, step):
    write(world, log)
    head = log.head()
    for when in ("before", "after") if step == "keys put" else ("before",):
        break_at(monkeypatch, log, keys, step, when=when, error=FULL)
        with pytest.raises(StorageError):
            write(world, log)
        assert log.head() == head
    write(world, log)
    assert log.size == 6
    sound(log, keys)  # also: the keys of the failed batches are gone, not only unnamed


def test_a_commit_whose_answer_is_lost_is_a_commit(world, log, keys, monkeypatch):
    break_at(monkeypatch, log, keys, "log written", when="after", error=FULL)
    assert len(write(world, log)) == 3
    assert log.size == 3
    sound(log, keys)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_confirmation_does_not_undo_a_commit(world, log, keys, monkeypatch, when):
    break_at(monkeypatch, log, keys, "keys confirmed", when=when, error=FULL)
    write(world, log)
    assert log.size == 3
    assert log.settle() == 0
    sound(log, keys)


def test_a_commit_that_persisted_unseen_is_found_before_the_next_batch_and_its_keys_stay(world, log, keys, monkeypatch):
    break_at(monkeypatch, log, keys, "log written", when="after", error=FULL)
    real = log._recorder.leaves

    def unreadable(*args):
        monkeypatch.setattr(log._recorder, "leaves", real)
        raise FULL

    monkeypatch.setattr(log._recorder, "leaves", unreadable)
    with pytest.raises(StorageError):
        write(world, log)  # whether it persisted cannot be told now
    write(world, log)
    assert log.size == 6
    log.settle()
    sound(log, keys)


def test_a_full_disk_is_one_clear_sentence_and_then_the_log_goes_on(world, log, keys):
    write(world, log)
    pool = log._recorder.datastore.pool
    connection = pool.get_connection()
    db = connection._sqlite_conn
    pool.put_connection(connection)
    db.set_authorizer(None)
    db.execute(f"PRAGMA max_page_count={db.execute('PRAGMA page_count').fetchone()[0]}")
    with log.batch(world.now) as batch:
        batch.add_sealed(bytes(400_000))
        batch.append(world.opened())
        with pytest.raises(StorageError) as caught:
            batch.commit()
    assert str(caught.value) == "The disk is full; nothing was stored. Free some space and try again."
    db.execute("PRAGMA max_page_count=1000000")
    write(world, log)
    assert log.size == 6
    sound(log, keys)


def test_a_foreign_lock_is_one_clear_sentence(world, keys, monkeypatch, reopen):
    monkeypatch.setattr("exchange.store.sqlite.BUSY_S", 0.01)
    log = reopen()
    other = sqlite3.connect(world.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="another process"):
        write(world, log)
    other.execute("ROLLBACK")
    other.close()
    write(world, log)
    sound(log, keys)
    log.close()


SCRIPT = """
import sys, pathlib, uuid
from datetime import datetime, UTC
from exchange.domain import events as e
from exchange.store.log import Log
from exchange.store.vault import Credential, FileAnchor, Vault
root = pathlib.Path(sys.argv[1])
vault = Vault.open(root / "vault.db", FileAnchor(root / "anchor" / "a"), Credential(b"s" * 32))
now = datetime(2026, 3, 2, 8, tzinfo=UTC)
with Log.open(root, vault) as log:
    log.settle()
    print("open", log.size, flush=True)
    while True:
        with log.batch(now) as batch:
            for n in range(5):
                key = batch.new_key("R1")
                batch.add_sealed(uuid.uuid4().bytes * 40)
                batch.append(e.ReferenceAgreed(originator_id=uuid.uuid4(), at=now, key_id=key, partner="p", reference="r"))
            batch.commit()
        print("size", log.size, log.root().hex(), flush=True)
"""


def test_kill_dash_nine_keeps_every_commit_that_was_told_and_no_half_one(world, tmp_path):
    anchor = FileAnchor(tmp_path / "anchor" / "a")
    Vault.create(tmp_path / "vault.db", anchor, {"s": Credential(b"s" * 32)})
    Log.create(tmp_path)
    told = (0, "")
    for lines in (2, 9, 17):
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        ) as process:
            said = [process.stdout.readline() for _ in range(lines)]
            process.kill()
            said += process.stdout.readlines()
        sizes = [line.split() for line in said if line.startswith("size ") and line.endswith("\n")]
        told = (int(sizes[-1][1]), sizes[-1][2]) if sizes else told
        with (
            Vault.open(tmp_path / "vault.db", anchor, Credential(b"s" * 32)) as vault,
            Log.open(tmp_path, vault) as log,
        ):
            log.settle()
            assert log.size >= told[0]
            assert log.size % 5 == 0
            assert log.root_at(told[0]).hex() == told[1]
            *_, report = verify(log, unseal=True)
            assert report.sealed == report.size == log.size
            assert vault.status().keys == log.size
            assert {event.reference for event in log.read_all(log.entries(0, 1000))} <= {"r"}
