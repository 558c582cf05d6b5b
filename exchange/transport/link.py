"""One connection to the broker: dial, ask, tell, listen. When it is lost it is done with; the client dials a new one.

The library's own reconnection is off on purpose: it closes for ever on some server errors, and replays old subscriptions
and buffers. A fresh connection has one state. Replies come on one subscription under this partner's own inbox prefix and
find their waiter by number, which is several times faster than the library's request machinery.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

import structlog
from nats import errors as nats_errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from exchange.errors import BrokerError
from exchange.transport import failures
from exchange.transport.security import TlsFiles, secured

log = structlog.get_logger()

DIAL_TIMEOUT_S = 10.0
HANG_UP_TIMEOUT_S = 3.0
_CONNECT_TIMEOUT_S = 4
_PING_INTERVAL_S = 20
_PROBE_TIMEOUT_S = 5
_BUFFER_BYTES = 64 * 1024 * 1024
"""The library forces a flush beyond this; well above what a window of frames takes."""

_VIOLATION = re.compile(r'permissions violation for (publish|subscription) to "([^"]*)"')


@dataclass(frozen=True, slots=True)
class Dial:
    """Where and as whom to connect.

    Args:
        url: ``tls://host:port``; ``nats://`` only to this machine.
        seed: The transport key's seed.
        inbox: The prefix under which this user may receive replies.
        tls: Certificate files; None means the system's trust store.
    """

    url: str
    seed: str
    inbox: str
    tls: TlsFiles | None = None


class Link:
    """A live connection. Every failure is a :class:`BrokerError`; after :attr:`lost` is set it is only good to close."""

    def __init__(self, client: Client, inbox: str) -> None:
        self.lost = asyncio.Event()
        self.problem: BrokerError | None = None
        """What the server refused last, for the operator's eyes."""
        self._client = client
        self._inbox = inbox
        self._errors: deque[Exception] = deque(maxlen=8)
        self._numbers = count(1)
        self._waiting: dict[int, tuple[str, asyncio.Future[Msg]]] = {}
        self._replies = ""

    @classmethod
    async def open(cls, dial: Dial) -> Link:
        """Dial, authenticate and start to listen for replies.

        Raises:
            SetupError: The address is not allowed (see :func:`secured`).
            BrokerError: Nobody answers, or the broker does not let this key in, or cannot prove who it is.
        """
        context = secured(dial.url, dial.tls)
        link = cls(Client(), dial.inbox)
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                await link._connect(dial, context)
        except Exception as error:  # whatever a strange server makes the library raise is one refusal
            await link.close()
            raise _dial_failure([error, *link._errors]) from error
        except asyncio.CancelledError:
            await link.close()
            raise
        return link

    async def _connect(self, dial: Dial, context: ssl.SSLContext | None) -> None:
        await self._client.connect(
            servers=[dial.url],
            error_cb=self._on_error,
            closed_cb=self._on_closed,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=_CONNECT_TIMEOUT_S,
            ping_interval=_PING_INTERVAL_S,
            nkeys_seed_str=dial.seed,
            inbox_prefix=dial.inbox,
            pending_size=_BUFFER_BYTES,
            tls=context,
            # The handshake comes first: else whoever sits between could just tell us that TLS is not needed.
            tls_handshake_first=context is not None and dial.url.startswith("tls:"),
        )
        self._replies = self._client.new_inbox()
        await self._client.subscribe(self._replies + ".*", cb=self._on_reply)
        for _ in range(2):  # the first ping may overtake the subscription; a refusal comes before the second pong
            await self._client.flush()
        if self.lost.is_set():
            raise self.problem or failures.unreachable()

    @property
    def max_payload(self) -> int:
        """The largest message the server takes, in bytes."""
        return self._client.max_payload

    def inbox(self) -> str:
        """A fresh subject under our own prefix."""
        return self._client.new_inbox()

    async def request(self, subject: str, data: bytes, *, within_s: float = failures.ACK_TIMEOUT_S) -> bytes:
        """Send and wait for the reply.

        Raises:
            BrokerError: No connection, no right, nobody serves ``subject``, or no reply within ``within_s`` seconds.
        """
        number = next(self._numbers)
        future: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        self._waiting[number] = (subject, future)
        try:
            await self.send(subject, data, reply=f"{self._replies}.{number}")
            async with asyncio.timeout(within_s):
                message = await future
        except TimeoutError as error:
            raise failures.no_answer() from error
        finally:
            del self._waiting[number]
        if failures.is_no_responders(message.headers):
            raise failures.not_prepared()
        return message.data

    async def send(self, subject: str, data: bytes, reply: str = "") -> None:
        """Send without waiting for anything but the socket.

        Raises:
            BrokerError: No connection, or too large.
        """
        if self.lost.is_set():
            raise failures.unreachable()
        try:
            await self._client.publish(subject, data, reply=reply)
        except nats_errors.MaxPayloadError as error:
            raise failures.too_large(len(data), self.max_payload) from error
        except (nats_errors.Error, OSError) as error:
            raise failures.unreachable() from error

    async def listen(self, subject: str, callback: Callable[[Msg], Awaitable[None]]) -> None:
        """Have ``callback`` called for every message on ``subject`` until the connection is lost.

        Raises:
            BrokerError: No connection.
        """
        try:
            # No limits on what waits: how much may come is set by how much we ask for (see pull.py).
            await self._client.subscribe(subject, cb=callback, pending_msgs_limit=0, pending_bytes_limit=0)
        except (nats_errors.Error, OSError) as error:
            raise failures.unreachable() from error

    async def probe(self) -> None:
        """Ask the server for a sign of life; a silent connection is marked lost."""
        try:
            await self._client.rtt(timeout=_PROBE_TIMEOUT_S)
        except (nats_errors.Error, OSError):
            self._on_lost()

    async def close(self) -> None:
        """Hang up; bounded in time, also when the other side has vanished."""
        self._on_lost()
        try:
            async with asyncio.timeout(HANG_UP_TIMEOUT_S):
                await self._client.close()
        except Exception:  # noqa: BLE001 - it is given up either way
            log.info("broker-hang-up-failed")

    async def _on_reply(self, message: Msg) -> None:
        number = message.subject.rpartition(".")[2]
        waiting = self._waiting.get(int(number)) if number.isdecimal() else None
        if waiting is not None and not waiting[1].done():
            waiting[1].set_result(message)

    async def _on_closed(self) -> None:
        self._on_lost()

    async def _on_error(self, error: Exception) -> None:
        """A refusal of the server that ends no connection: give it to those who asked."""
        self._errors.append(error)
        found = _VIOLATION.search(str(error).lower())
        if found is None:
            return
        what, subject = found.groups()
        self.problem = failures.forbidden()
        log.warning("broker-refuses", kind=what)
        if what == "subscription":  # without our inbox this connection is deaf
            self._on_lost()
        for asked, future in self._waiting.values():
            if asked.lower() == subject and not future.done():
                future.set_exception(failures.forbidden())

    def _on_lost(self) -> None:
        self.lost.set()
        for _, future in self._waiting.values():
            if not future.done():
                future.set_exception(failures.unreachable())


def _dial_failure(errors: list[Exception]) -> BrokerError:
    """The sentence for a connection that did not come about; the first telling cause counts."""
    for error in errors:
        if isinstance(error, BrokerError):
            return error
        if isinstance(error, ssl.SSLError):
            return failures.not_trusted()
        if isinstance(error, nats_errors.AuthorizationError) or "authorization violation" in str(error).lower():
            return failures.unknown_key()
    return failures.unreachable()
