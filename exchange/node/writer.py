"""The one place that writes. Everything a node decides is decided here, one unit after another, and committed in groups.

A *unit* is a function of a :class:`Tx`: it reads state, decides, and appends events. Units that wait when it is their turn share
one batch: one durable vault commit, one log transaction at ``synchronous=FULL``, then the views; what has to leave the node is on
its way before the views. A unit that raises leaves no trace in the batch and fails alone. A caller's future resolves after the
commit; whoever acknowledges anything does so after that.

Because all units run in order, a unit sees every earlier one: numbers, indexes and signatures are stamped in batch order. When a
group cannot be committed because of one unit (a duplicate that only the unique index saw), the units run again one by one, and
everything is stamped anew; nothing signed has left before the commit.

Units and commits run in the event loop (ADR 0030): a thread beside it would compute in the same interpreter, and handing over to
it and back cost more than the disk does.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Final, TypeVar

from exchange.domain.event import Event
from exchange.domain.pairing import PairIn, PairOut
from exchange.errors import ConflictError, ExchangeError, StorageError
from exchange.node.ports import Clock
from exchange.store.log import Batch, Log, Stamped

T = TypeVar("T")
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of an empty tree (RFC 6962)."""
GROUP: Final = 128
"""Most units in one batch."""
HOLD_S: Final = 0.05
"""No further unit joins a batch that has held the event loop this long: others want it too."""
LEAVE_ROUNDS: Final = 4
"""Rounds of the event loop that the views wait for what has to leave: it wakes the outbox, is wrapped, reaches the socket."""


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
    stored: Callable[[Any], None] | None = None
    leaves: bool = False
    """Something is on its way out because of it."""
    outcome: Any = None
    failure: BaseException | None = None


class Writer:
    """Runs units in the event loop of whoever asks; one at a time, so all of them from one thread. Close it last.

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
        self._jobs: deque[_Job] = deque()
        self._turn_in: asyncio.AbstractEventLoop | None = None
        """The loop in which a turn is due."""
        self._recorded: list[tuple[int, Event]] = []
        """Stored, and not in the views yet."""
        self._settled: list[_Job] = []
        """Whose callers hear of it when the views know."""
        self._broken: BaseException | None = None
        self.surprises = 0
        """How often the log turned out to hold a batch whose callers had been told that nothing was stored."""

    def start(
        self, before_batch: Callable[[], Overlay | None], after_commit: Callable[[list[tuple[int, Event]]], None]
    ) -> None:
        """Tell it who follows the log.

        Args:
            before_batch: Called before units run; raises StorageError when the views cannot show what is stored. Gives the
                pair states anew when more was stored than the writer knew.
            after_commit: Called with the committed events, before any future resolves: updates views. The facts are
                stored by then, so it must not fail.
        """
        self._before_batch, self._after_commit = before_batch, after_commit

    @property
    def overlay(self) -> Overlay:
        """The pair states as committed; replaced, never changed in place."""
        return self._overlay

    async def run(self, unit: Callable[[Tx], T], stored: Callable[[T], None] | None = None) -> T:
        """Run ``unit`` when it is its turn; returns its result after the commit.

        Args:
            unit: Reads, decides and appends.
            stored: Called with the result as soon as it is durable, before the views know it, and also when the caller has
                gone away: for what has to leave the node. Must not raise.

        Raises:
            ExchangeError: What the unit raised; nothing of it was stored.
            StorageError: The commit failed; nothing was stored.
        """
        if self._broken is not None:
            raise StorageError(
                "The node stopped writing after a failure; restart it, start-up repairs what is half done."
            )
        loop = asyncio.get_running_loop()
        job = _Job(unit, loop.create_future(), stored)
        self._jobs.append(job)
        self._expect(loop)
        return await job.future  # type: ignore[no-any-return]  # the future carries what the unit returned

    def close(self) -> None:
        """Finish what waits."""
        self._finish()
        while self._jobs:
            self._run_group()
            self._finish()

    def _expect(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a turn taken; whoever asks in the same round of the loop joins it."""
        if self._turn_in is not loop:
            self._turn_in = loop
            loop.call_soon(self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turn_in = None
        self._finish()
        if not self._jobs:  # closed meanwhile
            return
        self._run_group()
        self._after(LEAVE_ROUNDS if any(job.leaves for job in self._settled) else 0, loop)
        if self._jobs:
            self._expect(loop)

    def _after(self, rounds: int, loop: asyncio.AbstractEventLoop) -> None:
        """Finish what was committed, after so many rounds of the loop; a turn before that finishes it first."""
        if rounds:
            loop.call_soon(self._after, rounds - 1, loop)
        else:
            self._finish()

    def _run_group(self) -> None:
        jobs = [self._jobs.popleft() for _ in range(min(GROUP, len(self._jobs)))]
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
        except StorageError as error:
            for job in jobs:
                job.failure = job.failure or error
        except Exception as error:  # noqa: BLE001 - state on disk unknown: stop writing, start-up repairs
            self._give_up(error, jobs)
        self._settled += jobs

    def _commit(self, jobs: list[_Job]) -> None:
        """Store what ``jobs`` decide; those for which there is no time any more are taken out, and wait for the next turn."""
        self._follow()
        known = self._before_batch()
        if known is not None:
            self._overlay = known
            self.surprises += 1
        now = self._clock.now()
        batch = self._log.batch(now)
        tx = Tx(batch, now, self._overlay.copy())
        try:
            self._fill(tx, jobs)
            batch.commit()
        except BaseException:
            batch.abandon()
            raise
        self._overlay = Overlay(tx.overlay.pairs_in, tx.overlay.pairs_out)  # the views know the rest
        self._recorded = tx.recorded
        for job in jobs:
            if job.stored is not None and job.failure is None and not job.future.get_loop().is_closed():
                job.leaves = True
                job.stored(job.outcome)

    def _fill(self, tx: Tx, jobs: list[_Job]) -> None:
        ends = monotonic() + HOLD_S
        for number, job in enumerate(jobs):
            if number and monotonic() > ends:
                self._jobs.extendleft(reversed(jobs[number:]))
                del jobs[number:]
                return
            try:
                job.outcome = tx.guarded(functools.partial(job.unit, tx))
            except Exception as error:  # noqa: BLE001 - even a bug in one unit must not take its neighbours along
                job.failure = error

    def _finish(self) -> None:
        """Let the views follow, then the callers go on."""
        jobs, self._settled = self._settled, []
        try:
            self._follow()
        except Exception as error:  # noqa: BLE001 - memory does not know what is stored: stop writing, a restart reads it
            self._give_up(error, jobs)
        for job in jobs:
            _resolve(job)

    def _follow(self) -> None:
        recorded, self._recorded = self._recorded, []
        if recorded:
            self._after_commit(recorded)

    def _give_up(self, error: Exception, jobs: list[_Job]) -> None:
        self._broken = error
        for job in jobs:
            job.failure = job.failure or error


def _nothing(*_: object) -> None:
    """Before the start nobody listens."""


def _resolve(job: _Job) -> None:
    if job.future.done() or job.future.get_loop().is_closed():  # the caller went away; what was stored stays stored
        return
    if job.failure is not None:
        job.future.set_exception(job.failure)
    else:
        job.future.set_result(job.outcome)
