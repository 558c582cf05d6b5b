"""The webhook out: tells a case system that something happened here, and nothing more.

Each step of the feed becomes a CloudEvent (structured JSON) with a cursor, a topic and an opaque id: who may see what it is about
asks the API. Signed as Standard Webhooks prescribe (HMAC-SHA256 over id, time and body), sent in order, at least once: the
position moves only after the receiver answered with a 2xx. A receiver that is down costs time, never a step.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import httpx
import orjson
import structlog

from exchange.errors import SetupError
from exchange.node.forms import FeedRow

FIRST_S: Final = 1.0
MOST_S: Final = 300.0
ANSWER_S: Final = 10.0
PAGE: Final = 100
SECRET_BYTES: Final = 24
"""The least that Standard Webhooks ask of a secret."""
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
log = structlog.get_logger()

Feed = Callable[[int, int], Awaitable[list[FeedRow]]]
"""(cursor, limit) -> the steps after the cursor, oldest first."""


def check_url(url: str) -> None:
    """Whether events may be sent there.

    Raises:
        SetupError: It is no address, carries a secret or a query, or leaves this machine without TLS.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SetupError("The webhook's address starts with https:// (or http:// on this machine).")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SetupError(
            "The webhook's address holds no user, password, query or fragment; the signature proves the sender."
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SetupError("A webhook on another machine needs https.")


def webhook_secret(data: bytes) -> bytes:
    """The secret in its file: base64, as a receiver's settings take it.

    Raises:
        SetupError: It is not base64, or too short.
    """
    try:
        secret = base64.b64decode(data.strip().removeprefix(b"whsec_"), validate=True)
    except ValueError:
        secret = b""
    if len(secret) < SECRET_BYTES:
        raise SetupError(
            "The webhook secret is base64 of at least {least} bytes; remove the file to make one.", least=SECRET_BYTES
        )
    return secret


@dataclass
class Webhook:
    """Sends until cancelled.

    Args:
        url: Where to.
        secret: Shared with the receiver, at least 24 bytes.
        source: CloudEvents source of this node.
        feed: What to tell.
        position: Cursor of the last step the receiver took.
        keep: Remembers a new position, durably.
        wait: Returns when something may have happened, or after so many seconds.
        now: The node's clock.
    """

    url: str
    secret: bytes
    source: str
    feed: Feed
    position: int
    keep: Callable[[int], None]
    wait: Callable[[float], Awaitable[None]]
    now: Callable[[], datetime]
    failing: bool = False
    """The last attempt was not taken; shown in ``status``."""
    _pause: float = field(default=FIRST_S, repr=False)

    async def run(self) -> None:
        """Tell every step after the position, for ever."""
        async with httpx.AsyncClient(timeout=ANSWER_S, follow_redirects=False, trust_env=False) as client:
            while True:
                rows = await self.feed(self.position, PAGE)
                if not rows:
                    await self.wait(MOST_S)
                for row in rows:
                    while not await self._told(client, row):
                        await self._rest()
                    self.position = row.cursor
                    self.keep(row.cursor)

    async def _told(self, client: httpx.AsyncClient, row: FeedRow) -> bool:
        body = event_of(row, self.source)
        try:
            answer = await client.post(self.url, content=body, headers=self._headers(row, body))
            taken = answer.is_success
        except httpx.HTTPError:
            taken = False
        if taken == self.failing:  # say it when it changes, not at every attempt
            log.info("webhook-answers") if taken else log.warning("webhook-refused")
        self.failing = not taken
        if taken:
            self._pause = FIRST_S
        return taken

    def _headers(self, row: FeedRow, body: bytes) -> dict[str, str]:
        ident, moment = f"{row.cursor}", str(int(self.now().timestamp()))
        return {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": ident,
            "webhook-timestamp": moment,
            "webhook-signature": signature(self.secret, ident, moment, body),
        }

    async def _rest(self) -> None:
        pause, self._pause = self._pause, min(self._pause * 2, MOST_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await asyncio.Event().wait()


def signature(secret: bytes, ident: str, moment: str, body: bytes) -> str:
    """``v1,`` and the HMAC-SHA256 over ``id.timestamp.body`` (Standard Webhooks)."""
    mac = hmac.digest(secret, f"{ident}.{moment}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac).decode()


def event_of(row: FeedRow, source: str) -> bytes:
    """The CloudEvent of one step: no content, no person, no reference of a person."""
    name = row.topic.rpartition("/")[0].replace("/", ".").replace("-", "")
    data: dict[str, object] = {"cursor": row.cursor, "id": row.id}
    if row.partner is not None:
        data["partner"] = row.partner
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(row.cursor),
            "source": source,
            "type": f"nl.convenanten.knooppunt.{name}.v1",
            "time": row.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": data,
        },
        option=orjson.OPT_SORT_KEYS,
    )
