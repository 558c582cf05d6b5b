"""The writer: what waits shares a commit, in order; what leaves waits for no caller; nobody is left without an answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
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

    def abandon(self) -> None:
        self.added.clear()


class FakeLog:
    def __init__(self) -> None:
        self.stored: list[str] = []
        self.commits: list[list[str]] = []
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
def writer(log: FakeLog) -> Iterator[Writer]:
    made = Writer(log, Clock(), Overlay())  # type: ignore[arg-type]
    made.start(lambda: None, lambda _: None)
    yield made
    made.close()


def says(reason: str) -> Any:
    def unit(tx: Tx) -> str:
        tx.append(ParkedDropped(originator_id=uuid4(), at=tx.now, by=uuid4(), reason=reason))
        return reason

    return unit


async def together(writer: Writer, *units: Any) -> list[Any]:
    """Run ``units`` that all wait when the writer is free: it is held by another one until they have asked."""
    go = threading.Event()
    first = asyncio.create_task(writer.run(lambda _: go.wait(20)))
    await asyncio.sleep(0)  # it has asked
    others = [asyncio.create_task(writer.run(unit)) for unit in units]
    await asyncio.sleep(0)  # they have asked
    go.set()
    assert await first
    return await asyncio.gather(*others, return_exceptions=True)


async def test_units_that_wait_together_share_one_commit_in_the_order_they_came(writer: Writer, log: FakeLog):
    answers = await together(writer, *[says(f"unit {n}") for n in range(20)])
    assert answers == [f"unit {n}" for n in range(20)]
    assert [commit for commit in log.commits if commit] == [answers]


async def test_a_unit_that_raises_leaves_no_trace_and_fails_alone(writer: Writer, log: FakeLog):
    def wrong(tx: Tx) -> None:
        says("half")(tx)
        raise InputError("This cannot be done.")

    found = await together(writer, says("before"), wrong, says("after"))
    assert isinstance(found[1], InputError)
    assert log.stored == ["before", "after"]


async def test_what_leaves_goes_also_when_its_caller_went_away(writer: Writer, log: FakeLog):
    left: list[str] = []
    caller = asyncio.create_task(writer.run(says("sent"), left.append))
    await asyncio.sleep(0)  # it has asked
    caller.cancel()
    await writer.run(says("later"))
    assert left == ["sent"]
    assert log.stored == ["sent", "later"]


async def test_a_group_that_one_unit_spoils_is_done_again_one_by_one(writer: Writer, log: FakeLog):
    await writer.run(says("twice"))
    found = await together(writer, says("new"), says("twice"), says("newer"))
    assert (found[0], found[2]) == ("new", "newer")
    assert isinstance(found[1], ConflictError)
    assert log.stored == ["twice", "new", "newer"]


async def test_when_the_disk_refuses_the_caller_hears_it_and_the_next_batch_is_tried(writer: Writer, log: FakeLog):
    log.refuses = [StorageError("The disk is full.")]
    with pytest.raises(StorageError, match="full"):
        await writer.run(says("a"))
    assert await writer.run(says("a")) == "a"


async def test_views_that_fail_stop_the_writing_and_no_caller_waits_for_ever(log: FakeLog):
    def fails(_: object) -> None:
        raise ZeroDivisionError

    writer = Writer(log, Clock(), Overlay())  # type: ignore[arg-type]
    writer.start(lambda: None, fails)
    with pytest.raises(ZeroDivisionError):
        await writer.run(says("stored"))
    assert log.stored == ["stored"]
    with pytest.raises(StorageError, match="stopped writing"):
        await writer.run(says("more"))
    writer.close()


async def test_closing_finishes_what_waits(writer: Writer, log: FakeLog):
    waiting = [asyncio.create_task(writer.run(says(f"unit {n}"))) for n in range(3)]
    await asyncio.sleep(0)  # they have asked
    writer.close()
    assert log.stored == ["unit 0", "unit 1", "unit 2"]
    assert await asyncio.gather(*waiting) == log.stored
