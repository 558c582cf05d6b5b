"""A running node: every part wired together, and the use cases behind the one door.

    node = Node(ctx, transport)
    await node.start()        finish what a crash left, connect, send, receive
    await node.stop()         last heartbeat, hang up, close

What it can be asked stands in :mod:`exchange.node.use_cases`; here is what it is made of, and how it lives and ends.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from uuid import uuid4

import structlog

from exchange.domain import events as e
from exchange.errors import ConflictError, NotFoundError, StorageError
from exchange.node import conference_taking
from exchange.node.actors import Actors
from exchange.node.afterwards import Afterwards
from exchange.node.areas import Areas
from exchange.node.casework_room import Casework
from exchange.node.commands import Bell
from exchange.node.conferring import Conferences
from exchange.node.context import Context
from exchange.node.drafting import Drafting
from exchange.node.drafts import Drafts
from exchange.node.duties import Duties
from exchange.node.facts import Facts
from exchange.node.housekeeping import Housekeeping
from exchange.node.inbox import Inbox
from exchange.node.offering import Offering
from exchange.node.operations import Operations
from exchange.node.outbox import Outbox
from exchange.node.ports import Transport
from exchange.node.reading import Reading
from exchange.node.redeciding import Redeciding
from exchange.node.register import Reads, Register
from exchange.node.retention import Retention
from exchange.node.sharing import Sharing
from exchange.node.staff import Staff
from exchange.node.terms import Terms
from exchange.node.use_cases import UseCases
from exchange.node.waiting import Waiting
from exchange.node.work import Post
from exchange.node.writer import Tx

TAKERS = (conference_taking,)
"""Importing them enters who takes up which kind of message."""
log = structlog.get_logger()


class Node(UseCases):
    """See the module."""

    def __init__(self, ctx: Context, transport: Transport, actors: Actors) -> None:
        self.ctx = ctx
        self.transport = transport
        self.bell = Bell()
        self.partners = ctx.partners
        self.outgoing = Outbox(ctx, self.partners, transport, on_erased=self._void_erased)
        self.terms = Terms(ctx)
        self._actors = actors
        self._staff = Staff(ctx, actors)
        self._reads = Reads(ctx)
        self._register = Register(ctx, self._reads)
        drafting = Drafting(ctx, actors, self.terms)
        self._sharing = Sharing(ctx, self.outgoing, self.bell, drafting, actors)
        post = Post(ctx, self.outgoing, self.bell)
        self.areas = Areas(ctx, post)
        self.conferences = Conferences(ctx, post, actors, self._reads)
        self.offers = Offering(ctx, post, self._sharing, drafting, actors, self.bell)
        room = Casework.of(ctx, self._reads, post, drafting, actors)
        self.circle, self.cases, self.signals = room.circle, room.cases, room.signals
        self.third_parties, self.feedback = room.third_parties, room.feedback
        self._reading = Reading(ctx, self.outgoing, self._reads, self.circle)
        self._redeciding = Redeciding(ctx, self._reading.open_parts, self._sharing.drop)
        self.retention = Retention(ctx, self.terms, self.partners, actors, self._epochs_rolled)
        duties = Duties(ctx)
        self.facts = Facts(ctx, self._reads, actors, duties)
        self.drafts = Drafts(ctx, self._sharing, self._reads, self.retention, actors)
        after = Afterwards.of(ctx, post, self._reads, self.retention, actors)
        self.corrections, self.recalls, self.notifications, self.objections = after
        self.housekeeping = Housekeeping(
            ctx, self.partners, self.outgoing, transport, self.retention.daily, self.retention.resume, self._void,
            duties.watch, self.retention.distrust,
        )  # fmt: skip
        self._operations = Operations(
            ctx, self.partners, self.outgoing, transport, self.housekeeping, self.retention, actors, duties, after
        )
        self._waiting = Waiting(
            ctx, room, self.conferences, self.offers, self.facts, duties, self.drafts, self.retention, after
        )  # fmt: skip
        self.inbox_handler = Inbox(
            ctx,
            answer=self.outgoing.answer,
            settled=self.outgoing.settled,
            refused=self.housekeeping.refused,
            arrived=self.bell.ring,
        )
        self._tasks: list[asyncio.Task[None]] = []

    # ------------------------------------------------------------------------------------ life

    async def start(self) -> None:
        """Finish what a crash left undone, then connect, send and receive.

        A node whose log is older than its vault does nothing of it: it can be looked at and verified, until its log is back.
        """
        if self.ctx.log.behind:
            log.error("log-older")
            return
        await self.ctx.writer.run(self._started)
        try:
            await self.retention.resume()
        except StorageError:  # the replica of the vault is away: no reason to stay down; housekeeping goes on trying
            log.warning("erasure-unfinished")
        await self._redeciding.run()
        self.outgoing.load()  # after it: what no longer goes out must not wait
        await self.transport.start(self.inbox_handler.take, self._control)
        self._tasks = [
            asyncio.create_task(self._supervise("outbox", self.outgoing.run)),
            asyncio.create_task(self._supervise("housekeeping", self.housekeeping.run)),
            asyncio.create_task(self._supervise("releases", self.offers.run)),
        ]

    def _started(self, tx: Tx) -> None:
        tx.append(
            e.NodeStarted(
                originator_id=uuid4(),
                at=tx.now,
                release=self.ctx.release,
                build=self.ctx.build,
                settled=self.ctx.settled,
            )
        )

    async def _supervise(self, name: str, work: Callable[[], object]) -> None:
        """A bug in one loop must not silence the node: say so, and go on."""
        while True:
            try:
                await work()  # type: ignore[misc]  # both loops are coroutines
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - logged by type only: a message might hold a value
                log.error("loop-failed", loop=name, error=type(error).__name__)  # noqa: TRY400 - a traceback may hold values
                await asyncio.sleep(1)

    async def stop(self) -> None:
        """Say goodbye to the partners, hang up, close the files."""
        await self.housekeeping.farewell()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.transport.close()
        self.ctx.writer.close()
        self.ctx.close()

    async def _control(self, message: object) -> None:
        await self.housekeeping.take(message)  # type: ignore[arg-type]  # the transport hands over ControlMessage
        self.bell.ring()

    def warn_of(self, edge: Callable[[], list[str]]) -> None:
        """Let ``status`` show what an adapter at the edge warns of."""
        self._operations.edges.append(edge)

    def count_of(self, edge: Callable[[], dict[str, int]]) -> None:
        """Let ``status`` show what an adapter at the edge counts."""
        self._operations.counters.append(edge)

    def _epochs_rolled(self) -> None:
        self.housekeeping.republish_bundle()

    async def _void_erased(self, message: str) -> None:
        await self._void(message, "erased")

    async def _void(self, message: str, reason: str) -> None:
        """A message that will not be delivered: a signed void takes its sequence, so the partner sees no gap."""
        with contextlib.suppress(ConflictError, NotFoundError):
            await self._sharing.drop(None, message, reason)
