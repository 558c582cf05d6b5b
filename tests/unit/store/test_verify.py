"""What a foreign hand changes in the log is found, and the first bad index is named."""

from __future__ import annotations

import pytest

from exchange.errors import IntegrityError
from exchange.merkle.tree import leaf_hash
from exchange.store.entry import leaf_bytes
from exchange.store.log import Log
from exchange.store.verify import Report, verify


def run(log, **kwargs):
    *_, report = verify(log, **kwargs)
    return report


@pytest.fixture
def tampered(world, log, keys):
    """A log of twelve entries with a checkpoint at six; changed by a foreign hand, and verified after a restart."""
    world.fill(log, 6)
    log.add_checkpoint(*log.head(), b"note")
    world.fill(log, 6)
    log.close()

    def verdict(*statements, **kwargs):
        world.foreign(*statements)
        with Log.open(world.directory, keys) as again, pytest.raises(IntegrityError) as caught:
            run(again, **kwargs)
        return caught.value

    return verdict


def test_an_honest_log_verifies_with_and_without_keys(world, log):
    world.fill(log, 1203)
    log.add_checkpoint(*log.head(), b"note")
    world.fill(log, 5)
    expected = Report(1208, log.root(), 1, 402)
    assert run(log) == run(log, unseal=True) == expected


def test_an_empty_log_verifies(log):
    assert run(log).size == 0


def test_progress_is_told_page_by_page(world, log):
    world.fill(log, 1001)
    assert list(verify(log))[:-1] == [500, 1000, 1001]


def test_a_log_that_grows_meanwhile_is_verified_as_it_stood(world, log):
    world.fill(log, 501)
    progress = verify(log)
    assert next(progress) == 500
    world.fill(log, 10)
    assert [*progress][-1].size == 501


@pytest.mark.parametrize(
    ("statements", "index"),
    [
        (["UPDATE stored_events SET state = replace(state, 'c', 'd') WHERE rowid = 5"], 4),
        (["UPDATE stored_events SET state = state || ' ' WHERE rowid = 12"], 11),
        (["UPDATE stored_events SET topic = 'test/loose/1' WHERE rowid = 1"], 0),
        (["UPDATE stored_events SET originator_version = 9 WHERE rowid = 3"], 2),
        (["UPDATE stored_events SET originator_id = hex(zeroblob(16)) WHERE rowid = 7"], 6),
        (["UPDATE stored_events SET originator_id = 'not hex' WHERE rowid = 7"], 6),
        (["DELETE FROM stored_events WHERE rowid = 5"], 4),
        (["DELETE FROM leaves WHERE position = 5"], 4),
        (["DELETE FROM stored_events WHERE rowid = 5", "DELETE FROM leaves WHERE position = 5"], 4),
        (
            [
                "UPDATE stored_events SET rowid = -1 WHERE rowid = 8",
                "UPDATE stored_events SET rowid = 8 WHERE rowid = 9",
                "UPDATE stored_events SET rowid = 9 WHERE rowid = -1",
            ],
            7,
        ),
        (
            [
                "UPDATE leaves SET hash = (SELECT hash FROM leaves WHERE position = 9) WHERE position = 8",
            ],
            7,
        ),
        (
            [
                "UPDATE stored_events SET rowid = -rowid WHERE rowid > 3",
                "UPDATE stored_events SET rowid = 1 - rowid WHERE rowid < 0",
                "INSERT INTO stored_events SELECT 4, hex(randomblob(16)), 1, topic, state FROM stored_events WHERE rowid = 1",
            ],
            3,
        ),
        (["UPDATE leaves SET salt = zeroblob(16) WHERE position = 2"], 1),
        (["UPDATE leaves SET at_ms = at_ms + 1 WHERE position = 2"], 1),
        (["UPDATE leaves SET version = 2 WHERE position = 2"], 1),
        (["UPDATE leaves SET hash = zeroblob(32) WHERE position = 2"], 1),
        (["UPDATE checkpoints SET root = zeroblob(32)"], 5),
    ],
    ids=[
        "edited",
        "last edited",
        "other topic",
        "other version",
        "other stream",
        "stream no hex",
        "event deleted",
        "leaf deleted",
        "event and leaf deleted",
        "two swapped",
        "leaf hash copied",
        "one inserted",
        "leaf salt",
        "leaf time",
        "leaf version",
        "leaf hash",
        "checkpoint root",
    ],
)
def test_what_a_foreign_hand_changed_is_named_by_its_index(tampered, statements, index):
    error = tampered(*statements)
    assert error.index == index
    assert str(index) in str(error)


def test_a_past_rewritten_with_fresh_leaves_is_caught_by_the_signed_checkpoint(world, tampered):
    """An attacker who knows the format rebuilds leaf 2 correctly; the signed root still says what stood there."""
    with Log.open(world.directory, None) as log:
        entry = log.entry(1)._replace(state=log.entry(1).state.replace(b'"code":"', b'"code":"x'))
        leaf = log.leaves(1, 1)[0]
    digest = leaf_hash(leaf_bytes(entry, leaf.at_ms, leaf.salt)).hex()
    error = tampered(
        f"UPDATE stored_events SET state = x'{entry.state.hex()}' WHERE rowid = 2",
        f"UPDATE leaves SET hash = x'{digest}' WHERE position = 2",
    )
    assert error.index == 5
    assert "signed" in str(error)


def test_a_flipped_bit_in_a_sealed_part_is_found(tampered):
    error = tampered("UPDATE sealed SET bytes = bytes || x'00' WHERE rowid = 2")
    assert "stored part" in str(error)


def test_a_box_moved_to_another_event_is_found_when_unsealing(world, tampered, keys):
    """With the leaf rebuilt to match and no checkpoint yet over it, the seal itself still says no."""
    with Log.open(world.directory, None) as log:
        line, box = log.entry(8).public, log.entry(11).state.partition(b"\n")[2]
        entry = log.entry(8)._replace(state=line + b"\n" + box)
        leaf = log.leaves(8, 1)[0]
    digest = leaf_hash(leaf_bytes(entry, leaf.at_ms, leaf.salt)).hex()
    error = tampered(
        f"UPDATE stored_events SET state = x'{entry.state.hex()}' WHERE rowid = 9",
        f"UPDATE leaves SET hash = x'{digest}' WHERE position = 9",
        unseal=True,
    )
    assert error.index == 8


def test_the_callers_own_check_sees_every_entry_and_can_refuse(world, log):
    world.fill(log, 7)
    seen = []

    def check(entry, event):
        seen.append((entry.index, event.topic))
        if entry.index == 5:
            raise IntegrityError("The signature in entry {index} does not hold.", index=entry.index)

    with pytest.raises(IntegrityError) as caught:
        run(log, extra=check)
    assert caught.value.index == 5
    assert [index for index, _ in seen] == [0, 1, 2, 3, 4, 5]


def test_a_truncated_log_under_a_running_node_is_found(world, log):
    world.fill(log, 6)
    world.foreign("DELETE FROM stored_events WHERE rowid > 4", "DELETE FROM leaves WHERE position > 4")
    with pytest.raises(IntegrityError) as caught:
        run(log)
    assert caught.value.index == 4


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO stored_events SELECT 13, hex(randomblob(16)), 1, topic, state FROM stored_events WHERE rowid = 1",
        "INSERT INTO leaves SELECT 13, version, kind, at_ms, salt, hash FROM leaves WHERE position = 12",
    ],
    ids=["event", "leaf"],
)
def test_a_row_appended_by_a_foreign_hand_is_found_and_nothing_is_written_after_it(world, tampered, keys, statement):
    assert tampered(statement).index == 12
    with Log.open(world.directory, keys) as log, pytest.raises(IntegrityError):
        log.batch(world.now)


def test_a_forged_stored_frontier_is_found(world, log, keys, monkeypatch):
    monkeypatch.setattr("exchange.store.log.FRONTIER_EVERY", 4)
    world.fill(log, 4)
    world.fill(log, 2)
    log.close()
    world.foreign("UPDATE frontiers SET hashes = zeroblob(32)")
    with Log.open(world.directory, keys) as again, pytest.raises(IntegrityError) as caught:
        run(again)
    assert caught.value.index == 3
