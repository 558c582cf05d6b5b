"""A world for tests: the real broker, real nodes in this process, a clock that is handed in, the real covenant.

    async with World.founded(tmp_path) as world:
        actium = world.nodes["actium"]

Founding (roots, cards, covenant) is slow only because of Argon2id; tests use a small cost. Nothing here is a stand-in: the same
commands found a real exchange.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from exchange import app, ceremony, hosting, setup
from exchange.crypto import envelope
from exchange.crypto.vault import ArgonCost, Passphrase
from exchange.domain.retention import local_day
from exchange.errors import ConflictError
from exchange.node import forms as f
from exchange.node.covenants import verify_signed
from exchange.node.node import Node
from exchange.node.service import Actor
from exchange.transport.server import LocalServer

CHEAP = ArgonCost(1, 8192)
PARTNERS = ("gemeente", "politie", "actium", "welzijn")
COVENANT = Path(__file__).parent.parent / "deploy" / "de-wolden" / "covenant.toml"
NOWHERE = "nats://127.0.0.1:1"
SECRET = Passphrase("een wachtzin voor de proef")
NINE = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""2026-03-02 09:00 in Amsterdam, as in the acceptance scenarios."""


class HandClock:
    """A clock that goes where the test puts it, and a little forward at every look, so that order is visible."""

    def __init__(self, at: datetime = NINE) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def set(self, moment: datetime) -> None:
        self.at = moment

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def found(home: Path, partners: Iterable[str] = PARTNERS, *, broker_url: str, covenant: Path = COVENANT) -> Path:
    """Play the bootstrap order for every partner; gives the signed covenant."""
    cards, signatures = [], []
    slugs = tuple(partners)
    for slug in slugs:
        root, node = home / "offline" / slug, home / "nodes" / slug
        ceremony.create_root(root, slug, SECRET.text, argon=CHEAP)
        request = setup.init_node(node, slug, SECRET, broker_url=broker_url, argon=CHEAP)
        card = home / f"{slug}.card"
        ceremony.sign_card(root, SECRET.text, request, card)
        cards.append(card)
    document, signed = home / "covenant.json", home / "covenant.signed.json"
    ceremony.compile_covenant(covenant, cards, document)
    for slug in slugs:
        out = home / f"{slug}.signature"
        ceremony.sign_covenant(document, home / "offline" / slug, SECRET.text, out)
        signatures.append(out)
    ceremony.assemble_covenant(document, signatures, signed)
    for slug in slugs:
        setup.accept_covenant(home / "nodes" / slug, SECRET, signed, admin_name=f"Proef {slug}", now=NINE)
    return signed


def next_generation(
    home: Path, earlier: Path, change: Callable[[str], str], partners: Iterable[str] = PARTNERS
) -> Path:
    """A signed covenant that follows ``earlier``: the same text with ``change`` applied, signed by ``partners``."""
    previous = verify_signed(earlier.read_bytes(), NINE)
    generation = previous.generation + 1
    place = home / f"generation-{generation}-{previous.hash.hex()[:8]}-{uuid4().hex[:6]}"
    place.mkdir()
    toml, document, signed = place / "covenant.toml", place / "covenant.json", place / "covenant.signed.json"
    text = change(COVENANT.read_text(encoding="utf-8"))
    toml.write_text(
        text.replace("generation = 1", f'generation = {generation}\nprevious = "{previous.hash.hex()}"'),
        encoding="utf-8",
    )
    ceremony.compile_covenant(toml, [home / f"{slug}.card" for slug in partners], document)
    for slug in partners:
        ceremony.sign_covenant(document, home / "offline" / slug, SECRET.text, place / slug)
    ceremony.assemble_covenant(document, [place / slug for slug in partners], signed)
    return signed


@functools.cache
def _template(partners: tuple[str, ...], covenant: Path) -> Path:
    """One founded exchange per process, copied for every test: founding is proven once, and takes seconds."""
    home = Path(tempfile.mkdtemp(prefix="founded-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    found(home, partners, broker_url=NOWHERE, covenant=covenant)
    return home


def copied(home: Path, partners: tuple[str, ...], broker_url: str, covenant: Path) -> Path:
    """A copy of the founded exchange in ``home`` whose nodes dial ``broker_url``; gives the signed covenant."""
    shutil.copytree(_template(partners, covenant), home, dirs_exist_ok=True)
    for slug in partners:
        settings = home / "nodes" / slug / "node.toml"
        settings.write_text(settings.read_text().replace(NOWHERE, broker_url))
    return home / "covenant.signed.json"


@dataclass
class World:
    """Nodes and a broker."""

    home: Path
    signed: Path
    port: int
    clock: HandClock = field(default_factory=HandClock)
    broker: LocalServer | None = None
    nodes: dict[str, Node] = field(default_factory=dict)
    frames: list[tuple[str, str, bytes]] = field(default_factory=list)
    """(sender, recipient, frame) in the order they were published; what a curious broker has."""

    @classmethod
    @contextlib.asynccontextmanager
    async def founded(
        cls, home: Path, partners: Iterable[str] = PARTNERS, *, start: bool = True, covenant: Path = COVENANT
    ) -> AsyncIterator[World]:
        port = free_port()
        signed = await asyncio.to_thread(
            copied, home, tuple(partners), broker_url=f"nats://127.0.0.1:{port}", covenant=covenant
        )
        world = cls(home, signed, port)
        try:
            await world.start_broker()
            if start:
                for slug in partners:
                    await world.start(slug)
                await world.connected()
            yield world
        finally:
            await world.close()

    async def start_broker(self) -> None:
        self.broker = await hosting.start_broker(self.signed, self.home / "broker", port=self.port)

    def directory(self, slug: str) -> Path:
        return self.home / "nodes" / slug

    def open(self, slug: str, **kwargs: Any) -> Node:
        node = app.open_node(self.directory(slug), SECRET, clock=self.clock, **kwargs)
        self.listen(slug, node)
        return node

    def listen(self, slug: str, node: Node) -> None:
        """Keep every frame that leaves a node, as it is handed to the broker."""
        publish = node.transport.publish

        async def tapped(recipient: str, frame: bytes) -> None:
            self.left(slug, recipient, frame)
            await publish(recipient, frame)

        node.transport.publish = tapped  # type: ignore[method-assign]

    async def start(self, slug: str, **kwargs: Any) -> Node:
        node = await asyncio.to_thread(self.open, slug, **kwargs)
        await node.start()
        self.nodes[slug] = node
        return node

    async def stop(self, slug: str) -> None:
        await self.nodes.pop(slug).stop()

    async def accept(self, slug: str, signed: Path) -> Node:
        """Stop a node, accept the next generation, start it again."""
        await self.stop(slug)
        await asyncio.to_thread(
            setup.accept_covenant, self.directory(slug), SECRET, signed, admin_name="Proef", now=self.clock.now()
        )
        return await self.start(slug)

    async def close(self) -> None:
        for slug in list(self.nodes):
            await self.stop(slug)
        if self.broker is not None:
            await self.broker.stop()

    async def connected(self) -> None:
        """Until every node has every other's prekeys."""
        await self.until(
            lambda: all(
                node.partners.bundle(other) is not None
                for slug, node in self.nodes.items()
                for other in self.nodes
                if other != slug
            )
        )

    async def until(self, condition: Callable[[], object], within_s: float = 60) -> None:
        """Wait for a fact, not for a time: looks after every bell, fails loudly.

        A receipt leaves a node before its views show what it acknowledges, so the views get a moment to follow as well.
        """
        clock = asyncio.get_running_loop().time
        ends = clock() + within_s
        while not condition():
            assert clock() < ends, "the expected fact did not come"
            await self._heard()
        ends = clock() + 2
        while clock() < ends and any(map(_behind, self.nodes.values())):
            await self._heard()

    async def _heard(self) -> None:
        """Until a bell rings somewhere, or a twentieth of a second."""
        waits = [asyncio.create_task(node.bell.wait(0.05)) for node in self.nodes.values()]
        if not waits:
            await asyncio.sleep(0.02)
            return
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    def actor(self, slug: str) -> Actor:
        """The first actor of a node: everything a single-handed office may."""
        node = self.nodes[slug]
        return node.actors_of_uid(os.getuid())[0]

    async def colleague(self, slug: str, uid: int = 4711, *roles: str) -> Actor:
        """A second pair of hands at a node, on an account of its own."""
        form = f.ActorForm(name=f"Proef {uid}", roles=list(roles or setup.FIRST_ROLES), uid=uid)
        made = await self.nodes[slug].register_actor(self.actor(slug), form, None)
        return next(a for a in self.nodes[slug].actors_of_uid(uid) if a.id == made.actor)

    async def destroyed(self, slug: str) -> f.ErasureAnswer:
        """Destroy by hand where nobody vouches for the clock: the first actor asks, a colleague confirms the date."""
        node, colleague = self.nodes[slug], await self.colleague(slug)
        with contextlib.suppress(ConflictError):  # that he asked is recorded
            await node.retention_enforce(self.actor(slug), confirm_date=None)
        return await node.retention_enforce(colleague, confirm_date=local_day(self.clock.now()))

    def left(self, sender: str, recipient: str, frame: bytes) -> None:
        """A frame left a node."""
        self.frames.append((sender, recipient, frame))

    def between(self, sender: str, recipient: str) -> list[bytes]:
        """Every frame the broker was given from one to the other."""
        return [frame for s, r, frame in self.frames if (s, r) == (sender, recipient)]

    def parked(self, slug: str) -> list[str]:
        """Why frames are parked at a node."""
        return [row["reason"] for row in self.nodes[slug].ctx.ledger.rows("SELECT reason FROM parked ORDER BY at")]

    def events(self, slug: str, topic: str) -> list[Any]:
        """Every event of a topic in a node's log."""
        log = self.nodes[slug].ctx.log
        return log.read_all(log.entries(0, 10_000, [topic]))

    def received(self, slug: str) -> list[str]:
        """Ids of the messages a node stored."""
        return [event.message for event in self.events(slug, "message/received/1")]

    def open_frame(self, slug: str, frame: bytes) -> envelope.Opened:
        """Open a frame with the epoch keys of its recipient."""
        ctx = self.nodes[slug].ctx
        parsed = envelope.parse_frame(frame)
        window = ctx.prekeys.opener(parsed.kid)
        assert window is not None, "the epoch is gone"
        return envelope.open_frame(parsed, window.seed, ctx.covenants.id, ctx.covenants.current.generation, ctx.me.id)

    async def person(self, slug: str, **identity: Any) -> UUID:
        form = f.SubjectForm(**(identity or JELLE))
        return (await self.nodes[slug].register_subject(self.actor(slug), form, None)).subject

    async def share(self, slug: str, form: f.ShareForm, wait_s: float = 60) -> f.ActAnswer:
        node, actor = self.nodes[slug], self.actor(slug)
        answer = await node.share(actor, form, None)
        return await node.act(actor, answer.act, wait_s=wait_s)


JELLE = {
    "given_names": "Jelle",
    "family_name": "Verzonnen",
    "birth_date": "1964-11-05",
    "postcode": "7921 AB",
    "house_number": "12",
}


def _behind(node: Node) -> bool:
    """Whether something is stored that the views of a node do not show yet."""
    return bool(node.ctx.log.entries(node.ctx.ledger.position, 1))
