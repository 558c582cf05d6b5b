"""Views: exactly once, whatever moment the process dies; rebuilt whenever they cannot be trusted."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from exchange.domain.event import LOCKED
from exchange.domain.events import NodeStarted
from exchange.errors import IntegrityError, StorageError
from exchange.store.log import Log
from exchange.store.views import View, catch_up, pump


class Codes(View):
    """Counts topics, and keeps the order in which events came in."""

    schema = """
CREATE TABLE counts (topic TEXT PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE seen (log_index INTEGER PRIMARY KEY, topic TEXT NOT NULL);
"""
    fail_at: int | None = None

    def handle(self, db, index, event):
        db.execute("INSERT INTO counts VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1", (event.topic,))
        if index == self.fail_at:
            raise StorageError("The disk is full; nothing was stored. Free some space and try again.")
        db.execute("INSERT INTO seen VALUES (?,?)", (index, event.topic))


class Readers(View):
    """Wants to see what is sealed."""

    schema = "CREATE TABLE notes (log_index INTEGER PRIMARY KEY, state TEXT NOT NULL);"
    unsealed = True

    def handle(self, db, index, event):
        note = getattr(event, "note", None)
        db.execute("INSERT INTO notes VALUES (?,?)", (index, "locked" if note is LOCKED else "open"))


class SealedReaders(Readers):
    unsealed = False


@pytest.fixture
def view(tmp_path):
    view = Codes(tmp_path / "views.db")
    yield view
    view.close()


def counted(view):
    return {row["topic"]: row["n"] for row in view.rows("SELECT topic, n FROM counts")}


def test_pump_takes_everything_in_once_and_remembers_how_far_it_is(world, log, view, tmp_path):
    world.fill(log, 1100)
    assert list(pump(log, view)) == [500, 1000, 1100]
    assert list(pump(log, view)) == []
    assert sum(counted(view).values()) == 1100
    view.close()
    again = Codes(tmp_path / "views.db")
    assert again.position == 1100
    world.fill(log, 3)
    assert catch_up(log, again) == 1103
    assert [row["log_index"] for row in again.rows("SELECT log_index FROM seen")] == list(range(1103))
    again.close()


def test_what_a_commit_hands_over_goes_straight_in_and_twice_is_once(world, log, view):
    with log.batch(world.now) as batch:
        batch.append(world.opened())
        batch.append(world.opened())
        stored = [(entry.index, event) for entry, event in batch.commit()]
    for _ in range(2):
        view.apply(stored)
    view.apply(stored[1:])
    assert counted(view) == {"test/opened/1": 2}
    assert catch_up(log, view) == 2


def test_a_gap_is_refused_and_nothing_is_taken_in(world, view):
    with pytest.raises(IntegrityError) as caught:
        view.apply([(0, world.opened()), (2, world.opened())])
    assert caught.value.index == 1
    assert view.position == 0
    assert counted(view) == {}


def test_a_page_that_fails_midway_leaves_no_trace_and_is_taken_in_later(world, log, view):
    world.fill(log, 10)
    view.fail_at = 7
    with pytest.raises(StorageError):
        catch_up(log, view)
    assert (view.position, counted(view)) == (0, {})
    view.fail_at = None
    assert catch_up(log, view) == 10
    assert sum(counted(view).values()) == 10


def test_private_fields_read_locked_unless_the_view_says_it_needs_them(world, log, tmp_path):
    world.fill(log, 3)
    for kind, expected in ((Readers, "open"), (SealedReaders, "locked")):
        view = kind(tmp_path / f"{kind.__name__}.db")
        catch_up(log, view)
        assert view.rows("SELECT state FROM notes WHERE log_index=2")[0]["state"] == expected
        view.close()


def changed(**values):
    return type("Codes", (Codes,), values)


@pytest.mark.parametrize(
    "other",
    [changed(schema_version=2), changed(schema=Codes.schema.replace("n INTEGER NOT NULL", "n INTEGER"))],
    ids=["version raised", "schema changed"],
)
def test_a_changed_schema_rebuilds_the_view(world, log, view, tmp_path, other):
    world.fill(log, 5)
    catch_up(log, view)
    view.close()
    again = other(tmp_path / "views.db")
    assert (again.position, counted(again)) == (0, {})
    assert catch_up(log, again) == 5
    again.close()


def test_a_damaged_view_is_rebuilt(world, log, view, tmp_path):
    world.fill(log, 5)
    catch_up(log, view)
    view.close()
    (tmp_path / "views.db").write_bytes(b"scribbled over" * 1000)
    again = Codes(tmp_path / "views.db")
    assert catch_up(log, again) == 5
    again.close()


def test_a_view_ahead_of_a_restored_log_is_rebuilt(world, log, view):
    world.fill(log, 5)
    view.apply([(n, world.opened()) for n in range(9)])
    assert catch_up(log, view) == 5
    assert sum(counted(view).values()) == 5


def test_readers_cannot_write(view):
    with pytest.raises(StorageError):
        view.rows("DELETE FROM counts")


def test_two_builds_of_one_log_are_the_same_and_a_touched_one_is_not(world, log, view, tmp_path):
    world.fill(log, 30)
    catch_up(log, view)
    other = Codes(tmp_path / "other.db")
    catch_up(log, other)
    assert view.table_names() == ["counts", "seen"]
    assert view.differences(other, log) == []
    other._db.execute("UPDATE counts SET n = n + 1")
    assert view.differences(other, log) == other.differences(view, log) == ["counts"]
    other._db.execute("DELETE FROM seen WHERE log_index = 7")
    assert view.differences(other, log) == other.differences(view, log) == ["counts", "seen"]
    other.close()


def test_a_view_is_compared_at_one_moment_while_it_goes_on(world, log, view, tmp_path):
    world.fill(log, 10)
    draft = Codes(tmp_path / "draft.db", draft=True)
    assert list(pump(log, draft, log.size)) == [10]
    world.fill(log, 3)
    catch_up(log, view)
    assert view.differences(draft, log) == []
    assert draft.position == 13
    draft.close()


def test_a_view_that_stayed_behind_differs(world, log, view, tmp_path):
    world.fill(log, 10)
    assert list(pump(log, view, 7)) == [7]
    assert list(pump(log, view, 3)) == []
    draft = Codes(tmp_path / "draft.db", draft=True)
    catch_up(log, draft)
    assert view.differences(draft, log) == ["counts", "seen"]
    draft.close()


def test_a_changed_added_or_lost_row_or_column_differs(world, log, view, tmp_path):
    world.fill(log, 4)
    catch_up(log, view)
    for number, statement in enumerate(
        (
            "UPDATE seen SET topic = NULL WHERE log_index = 2",
            "UPDATE seen SET topic = CAST(topic AS BLOB) WHERE log_index = 2",
            "UPDATE seen SET log_index = 99 WHERE log_index = 2",
            "INSERT INTO seen VALUES (99, 'test/opened/1')",
            "DELETE FROM seen",
            "DROP TABLE seen",
            "ALTER TABLE seen ADD COLUMN more TEXT",
        )
    ):
        other = changed(schema=Codes.schema.replace("topic TEXT NOT NULL);", "topic TEXT);"))(tmp_path / f"{number}.db")
        catch_up(log, other)
        plain = changed(schema=other.schema)(tmp_path / f"{number}-plain.db")
        catch_up(log, plain)
        assert plain.differences(other, log) == []
        other._db.execute(statement)
        assert plain.differences(other, log) == other.differences(plain, log) == ["seen"]
        other.close()
        plain.close()


class Indexed(Codes):
    indexes = "CREATE INDEX seen_topic ON seen(topic);"


def test_an_empty_view_of_a_long_log_is_made_beside_it_whole_and_durable(world, log, tmp_path, monkeypatch):
    monkeypatch.setattr("exchange.store.views._MANY", 20)
    world.fill(log, 19)
    for count in (19, 20):
        plain, view = Indexed(tmp_path / f"plain{count}.db"), Indexed(tmp_path / f"views{count}.db")
        for _ in pump(log, plain):
            pass
        assert catch_up(log, view) == log.size == count
        assert view.differences(plain, log) == []
        assert len(view.rows("SELECT 1 FROM sqlite_master WHERE name='seen_topic'")) == 1
        assert view.rows("PRAGMA journal_mode")[0][0] == "wal"
        assert not list(tmp_path.glob("*.draft*"))
        plain.close()
        view.close()
        world.fill(log, 1)


def test_a_draft_that_fails_leaves_the_view_as_it_was_and_is_made_anew(world, log, tmp_path, monkeypatch):
    monkeypatch.setattr("exchange.store.views._MANY", 20)
    world.fill(log, 30)
    (tmp_path / "views.db.draft").write_bytes(b"left by a process that was killed")
    view = Indexed(tmp_path / "views.db")
    monkeypatch.setattr(Indexed, "fail_at", 25)
    with pytest.raises(StorageError):
        catch_up(log, view)
    assert (view.position, counted(view)) == (0, {})
    monkeypatch.setattr(Indexed, "fail_at", None)
    assert catch_up(log, view) == 30
    assert sum(counted(view).values()) == 30
    view.close()


def test_an_index_more_rebuilds_the_view(world, log, view, tmp_path):
    world.fill(log, 5)
    catch_up(log, view)
    view.close()
    again = changed(indexes=Indexed.indexes)(tmp_path / "views.db")
    assert (again.position, catch_up(log, again)) == (0, 5)
    again.close()


SCRIPT = """
import sys, pathlib
from exchange.store.log import Log
from exchange.store.views import View, pump
class Codes(View):
    schema = "CREATE TABLE seen (n INTEGER PRIMARY KEY AUTOINCREMENT, log_index INTEGER NOT NULL);"
    def handle(self, db, index, event):
        db.execute("INSERT INTO seen (log_index) VALUES (?)", (index,))
        if index % 97 == 0: print("at", index, flush=True)
root = pathlib.Path(sys.argv[1])
with Log.open(root, None) as log:
    view = Codes(root / "killed.db")
    for position in pump(log, view): print("done", position, flush=True)
    print("end", flush=True)
"""


def test_kill_dash_nine_at_any_moment_still_takes_every_event_in_exactly_once(world, log, tmp_path):
    started = {"originator_id": uuid4(), "at": world.now, "release": "0.1.0", "build": "", "settled": 0}
    with log.batch(world.now) as batch:
        for _ in range(2400):
            batch.append(NodeStarted(**started))  # a kind of event the other process knows too
        batch.commit()
    log.close()
    kills = 0
    for lines in (2, 9, 6, 1000):
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        ) as process:
            for _ in range(lines):
                if process.stdout.readline() in ("end\n", ""):
                    break
            else:
                process.kill()
                kills += 1
    assert kills == 3
    db = sqlite3.connect(tmp_path / "killed.db")
    assert [row[0] for row in db.execute("SELECT log_index FROM seen ORDER BY n")] == list(range(2400))
    assert db.execute("SELECT position FROM view_position").fetchone() == (2400,)
    db.close()


def test_a_log_opened_by_an_auditor_feeds_a_view_too(world, log, reopen, tmp_path):
    world.fill(log, 3)
    reopen().close()
    with Log.open(world.directory, None) as auditor:
        view = Readers(tmp_path / "readers.db")
        catch_up(auditor, view)
        assert view.rows("SELECT state FROM notes WHERE log_index=2")[0]["state"] == "locked"
        view.close()
