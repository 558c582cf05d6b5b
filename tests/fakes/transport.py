"""A broker in memory with the same promises as the real one; it refuses what the real one makes impossible.

For tests of the node: no server, no waiting. Frames are handed over when :meth:`MemoryBroker.deliver` is called (or at
once, as tasks, when ``automatic``). Passes tests/contract/test_transport_contract.py beside NATS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from exchange.errors import BrokerError, SetupError

FRAME_BYTES = 512 * 1024
BATCH = 128


@dataclass
class Held:
    """A frame in an inbox of the broker."""

    sender: str
    data: bytes
    attempts: int = 0
    away: bool = False
    """Handed over and neither done nor put off."""
    delay_s: float = 0.0


@dataclass(frozen=True)
class MemoryControl:
    """A control message handed over."""

    kind: str
    sender: str
    recipient: str | None
    data: bytes


class MemoryDelivery:
    """A frame handed over."""

    def __init__(self, transport: MemoryTransport, held: Held) -> None:
        self.sender, self.data, self.attempts = held.sender, held.data, held.attempts
        self._transport, self._held = transport, held

    async def done(self, *, overwrite: bool = True) -> None:
        """Delete it."""
        self._transport.need_connection()
        inbox = self._transport.broker.inboxes[self._transport.slug]
        if self._held in inbox:
            inbox.remove(self._held)

    async def later(self, delay_s: float) -> None:
        """Put it back."""
        self._transport.need_connection()
        self._held.away, self._held.delay_s = False, delay_s
        self._transport.broker.stir()


@dataclass
class MemoryBroker:
    """All inboxes and the control lane of one covenant."""

    slugs: tuple[str, ...]
    capacity: int = 10_000
    automatic: bool = False
    up: bool = True
    inboxes: dict[str, list[Held]] = field(default_factory=dict)
    lane: dict[tuple[str, str | None, str], bytes] = field(default_factory=dict)
    transports: list[MemoryTransport] = field(default_factory=list)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.inboxes = {slug: [] for slug in self.slugs}

    def transport(self, slug: str) -> MemoryTransport:
        """The door of one partner."""
        made = MemoryTransport(self, slug)
        self.transports.append(made)
        return made

    def outage(self) -> None:
        """The broker goes away; what was handed over and not done will come again."""
        self.up = False
        for inbox in self.inboxes.values():
            for held in inbox:
                held.away = False

    def back(self) -> None:
        """The broker answers again, with everything it held."""
        self.up = True
        self.stir()

    def stir(self) -> None:
        """Something may be deliverable."""
        if self.automatic:
            task = asyncio.get_running_loop().create_task(self.deliver())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def deliver(self, waited_s: float = 0.0) -> int:
        """Hand over all that is due after ``waited_s`` more seconds; how many frames and messages that were."""
        number, failures = 0, list[Exception]()
        for transport in [t for t in self.transports if t.connected]:
            try:
                number += await transport.take(waited_s)
            except Exception as error:  # noqa: BLE001 - one that fails keeps nobody else from getting its own
                if transport.connected:  # else it hung up meanwhile; what it had in hand comes again
                    failures.append(error)
        if failures:
            raise failures[0]
        return number


class MemoryTransport:
    """Fulfils ``exchange.node.ports.Transport`` in memory."""

    def __init__(self, broker: MemoryBroker, slug: str) -> None:
        if slug not in broker.inboxes:
            raise SetupError("This broker does not know that partner.")
        self.broker, self.slug = broker, slug
        self._on_inbox: Callable[[list[Any]], Awaitable[None]] | None = None
        self._on_control: Callable[[Any], Awaitable[None]] | None = None
        self._seen: dict[tuple[str, str | None, str], bytes] = {}
        self._closed = False

    @property
    def connected(self) -> bool:
        """Started, not closed, and the broker is up."""
        return self._on_inbox is not None and not self._closed and self.broker.up

    @property
    def drained(self) -> bool:
        """Nothing waits and nothing is in hand; what was put off was seen."""
        return self.connected and all(not held.away and held.delay_s > 0 for held in self.broker.inboxes[self.slug])

    def need_connection(self) -> None:
        """Refuse as the real one does without a connection."""
        if not self.connected:
            raise BrokerError(
                "The broker cannot be reached; what is to be sent waits and goes out when it answers again."
            )

    async def start(
        self, on_inbox: Callable[[list[Any]], Awaitable[None]], on_control: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Begin to hand over."""
        if self._on_inbox is not None or self._closed:
            raise SetupError("The connection to the broker was started twice.")
        self._on_inbox, self._on_control = on_inbox, on_control
        self.broker.stir()

    async def publish(self, recipient: str, frame: bytes) -> None:
        """Put a frame into the recipient's inbox."""
        if len(frame) > FRAME_BYTES:
            raise BrokerError("A message of {size} bytes is larger than the broker takes.", size=len(frame))
        self.need_connection()
        inbox = self.broker.inboxes.get(recipient)
        if inbox is None:
            raise BrokerError(
                "The broker has no stream or consumer for that; its operator has to run the broker set-up."
            )
        if len(inbox) >= self.broker.capacity:
            raise BrokerError(
                "The broker is full for this recipient; the message waits until frames have been collected."
            )
        inbox.append(Held(self.slug, bytes(frame)))
        self.broker.stir()

    async def publish_control(self, kind: str, recipient: str | None, data: bytes) -> None:
        """Replace the newest of its kind."""
        self.need_connection()
        self.broker.lane[kind, recipient, self.slug] = bytes(data)
        self.broker.stir()

    async def take(self, waited_s: float) -> int:
        """Hand over what is due; a failing handler gets it again."""
        assert self._on_inbox is not None
        assert self._on_control is not None
        news = [
            (key, data)
            for key, data in self.broker.lane.items()
            if key[1] in (None, self.slug) and key[2] != self.slug and self._seen.get(key) != data
        ]
        for (kind, recipient, sender), data in news:
            self._seen[kind, recipient, sender] = data
            await self._on_control(MemoryControl(kind, sender, recipient, data))
        due = [h for h in self.broker.inboxes[self.slug] if not h.away and h.delay_s <= waited_s][:BATCH]
        for held in due:
            held.away, held.attempts = True, held.attempts + 1
        if due:
            try:
                await self._on_inbox([MemoryDelivery(self, held) for held in due])
            except Exception:
                for held in due:
                    held.away = False
                raise
        return len(news) + len(due)

    async def close(self) -> None:
        """Hang up; what was not finished will come again."""
        self._closed = True
        for held in self.broker.inboxes[self.slug]:
            held.away = False
