"""A real nats-server per test, with the rights the operator's configuration gives, and clients on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from exchange.transport.broker import BrokerLayout, BrokerPartner, config_text, setup
from exchange.transport.client import Backoff, NatsTransport
from exchange.transport.delivery import Arrival, Control
from exchange.transport.keys import generate_seed, public_of
from exchange.transport.link import Dial, Link
from exchange.transport.server import LocalServer
from exchange.transport.subjects import OPERATOR_INBOX

TAG = "00112233445566aa"
SLUGS = ("gemeente", "politie", "welzijn")
PATIENCE_S = 60.0


@dataclass
class Party:
    """One partner in a test: its transport and what it received."""

    transport: NatsTransport
    frames: asyncio.Queue[Arrival] = field(default_factory=asyncio.Queue)
    control: asyncio.Queue[Control] = field(default_factory=asyncio.Queue)

    async def on_inbox(self, deliveries: list[Arrival]) -> None:
        for delivery in deliveries:
            self.frames.put_nowait(delivery)

    async def on_control(self, message: Control) -> None:
        self.control.put_nowait(message)

    async def frame(self) -> Arrival:
        async with asyncio.timeout(PATIENCE_S):
            return await self.frames.get()

    async def news(self) -> Control:
        async with asyncio.timeout(PATIENCE_S):
            return await self.control.get()


@dataclass
class Bench:
    """A running broker, everybody's seeds, and ways to connect."""

    server: LocalServer
    layout: BrokerLayout
    seeds: dict[str, str]
    operator_seed: str
    directory: Path
    open: list[NatsTransport] = field(default_factory=list)

    @property
    def store(self) -> Path:
        return self.directory / "js"

    def transport(self, slug: str, seed: str | None = None, url: str | None = None) -> NatsTransport:
        made = NatsTransport(
            url or self.server.url,
            slug,
            TAG,
            seed or self.seeds[slug],
            backoff=Backoff(first=0.05, most=0.2, retry=0.05),
        )
        self.open.append(made)
        return made

    async def operator(self, call: str, **request: object) -> dict[str, object]:
        """Ask the JetStream API as the operator, who may."""
        link = await Link.open(Dial(self.server.url, self.operator_seed, OPERATOR_INBOX))
        try:
            answer = await link.request(f"$JS.API.{call}", json.dumps(request).encode() if request else b"")
        finally:
            await link.close()
        return json.loads(answer)

    async def held(self, slug: str) -> int:
        """How many frames wait in the inbox of ``slug``."""
        info = await self.operator(f"STREAM.INFO.{self.layout.names.inbox_stream(slug)}")
        return info["state"]["messages"]

    async def party(self, slug: str) -> Party:
        party = Party(self.transport(slug))
        await party.transport.start(party.on_inbox, party.on_control)
        await party.transport.wait_connected(PATIENCE_S)
        return party

    async def setup(self, **changes: object) -> None:
        await setup(self.server.url, self.operator_seed, replace(self.layout, **changes))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    seeds = {slug: generate_seed() for slug in SLUGS}
    operator = generate_seed()
    layout = BrokerLayout(
        TAG, tuple(BrokerPartner(slug, public_of(seed)) for slug, seed in seeds.items()), public_of(operator)
    )
    config = config_text(layout, store_dir=tmp_path / "js", port=-1)
    async with LocalServer(tmp_path / "server", config) as server:
        made = Bench(server, layout, seeds, operator, tmp_path)
        await made.setup()
        yield made
        await asyncio.gather(*(transport.close() for transport in made.open))


@pytest.fixture
def until() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Wait for a condition by looking, not by sleeping a guess."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not await condition():  # noqa: ASYNC110 - another process's state has no event to wait for
                await asyncio.sleep(0.02)

    return wait
