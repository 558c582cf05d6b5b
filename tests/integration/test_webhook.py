"""The webhook tells a case system that something happened: in order, signed, without content, and until it is taken."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from memory_world import MemoryWorld
from world import NOWHERE, PARTNERS, copied, free_port

from exchange.api.webhook import Webhook, check_url, event_of, signature, webhook_secret
from exchange.errors import SetupError
from exchange.node import accountability
from exchange.node.forms import FeedRow

COVENANT = Path(__file__).parents[2] / "deploy" / "de-wolden" / "covenant.toml"
SECRET = bytes(range(32))


@dataclass
class CaseSystem:
    """A receiver that answers what the test tells it to."""

    answers: list[int] = field(default_factory=list)
    """Status codes for the next requests; 204 when none is left."""
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    refused: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readline():
            assert request.startswith(b"POST /events ")
            headers: dict[str, str] = {}
            while line := (await reader.readline()).decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers["content-length"]))
            code = self.answers.pop(0) if self.answers else 204
            if code == 204:
                self.taken.append((headers, body))
            else:
                self.refused += 1
            writer.write(f"HTTP/1.1 {code} x\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            self.news.set()


@pytest.fixture
async def case_system() -> AsyncIterator[tuple[CaseSystem, str]]:
    system, port = CaseSystem(), free_port()
    server = await asyncio.start_server(system.serve, "127.0.0.1", port)
    yield system, f"http://127.0.0.1:{port}/events"
    server.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    copied(tmp_path / "founded", PARTNERS, NOWHERE, COVENANT)
    async with MemoryWorld.copied(tmp_path / "founded", tmp_path / "world", ("actium", "welzijn")) as made:
        yield made


def hook(world: MemoryWorld, url: str, kept: list[int], position: int = -1) -> Webhook:
    node = world.nodes["actium"]

    async def feed(cursor: int, limit: int) -> list[FeedRow]:
        return accountability.feed(node.ctx.log, cursor, limit)

    return Webhook(
        url, SECRET, "urn:nld:actium.covenant-exchange", feed, position, kept.append, node.bell.wait, world.clock.now
    )


async def test_a_receiver_that_refuses_twice_gets_every_step_once_in_order_and_signed(
    world: MemoryWorld, case_system: tuple[CaseSystem, str]
) -> None:
    system, url = case_system
    system.answers = [503, 500]
    kept: list[int] = []
    webhook = hook(world, url, kept)
    webhook._pause = 0.01
    running = asyncio.create_task(webhook.run())
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE))
    async with asyncio.timeout(60):
        while len(system.taken) < 2:
            system.news.clear()
            await system.news.wait()
    await world.until(lambda: len(kept) == 2)  # the answer is read a moment after it was given
    running.cancel()
    events = [json.loads(body) for _, body in system.taken]
    assert [e["type"] for e in events] == [
        "nl.convenanten.knooppunt.message.sent.v1",
        "nl.convenanten.knooppunt.receipt.received.v1",
    ]
    assert system.refused == 2
    assert kept == [e["data"]["cursor"] for e in events] == sorted(kept)
    for headers, body in system.taken:
        assert headers["webhook-signature"] == signature(
            SECRET, headers["webhook-id"], headers["webhook-timestamp"], body
        )
        assert b"Jelle" not in body
        assert str(jelle).encode() not in body
    assert not webhook.failing


async def test_a_receiver_that_is_away_is_noticed_and_loses_nothing(world: MemoryWorld) -> None:
    kept: list[int] = []
    webhook = hook(world, f"http://127.0.0.1:{free_port()}/events", kept)  # nobody listens there
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE))
    running = asyncio.create_task(webhook.run())
    await world.until(lambda: webhook.failing)
    running.cancel()
    assert kept == []
    assert webhook.position == -1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://case.example.org/x",
        "http://case.example.org/x",
        "https://u:p@case.example.org/",
        "https://x/?token=1",
        "nothing",
    ],
)
def test_an_address_that_would_leak_is_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(SetupError) as refused:
        check_url(url)
    assert "p@" not in str(refused.value)
    check_url("https://case.example.org/events")
    check_url("http://127.0.0.1:8080/events")


@pytest.mark.parametrize("data", [b"", b"short", b"c2hvcnQ=", b"\xff\xfe"])
def test_a_weak_or_damaged_secret_is_refused(data: bytes) -> None:
    with pytest.raises(SetupError, match="at least 24 bytes"):
        webhook_secret(data)
    assert webhook_secret(b"whsec_" + base64.b64encode(SECRET) + b"\n") == SECRET


def test_an_event_holds_a_cursor_and_an_opaque_id_and_nothing_else() -> None:
    at = datetime(2026, 3, 2, 8, 0, 0, 120_000, tzinfo=UTC)
    row = FeedRow(cursor=7, at=at, topic="message/voided-by-partner/1", id="ab", partner="welzijn")
    event = json.loads(event_of(row, "urn:nld:actium.covenant-exchange"))
    assert event == {
        "specversion": "1.0",
        "id": "7",
        "source": "urn:nld:actium.covenant-exchange",
        "type": "nl.convenanten.knooppunt.message.voidedbypartner.v1",
        "time": "2026-03-02T08:00:00.120Z",
        "datacontenttype": "application/json",
        "data": {"cursor": 7, "id": "ab", "partner": "welzijn"},
    }
