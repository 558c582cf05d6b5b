"""The writer: what waits shares a commit, in order; what leaves goes before the views; nobody is left without an answer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from exchange.domain.events import ParkedDropped
from exchange.errors import ConflictError, InputError, StorageError
from exchange.node import writer as module
from exchange.node.writer import Overlay, Tx, Writer

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Batch:
    """Of a log that keeps only the reasons of its events."""

    def __init__(self, log: FakeLog) -> None:
        self.log = log
        self.added: list[str] = []

    def append(self, event: ParkedDropped, *, fresh: bool = False) -> Any:
        self.added.append(event.reason)
        return module.Stamped(len(self.log.stored) + len(self.added), bytes(32))

    def savepoint(self) -> int:
        return len(self.added)

    def rollback(self, point: int) -> None:
        del self.added[point:]

    def commit(self) -> None:
        if self.log.refuses:
            raise self.log.refuses.pop(0)
        if len(self.added) > len(set(self.added)) or set(self.added) & set(self.log.stored):
            raise ConflictError("This was stored before.")
        self.log.stored += self.added
        self.log.commits.append(list(self.added))
        self.log.happened.append("commit")

    def abandon(self) -> None:
        self.added.clear()


class FakeLog:
    def __init__(self) -> None:
        self.stored: list[str] = []
        self.commits: list[list[str]] = []
        self.happened: list[str] = []
        self.refuses: list[Exception] = []

    def batch(self, now: datetime) -> Batch:
        assert now == NOW
        return Batch(self)


class Clock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def writer(log: FakeLog) -> Writer:
    made = Writer(log, Clock(), Overlay())  # type: ignore[arg-type]
    made.start(lambda: None, lambda recorded: log.happened.append(f"views {len(recorded)}"))
    return made


def says(reason: str) -> Any:
    def unit(tx: Tx) -> str:
        tx.append(ParkedDropped(originator_id=uuid4(), at=tx.now, by=uuid4(), reason=reason))
        return reason

    return unit


async def test_units_that_wait_together_share_one_commit_in_the_order_they_came(writer: Writer, log: FakeLog):
    answers = await asyncio.gather(*[writer.run(says(f"unit {n}")) for n in range(20)])
    assert answers == [f"unit {n}" for n in range(20)]
    assert log.commits == [answers]


async def test_a_unit_that_raises_leaves_no_trace_and_fails_alone(writer: Writer, log: FakeLog):
    def wrong(tx: Tx) -> None:
        says("half")(tx)
        raise InputError("This cannot be done.")

    found = await asyncio.gather(
        writer.run(says("before")), writer.run(wrong), writer.run(says("after")), return_exceptions=True
    )
    assert isinstance(found[1], InputError)
    assert log.commits == [["before", "after"]]


async def test_what_leaves_is_on_its_way_before_the_views_and_the_caller_hears_after_them(writer: Writer, log: FakeLog):
    async def on_its_way() -> None:
        log.happened.append("left")

    left: list[asyncio.Task[None]] = []
    await writer.run(says("sent"), lambda _: left.append(asyncio.create_task(on_its_way())))
    log.happened.append("answered")
    assert log.happened == ["commit", "left", "views 1", "answered"]


async def test_what_leaves_goes_also_when_its_caller_went_away(writer: Writer, log: FakeLog):
    left: list[str] = []
    caller = asyncio.create_task(writer.run(says("sent"), left.append))
    await asyncio.sleep(0)  # it has asked
    caller.cancel()
    await writer.run(says("later"))
    assert left == ["sent"]
    assert log.stored == ["sent", "later"]


async def test_a_batch_that_holds_the_loop_too_long_is_committed_and_the_others_wait_for_the_next(
    writer: Writer, log: FakeLog, monkeypatch: pytest.MonkeyPatch
):
    passed = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: passed[0])

    def slow(reason: str) -> Any:
        def unit(tx: Tx) -> str:
            passed[0] += module.HOLD_S * 0.6
            return str(says(reason)(tx))

        return unit

    other = asyncio.create_task(asyncio.sleep(0))
    answers = await asyncio.gather(*[writer.run(slow(f"unit {n}")) for n in range(5)])
    assert log.commits == [["unit 0", "unit 1"], ["unit 2", "unit 3"], ["unit 4"]]
    assert answers == [f"unit {n}" for n in range(5)]
    assert other.done()


async def test_a_group_that_one_unit_spoils_is_done_again_one_by_one(writer: Writer, log: FakeLog):
    await writer.run(says("twice"))
    found = await asyncio.gather(
        *[writer.run(says(reason)) for reason in ("new", "twice", "newer")], return_exceptions=True
    )
    assert (found[0], found[2]) == ("new", "newer")
    assert isinstance(found[1], ConflictError)
    assert log.happened == ["commit", "views 1", "commit", "views 1", "commit", "views 1"]


async def test_when_the_disk_refuses_every_caller_hears_it_and_the_next_batch_is_tried(writer: Writer, log: FakeLog):
    log.refuses = [StorageError("The disk is full.")]
    found = await asyncio.gather(writer.run(says("a")), writer.run(says("b")), return_exceptions=True)
    assert [type(error) for error in found] == [StorageError, StorageError]
    assert await writer.run(says("a")) == "a"


async def test_views_that_fail_stop_the_writing_and_no_caller_waits_for_ever(writer: Writer, log: FakeLog):
    def fails(_: object) -> None:
        raise ZeroDivisionError

    writer.start(lambda: None, fails)
    with pytest.raises(ZeroDivisionError):
        await writer.run(says("stored"))
    assert log.stored == ["stored"]
    with pytest.raises(StorageError, match="stopped writing"):
        await writer.run(says("more"))


async def test_closing_finishes_what_waits(writer: Writer, log: FakeLog):
    waiting = [asyncio.create_task(writer.run(says(f"unit {n}"))) for n in range(3)]
    await asyncio.sleep(0)  # they have asked
    writer.close()
    assert log.stored == ["unit 0", "unit 1", "unit 2"]
    assert await asyncio.gather(*waiting) == log.stored


def test_a_loop_that_ended_before_its_turn_holds_up_nobody(writer: Writer, log: FakeLog):
    async def ask_and_go() -> None:
        asyncio.get_running_loop().call_soon(asyncio.create_task(writer.run(says("left behind"))).cancel)
        await asyncio.sleep(0)

    asyncio.run(ask_and_go())
    assert asyncio.run(writer.run(says("next"))) == "next"
    assert log.stored[-1] == "next"
