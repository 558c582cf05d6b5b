"""One thread that writes. Everything a node decides is decided here, one unit after another, and committed in groups.

A *unit* is a function of a :class:`Tx`: it reads state, decides, and appends events. Units that are waiting when the thread is
free share one batch: one durable vault commit, one log transaction at ``synchronous=FULL``, then the views; what has to leave
the node is on its way before the views. A unit that raises leaves no trace in the batch and fails alone. A caller's future
resolves after the commit; whoever acknowledges anything does so after that.

Because one thread runs all units in order, a unit sees every earlier one: numbers, indexes and signatures are stamped in batch
order. When a group cannot be committed because of one unit (a duplicate that only the unique index saw), the units run again
one by one, and everything is stamped anew; nothing signed has left before the commit.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from exchange.domain.event import Event
from exchange.domain.pairing import PairIn, PairOut
from exchange.errors import ConflictError, ExchangeError, SetupError, StorageError
from exchange.node.ports import Clock
from exchange.store.log import Batch, Log, Stamped

T = TypeVar("T")
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of an empty tree (RFC 6962)."""
GROUP = 128
"""Most units in one batch."""


@dataclass
class Overlay:
    """What units of the open batch know that the views do not show yet. Copied at every savepoint; keep it small."""

    pairs_in: dict[str, PairIn] = field(default_factory=dict)
    pairs_out: dict[str, PairOut] = field(default_factory=dict)
    references: dict[tuple[str, str], Any] = field(default_factory=dict)
    """(partner, reference) -> subject handle made in this batch."""
    requests: dict[str, Any] = field(default_factory=dict)
    """Request hash -> what was answered in this batch."""

    def copy(self) -> Overlay:
        """A copy that shares nothing mutable."""
        return Overlay(dict(self.pairs_in), dict(self.pairs_out), dict(self.references), dict(self.requests))


class Tx:
    """What a unit works with. Valid only inside the unit."""

    def __init__(self, batch: Batch, now: datetime, overlay: Overlay) -> None:
        self.now = now
        """The one time of this batch (UTC, whole milliseconds)."""
        self.overlay = overlay
        self.recorded: list[tuple[int, Event]] = []
        self._batch = batch

    def append(self, event: Event, *, fresh: bool = False) -> Stamped:
        """Record a fact; gives its log index and leaf hash, final once the batch is committed.

        ``fresh`` says that its stream id was drawn just now, so that there is no earlier version to look up.
        """
        stamped = self._batch.append(event, fresh=fresh)
        self.recorded.append((stamped.index, event))
        return stamped

    def look_up(self, streams: Iterable[UUID]) -> None:
        """Ask once for many streams that will be appended to how far they are."""
        self._batch.look_up(streams)

    def new_key(self, retention_class: str) -> str:
        """A fresh vault key; durable as *pending* before the log commit, *live* after it."""
        return self._batch.new_key(retention_class)

    def adopt_key(self, retention_class: str, key: bytes) -> str:
        """Take a key that came with a message into the vault."""
        return self._batch.new_key(retention_class, key)

    def key(self, key_id: str) -> bytes:
        """The key itself, of this batch or of the vault."""
        return self._batch.key(key_id)

    def add_sealed(self, ciphertext: bytes) -> str:
        """Keep a part's ciphertext beside the events; its hash is the handle."""
        return self._batch.add_sealed(ciphertext)

    def checkpoint(self) -> tuple[int, bytes]:
        """Size and root of the newest signed checkpoint."""
        return self._batch.checkpoint()

    def attempt(self, part: Callable[[], T]) -> T | ExchangeError:
        """Run ``part``; what it refuses is returned as the error, and leaves no trace in the batch."""
        try:
            return self.guarded(part)
        except ExchangeError as error:
            return error

    def guarded(self, part: Callable[[], T]) -> T:
        """Run ``part`` so that its failure, whatever it is, leaves no trace and does not spoil the rest of the batch."""
        point, count, overlay = self._batch.savepoint(), len(self.recorded), self.overlay.copy()
        try:
            return part()
        except Exception:
            self._batch.rollback(point)
            del self.recorded[count:]
            self.overlay = overlay
            raise


@dataclass
class _Job:
    unit: Callable[[Tx], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    stored: Callable[[Any], None] | None = None
    outcome: Any = None
    failure: BaseException | None = None


class Writer:
    """Runs units in its own thread. Start it once; close it last.

    Args:
        log: The log of this node.
        clock: Where the time of a batch comes from.
        overlay: Pair states as the log has them; replaced after every commit.
    """

    def __init__(
        self,
        log: Log,
        clock: Clock,
        overlay: Overlay,
    ) -> None:
        self._log = log
        self._clock = clock
        self._overlay = overlay
        self._before_batch: Callable[[], Overlay | None] = _nothing
        self._after_commit: Callable[[list[tuple[int, Event]]], None] = _nothing
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._broken: BaseException | None = None
        self.surprises = 0
        """How often the log turned out to hold a batch whose callers had been told that nothing was stored."""

    def start(
        self, before_batch: Callable[[], Overlay | None], after_commit: Callable[[list[tuple[int, Event]]], None]
    ) -> None:
        """Start the thread.

        Args:
            before_batch: Called before units run; raises StorageError when the views cannot show what is stored. Gives the
                pair states anew when more was stored than the writer knew.
            after_commit: Called with the committed events, before any future resolves: updates views. The facts are
                stored by then, so it must not fail.
        """
        self._before_batch, self._after_commit = before_batch, after_commit
        self._thread.start()

    @property
    def overlay(self) -> Overlay:
        """The pair states as committed; replaced, never changed in place."""
        return self._overlay

    async def run(self, unit: Callable[[Tx], T], stored: Callable[[T], None] | None = None) -> T:
        """Run ``unit`` in the writer thread; returns its result after the commit.

        Args:
            unit: Reads, decides and appends.
            stored: Called in the event loop with the result as soon as it is durable, before the views know it, and also when
                the caller has gone away: for what has to leave the node. Must not raise.

        Raises:
            ExchangeError: What the unit raised; nothing of it was stored.
            StorageError: The commit failed; nothing was stored.
        """
        if self._broken is not None:
            raise StorageError(
                "The node stopped writing after a failure; restart it, start-up repairs what is half done."
            )
        loop = asyncio.get_running_loop()
        job = _Job(unit, loop.create_future(), loop, stored)
        self._jobs.put(job)
        return await job.future  # type: ignore[no-any-return]  # the future carries what the unit returned

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        closing = False
        while not closing:
            jobs: list[_Job] = []
            job = self._jobs.get()
            while job is not None:
                jobs.append(job)
                if len(jobs) >= GROUP or self._jobs.empty():
                    break
                job = self._jobs.get()
            closing = job is None
            if jobs:
                self._run_group(jobs)

    def _run_group(self, jobs: list[_Job]) -> None:
        try:
            self._commit(jobs)
        except ConflictError:
            # One unit met something only the unique index knew. Alone, only that one fails.
            for job in jobs:
                job.outcome = job.failure = None
                try:
                    self._commit([job])
                except ExchangeError as error:
                    job.failure = error
        except (StorageError, SetupError) as error:
            for job in jobs:
                job.failure = job.failure or error
        except Exception as error:  # noqa: BLE001 - state on disk unknown: stop writing, start-up repairs
            self._broken = error
            for job in jobs:
                job.failure = job.failure or error
        _in_loop(_resolve, jobs)

    def _commit(self, jobs: list[_Job]) -> None:
        known = self._before_batch()
        if known is not None:
            self._overlay = known
            self.surprises += 1
        now = self._clock.now()
        batch = self._log.batch(now)
        tx = Tx(batch, now, self._overlay.copy())
        try:
            for job in jobs:
                try:
                    job.outcome = tx.guarded(functools.partial(job.unit, tx))
                except Exception as error:  # noqa: BLE001 - even a bug in one unit must not take its neighbours along
                    job.failure = error
            batch.commit()
        except BaseException:
            batch.abandon()
            raise
        _in_loop(_announce, [job for job in jobs if job.stored is not None and job.failure is None])
        self._overlay = Overlay(tx.overlay.pairs_in, tx.overlay.pairs_out)  # the views know the rest
        if tx.recorded:
            self._after_commit(tx.recorded)


def _nothing(*_: object) -> None:
    """Before the start nobody listens."""


def _in_loop(what: Callable[[list[_Job]], None], jobs: list[_Job]) -> None:
    """Have it done in the event loop of each job."""
    for loop in {job.loop for job in jobs}:
        if not loop.is_closed():
            loop.call_soon_threadsafe(what, [job for job in jobs if job.loop is loop])


def _announce(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.stored is not None:
            job.stored(job.outcome)


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # the caller went away; what was stored stays stored
            continue
        if job.failure is not None:
            job.future.set_exception(job.failure)
        else:
            job.future.set_result(job.outcome)
