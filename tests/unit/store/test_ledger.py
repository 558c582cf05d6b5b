"""The ledger gathers a page's statements and reads lines as text: to the same rows as one event after another."""

from __future__ import annotations

import json
import marshal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain import events as e
from exchange.domain.event import EVENTS
from exchange.errors import IntegrityError
from exchange.store.entry import Entry
from exchange.store.grouped import Grouped, run, table_of
from exchange.store.kept import KEPT, KEPT_WITH
from exchange.store.ledger import _ACTIONS, Ledger
from exchange.store.mapper import decode, encode, public

SAMPLES = json.loads((Path(__file__).parents[2] / "vectors" / "events.json").read_text(encoding="utf-8"))
AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HEX = [f"{n:064x}" for n in range(8)]
KEYS = [f"{n:032x}" for n in range(8)]
IDS = [UUID(int=n + 1) for n in range(8)]
PARTNERS = ("actium", "gemeente")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "views.db")
    yield ledger
    ledger.close()


def empty() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    for statement in Ledger._statements(draft=False):
        db.execute(statement)
    return db


def content(db: sqlite3.Connection) -> dict:
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    return {name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}


def entry_of(index: int, event) -> Entry:
    key = bytes(32) if type(event).private and getattr(event, "key_id", None) else None
    return Entry(index, event.originator_id.hex, 1, event.topic, encode(event, 1, key))


# ---------------------------------------------------------------------------------------- events in any order

pick = st.sampled_from
message, key, some_id, partner, sequence = pick(HEX), pick(KEYS), pick(IDS), pick(PARTNERS), st.integers(1, 4)
maybe = lambda values: st.none() | values  # noqa: E731 - a strategy of strategies
base = {"originator_id": some_id, "at": st.integers(0, 5).map(lambda n: AT + timedelta(milliseconds=n))}
signed = {"header": st.just("{}"), "signature": st.just("00")}
part = st.builds(e.StoredPart, hash=message, key_id=maybe(key), retention=pick(["r01", "r02"]))
parts = st.lists(part, max_size=3).map(tuple)
items = st.builds(
    e.ItemRecorded, **base, key_id=key, item=some_id, act=some_id, message=maybe(message), part=st.integers(0, 3),
    direction=pick(["sent", "received"]), partner=partner, channel=pick(["EXCHANGE", "PAPER"]), kind=st.just("signal"),
    category=st.just("C"), purpose=st.just("P"), basis=st.just(("a", "b")), retention=pick(["r01", "r02"]),
    content_key=maybe(key), sealed=maybe(message), case=maybe(some_id), by=maybe(some_id), subject=some_id,
    mentions=st.just([]), field=st.just("f"),
)  # fmt: skip
events = st.one_of(
    st.builds(e.MessageSent, **base, **signed, recipient=partner, sequence=sequence, message=message, kind=pick(["a", "b"]),
              parts=parts, disclosure=some_id, by=maybe(some_id), reply_to=maybe(message)),
    st.builds(e.MessageReceived, **base, **signed, sender=partner, sequence=sequence, message=message, kind=pick(["a", "b"]),
              kid=key, parts=parts, reply_to=maybe(message), generation=st.just(1)),
    st.builds(e.ReceiptIssued, **base, partner=partner, sequence=sequence, message=message, receipt=st.just("{}"),
              signature=st.just("00")),
    st.builds(e.ReceiptReceived, **base, partner=partner, sequence=sequence, message=message, receipt=st.just("{}"),
              signature=st.just("00"), rejected=st.dictionaries(st.integers(1, 3), st.just(("R05",)), max_size=2)),
    st.builds(e.MessageNacked, **base, partner=partner, sequence=sequence, message=message, reason=pick(["x", "y"])),
    st.builds(e.SequenceVoided, **base, **signed, recipient=partner, sequence=sequence, message=message, voided=message,
              reason=st.just("z"), by=maybe(some_id)),
    st.builds(e.SequenceVoidedByPartner, **base, **signed, sender=partner, sequence=sequence, message=message,
              reason=st.just("z")),
    items,
    st.builds(e.FrameParked, **base, partner=partner, frame=message, reason=st.just("F03")),
    st.builds(e.ParkedRetried, **base, by=some_id),
    st.builds(e.ParkedDropped, **base, by=some_id, reason=st.just("old")),
    st.builds(e.RetentionConfirmed, **base, rule=pick(["A", "B"]), retention=st.just("r01"), trigger=st.just("RECEIPT"),
              period=pick(["P1Y", "P2Y"]), legal_source=st.just("art."), by=some_id),
    st.builds(e.ErasureDecided, **base, rule=pick(["A", "B"]), items=st.just(()), key_ids=st.lists(key, max_size=3).map(tuple),
              sealed=st.just(()), by=maybe(some_id), clock=st.just("trusted")),
    st.builds(e.ErasureDone, **base, generation=st.integers(1, 3), keys=st.just(1), epochs=st.just(1), anchor=st.just("file")),
    st.builds(e.CommandAccepted, **base, key_id=st.none(), request=message, body=message, act=some_id,
              result=st.just({"n": 1, "ids": ["x"]}), external_reference=st.none()),
    st.builds(e.GapFound, **base, partner=partner, first=sequence, last=sequence),
    st.builds(e.RefusalRecorded, **base, side=pick(["sender", "receiver"]), partner=partner, kind=st.just("k"),
              codes=st.lists(pick(["R05", "R06"]), max_size=2).map(tuple), categories=st.just(()), by=st.none()),
    st.builds(e.EquivocationFound, **base, **signed, partner=partner, sequence=sequence, message=message, other=message),
    st.builds(e.AlarmRaised, **base, alarm=st.just("clock"), partner=st.none()),
)  # fmt: skip
NEW_ROWS = (e.MessageSent, e.MessageReceived, e.SequenceVoided, e.SequenceVoidedByPartner)


def possible(drawn: list) -> list:
    """Without what no log holds: a message id, a parking place or an erasure that begins twice."""
    seen, kept = set(), []
    for event in drawn:
        once = event.message if isinstance(event, NEW_ROWS) else None
        if isinstance(event, e.FrameParked | e.ErasureDecided):
            once = (type(event), event.originator_id)
        if once is None or once not in seen:
            seen.add(once)
            kept.append(event)
    return kept


@settings(max_examples=150, deadline=None)
@given(st.lists(events, max_size=40).map(possible), st.integers(1, 40), st.booleans())
def test_pages_of_any_size_give_the_rows_of_one_event_after_another(ledger, drawn, size, as_text):
    one_by_one, paged = empty(), empty()
    for index, event in enumerate(drawn):
        ledger.handle(one_by_one, index, event)
    pairs = [(n, public(entry_of(n, event)) if as_text else event) for n, event in enumerate(drawn)]
    for start in range(0, len(pairs), size):
        ledger.handle_all(paged, pairs[start : start + size])
    assert content(paged) == content(one_by_one)


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s["topic"] in _ACTIONS], ids=lambda s: s["topic"])
def test_a_stored_line_of_every_release_gives_the_rows_of_its_event(ledger, sample):
    """Older lines among them: what they lack reads as its default."""
    entry = Entry(5, sample["originator"], sample["version"], sample["topic"], bytes.fromhex(sample["state"]))
    one, other = empty(), empty()
    ledger.handle(one, 5, decode(entry, None))
    ledger.handle(other, 5, public(entry))
    assert content(one) == content(other)


class Watched:
    """Runs statements, and sees which tables each of them reads or writes."""

    def __init__(self) -> None:
        self.touched: dict[str, set[str]] = {}
        self._db, self._tables = empty(), set()
        self._db.set_authorizer(self._see)

    def _see(self, action, first, *_):
        if action in (sqlite3.SQLITE_READ, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE):
            self._tables.add(first)
        return sqlite3.SQLITE_OK

    def execute(self, sql, parameters):
        self._tables.clear()
        self._db.execute(sql, parameters)
        self.touched.setdefault(sql, set()).update(self._tables)

    def executemany(self, sql, parameters):
        for values in parameters:
            self.execute(sql, values)


@settings(max_examples=200, deadline=None)
@given(st.lists(events, max_size=20).map(possible))
def test_no_statement_of_the_ledger_touches_another_table_than_the_one_it_names(ledger, drawn):
    """What lets each table's statements be gathered."""
    watched = Watched()
    for index, event in enumerate(drawn):
        ledger.handle(watched, index, event)
    for sql, tables in watched.touched.items():
        assert tables == {table_of(sql)}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s["topic"])
def test_what_another_process_hands_over_gives_the_rows_of_every_kind_of_event(ledger, sample):
    """No action looks at the tables for what it is to do: it is given none here."""
    entry = Entry(5, sample["originator"], sample["version"], sample["topic"], bytes.fromhex(sample["state"]))
    one, other = empty(), empty()
    ledger.handle(one, 5, decode(entry, None))
    run(other, marshal.loads(marshal.dumps(Ledger.statements([entry]))))  # noqa: S302 - made on this line
    assert content(one) == content(other)


def test_statements_of_one_table_keep_their_order_and_others_keep_their_place():
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t(n INTEGER)")
    db.execute("CREATE TABLE u(n INTEGER)")
    grouped = Grouped()
    grouped.execute("INSERT INTO t VALUES(?)", (1,))
    grouped.execute("UPDATE t SET n = n + ?", (10,))
    grouped.executemany("INSERT INTO t VALUES(?)", [(2,), (3,)])
    grouped.in_between().execute("INSERT INTO u SELECT n FROM t WHERE n > ?", (1,))
    grouped.in_between().executemany("DELETE FROM t WHERE n = ?", ((n,) for n in (2, 4)))
    grouped.execute("INSERT INTO t VALUES(?)", (4,))
    run(db, grouped.all())
    assert db.execute("SELECT n FROM t").fetchall() == [(11,), (3,), (4,)]
    assert db.execute("SELECT n FROM u").fetchall() == [(11,), (2,), (3,)]
    with pytest.raises(IntegrityError, match="INSERT and UPDATE"):
        grouped.execute("DELETE FROM t", ())


# ---------------------------------------------------------------------------------------- lines that are no events


def gap(line: bytes) -> Entry:
    return Entry(3, "0" * 32, 1, "gap/found/1", line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nonsense",
        b"[]",
        b"7",
        b"{}",
        b'{"at":"2026-03-02T08:00:00.000Z","partner":"a","first":1,"last":2,"more":3}',
    ],
)
def test_a_line_that_is_not_of_its_kind_is_named_by_its_index(line):
    with pytest.raises(IntegrityError) as caught:
        public(gap(line))
    assert caught.value.index == 3


@pytest.mark.parametrize(
    "line",
    [b'{"at":"never","partner":"a","first":1,"last":2}', b'{"at":null,"partner":"a","first":1,"last":2}',
     b'{"when":"2026-03-02T08:00:00.000Z","partner":"a","first":1,"last":2}'],
)  # fmt: skip
def test_a_field_no_table_can_be_made_from_is_named_by_its_index(ledger, line):
    db = empty()
    with pytest.raises(IntegrityError) as caught:
        ledger.handle_all(db, [(3, public(gap(line)))])
    assert caught.value.index == 3
    assert db.execute("SELECT count(*) FROM gaps").fetchone() == (0,)


def test_a_kind_of_event_this_release_does_not_know_stops_the_ledger(ledger):
    with pytest.raises(IntegrityError, match="this release does not know"):
        ledger.events(None, [Entry(0, "0" * 32, 1, "from/the-future/1", b"{}")])
    assert "from/the-future/1" not in EVENTS


@pytest.mark.parametrize("sample", [s for s in SAMPLES if EVENTS[s["topic"]].private], ids=lambda s: s["topic"])
def test_the_key_that_seals_a_text_stands_in_contents_with_its_class(ledger, sample):
    cls = EVENTS[sample["topic"]]
    entry = Entry(7, sample["originator"], sample["version"], sample["topic"], bytes.fromhex(sample["state"]))
    event = decode(entry, lambda _: bytes.fromhex(sample["key"]))
    with closing(empty()) as db:
        ledger.handle(db, 7, event)
        kept = db.execute("SELECT retention FROM contents WHERE key_id=?", (event.key_id,)).fetchall()
    assert kept == ([] if cls in KEPT_WITH else [(KEPT.get(cls) or event.retention,)])
