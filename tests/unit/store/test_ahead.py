"""A second process makes the pages of a long log: the same rows, the same sentences, and nothing left running."""

from __future__ import annotations

import json
import marshal
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from uuid import uuid4

import pytest

from exchange.domain import events as e
from exchange.errors import IntegrityError
from exchange.node import accountability
from exchange.store import ahead, views
from exchange.store.entry import Entry
from exchange.store.ledger import Ledger
from exchange.store.mapper import decode
from exchange.store.views import View, pump

ROOT = Path(__file__).parents[3]
SAMPLES = json.loads((ROOT / "tests" / "vectors" / "events.json").read_text(encoding="utf-8"))
PAGES = 5
READY = struct.pack(">I", 7)
HEAD = struct.Struct(">QQI")
linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")


def sent(number: int, now) -> list:
    """A message, two of its items and its receipt."""
    message, act, keys = f"{number:064x}", uuid4(), [uuid4().hex for _ in range(4)]
    base = {"at": now, "partner": "welzijn", "message": message}
    part = e.StoredPart(hash=message, key_id=keys[0], retention="r02")
    item = {"act": act, "part": 0, "direction": "sent", "channel": "EXCHANGE", "kind": "disclosure", "category": "C",
            "purpose": "P", "basis": ("a",), "retention": "r02", "content_key": keys[0], "sealed": message, "case": None,
            "by": None, "subject": act, "mentions": [], "field": "f"}  # fmt: skip
    signed = {"signature": "00", "sequence": number}
    return [
        e.MessageSent(originator_id=uuid4(), at=now, recipient="welzijn", message=message, kind="k", header="{}", parts=(part,),
                      disclosure=act, by=None, **signed),
        *(e.ItemRecorded(originator_id=uuid4(), item=uuid4(), key_id=key, **base, **item) for key in keys[1:3]),
        e.ReceiptReceived(originator_id=uuid4(), receipt="{}", rejected={}, **base, **signed),
    ]  # fmt: skip


@pytest.fixture
def long_log(world, keys, log):
    """Every kind of event there is, and then what a log is full of, in five pages."""
    with log.batch(world.now) as batch:
        for number, sample in enumerate(SAMPLES):
            key = bytes.fromhex(sample["key"])
            entry = Entry(0, sample["originator"], sample["version"], sample["topic"], bytes.fromhex(sample["state"]))
            event = decode(entry, lambda _, key=key: key)
            if getattr(event, "key_id", None):
                keys.keys[event.key_id] = key
            once = {
                "message": f"{10_000 + number:064x}",
                "activity": uuid4(),
            }  # both versions of an event tell of one thing
            mine = {field: value for field, value in once.items() if hasattr(event, field)}
            batch.append(event.model_copy(update={"originator_id": uuid4(), **mine}))
        number = 0
        while len(batch) < PAGES * views.PAGE - 100:
            number += 1
            for event in sent(number, world.now):
                if type(event).private:
                    keys.keys.setdefault(event.key_id, bytes(32))
                batch.append(event)
        batch.commit()
    return log


@pytest.fixture
def helpers(monkeypatch):
    """Every log is long here, there are cores enough, and whoever asks waits until the process is up; which were started."""
    started = []
    start, waits = ahead._started, ahead._waits
    monkeypatch.setattr(ahead, "LONG", 1)
    monkeypatch.setattr(ahead, "_cores", lambda: 2)
    monkeypatch.setattr(ahead, "_waits", lambda pipe: bool(select.select([pipe], [], [])) and waits(pipe))
    monkeypatch.setattr(ahead, "_started", lambda *call: started.append(start(*call)) or started[-1])
    return started


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A draft to fill; it remembers who made each page of it."""

    class Watched(Ledger):
        who: list[str] = []  # noqa: RUF012 - of this test alone

        def run(self, page):
            self.who.append("ahead")
            super().run(page)

        def apply(self, events):
            self.who.append("alone")
            super().apply(events)

    for name in ("__module__", "__name__", "__qualname__"):
        setattr(Watched, name, getattr(Ledger, name))
    view = Watched(tmp_path / "made.db", draft=True)
    yield view
    view.close()


@pytest.fixture
def plain(tmp_path):
    view = Ledger(tmp_path / "plain.db")
    yield view
    view.close()


def alone(log, view) -> None:
    """One process, one event after another."""
    for start in range(0, log.size, views.PAGE):
        view.apply([(entry.index, log.event(entry)) for entry in log.entries(start, views.PAGE)])


def ended(process: subprocess.Popen) -> bool:
    return process.returncode is not None


# ---------------------------------------------------------------------------------------- the same rows


def test_two_processes_fill_every_table_with_the_rows_of_one(long_log, helpers, made, plain):
    alone(long_log, plain)
    positions = list(pump(long_log, made))
    assert positions == [500, 1000, 1500, 2000, long_log.size]
    assert made.who == ["ahead"] * PAGES
    assert plain.differences(made, long_log) == []
    assert sum(plain.count(table) for table in plain.table_names()) > long_log.size
    assert [ended(process) for process in helpers] == [True]


def test_until_it_is_up_and_after_its_last_page_the_asker_makes_them_itself(
    world, long_log, helpers, made, plain, monkeypatch
):
    answers = iter([False, True])
    waits = ahead._waits
    monkeypatch.setattr(ahead, "_waits", lambda pipe: next(answers) and waits(pipe))
    steps = pump(long_log, made)
    assert [next(steps), next(steps)] == [500, 1000]
    with long_log.batch(world.now) as batch:
        batch.append(e.GapFound(originator_id=uuid4(), at=world.now, partner="welzijn", first=1, last=2))
        batch.commit()
    assert list(steps)[-1] == long_log.size
    assert made.who == ["alone", *["ahead"] * (PAGES - 1), "alone"]
    alone(long_log, plain)
    assert plain.differences(made, long_log) == []


def test_a_view_that_is_made_anew_at_a_start_is_made_by_two(long_log, helpers, plain, tmp_path, monkeypatch):
    monkeypatch.setattr(views, "_MANY", 1000)
    alone(long_log, plain)
    view = Ledger(tmp_path / "views.db")
    assert views.catch_up(long_log, view) == long_log.size
    assert plain.differences(view, long_log) == []
    assert [ended(process) for process in helpers] == [True]
    view.close()


def test_it_works_in_a_thread_of_a_process_that_goes_on(long_log, helpers, made):
    thread = threading.Thread(target=lambda: list(pump(long_log, made)))
    thread.start()
    thread.join()
    assert (made.position, made.who) == (long_log.size, ["ahead"] * PAGES)


def test_the_auditors_replay_agrees_and_leaves_nothing_behind_when_it_is_broken_off(
    long_log, helpers, plain, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    alone(long_log, plain)
    answer = list(accountability.replay(long_log, plain))[-1]
    assert (answer.ok, answer.entries) == (True, long_log.size)
    steps = accountability.replay(long_log, plain)
    assert next(steps) == views.PAGE
    steps.close()
    assert [ended(process) for process in helpers] == [True, True]
    assert not list(tmp_path.glob("replay-*"))


@pytest.mark.parametrize("why", ["short", "one core", "only the view knows"])
def test_no_process_is_started_when_it_would_not_help_or_could_not(long_log, helpers, made, monkeypatch, why):
    if why == "short":
        monkeypatch.setattr(ahead, "LONG", long_log.size + 1)
    elif why == "one core":
        monkeypatch.setattr(ahead, "_cores", lambda: 1)
    else:
        monkeypatch.setattr(type(made), "statements", View.statements)
    assert list(pump(long_log, made))[-1] == long_log.size
    assert (helpers, set(made.who)) == ([], {"alone"})


# ---------------------------------------------------------------------------------------- what may befall it


@pytest.mark.parametrize("pages", [1, 3])
def test_a_process_that_is_killed_costs_no_row(long_log, helpers, made, plain, pages):
    steps = pump(long_log, made)
    for _ in range(pages):
        next(steps)
    os.kill(helpers[0].pid, signal.SIGKILL)
    helpers[0].wait()
    assert list(steps)[-1] == long_log.size
    alone(long_log, plain)
    assert plain.differences(made, long_log) == []


def test_no_room_for_another_process_costs_no_row(long_log, helpers, made, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert list(pump(long_log, made))[-1] == long_log.size
    assert (helpers, set(made.who)) == ([None], {"alone"})


@pytest.mark.parametrize(
    "answer",
    [b"", b"????", READY, READY + HEAD.pack(0, 500, 9)[:7], READY + HEAD.pack(0, 500, 99) + marshal.dumps([]),
     READY + HEAD.pack(0, 500, 3) + b"\xff\xff\xff", READY + HEAD.pack(500, 1000, 5) + marshal.dumps([])],
    ids=["nothing", "another greeting", "no page", "half a head", "half a page", "no page of ours", "another page"],
)  # fmt: skip
def test_what_is_no_page_is_not_taken_for_one(answer):
    script = "import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))"
    process = subprocess.Popen(
        [sys.executable, "-c", script, answer.hex()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    select.select([process.stdout], [], [])
    helper = ahead.Helper(process, 7)
    assert [helper.page(0), helper.page(0)] == [None, None]
    assert ended(process)


@pytest.mark.parametrize(
    ("change", "index"),
    [("state = '{\"at\":7}'", 1700), ("state = substr(state, 2)", 1650), ("topic = 'from/the-future/1'", 1300)],
    ids=["another line", "a byte less", "unknown kind"],
)
def test_a_damaged_log_is_named_by_the_same_sentence_and_index(
    long_log, world, helpers, made, plain, change, index, monkeypatch
):
    world.foreign(f"UPDATE stored_events SET {change} WHERE rowid = {index + 1}")
    with pytest.raises(IntegrityError) as by_two:
        list(pump(long_log, made))
    assert made.who[0] == "ahead"
    assert made.position == index // views.PAGE * views.PAGE
    assert [ended(process) for process in helpers] == [True]
    monkeypatch.setattr(ahead, "_cores", lambda: 1)
    with pytest.raises(IntegrityError) as by_one:
        list(pump(long_log, plain))
    assert str(by_two.value) == str(by_one.value)
    assert by_two.value.index == by_one.value.index


def test_after_an_upgrade_on_disk_the_other_releases_rows_are_not_taken(long_log, helpers, made, monkeypatch):
    monkeypatch.setattr(type(made), "schema_version", Ledger.schema_version + 1)
    assert list(pump(long_log, made))[-1] == long_log.size
    assert ([ended(process) for process in helpers], set(made.who)) == ([True], {"alone"})


def test_whoever_stops_asking_leaves_no_process_behind(long_log, helpers, made):
    steps = pump(long_log, made)
    next(steps)
    assert not ended(helpers[0])
    steps.close()
    assert ended(helpers[0])


SCRIPT = """
import sys, pathlib
print("began", flush=True)
from exchange.store import ahead
from exchange.store.ledger import Ledger
import select
ahead.LONG, ahead._cores = 1, lambda: 2
with ahead.of(pathlib.Path(sys.argv[1]), Ledger, Ledger.schema_id(), 0, 10**9) as helper:
    process = helper._process
    select.select([process.stdout], [], [])
    print(process.pid, helper.page(0).stop, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is not ours")
def test_a_parent_that_is_killed_takes_it_along_and_its_program_is_begun_once(long_log, world, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, script, world.file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as parent:
        assert parent.stdout.readline() == "began\n"
        pid, stop = map(int, parent.stdout.readline().split())
        gone = select.poll()
        gone.register(os.pidfd_open(pid), select.POLLIN)
        assert (stop, gone.poll(0)) == (500, [])
        parent.kill()
        assert gone.poll(60_000)
        assert parent.stdout.read() == ""


@linux
def test_it_holds_no_key_no_environment_and_no_file_but_the_log(long_log, world, helpers, made, monkeypatch):
    monkeypatch.setenv("EXCHANGE_PASSPHRASE", "hunter2")
    steps = pump(long_log, made)
    next(steps)
    home = Path("/proc") / str(helpers[0].pid)
    names = {line.partition(b"=")[0] for line in (home / "environ").read_bytes().split(b"\0") if line}
    assert names <= {b"PYTHONPATH", b"LD_LIBRARY_PATH"}
    files = {handle.readlink().name for handle in (home / "fd").iterdir() if handle.name not in "012"}
    assert files <= {"log.db", "log.db-wal", "log.db-shm"}
    assert "log.db" in files
    steps.close()


def test_it_can_change_nothing_in_the_log(long_log, world):
    db = ahead.reader(world.file)
    with pytest.raises(Exception, match=r"readonly|not authorized"):
        db.execute("INSERT INTO checkpoints VALUES(1, x'', x'')")
    assert len(ahead.entries(db, 3, 2)) == 2
    db.close()
