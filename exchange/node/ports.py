"""What the node asks of the world outside it: a clock and a way to reach the partners.

These are Protocols: the node is written against them, ``exchange.transport`` fulfils them with NATS JetStream, the tests
with fakes that pass the same contract test.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of "now"; a test or a demonstration hands in its own."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, in UTC."""
        ...


class Delivery(Protocol):
    """One frame from the inbox stream. It comes again until :meth:`done` succeeded."""

    @property
    def sender(self) -> str:
        """Slug of the sender as the broker vouches for it (check 8 compares it with the signed header)."""
        ...

    @property
    def data(self) -> bytes:
        """The frame, as it was published."""
        ...

    @property
    def attempts(self) -> int:
        """How many times the broker has delivered this frame, this time included; 1 the first time."""
        ...

    async def done(self, *, overwrite: bool = True) -> None:
        """Delete the frame on the broker, then acknowledge it. Call only when its consequences are durable.

        Args:
            overwrite: Also overwrite its bytes on the broker's disk, where that is affordable. A frame without content about
                people needs none, and it costs the broker milliseconds.

        Raises:
            BrokerError: The broker did not confirm; the frame will come again, and this may be called again.
        """
        ...

    async def later(self, delay_s: float) -> None:
        """Ask to have the frame delivered again after ``delay_s`` seconds.

        Raises:
            BrokerError: The broker cannot be reached; the frame will come again by itself.
        """
        ...


class ControlMessage(Protocol):
    """The newest message of one kind from one partner on the control lane; never a fact in itself."""

    @property
    def kind(self) -> str:
        """What it is about, for instance ``prekeys`` or ``heartbeat``."""
        ...

    @property
    def sender(self) -> str:
        """Slug of the sender as the broker vouches for it; the signature inside decides."""
        ...

    @property
    def recipient(self) -> str | None:
        """Slug of the one partner it is for, or None when it is for everyone."""
        ...

    @property
    def data(self) -> bytes:
        """The signed message, as it was published."""
        ...


class Transport(Protocol):
    """The door to the broker. At least once, any order, and an acknowledgement is no durability."""

    @property
    def connected(self) -> bool:
        """Whether the broker answers at this moment."""
        ...

    @property
    def drained(self) -> bool:
        """Whether the node has seen every frame the broker holds for it: none waits to be pulled, none is in hand.

        A frame put off counts as seen: its sender can wrap it anew, and a partner must not keep our epoch keys alive by
        sending what can only be put off.
        """
        ...

    async def start(
        self,
        on_inbox: Callable[[list[Delivery]], Awaitable[None]],
        on_control: Callable[[ControlMessage], Awaitable[None]],
    ) -> None:
        """Begin to connect and to hand over what arrives; keeps trying for ever. Does not wait for the broker."""
        ...

    async def publish(self, recipient: str, frame: bytes) -> None:
        """Hand one frame to the broker for ``recipient``; returns when the broker has taken it.

        Raises:
            BrokerError: The broker cannot be reached, refuses, or is full. It may or may not have the frame.
        """
        ...

    async def publish_control(self, kind: str, recipient: str | None, data: bytes) -> None:
        """Replace the newest control message of this ``kind`` for ``recipient``, or for everyone when it is None.

        Raises:
            BrokerError: As for :meth:`publish`.
        """
        ...

    async def close(self) -> None:
        """Let the handler that runs finish, give back what was not handed over, and hang up."""
        ...
