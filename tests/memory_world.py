"""Real nodes in this process over the broker in memory: for attacks that need a hand on every frame.

    async with MemoryWorld.copied(founded, tmp_path) as world:
        mallory = Mallory(world, "actium")                  has the real keys of a partner, and no scruples
        outcome = await world.deliver("gemeente", mallory.frame("gemeente", ...))

Founding takes a second and is done once per session; every test works on a copy of the directories.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import orjson
from world import COVENANT, PARTNERS, World, found

from exchange.crypto import envelope, labels
from exchange.crypto.signing import Ed25519Key
from exchange.errors import BrokerError
from exchange.node.awaiting import PATIENCE
from exchange.node.messages import moment
from exchange.node.node import Node
from exchange.wire import messages as m
from exchange.wire.codec import encode


def fake_transport() -> ModuleType:
    """``tests/fakes/transport.py``; the tests are no package, so it is loaded by its path."""
    name = "fake_transport"
    if name not in sys.modules:
        path = Path(__file__).parent / "fakes" / "transport.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@dataclass
class Taken:
    """A delivery by hand, which remembers how it ended."""

    sender: str
    data: bytes = field(repr=False)
    attempts: int = 1
    ended: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    broken: bool = False

    async def done(self, *, overwrite: bool = True) -> None:
        if self.broken:
            raise BrokerError("The broker cannot be reached.")
        self.ended.append("done")

    async def later(self, delay_s: float) -> None:
        self.ended.append("later")
        self.delays.append(delay_s)


@dataclass
class MemoryWorld(World):
    """A world whose broker is in memory and records every frame it was given."""

    memory: Any = None
    withheld: set[tuple[str, str]] = field(default_factory=set)
    """(sender, recipient) pairs whose frames the broker takes and does not keep."""

    @classmethod
    @contextlib.asynccontextmanager
    async def copied(
        cls, founded: Path, home: Path, partners: Iterable[str] = PARTNERS, *, start: bool = True
    ) -> AsyncIterator[MemoryWorld]:
        shutil.copytree(founded, home, dirs_exist_ok=True)
        world = cls(home, home / "covenant.signed.json", 0)
        known = tuple(path.name for path in (home / "nodes").iterdir())
        world.memory = fake_transport().MemoryBroker((*PARTNERS, *known), automatic=True)
        try:
            if start:
                for slug in partners:
                    await world.start(slug)
                await world.connected()
            yield world
        finally:
            await world.close()

    def open(self, slug: str, **kwargs: Any) -> Node:
        return super().open(slug, transport=lambda *_: self._tap(slug), **kwargs)

    def listen(self, slug: str, node: Node) -> None:
        """The door of the broker in memory is tapped instead: it also takes frames that it does not keep."""

    def _tap(self, slug: str) -> Any:
        door = self.memory.transport(slug)
        publish = door.publish

        async def tapped(recipient: str, frame: bytes) -> None:
            door.need_connection()
            self.left(slug, recipient, frame)
            if (slug, recipient) not in self.withheld:
                await publish(recipient, frame)

        door.publish = tapped
        return door

    async def deliver(self, slug: str, sender: str, *frames: bytes) -> list[Taken]:
        """Hand frames to a node as one batch, as the broker would under the name of ``sender``."""
        taken = [Taken(sender, frame) for frame in frames]
        await self.nodes[slug].inbox_handler.take(list(taken))
        return taken


@dataclass
class Letter:
    """A message of a hostile but real partner, before it is wrapped: every field can be lied about."""

    header: dict[str, Any]
    keys: list[bytes]
    boxes: list[bytes]
    label: str
    signer: Ed25519Key
    raw: bytes | None = None
    """Other header bytes than the canonical ones."""

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.header["data"]
        return found

    @property
    def bytes(self) -> bytes:
        return self.raw if self.raw is not None else encode(self.header)

    @property
    def message(self) -> str:
        return envelope.message_id(self.bytes).hex()


@dataclass
class Mallory:
    """Acts with the true keys of ``slug`` and skips every check of its own node."""

    world: World
    slug: str
    number: int = 0

    @property
    def node(self) -> Node:
        return self.world.nodes[self.slug]

    def statement(self, to: str, **changes: Any) -> dict[str, Any]:
        """A statement that passes every gate from Actium to Welzijn or the municipality."""
        task = {"welzijn": ("A6_1_f", "maatschappelijk-werk"), "gemeente": ("A6_1_e", "wmo")}.get(to, ("A6_1_e", "x"))
        made = m.Statement(
            purpose="P0_ONDERSTEUNING",
            context="SIGNALERING",
            sender_basis="A6_1_f",
            sender_task="verhuur",
            recipient_basis=task[0],
            recipient_task=task[1],
            weighing=m.Weighing(
                necessity="Overlast.", proportionality="Alleen de woning.", subsidiarity="Gesprek hielp niet."
            ),
            notice=m.Notice(
                reference="kennisgeving-1", given_on="2026-03-02", mode="HUISBEZOEK", recipients=["gemeente", "welzijn"]
            ),
            support_rationale="Bewoner is gebaat bij hulp.",
        )
        return {**made.model_dump(mode="json", exclude_none=True), **changes}

    def item(self, **changes: Any) -> dict[str, Any]:
        """An item that passes every gate."""
        made = m.Item(
            item=uuid4(),
            subject=uuid4().hex,
            category="HUISVESTING",
            field="staat-woning",
            value="De woning staat vol spullen.",
            origin_partner=self.slug,
        )
        return {**made.model_dump(mode="json", exclude_none=True), **changes}

    def letter(
        self,
        to: str,
        *parts: dict[str, Any] | bytes,
        kind: m.Kind = m.Kind.DISCLOSURE,
        sequence: int | None = None,
        retention: list[str] | None = None,
        uid: UUID | None = None,
        at: datetime | None = None,
        **data: Any,
    ) -> Letter:
        """A message with these parts; a statement and one item when none are given."""
        ctx = self.node.ctx
        book = ctx.covenants.current
        plain: list[dict[str, Any] | bytes] = list(parts)
        if not plain and kind in m.CONTENT:
            plain = [self.statement(to), self.item()]
        uid = uid or uuid4()
        keys = [uuid4().bytes + uuid4().bytes for _ in plain]
        boxes = [
            envelope.seal_part(
                key, ctx.covenants.id, ctx.me.id, uid.bytes, i, len(plain), p if isinstance(p, bytes) else encode(p)
            )
            for i, (key, p) in enumerate(zip(keys, plain, strict=True))
        ]
        classes = retention or [self._retention(kind, p) for p in plain]
        self.number = sequence if sequence is not None else self.number + 1
        header = {
            "specversion": "1.0",
            "id": str(uid),
            "source": m.source_of(self.slug),
            "time": moment(at or ctx.clock.now()),
            "datacontenttype": "application/json",
            "type": kind.value,
            "data": {
                "covenant": ctx.covenants.id.hex(),
                "generation": book.generation,
                "sender": ctx.me.id.hex(),
                "recipient": book.partner(to).id.hex(),
                "sequence": self.number,
                "parts": [
                    {"hash": labels.H(b).hex(), "length": len(b), "pkc": envelope.pkc(k).hex(), "retention": r}
                    for k, b, r in zip(keys, boxes, classes, strict=True)
                ],
                "checkpoint": {"size": 0, "root": labels.H(b"").hex()},
                **data,
            },
        }
        return Letter(header, keys, boxes, labels.SIGN_HEADER, ctx.keys.sign)

    def _retention(self, kind: m.Kind, part: dict[str, Any] | bytes) -> str:
        covenant = self.node.ctx.covenants.current.covenant
        known = covenant.index.categories.get(part.get("category", "")) if isinstance(part, dict) else None
        if known is None or known.retention is None:
            return covenant.settings.statement_retention
        domain = {m.Kind.SIGNAL: "signal"}.get(kind, "disclosure")
        from exchange.domain.vocabulary import Kind  # noqa: PLC0415 - only here

        return str(covenant.retention_class(Kind(domain), part["category"]))

    def wrap(
        self,
        to: str,
        letter: Letter,
        *,
        kid: bytes | None = None,
        wrapped_ms: int | None = None,
        signature: bytes | None = None,
        recipient: bytes | None = None,
        generation: int | None = None,
    ) -> bytes:
        """A frame for ``to`` around the letter as it is now."""
        target = self.world.nodes[to].ctx
        now = round(target.clock.now().timestamp() * 1000)
        own = [o for o in target.prekeys.alive() if o.not_before_ms <= now < o.not_after_ms]
        chosen = next((o for o in target.prekeys.alive() if kid is not None and o.kid == kid.hex()), own[-1])
        header = letter.bytes
        return envelope.wrap_frame(
            prekey_public=chosen.public,
            kid=kid or bytes.fromhex(chosen.kid),
            covenant=target.covenants.id,
            generation=target.covenants.current.generation if generation is None else generation,
            recipient=recipient or target.me.id,
            header=header,
            signature=signature or letter.signer.sign(letter.label, header),
            part_keys=letter.keys,
            parts=letter.boxes,
            wrapped_ms=now if wrapped_ms is None else wrapped_ms,
        )

    def frame(self, to: str, *parts: dict[str, Any] | bytes, **more: Any) -> bytes:
        """A frame with a letter that is honest but for what is given."""
        return self.wrap(to, self.letter(to, *parts, **more))

    async def send(self, to: str, *frames: bytes) -> list[Taken]:
        """Have them delivered under Mallory's own name."""
        assert isinstance(self.world, MemoryWorld), "only there is delivered by hand"
        return await self.world.deliver(to, self.slug, *frames)

    async def insist(self, to: str, frame: bytes) -> Taken:
        """Have it delivered until it is judged: what another partner's news could still make right is put off for a while."""
        (taken,) = await self.send(to, frame)
        if taken.ended == ["later"]:
            self.world.clock.at += PATIENCE
            (taken,) = await self.send(to, frame)
        return taken

    async def publish(self, to: str, *letters: Letter) -> None:
        """Through the broker, under Mallory's own name and rights."""
        for letter in letters:
            await self.node.transport.publish(to, self.wrap(to, letter))

    def count_on_from(self, to: str) -> None:
        """Number the next letter so that nothing but its content can be refused."""
        mine = self.node.ctx.writer.overlay.pairs_out[to].last
        self.number = max(mine, self.world.nodes[to].ctx.writer.overlay.pairs_in[self.slug].highest)


async def make_founded(home: Path, covenant: Path = COVENANT) -> None:
    """Play the bootstrap order and let every node make and publish its first epochs."""
    found(home, PARTNERS, broker_url="nats://127.0.0.1:4222", covenant=covenant)
    world = MemoryWorld(home, home / "covenant.signed.json", 0)
    world.memory = fake_transport().MemoryBroker(PARTNERS, automatic=True)
    for slug in PARTNERS:
        await world.start(slug)
    await world.connected()
    await world.close()


def receipts(world: World, receiver: str, sender: str) -> list[tuple[m.Receipt, bytes]]:
    """Every receipt that ``receiver`` sent to ``sender``, opened with the sender's keys."""
    found = []
    for frame in world.between(receiver, sender):
        opened = world.open_frame(sender, frame)
        kind = orjson.loads(opened.header)["type"]
        if kind == m.Kind.RECEIPT.value:
            found.append((m.Receipt.model_validate_json(opened.header), opened.header))
        elif kind == m.Kind.RECEIPTS.value:
            inside = m.Receipts.model_validate_json(opened.header).data.receipts
            found += [(m.Receipt.model_validate_json(r.receipt), r.receipt.encode()) for r in inside]
    return found


__all__ = ["Letter", "Mallory", "MemoryWorld", "Taken", "make_founded", "receipts"]
