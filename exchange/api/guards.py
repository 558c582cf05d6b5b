"""What holds for every request, before and after any route: size, headers, and no exception text leaves.

One ASGI layer around the whole application. It reads the body (every request of ours is small) so that a huge one is refused
before anything parses it, adds the headers of the NL GOV API Design Rules to every answer, and turns an unexpected exception
into a problem that says nothing of its text.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from importlib.metadata import version
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from exchange.api.problems import MEDIA, of_unexpected, respond
from exchange.i18n import N_, from_header, tr

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

MAX_BODY: Final = 2 * 1024 * 1024
"""Bytes. The largest form (200 items, every character escaped) stays below it."""

RELEASE: Final = version("covenant-exchange")

HEADERS: Final = {
    "API-Version": RELEASE,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer, unless the route set a header of its own."""


class Guard:
    """See the module docstring."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        language = from_header(Headers(scope=scope).get("accept-language"))
        answer = _Answer(send)
        body = await _read(scope, receive)
        if body is None:
            text = tr(language)(N_("The request is larger than the node accepts."))
            refusal = respond(language, status=413, code="too-large", detail=text, headers={"Connection": "close"})
            await refusal(scope, receive, answer.send)
            return
        try:
            await self._app(scope, _replay(body, receive), answer.send)
        except Exception as problem:  # noqa: BLE001 - the last line: whatever it is, its text stays inside
            structlog.get_logger().error("a request failed unexpectedly", exc_info=problem)
            if answer.began:
                raise _BrokenStreamError from None  # the server closes the connection; the text went nowhere
            failure = JSONResponse(of_unexpected(language), status_code=500, media_type=MEDIA)
            await failure(scope, receive, answer.send)


class _BrokenStreamError(Exception):
    """An answer broke off halfway; the connection has to be closed so that the caller notices."""


class _Answer:
    """Passes an answer on with the headers of :data:`HEADERS`, and remembers that it began."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.began = False

    async def send(self, message: Message) -> None:
        """Pass one ASGI message on."""
        if message["type"] == "http.response.start":
            self.began = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


async def _read(scope: MutableMapping[str, Any], receive: Receive) -> bytes | None:
    """The whole body; None when it is larger than :data:`MAX_BODY` (a lying Content-Length is counted as well)."""
    declared = Headers(scope=scope).get("content-length", "0")
    if not declared.isascii() or not declared.isdigit() or int(declared[:20]) > MAX_BODY:
        return None
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY:
            return None
        more = message.get("more_body", False)
    return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body that was read, and after it whatever really comes (a disconnect)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
