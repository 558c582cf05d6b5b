"""Pulling from a durable consumer: always enough asked for, never more than may wait here.

JetStream sends only what was asked for. Several requests of :data:`BATCH` stand open at once so that the next messages
are under way while the last are handled; a message counts against the window until its handler has returned. A request
ends when it is filled, when it expires, or when the server says so (status 4xx with the number it did not deliver).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from nats.aio.msg import Msg

from exchange.errors import BrokerError
from exchange.transport import failures
from exchange.transport.link import Link

BATCH = 128
"""Messages per request, and the most that is handed over at once."""
REQUESTS = 3
BATCH_BYTES = 16 * 1024 * 1024
"""Bytes per request: with frames of 512 KiB at most 48 MiB waits in memory."""
EXPIRES_S = 30.0
"""Well below the two minutes after which the server may forget where answers across accounts go. It remembers each request
for up to four (measured: 650 bytes each), which at full speed comes to a few megabytes."""
_RETRY_S = 1.0

_ANYTHING = json.dumps({"batch": 1, "no_wait": True}).encode()
"""Answered at once, with a message or with 404: so we know from the start whether anything waits."""
_REQUEST = json.dumps({"batch": BATCH, "max_bytes": BATCH_BYTES, "expires": int(EXPIRES_S * 1e9)}).encode()


class Puller:
    """Keeps requests open on one link for one consumer.

    Args:
        link: The connection; when it is lost, so is this.
        subject: Where to ask (the alias of ``CONSUMER.MSG.NEXT`` in our account).
        arrived: Called with each message; must not block.
    """

    def __init__(self, link: Link, subject: str, arrived: Callable[[Puller, Msg], None]) -> None:
        self.problem: BrokerError | None = None
        """Why nothing can be pulled at present."""
        self.waiting: int | None = None
        """How many messages the server holds that it has not handed out yet, by its last word; None before the first word."""
        self._link = link
        self._subject = subject
        self._arrived = arrived
        self._inbox = link.inbox()
        self._asked = 0
        self._held = 0
        self._pause = False
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Ask, and ask again, until the link is lost.

        Raises:
            BrokerError: The link was lost.
        """
        await self._link.listen(self._inbox, self._on_message)
        self._asked = 1
        await self._link.send(self._subject, _ANYTHING, reply=self._inbox)
        while True:
            if self._pause:  # the set-up has not run, a leader is being elected, the server goes down: no hammering
                await asyncio.sleep(_RETRY_S)
                self._pause = False
                self.problem = None  # asked again below; if nothing has changed it is said again
            await self._top_up()
            self._wake.clear()
            try:
                async with asyncio.timeout(EXPIRES_S + failures.ACK_TIMEOUT_S):
                    await self._wake.wait()
            except TimeoutError:
                self._asked = 0  # every request has expired by now; if we were not told, the word was lost

    def released(self, number: int) -> None:
        """``number`` messages have been handled."""
        self._held -= number
        self._wake.set()

    async def _top_up(self) -> None:
        while self._asked + self._held <= (REQUESTS - 1) * BATCH:
            self._asked += BATCH
            await self._link.send(self._subject, _REQUEST, reply=self._inbox)

    async def _on_message(self, message: Msg) -> None:
        if message.reply:
            self._asked = max(0, self._asked - 1)
            self._held += 1
            self.waiting = waiting_after(message.reply)
            self._arrived(self, message)
        else:
            self._on_status(message.headers or {})
        self._wake.set()

    def _on_status(self, headers: dict[str, str]) -> None:
        """A request ended; what it did not bring is to be asked for again."""
        if headers.get("Status") == "404":  # to the question whether anything waits
            self.waiting = 0
            self._asked = max(0, self._asked - 1)
            return
        if failures.is_no_responders(headers):
            self.problem = failures.not_prepared()
        left = headers.get("Nats-Pending-Messages", "")
        self._asked = max(0, self._asked - (int(left) if left.isdecimal() else BATCH))
        self._pause = headers.get("Status") != "408" and not left  # 408: expired, as it should


def waiting_after(reply: str) -> int | None:
    """How many messages come after the one with this ack subject, its last number but for tokens of newer servers."""
    parts = reply.split(".")
    at = 10 if len(parts) >= 11 else 8  # noqa: PLR2004 - $JS.ACK.[domain.account.]stream.consumer.delivered.seq.seq.time.pending
    return int(parts[at]) if len(parts) > at and parts[at].isdecimal() else None
