"""The past stays: what our own connections can not do to it, whatever the statement."""

from __future__ import annotations

import sqlite3
import stat

import pytest

from exchange.errors import IntegrityError
from exchange.store import sqlite
from exchange.store.recorder import FORMAT, Checkpoint, connect

EVENT = "(rowid, originator_id, originator_version, topic, state)"
LEAF = "(position, version, kind, at_ms, salt, hash)"

ATTACKS = {
    "update an event": "UPDATE stored_events SET state = 'x'",
    "update a rowid": "UPDATE stored_events SET rowid = 99 WHERE rowid = 1",
    "delete an event": "DELETE FROM stored_events",
    "delete the newest event": "DELETE FROM stored_events WHERE rowid = 6",
    "replace by position": f"INSERT OR REPLACE INTO stored_events {EVENT} VALUES (3, 'aa', 1, 't', 's')",
    "replace by stream and version": (
        f"INSERT OR REPLACE INTO stored_events {EVENT} SELECT 7, originator_id, 1, 't', 's' FROM stored_events "
        "WHERE rowid = 1"
    ),
    "upsert": (
        f"INSERT INTO stored_events {EVENT} VALUES (3, 'aa', 1, 't', 's') ON CONFLICT (rowid) DO UPDATE SET state = 'x'"
    ),
    "skip a position": f"INSERT INTO stored_events {EVENT} VALUES (8, 'aa', 1, 't', 's')",
    "let sqlite choose": "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES ('a',1,'t','s')",
    "update a leaf": "UPDATE leaves SET hash = zeroblob(32)",
    "delete a leaf": "DELETE FROM leaves",
    "replace a leaf": f"INSERT OR REPLACE INTO leaves {LEAF} VALUES (3, 1, 1, 0, zeroblob(16), zeroblob(32))",
    "a leaf without an event": f"INSERT INTO leaves {LEAF} VALUES (7, 1, 1, 0, zeroblob(16), zeroblob(32))",
    "update a ciphertext": "UPDATE sealed SET bytes = zeroblob(3)",
    "replace a ciphertext": "INSERT OR REPLACE INTO sealed SELECT hash, zeroblob(3) FROM sealed",
    "update a checkpoint": "UPDATE checkpoints SET root = zeroblob(32)",
    "delete a checkpoint": "DELETE FROM checkpoints",
    "an older checkpoint": "INSERT INTO checkpoints VALUES (1, zeroblob(32), zeroblob(3))",
    "replace a checkpoint": "INSERT OR REPLACE INTO checkpoints VALUES (6, zeroblob(32), zeroblob(3))",
    "drop a trigger": "DROP TRIGGER stored_events_update",
    "drop a table": "DROP TABLE leaves",
    "alter a table": "ALTER TABLE stored_events ADD COLUMN more",
    "a trigger of one's own": "CREATE TRIGGER t AFTER INSERT ON leaves BEGIN DELETE FROM leaves; END",
    "a temporary trigger": "CREATE TEMP TRIGGER t AFTER INSERT ON leaves BEGIN DELETE FROM leaves; END",
    "turn off recursive triggers": "PRAGMA recursive_triggers = OFF",
    "turn off syncing": "PRAGMA synchronous = OFF",
    "write the schema": "PRAGMA writable_schema = ON",
    "attach another file": "ATTACH ':memory:' AS other",
    "vacuum": "VACUUM",
    "reindex": "REINDEX",
    "the sequence table": "UPDATE sqlite_sequence SET seq = 0",
}


@pytest.fixture
def filled(world, log):
    world.fill(log, 6)
    log.add_checkpoint(*log.head(), b"note")
    return world


def dump(path):
    db = sqlite3.connect(path)
    lines = list(db.iterdump())
    db.close()
    return lines


@pytest.mark.parametrize("attack", ATTACKS)
def test_our_own_connection_cannot(filled, attack):
    before = dump(filled.file)
    db = connect(filled.file)
    with pytest.raises(sqlite3.DatabaseError):
        db.execute(ATTACKS[attack])
    db.close()
    assert dump(filled.file) == before


FOREIGN = {name: sql for name, sql in ATTACKS.items() if sql.startswith(("UPDATE", "DELETE", "INSERT"))} | {
    "delete a ciphertext twice removed": "DELETE FROM leaves WHERE position = 6"
}
FOREIGN.pop("the sequence table")


@pytest.mark.parametrize("attack", FOREIGN)
def test_the_triggers_alone_stop_an_honest_mistake_in_a_plain_sqlite_shell(filled, attack):
    """Without our authorizer and without recursive_triggers: the file defends itself against slips."""
    before = dump(filled.file)
    db = sqlite3.connect(filled.file)
    with pytest.raises(sqlite3.DatabaseError):
        db.execute(FOREIGN[attack])
    db.rollback()
    db.close()
    assert dump(filled.file) == before


def test_a_ciphertext_may_go_and_only_that(filled, log):
    db = connect(filled.file)
    db.execute("DELETE FROM sealed")
    assert db.execute("SELECT count(*) FROM sealed").fetchone() == (0,)
    db.close()


def test_every_connection_is_durable_and_strict(log):
    with log._recorder.datastore.get_connection(commit=False) as connection:
        for db in (connection._sqlite_conn, log._recorder.datastore._point):
            values = {
                name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "recursive_triggers")
            }
            values |= {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("secure_delete", "journal_mode")}
            values["page_size"] = db.execute("PRAGMA page_size").fetchone()[0]
            assert values == {
                "synchronous": 2,
                "recursive_triggers": 1,
                "secure_delete": 1,
                "journal_mode": "wal",
                "page_size": 8192,
            }


def test_only_the_owner_may_read_the_file(world, log):
    world.fill(log, 1)
    for file in world.directory.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file.name


def test_a_refused_write_is_one_of_our_errors(world, log):
    world.fill(log, 3)
    with pytest.raises(IntegrityError, match="contradicts"), sqlite.disk():
        log._recorder.insert_checkpoint(Checkpoint(0, b"", b""))


def test_a_crash_while_creating_leaves_nothing_and_the_next_attempt_succeeds(tmp_path, monkeypatch):
    path = tmp_path / "log.db"
    monkeypatch.setattr(sqlite, "sync", lambda _path: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        sqlite.create(path, FORMAT)
    assert not path.exists()
    monkeypatch.undo()
    sqlite.create(path, FORMAT)
    connect(path).close()
    assert [file.name for file in tmp_path.iterdir()] == ["log.db"]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 31, 32, 33, 45, 100])
def test_many_rows_go_in_with_few_statements_in_order_and_whole(count):
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
    statements = []

    def execute(statement, values):
        statements.append(statement)
        return db.execute(statement, values)

    rows = [(number, f"row {number}") for number in range(count)]
    sqlite.insert(execute, "t (a, b)", rows)
    assert db.execute("SELECT a, b FROM t ORDER BY rowid").fetchall() == rows
    assert len(statements) == count // 32 + count % 32 // 8 + count % 8
    assert len(set(statements)) <= 3
