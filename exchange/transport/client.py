"""The partner's side of the broker: hands over frames, publishes frames, and comes back for ever.

A frame is deleted on the broker before it is acknowledged, so a frame that was acknowledged is gone, and one that was not
comes again. Nothing is remembered here: what was sent is the outbox's, what was received the log's. No ``Nats-Msg-Id`` is
set: the server would take a re-wrapped frame for a duplicate and drop it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from nats.aio.msg import Msg

from exchange.errors import BrokerError, ExchangeError, SetupError, WireError
from exchange.transport import failures
from exchange.transport.delivery import OVERWRITE_UP_TO, Arrival, Control, Lane, NatsControl, NatsDelivery, Ticket, nak
from exchange.transport.keys import public_of
from exchange.transport.link import Dial, Link
from exchange.transport.pull import Puller
from exchange.transport.security import TlsFiles, secured
from exchange.transport.subjects import Names, check_slug, inbox_prefix

log = structlog.get_logger()

FRAME_BYTES = 512 * 1024
"""The most a frame may have (protocol §4)."""

OnInbox = Callable[[list[Arrival]], Awaitable[None]]
OnControl = Callable[[Control], Awaitable[None]]

_PROBE_EVERY_S = 15.0
_CLOSE_S = 10.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waiting times in seconds.

    Args:
        first: Before the second attempt to connect; doubled each time.
        most: The longest between two attempts.
        retry: After a handler failed, before the same comes again.
        settle: After connecting, until a frame that an earlier connection was handed must have come again.
    """

    first: float = 0.25
    most: float = 15.0
    retry: float = 5.0
    settle: float = 60.0


class NatsTransport:
    """Fulfils ``exchange.node.ports.Transport`` with NATS JetStream.

    Args:
        url: ``tls://host:port`` or ``wss://…``; ``nats://`` only on this machine.
        slug: Who we are.
        tag: First 16 hex characters of the covenant id.
        nkey_seed: The transport key's seed (``SU…``).
        tls: Certificate files, when the system's trust store is not enough.
        backoff: Waiting times.

    Raises:
        SetupError: The address, a name, a key or a TLS file cannot be used.
    """

    def __init__(
        self,
        url: str,
        slug: str,
        tag: str,
        nkey_seed: str,
        *,
        tls: TlsFiles | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        secured(url, tls)
        public_of(nkey_seed)
        self._me = check_slug(slug)
        self._names = Names(tag)
        self._dial = Dial(url, nkey_seed, inbox_prefix(slug), tls)
        self._backoff = backoff or Backoff()
        self._link: Link | None = None
        self._pullers: list[Puller] = []
        self._problem: BrokerError | None = failures.unreachable()
        self._changed = asyncio.Condition()
        self._closing = asyncio.Event()
        self._connection: asyncio.Task[None] | None = None
        self._handlers: list[asyncio.Task[None]] = []
        self._in_hand: set[int] = set()
        """Stream sequences of frames handed over and neither done nor put off."""
        self._since = 0.0
        self._inbox = Lane()
        self._control = Lane()

    # ------------------------------------------------------------------------------------ the port

    @property
    def connected(self) -> bool:
        """Whether the broker answers at this moment."""
        return self._link is not None and not self._link.lost.is_set()

    @property
    def drained(self) -> bool:
        """Whether every frame the broker holds for us was seen: see ``exchange.node.ports.Transport``."""
        if not self.connected or not self._pullers or self._inbox.items or self._in_hand:
            return False
        settled = asyncio.get_running_loop().time() - self._since >= self._backoff.settle
        return settled and self._pullers[0].waiting == 0

    @property
    def problem(self) -> BrokerError | None:
        """Why there is no connection, or what the broker refuses, for ``status``; None when all is well."""
        if self._link is None or not self.connected:
            return self._problem
        return self._link.problem or next((p.problem for p in self._pullers if p.problem), None)

    async def start(self, on_inbox: OnInbox, on_control: OnControl) -> None:
        """Begin to connect and to hand over; returns at once.

        Raises:
            SetupError: It was started before.
        """
        if self._connection is not None or self._closing.is_set():
            raise SetupError("The connection to the broker was started twice.")
        self._connection = asyncio.create_task(self._keep_connected(), name="broker-connection")
        self._handlers = [
            asyncio.create_task(self._hand_over_inbox(on_inbox), name="broker-inbox"),
            asyncio.create_task(self._hand_over_control(on_control), name="broker-control"),
        ]

    async def wait_connected(self, within_s: float) -> None:
        """Wait until the broker answers.

        Raises:
            BrokerError: It did not within ``within_s`` seconds; says why.
        """
        try:
            async with asyncio.timeout(within_s), self._changed:
                await self._changed.wait_for(lambda: self.connected)
        except TimeoutError as error:
            raise self._problem or failures.unreachable() from error

    async def publish(self, recipient: str, frame: bytes) -> None:
        """Hand ``frame`` to the broker; returns when JetStream has taken it.

        Raises:
            BrokerError: Not reached, refused, full, or not confirmed in time.
        """
        if len(frame) > FRAME_BYTES:
            raise failures.too_large(len(frame), FRAME_BYTES)
        await self._publish(self._names.inbox_subject(recipient, self._me), frame)

    async def publish_control(self, kind: str, recipient: str | None, data: bytes) -> None:
        """Replace our newest control message of ``kind`` for ``recipient`` (None: everyone).

        Raises:
            BrokerError: Not reached, refused, full, or not confirmed in time.
        """
        await self._publish(self._names.control_subject(kind, recipient, self._me), data)

    async def close(self) -> None:
        """Let the running handlers finish (up to ten seconds), give back what waits, and hang up."""
        self._closing.set()
        self._inbox.stop()
        self._control.stop()
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=_CLOSE_S)
        for _, message in [*self._inbox.items, *self._control.items]:
            with contextlib.suppress(BrokerError):
                await self.tell(message.reply, nak(0))
        tasks = [*self._handlers, *([self._connection] if self._connection else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------------------------------ asking the broker

    async def _publish(self, subject: str, data: bytes) -> None:
        reply = failures.check(await self._live().request(subject, data))
        if not isinstance(reply.get("seq"), int):  # an answer, but not of a stream
            raise failures.not_prepared()

    async def delete(self, sequence: int, *, overwrite: bool) -> None:
        """Have the frame with this stream sequence deleted from our own inbox stream.

        Were the stream rebuilt since the frame came, this could hit another frame; its sender sends that one again, as it
        does with every frame it has no receipt for.

        Raises:
            BrokerError: Not confirmed.
        """
        ask = json.dumps({"seq": sequence, "no_erase": not overwrite}).encode()
        reply = await self._live().request(self._names.delete(), ask)
        if not failures.already_gone(reply):
            failures.check(reply)

    async def tell(self, subject: str, data: bytes) -> None:
        """Send an acknowledgement.

        Raises:
            BrokerError: No connection.
        """
        await self._live().send(subject, data)

    def answered(self, sequence: int) -> None:
        """A frame is in hand no more."""
        self._in_hand.discard(sequence)

    def _live(self) -> Link:
        if self._link is None or self._link.lost.is_set():
            raise failures.unreachable()
        return self._link

    # ------------------------------------------------------------------------------------ staying connected

    async def _keep_connected(self) -> None:
        """Dial for ever; slower while it does not work, at once again after a connection that lasted."""
        loop, delay = asyncio.get_running_loop(), self._backoff.first
        while not self._closing.is_set():
            since = loop.time()
            try:
                link = await Link.open(self._dial)
            except ExchangeError as error:
                self._problem = error if isinstance(error, BrokerError) else failures.unreachable()
                log.warning("broker-unreachable", sentence=str(error), delay_s=delay)
            else:
                self._problem = failures.unreachable()
                await self._use(link)
                if loop.time() - since > self._backoff.most:
                    delay = self._backoff.first
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._closing.wait()
            delay = min(delay * 2, self._backoff.most)

    async def _use(self, link: Link) -> None:
        """Work with ``link`` until it is lost."""
        log.info("broker-connected")
        self._pullers = [
            Puller(link, self._names.next_inbox(), self._inbox.put),
            Puller(link, self._names.next_control(), self._control.put),
        ]
        tasks = [asyncio.create_task(puller.run()) for puller in self._pullers]
        tasks.append(asyncio.create_task(_watch(link)))
        try:
            async with self._changed:
                self._link = link
                self._since = asyncio.get_running_loop().time()
                self._in_hand.clear()  # whatever was in hand and is not answered yet comes again
                self._changed.notify_all()
            if not self._closing.is_set():  # the library may swallow a cancellation while it connects
                await link.lost.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await link.close()
            log.warning("broker-connection-ended")

    # ------------------------------------------------------------------------------------ handing over

    async def _hand_over_inbox(self, handler: OnInbox) -> None:
        async for batch in self._inbox.batches():
            found = [await self._delivery(message, len(batch)) for message in batch]
            deliveries = [delivery for delivery in found if delivery is not None]
            try:
                if deliveries:
                    await handler(list[Arrival](deliveries))
            except Exception:  # a handler's fault must not close the door
                log.exception("inbox-handler-failed", count=len(deliveries))
                await self._postpone(deliveries)

    async def _delivery(self, message: Msg, size: int) -> NatsDelivery | None:
        """``message`` as a delivery; None, and away with it, when it is on no subject of ours.

        The rights make that impossible for a partner; only the broker's operator could do it.
        """
        ticket = Ticket.of(message.reply)
        if ticket is None:
            log.error("broker-ack-subject-unknown")
            return None
        try:
            sender = self._names.inbox_sender(message.subject, self._me)
        except WireError:
            log.exception("frame-on-strange-subject")
            with contextlib.suppress(BrokerError):
                await self.delete(ticket.sequence, overwrite=True)
            return None
        self._in_hand.add(ticket.sequence)
        return NatsDelivery(self, sender, message.data, ticket, overwrite=size <= OVERWRITE_UP_TO)

    async def _postpone(self, deliveries: list[NatsDelivery]) -> None:
        for delivery in deliveries:
            if not delivery.settled:
                with contextlib.suppress(BrokerError):  # then it comes again when the broker's patience is over
                    await delivery.later(self._backoff.retry)

    async def _hand_over_control(self, handler: OnControl) -> None:
        async for batch in self._control.batches():
            for message in batch:
                answer = b"+ACK"
                try:
                    kind, recipient, sender = self._names.control_parts(message.subject)
                    if sender != self._me:  # what we told everyone comes back to us too
                        await handler(NatsControl(kind, sender, recipient, message.data))
                except WireError:
                    log.exception("control-on-strange-subject")
                except Exception:  # a handler's fault must not close the door
                    log.exception("control-handler-failed")
                    answer = nak(self._backoff.retry)
                with contextlib.suppress(BrokerError):
                    await self.tell(message.reply, answer)


async def _watch(link: Link) -> None:
    """Notice within seconds when the broker has vanished without a word (a cable, a firewall, a frozen machine)."""
    while not link.lost.is_set():
        await asyncio.sleep(_PROBE_EVERY_S)
        await link.probe()
