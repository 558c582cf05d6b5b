"""What somebody who controls the broker can do: copy frames, and deliver them to whom he likes. Reading them is not among it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from exchange import hosting
from exchange.errors import BrokerError
from exchange.transport.broker import BrokerLayout
from exchange.transport.link import Dial, Link
from exchange.transport.subjects import OPERATOR_INBOX


class Eavesdropper:
    """The broker's operator, gone bad.

    Args:
        url: The broker.
        directory: Where the operator's key lies.
        signed: The covenant, for the names on the broker.
    """

    def __init__(self, url: str, directory: Path, signed: Path) -> None:
        self._seed = hosting.operator_seed(directory)
        self._dial = Dial(url, self._seed, OPERATOR_INBOX, None)
        self._layout: BrokerLayout = hosting.layout_of(signed, directory)

    async def copy(self, recipient: str) -> list[bytes]:
        """Every frame that waits for ``recipient``."""
        stream = self._layout.names.inbox_stream(recipient)
        link = await Link.open(self._dial)
        try:
            info = json.loads(await link.request(f"$JS.API.STREAM.INFO.{stream}", b""))
            replies = [
                json.loads(await link.request(f"$JS.API.STREAM.MSG.GET.{stream}", b'{"seq":%d}' % sequence))
                for sequence in range(info["state"]["first_seq"], info["state"]["last_seq"] + 1)
            ]
        finally:
            await link.close()
        return [base64.b64decode(reply["message"]["data"]) for reply in replies if "message" in reply]

    async def redirect(self, victim: str, to: str) -> None:
        """Have the broker deliver a copy of everything for ``victim`` to ``to`` as well."""
        names = self._layout.names
        copy = {
            "src": names.inbox_filter(victim),
            "dest": names.inbox_filter(to).replace("*", "{{wildcard(1)}}"),
        }
        await self._sources(to, [{"name": names.inbox_stream(victim), "subject_transforms": [copy]}])

    async def stop_redirecting(self, to: str) -> None:
        """Undo :meth:`redirect`."""
        await self._sources(to, [])

    async def _sources(self, to: str, sources: list[dict[str, Any]]) -> None:
        stream = self._layout.names.inbox_stream(to)
        link = await Link.open(self._dial)
        try:
            info = json.loads(await link.request(f"$JS.API.STREAM.INFO.{stream}", b""))
            config = {**info["config"], "sources": sources}
            reply = json.loads(await link.request(f"$JS.API.STREAM.UPDATE.{stream}", json.dumps(config).encode()))
        finally:
            await link.close()
        if "error" in reply:
            raise BrokerError(
                "The broker refused to redirect (its code is {code}).", code=reply["error"].get("err_code", 0)
            )
