"""The log's promises: order, all or nothing, one writer, the past stays."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from uuid import uuid4

import pytest

from exchange.domain.event import LOCKED, SHREDDED
from exchange.errors import ConflictError, IntegrityError, NotFoundError, SetupError
from exchange.merkle.tree import Frontier
from exchange.store.log import Log


def test_what_is_committed_reads_back_equal_in_order_and_after_reopening(world, log, reopen):
    events = world.fill(log, 7)
    assert log.read_all(log.entries()) == events
    assert [e.index for e in log.entries()] == list(range(7))
    size, root = log.head()
    again = reopen()
    assert again.head() == (size, root) == (7, again.root())
    assert again.read_all(again.entries()) == events
    again.close()


def test_an_appended_event_is_told_its_index_and_leaf_before_the_commit_and_keeps_both(world, log):
    world.fill(log, 3)
    with log.batch(world.now) as batch:
        stamped = [batch.append(world.opened()) for _ in range(3)]
        assert log.size == 3, "nothing shows before the commit"
        batch.commit()
    assert [s.index for s in stamped] == [3, 4, 5]
    assert [s.leaf_hash for s in stamped] == log.leaf_hashes(3, 6)


def test_commit_hands_over_exactly_what_was_stored(world, log):
    with log.batch(world.now) as batch:
        batch.append(world.opened())
        stored = batch.commit()
    assert stored == [(log.entry(0), log.event(log.entry(0)))]


def test_versions_count_within_a_stream_across_batches_and_within_one(world, log):
    stream = uuid4()
    for _ in range(2):
        with log.batch(world.now) as batch:
            batch.append(world.opened(originator_id=stream))
            batch.append(world.opened())
            batch.append(world.opened(originator_id=stream))
            assert len(batch.events(stream)) == log.last_versions([stream.hex])[stream.hex] + 2
            batch.commit()
    assert [e.version for e in log.entries() if e.originator == stream.hex] == [1, 2, 3, 4]
    assert len(log.events(stream)) == 4


def test_streams_looked_up_together_are_numbered_as_when_asked_for_one_by_one(world, log):
    old, new = uuid4(), uuid4()
    with log.batch(world.now) as batch:
        batch.append(world.opened(originator_id=old))
        batch.commit()
    with log.batch(world.now) as batch:
        before = batch.savepoint()
        batch.look_up([old, new])
        batch.append(world.opened(originator_id=old))
        batch.append(world.opened(originator_id=new))
        batch.rollback(before)
        batch.append(world.opened(originator_id=new))
        batch.look_up([new, old])
        batch.append(world.opened(originator_id=new))
        batch.append(world.opened(originator_id=old))
        batch.commit()
    assert [e.version for e in log.entries() if e.originator == old.hex] == [1, 2]
    assert [e.version for e in log.entries() if e.originator == new.hex] == [1, 2]
    assert log.last_versions([old.hex, uuid4().hex])[old.hex] == 2


def test_the_root_is_the_rfc_6962_root_over_the_stored_leaves(world, log):
    assert log.root() == hashlib.sha256(b"").digest()
    world.fill(log, 11)
    frontier = Frontier()
    for digest in log.leaf_hashes(0, 11):
        frontier.append(digest)
    assert log.root() == frontier.root()
    assert log.root_at(5) != log.root()
    with pytest.raises(NotFoundError):
        log.root_at(12)


def test_a_rolled_back_command_leaves_no_trace_and_its_neighbours_stay(world, log, keys):
    stream = uuid4()
    with log.batch(world.now) as batch:
        kept = batch.append(world.opened(originator_id=stream))
        point = batch.savepoint()
        lost_key = batch.new_key("R1")
        batch.append(world.noted(lost_key, originator_id=stream))
        lost_part = batch.add_sealed(b"lost")
        batch.rollback(point)
        after = batch.append(world.opened(originator_id=stream))
        batch.commit()
    assert (kept.index, after.index) == (0, 1)
    assert [e.version for e in log.entries()] == [1, 2]
    assert keys.get(lost_key) is None
    assert log.sealed(lost_part) is None
    assert log.leaf_hashes(0, 9) == [kept.leaf_hash, after.leaf_hash]


def test_a_savepoint_can_be_used_twice(world, log):
    with log.batch(world.now) as batch:
        point = batch.savepoint()
        for _ in range(2):
            batch.append(world.opened())
            batch.rollback(point)
        batch.append(world.opened())
        batch.commit()
    assert log.size == 1


def test_an_abandoned_batch_stores_nothing_and_the_next_one_starts_clean(world, log, keys):
    with log.batch(world.now) as batch:
        batch.append(world.noted(batch.new_key("R1")))
    assert log.size == 0
    assert keys.keys == {}
    world.fill(log, 1)
    assert log.size == 1


def test_only_one_batch_at_a_time(world, log):
    with log.batch(world.now), pytest.raises(ConflictError):
        log.batch(world.now)


def test_a_finished_batch_takes_nothing_more(world, log):
    batch = log.batch(world.now)
    batch.append(world.opened())
    batch.commit()
    for act in (batch.commit, lambda: batch.append(world.opened()), lambda: batch.new_key("R1")):
        with pytest.raises(IntegrityError):
            act()


def test_an_empty_batch_commits_nothing(log, world, keys):
    with log.batch(world.now) as batch:
        batch.new_key("R1")
        assert batch.commit() == []
    assert (log.size, keys.keys) == (0, {})


def test_the_auditor_without_a_vault_reads_locked_and_cannot_write(world, log, reopen):
    world.fill(log, 3)
    reopen().close()
    with Log.open(world.directory, None) as auditor:
        assert auditor.event(auditor.entry(2)).note is LOCKED
        with pytest.raises(SetupError):
            auditor.batch(world.now)


def test_a_destroyed_key_reads_shredded_for_ever_and_the_tree_stays_as_it_was(world, log, keys, reopen):
    world.fill(log, 3)
    root = log.root()
    keys.shred([log.event(log.entry(2)).key_id])
    assert log.event(log.entry(2)).note is SHREDDED
    again = reopen()
    assert again.event(again.entry(2)).note is SHREDDED
    assert again.root() == root
    again.close()


def test_an_event_under_a_destroyed_key_is_refused(world, log, keys):
    with log.batch(world.now) as batch:
        key_id = batch.new_key("R1")
        batch.append(world.noted(key_id))
        batch.commit()
    keys.shred([key_id])
    with log.batch(world.now) as batch, pytest.raises(ConflictError):
        batch.append(world.noted(key_id))


def test_a_sealed_part_is_found_by_its_hash_once_until_it_is_dropped(world, log):
    for _ in range(2):
        with log.batch(world.now) as batch:
            digest = batch.add_sealed(b"ciphertext")
            batch.append(world.opened())
            batch.commit()
    assert digest == hashlib.sha256(b"ciphertext").hexdigest()
    assert log.sealed(digest) == b"ciphertext"
    log.drop_sealed([digest, "00" * 32])
    assert log.sealed(digest) is None
    assert b"ciphertext" not in world.file.read_bytes()


def test_a_page_can_be_narrowed_to_topics(world, log):
    world.fill(log, 9)
    assert [e.index for e in log.entries(topics=["test/noted/1"])] == [2, 5, 8]
    assert [e.index for e in log.entries(3, 2)] == [3, 4]


def test_an_index_beyond_the_end_does_not_exist(log):
    for index in (-1, 0, 5):
        with pytest.raises(NotFoundError):
            log.entry(index)


def test_checkpoints_only_rise_and_only_with_our_own_root(world, log, reopen):
    world.fill(log, 3)
    with log.batch(world.now) as batch:
        assert batch.checkpoint() == (0, hashlib.sha256(b"").digest())
    early = log.head()
    world.fill(log, 3)
    with pytest.raises(IntegrityError):
        log.add_checkpoint(6, b"\0" * 32, b"note")
    log.add_checkpoint(*early, b"note 3")
    log.add_checkpoint(*early, b"note 3")
    log.add_checkpoint(*log.head(), b"note 6")
    with pytest.raises(ConflictError):
        log.add_checkpoint(*early, b"other")
    again = reopen()
    with again.batch(world.now) as batch:
        assert batch.checkpoint() == again.head()
    assert [c.note for c in again.checkpoints()] == [b"note 3", b"note 6"]
    again.close()


def test_opening_continues_from_a_stored_frontier(world, log, reopen, monkeypatch):
    monkeypatch.setattr("exchange.store.log.FRONTIER_EVERY", 4)
    for _ in range(5):
        world.fill(log, 3)
    head, early = log.head(), log.root_at(7)
    again = reopen()
    assert again.head() == head
    assert again.root_at(7) == early
    assert again._recorder.frontier(15)[0] == 12
    again.close()


def test_a_second_process_on_the_same_node_gets_one_clear_sentence(world, log):
    script = (
        "import sys, pathlib; from exchange.errors import SetupError; from exchange.store.log import Log\n"
        "try: Log.open(pathlib.Path(sys.argv[1]), None)\n"
        "except SetupError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(world.directory)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "Another process has this node directory open; use its API, or stop it first.\n"


def test_a_wrong_path_never_starts_an_empty_log(tmp_path):
    with pytest.raises(SetupError):
        Log.open(tmp_path, None)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_log_is_never_created_over(world, log):
    world.fill(log, 1)
    with pytest.raises(SetupError):
        Log.create(world.directory)
    assert log.size == 1


def test_a_log_of_another_layout_is_refused(world, log, reopen):
    reopen().close()
    world.foreign("PRAGMA user_version=2")
    with pytest.raises(SetupError, match="layout 2"):
        Log.open(world.directory, None)


def test_another_kind_of_file_is_refused(world):
    world.file.write_bytes(b"not a database, at all" * 100)
    with pytest.raises(IntegrityError):
        Log.open(world.directory, None)


def test_a_stray_shell_variable_does_not_move_the_log(world, log, keys, monkeypatch, tmp_path):
    log.close()
    monkeypatch.setenv("SQLITE_DBNAME", str(tmp_path / "elsewhere.db"))
    monkeypatch.setenv("PERSISTENCE_MODULE", "eventsourcing.popo")
    monkeypatch.setenv("IS_SNAPSHOTTING_ENABLED", "y")
    with Log.open(world.directory, keys) as again:
        world.fill(again, 2)
        assert not (tmp_path / "elsewhere.db").exists()


def test_the_library_door_for_saving_is_shut(log, world):
    with pytest.raises(Exception, match=r"Log\.batch"):
        log._archive.mapper.to_stored_event(world.opened())
    world.fill(log, 3)
    note = log._archive.recorder.select_notifications(start=3, limit=1)[0]
    assert log._archive.mapper.to_domain_event(note) == log.event(log.entry(2))
