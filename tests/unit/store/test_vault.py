"""The vault's promises: keys in, keys out, and keys gone for whoever holds what copy of what."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading

import pytest

from exchange.crypto import vault as vc
from exchange.errors import ConflictError, IntegrityError, LockedError, NotFoundError, SetupError, StorageError
from exchange.store.keys import NewKey, new_key_id
from exchange.store.vault import ArgonCost, Credential, FileAnchor, Passphrase, Place, Vault

COST = ArgonCost(1, 8192)
SERVICE = Credential(b"s" * 32)
WORDS = Passphrase("paard batterij nietje")


class House:
    """Where a vault, its anchor and its replica lie."""

    def __init__(self, path):
        self.path = path
        self.file = path / "node" / "vault.db"
        self.anchor = FileAnchor(path / "anchor" / "vault.anchor")
        self.replica = Place(path / "replica" / "vault.db", FileAnchor(path / "replica-anchor" / "vault.anchor"))

    def create(self, *, replica=False):
        slots = {"service": SERVICE, "fg": WORDS}
        Vault.create(self.file, self.anchor, slots, argon=COST, replica=self.replica if replica else None)
        return self

    def open(self, secret=SERVICE, *, replica=False):
        return Vault.open(self.file, self.anchor, secret, replica=self.replica if replica else None)

    def open_replica_alone(self):
        return Vault.open(self.replica.path, self.replica.anchor, SERVICE)


def rows(count, retention="R1", tag=b"tag"):
    return [NewKey(new_key_id(1_772_438_400_000 + n), retention, os.urandom(32), tag) for n in range(count)]


def put(vault, *args, **kwargs):
    made = rows(*args, **kwargs)
    vault.put_pending(made)
    vault.confirm([row.id for row in made])
    return {row.id: row.key for row in made}


@pytest.fixture
def house(tmp_path):
    return House(tmp_path / "house").create()


@pytest.fixture
def pair(tmp_path):
    return House(tmp_path / "house").create(replica=True)


def test_a_key_comes_back_also_after_a_restart_and_an_unknown_one_is_absent(house):
    with house.open() as vault:
        keys = put(vault, 300)
        assert vault.get_many([*keys, "00" * 16]) == keys
    with house.open(WORDS) as vault:
        assert vault.get_many(list(keys)) == keys
        assert vault.get("00" * 16) is None
        assert vault.verify() == 300


def test_keys_are_pending_until_confirmed_and_the_confirmation_survives_a_flush(house):
    with house.open() as vault:
        first, second = rows(3, tag=b"one"), rows(2, tag=b"two")
        vault.put_pending([*first, *second])
        assert vault.pending() == sorted([(r.id, r.tag) for r in [*first, *second]])
        vault.confirm([r.id for r in first])
        assert vault.pending() == sorted((r.id, r.tag) for r in second)
        vault.flush()
    with house.open() as vault:
        assert vault.pending() == sorted((r.id, r.tag) for r in second)
        assert vault.get(second[0].id) == second[0].key


def test_a_confirmation_travels_with_the_next_commit(house):
    vault = house.open()
    first = rows(3)
    vault.put_pending(first)
    vault.confirm([r.id for r in first])
    second = rows(1, tag=b"other")
    vault.put_pending(second)
    shutil.copytree(house.path, house.path.with_name("crashed"))
    with House(house.path.with_name("crashed")).open() as crashed:
        assert crashed.pending() == [(second[0].id, b"other")]
    vault.close()


def test_shredded_keys_are_gone_and_all_others_stay(house):
    with house.open() as vault:
        keys = put(vault, 300) | put(vault, 10, "R2")
        lost = list(keys)[5:20]
        assert vault.shred(lost).count == 15
        assert vault.generation == 1
        kept = {key_id: key for key_id, key in keys.items() if key_id not in lost}
        assert vault.get_many(list(keys)) == kept
    with house.open() as vault:
        assert vault.get_many(list(keys)) == kept
        assert vault.verify() == len(kept)


def test_shredding_again_does_nothing_and_costs_no_generation(house):
    with house.open() as vault:
        keys = put(vault, 3)
        vault.shred(list(keys))
        again = vault.shred([*keys, "00" * 16])
        assert (again.generation, again.count) == (1, 0)


def test_a_shredded_pending_key_waits_for_nothing_any_more(house):
    with house.open() as vault:
        made = rows(3)
        vault.put_pending(made)
        vault.shred([made[0].id])
        assert [key_id for key_id, _ in vault.pending()] == [r.id for r in made[1:]]
        vault.shred([r.id for r in made[1:]])
        assert vault.pending() == []
    with house.open() as vault:
        assert vault.pending() == []


def test_keys_of_one_class_lie_together_128_to_a_bucket(house):
    with house.open() as vault:
        put(vault, 130)
        put(vault, 10, "R2")
        put(vault, 10)
        filled = vault._primary._db.execute("SELECT class, filled FROM buckets ORDER BY bucket").fetchall()
    assert filled == [("R1", 128), ("R1", 12), ("R2", 10)]


def test_an_emptied_full_bucket_is_forgotten_with_its_key(house):
    with house.open() as vault:
        keys = put(vault, 129)
        vault.shred(list(keys)[:128])
        assert vault._primary._db.execute("SELECT bucket FROM buckets").fetchall() == [(2,)]
        assert put(vault, 1).items() <= vault.get_many(vault_ids(vault)).items()


def vault_ids(vault):
    return [key_id.hex() for key_id in vault._primary.ids()]


# ---------------------------------------------------------------------------------------- attacks


def everything(path):
    return b"".join(file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file())


def test_not_one_byte_of_a_shredded_row_is_left_in_any_file(house):
    with house.open() as vault:
        lost, kept = list(put(vault, 40))[3:5]
        vault.flush()
        boxes = dict(vault._primary._db.execute("SELECT hex(id), box FROM keys").fetchall())
        box = boxes[lost.upper()]
        assert box in everything(house.path), "the control: it is found before"
        vault.shred([lost])
        assert box not in everything(house.path)
        assert bytes.fromhex(lost) not in everything(house.path)
        assert boxes[kept.upper()] not in everything(house.path), "a survivor was wrapped anew"


def test_an_old_backup_with_todays_anchor_and_every_secret_opens_nothing(house):
    with house.open() as vault:
        keys = put(vault, 40)
        lost = next(iter(keys))
        old = House(house.path.with_name("old"))
        shutil.copytree(house.path, old.path)
        vault.shred([lost])
        todays_buckets = list(vault._primary._buckets.values())
        secret, generation = vault._primary.secret, vault.generation
        todays_anchor = house.anchor.current()
    with old.open() as control:
        assert control.get(lost) == keys[lost], "the control: with the old anchor it opens"
    shutil.copytree(house.path / "anchor", old.path / "anchor", dirs_exist_ok=True)
    with pytest.raises(LockedError):
        old.open()
    db = sqlite3.connect(old.file)
    box = db.execute("SELECT box FROM keys WHERE id=?", (bytes.fromhex(lost),)).fetchone()[0]
    wrapped = db.execute("SELECT bucket, class, box FROM buckets").fetchall()
    db.close()
    for key in todays_buckets:
        with pytest.raises(IntegrityError):
            vc.open_row(key, bytes.fromhex(lost), box)
    for at in range(generation + 2):
        root = vc.vault_root(todays_anchor.secret, at, secret)
        for bucket, name, bucket_box in wrapped:
            with pytest.raises(IntegrityError):
                vc.open_bucket(root, bucket, name, bucket_box)


def test_an_edited_generation_is_refused(house):
    with house.open() as vault:
        put(vault, 3)
    edit(house, "UPDATE meta SET value = 1 WHERE name = 'generation'")
    with pytest.raises(LockedError):
        house.open()
    house.anchor.stage(house.anchor.current()._replace(generation=1))
    house.anchor.promote()
    with pytest.raises(LockedError):
        house.open()


def edit(house, statement):
    db = sqlite3.connect(house.file)
    with db:
        db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE keys SET box = (SELECT box FROM keys ORDER BY id DESC LIMIT 1) WHERE id = (SELECT min(id) FROM keys)",
        "UPDATE keys SET bucket = 7 WHERE id = (SELECT min(id) FROM keys)",
        "UPDATE keys SET box = zeroblob(72) WHERE id = (SELECT min(id) FROM keys)",
        "UPDATE keys SET box = x'00' WHERE id = (SELECT min(id) FROM keys)",
        "UPDATE keys SET box = 'text' WHERE id = (SELECT min(id) FROM keys)",
    ],
    ids=["swapped", "other bucket", "zeroed", "cut", "text"],
)
def test_a_changed_row_is_named_damaged_and_never_read_as_a_key(house, statement):
    with house.open() as vault:
        first = min(put(vault, 3))
    edit(house, statement)
    with house.open() as vault:
        with pytest.raises(IntegrityError):
            vault.get(first)
        with pytest.raises(IntegrityError):
            vault.verify()


def test_a_changed_bucket_stops_the_opening(house):
    with house.open() as vault:
        put(vault, 3)
    edit(house, "UPDATE buckets SET class = 'R9'")
    with pytest.raises(IntegrityError):
        house.open()


def test_without_the_anchor_or_with_another_nothing_opens(house):
    (house.path / "anchor" / "vault.anchor").rename(house.path / "away")
    with pytest.raises(LockedError, match="missing or damaged"):
        house.open()
    FileAnchor(house.path / "anchor" / "vault.anchor").create(
        house.anchor.__class__(house.path / "away").current()._replace(secret=b"x" * 32)
    )
    with pytest.raises(LockedError):
        house.open()


def test_a_wrong_secret_opens_nothing(house):
    for secret in (Credential(b"x" * 32), Passphrase("een heel andere zin")):
        with pytest.raises(LockedError):
            house.open(secret)


# ---------------------------------------------------------------------------------------- custodians


def test_a_custodian_who_joins_opens_and_one_who_left_opens_nothing_that_follows(house):
    newcomer = Passphrase("de nieuwe functionaris")
    with house.open() as vault:
        keys = put(vault, 3)
        vault.add_slot("newcomer", newcomer, argon=COST)
        with pytest.raises(ConflictError):
            vault.add_slot("newcomer", newcomer, argon=COST)
    old_secret = vc.open_slot(stored_slots(house)["fg"], WORDS)
    with house.open(newcomer) as vault:
        vault.remove_slot("fg")
        assert vault.generation == 1
        assert vault.status().slots == ("newcomer", "service")
        assert vault.get_many(list(keys)) == keys
    with pytest.raises(LockedError):
        house.open(WORDS)
    anchor = house.anchor.current()
    with pytest.raises(LockedError):
        vc.open_check(vc.vault_root(anchor.secret, anchor.generation, old_secret), meta(house)["check"])
    for secret in (SERVICE, newcomer):
        with house.open(secret) as vault:
            assert vault.get_many(list(keys)) == keys


def stored_slots(house):
    db = sqlite3.connect(house.file)
    found = [vc.Slot(*row) for row in db.execute("SELECT name, head, box, mac FROM slots")]
    db.close()
    return {slot.name: slot for slot in found}


def meta(house):
    db = sqlite3.connect(house.file)
    found = dict(db.execute("SELECT name, value FROM meta").fetchall())
    db.close()
    return found


def test_the_last_slot_stays_and_an_unknown_one_is_not_found(house):
    with house.open() as vault:
        vault.remove_slot("fg")
        with pytest.raises(ConflictError):
            vault.remove_slot("service")
        with pytest.raises(NotFoundError):
            vault.remove_slot("nobody")


def test_a_planted_slot_gets_no_new_vault_secret(house):
    planted = vc.make_slot("planted", Credential(b"p" * 32), COST, b"guess" * 6 + b"..")
    db = sqlite3.connect(house.file)
    with db:
        db.execute("INSERT INTO slots VALUES (?,?,?,?)", (planted.name, planted.head, planted.box, planted.mac))
    db.close()
    with house.open() as vault, pytest.raises(IntegrityError):
        vault.remove_slot("fg")


# ---------------------------------------------------------------------------------------- files


def test_a_vault_is_never_created_over_and_a_missing_one_never_made(house, tmp_path):
    with pytest.raises(SetupError):
        house.create()
    with pytest.raises(SetupError):
        Vault.open(tmp_path / "nowhere.db", house.anchor, SERVICE)
    assert not (tmp_path / "nowhere.db").exists()


def test_a_vault_needs_somebody_who_can_open_it(tmp_path):
    with pytest.raises(ConflictError):
        Vault.create(tmp_path / "v.db", FileAnchor(tmp_path / "a"), {})


def test_a_full_disk_stores_no_key_and_the_vault_goes_on(house):
    with house.open() as vault:
        keys = put(vault, 10)
        vault.flush()
        pages = vault._primary._db.execute("PRAGMA page_count").fetchone()[0]
        vault._primary._db.execute(f"PRAGMA max_page_count={pages}")
        lost = rows(500)
        with pytest.raises(StorageError, match="disk is full"):
            vault.put_pending(lost)
        assert vault.get_many([r.id for r in lost]) == {}
        vault._primary._db.execute("PRAGMA max_page_count=1000000")
        vault.put_pending(lost)
        assert len(vault.get_many([*keys, *(r.id for r in lost)])) == 510


def test_ids_that_are_no_ids_are_refused(house):
    with house.open() as vault:
        for wrong in ("", "zz" * 16, "00" * 15, " 0" * 16):
            with pytest.raises(IntegrityError):
                vault.get(wrong)


def test_many_threads_read_while_one_writes_and_destroys(house):
    with house.open() as vault:
        keys = put(vault, 200)
        kept = dict(list(keys.items())[:100])
        problems = []

        def read():
            problems.extend("a survivor is missing" for _ in range(20) if vault.get_many(list(kept)) != kept)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for key_id in list(keys)[100:110]:
            vault.shred([key_id])
            put(vault, 5)
        for thread in threads:
            thread.join()
        assert problems == []


def test_status_warns_when_the_anchor_lies_on_the_same_device(house, monkeypatch):
    with house.open() as vault:
        put(vault, 3)
        status = vault.status()
        assert (status.generation, status.keys, status.slots, status.anchor) == (0, 3, ("fg", "service"), "file")
        assert status.warnings == ("anchor-same-device", "no-replica")
        monkeypatch.setattr(house.anchor, "device", lambda: -1)
        assert vault.status().warnings == ("no-replica",)


# ---------------------------------------------------------------------------------------- what the log must hold


def test_the_vault_remembers_the_newest_batch_that_was_confirmed_through_crash_shred_and_restart(house):
    with house.open() as vault:
        assert vault.mark() == b""
        put(vault, 1, tag=b"1-one")
        put(vault, 1, tag=b"2-two")
        assert vault.mark() == b"1-one"  # of the second it is not durable yet that it was confirmed
        vault.put_pending(rows(1, tag=b"9-never in the log"))
        assert vault.mark() == b"2-two"
    with house.open() as vault:
        assert vault.mark() == b"2-two"
        vault.shred([key_id for key_id, _ in vault.pending()])
        put(vault, 1, tag=b"")  # no batch of the log
        vault.flush()
        assert vault.mark() == b"2-two"
    with house.open() as vault:
        assert vault.mark() == b"2-two"


def test_a_replica_remembers_the_same_and_not_a_batch_that_never_came_to_be(pair):
    with pair.open(replica=True) as vault:
        put(vault, 1, tag=b"1-one")
        vault.put_pending(rows(1, tag=b"9-never in the log"))
    (pair.path / "replica").rename(pair.path / "unplugged")
    with pair.open() as vault:
        vault.shred([key_id for key_id, _ in vault.pending()])
    (pair.path / "unplugged").rename(pair.path / "replica")
    with pair.open(replica=True) as vault:
        assert vault.status().replica == "following"
        put(vault, 1, tag=b"2-two")
    with pair.open_replica_alone() as other:
        assert other.mark() == b"2-two"
        assert other.pending() == []


# ---------------------------------------------------------------------------------------- replica


def same(pair, vault, keys):
    """The replica alone holds the same keys at the same generation."""
    generation = vault.generation
    vault.close()
    with pair.open_replica_alone() as other:
        assert other.generation == generation
        assert other.get_many(list(keys)) == keys
        assert sorted(vault_ids(other)) == sorted(keys)
        assert other.verify() == len(keys)


def test_the_replica_follows_every_key_and_every_generation(pair):
    with pair.open(replica=True) as vault:
        keys = put(vault, 200)
        lost = list(keys)[:20]
        vault.shred(lost)
        assert vault.status().replica == "following"
        for key_id in lost:
            del keys[key_id]
        same(pair, vault, keys)


def test_shredding_waits_for_the_replica_and_destroys_nothing_without_it(pair):
    (pair.path / "replica").rename(pair.path / "unplugged")
    with pair.open(replica=True) as vault:
        assert "replica-silent" in vault.status().warnings
        keys = put(vault, 5)
        with pytest.raises(StorageError, match="replica"):
            vault.shred(list(keys))
        assert vault.get_many(list(keys)) == keys
        assert vault.generation == 0
        (pair.path / "unplugged").rename(pair.path / "replica")
        assert vault.shred(list(keys)[:2]).count == 2
        same(pair, vault, dict(list(keys.items())[2:]))


def test_a_replica_that_fails_midway_does_not_stop_new_keys(pair, monkeypatch):
    with pair.open(replica=True) as vault:
        first = put(vault, 3)

        def refuse(*_args):
            raise StorageError("The disk is full; nothing was stored. Free some space and try again.")

        monkeypatch.setattr(vault._replica, "put", refuse)
        second = put(vault, 3)
        assert vault.get_many(list(second)) == second
        assert vault.status().replica == "following", "it was brought back and caught up"
        same(pair, vault, first | second)


def test_a_replica_that_missed_a_destruction_destroys_when_it_is_back(pair):
    with pair.open(replica=True) as vault:
        keys = put(vault, 5)
    with pair.open() as alone:
        alone.shred(list(keys)[:2])
        more = put(alone, 2, "R7")
    with pair.open(replica=True) as vault:
        assert vault.status().replica == "following"
        same(pair, vault, dict(list(keys.items())[2:]) | more)


def test_a_replica_that_missed_the_removal_of_a_custodian_follows_it(pair):
    with pair.open(replica=True) as vault:
        keys = put(vault, 5)
    with pair.open() as alone:
        alone.remove_slot("fg")
    with pair.open(replica=True) as vault:
        assert vault.status().replica == "following"
        same(pair, vault, keys)
    with pytest.raises(LockedError):
        Vault.open(pair.replica.path, pair.replica.anchor, WORDS)


def test_a_vault_restored_from_an_old_copy_is_refused_because_its_replica_is_ahead(pair):
    old = pair.path.with_name("old")
    with pair.open(replica=True) as vault:
        keys = put(vault, 5)
        shutil.copytree(pair.path, old)
        vault.shred(list(keys)[:1])
    for part in ("node", "anchor"):
        shutil.rmtree(pair.path / part)
        shutil.copytree(old / part, pair.path / part)
    with pytest.raises(IntegrityError, match="older than its replica"):
        pair.open(replica=True)


def test_a_lost_vault_lives_on_in_its_replica(pair):
    with pair.open(replica=True) as vault:
        keys = put(vault, 5)
    shutil.rmtree(pair.path / "node")
    shutil.rmtree(pair.path / "anchor")
    with pair.open_replica_alone() as vault:
        assert vault.get_many(list(keys)) == keys


def test_a_replica_is_made_anew_on_a_fresh_medium(pair):
    with pair.open(replica=True) as vault:
        keys = put(vault, 5)
        vault.shred(list(keys)[:1])
    shutil.rmtree(pair.path / "replica")
    shutil.rmtree(pair.path / "replica-anchor")
    with pair.open(replica=True) as vault:
        assert vault.status().replica == "silent"
        vault.renew_replica()
        assert vault.status().replica == "following"
        same(pair, vault, dict(list(keys.items())[1:]))


def test_pending_keys_are_pending_in_the_replica_too(pair):
    with pair.open(replica=True) as vault:
        first, second = rows(2, tag=b"one"), rows(2, tag=b"two")
        vault.put_pending(first)
        vault.confirm([r.id for r in first])
        vault.put_pending(second)
    with pair.open_replica_alone() as other:
        assert other.pending() == sorted((r.id, r.tag) for r in second)


def test_a_second_opening_of_one_vault_gets_one_clear_sentence(house, monkeypatch):
    monkeypatch.setattr("exchange.store.sqlite.BUSY_S", 0.01)
    with house.open(), pytest.raises(StorageError, match="in use by another process"):
        house.open()
