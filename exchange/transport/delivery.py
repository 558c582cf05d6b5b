"""What is handed over: frames that come again until they are done, and control messages."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from nats.aio.msg import Msg

from exchange.transport.pull import BATCH, Puller

OVERWRITE_UP_TO = 8
"""Batches up to this size are overwritten on the broker's disk frame by frame, for which the server rewrites a block of up
to 8 MiB each time (4 to 25 ms, measured). Frames of larger batches are only deleted: their bytes go when the server
compacts or unlinks the block file, at the latest when the inbox runs empty. The key that opens them is not on that disk."""


class Arrival(Protocol):
    """A frame handed over; the shape of ``exchange.node.ports.Delivery``, which this room may not import."""

    @property
    def sender(self) -> str: ...  # noqa: D102 - see ports
    @property
    def data(self) -> bytes: ...  # noqa: D102
    @property
    def attempts(self) -> int: ...  # noqa: D102
    async def done(self, *, overwrite: bool = True) -> None: ...  # noqa: D102
    async def later(self, delay_s: float) -> None: ...  # noqa: D102


class Control(Protocol):
    """A control message handed over; the shape of ``exchange.node.ports.ControlMessage``."""

    @property
    def kind(self) -> str: ...  # noqa: D102 - see ports
    @property
    def sender(self) -> str: ...  # noqa: D102
    @property
    def recipient(self) -> str | None: ...  # noqa: D102
    @property
    def data(self) -> bytes: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class NatsControl:
    """One control message."""

    kind: str
    sender: str
    recipient: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where to acknowledge, how often delivered, which sequence in the stream."""

    subject: str
    attempts: int
    sequence: int

    @classmethod
    def of(cls, reply: str) -> Ticket | None:
        """Parse ``$JS.ACK.stream.consumer.delivered.sequence.…``; None when ``reply`` is no such subject."""
        parts = reply.split(".")
        if len(parts) >= 11:  # noqa: PLR2004 - with domain and account hash after $JS.ACK
            del parts[2:4]
        if len(parts) < 6 or parts[:2] != ["$JS", "ACK"] or not (parts[4].isdecimal() and parts[5].isdecimal()):  # noqa: PLR2004
            return None
        return cls(reply, int(parts[4]), int(parts[5]))


class Desk(Protocol):
    """Where a delivery is answered: whatever connection there is when it is answered."""

    async def delete(self, sequence: int, *, overwrite: bool) -> None:
        """Delete one frame of our own stream."""
        ...

    async def tell(self, subject: str, data: bytes) -> None:
        """Send without waiting for an answer."""
        ...

    def answered(self, sequence: int) -> None:
        """This frame is in hand no more."""
        ...


class NatsDelivery:
    """One frame of our inbox stream; outlives the connection it came on."""

    __slots__ = ("_desk", "_overwrite", "_ticket", "attempts", "data", "sender", "settled")

    def __init__(self, desk: Desk, sender: str, data: bytes, ticket: Ticket, *, overwrite: bool) -> None:
        self.sender = sender
        self.data = data
        self.attempts = ticket.attempts
        self.settled = False
        self._ticket = ticket
        self._desk = desk
        self._overwrite = overwrite

    async def done(self, *, overwrite: bool = True) -> None:
        """Delete the frame on the broker, then acknowledge it. The order makes "acknowledged" mean "gone".

        Its bytes are overwritten there if ``overwrite`` says so and the batch it came in was small.

        Raises:
            BrokerError: The broker did not confirm; the frame will come again.
        """
        await self._desk.delete(self._ticket.sequence, overwrite=overwrite and self._overwrite)
        await self._desk.tell(self._ticket.subject, b"+ACK")
        self._end()

    async def later(self, delay_s: float) -> None:
        """Have it delivered again after ``delay_s`` seconds.

        Raises:
            BrokerError: No connection; it will come again by itself.
        """
        await self._desk.tell(self._ticket.subject, nak(delay_s))
        self._end()

    def _end(self) -> None:
        self.settled = True
        self._desk.answered(self._ticket.sequence)


def nak(delay_s: float) -> bytes:
    """JetStream's "not now", with the delay in nanoseconds."""
    return b"-NAK " + json.dumps({"delay": max(0, int(delay_s * 1e9))}).encode()


class Lane:
    """What has arrived and waits to be handed over, in order; outlives connections."""

    def __init__(self) -> None:
        self.items: deque[tuple[Puller, Msg]] = deque()
        self._wake = asyncio.Event()
        self._stopped = False

    def put(self, puller: Puller, message: Msg) -> None:
        """One more."""
        self.items.append((puller, message))
        self._wake.set()

    def stop(self) -> None:
        """Hand over nothing more; what waits stays in :attr:`items`."""
        self._stopped = True
        self._wake.set()

    async def batches(self) -> AsyncIterator[list[Msg]]:
        """Whatever waits, up to :data:`BATCH` at a time; the pullers may ask for more when the next is wanted."""
        while not self._stopped:
            if not self.items:
                self._wake.clear()
                await self._wake.wait()
                continue
            batch = [self.items.popleft() for _ in range(min(BATCH, len(self.items)))]
            yield [message for _, message in batch]
            for puller, _ in batch:
                puller.released(1)
