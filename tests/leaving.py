"""Everything that leaves the nodes of a world, opened as it leaves with the keys of whoever it is for, and what was typed.

async with Watched.copied(founded, home) as world:
    secret = world.secret("actium", {"welzijn"})         a text to type; says who may ever see it
    ...
    world.parts                                          every part of every frame, in the clear
    world.clear_text()                                   where something secret stands in the clear, which is nowhere
"""

from __future__ import annotations

import base64
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from memory_world import MemoryWorld

from exchange.crypto import envelope
from exchange.errors import WireError
from exchange.node.node import Node

MARK = "GEHEIM"
_SECRET = re.compile(rb"GEHEIM[0-9]{4}X")


@dataclass
class Secret:
    """A text that somebody typed; it can be found again wherever it goes."""

    word: str
    owner: str
    may: set[str]
    """Who may get it in an envelope. Nobody gets it in any other way."""
    content: bool
    """It is the value of an item: never in a message about the work."""
    subject: UUID | None = None
    offer: bool = False
    """It was offered in a case conference: it goes under the chair's release or not at all."""
    by_machine: bool = False
    """No person decided it."""


@dataclass(frozen=True)
class Part:
    """One part of one frame, in the clear."""

    sender: str
    recipient: str
    header: dict[str, Any]
    message: str
    number: int
    plain: bytes

    @property
    def kind(self) -> str:
        return str(self.header["type"])

    @property
    def uid(self) -> str:
        return str(self.header["id"])

    @property
    def words(self) -> list[str]:
        """The secrets in it."""
        return [found.decode() for found in _SECRET.findall(self.plain)]

    @property
    def data(self) -> dict[str, Any]:
        made: dict[str, Any] = orjson.loads(self.plain)
        return made


@dataclass
class Watched(MemoryWorld):
    """A world with a hand on every frame."""

    parts: list[list[Part]] = field(default_factory=list)
    """By frame that left."""
    unopened: list[tuple[str, str, bytes]] = field(default_factory=list)
    answers: dict[str, set[str]] = field(default_factory=dict)
    """Message id -> every code with which its recipient refused a part of it."""
    secrets: dict[str, Secret] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    """What should not have left. Kept, not raised: a node survives what goes wrong in its loops."""

    def secret(self, owner: str, may: set[str], *, content: bool = False, **more: Any) -> str:
        """A new text of ``owner`` that ``may`` see."""
        word = f"{MARK}{len(self.secrets):04d}X"
        self.secrets[word] = Secret(word, owner, may, content, **more)
        return word

    def left(self, sender: str, recipient: str, frame: bytes) -> None:
        super().left(sender, recipient, frame)
        self.unopened.append((sender, recipient, frame))
        self.open_what_left()

    async def start(self, slug: str, **kwargs: Any) -> Node:
        node = await super().start(slug, **kwargs)
        self.open_what_left()
        return node

    def open_what_left(self) -> None:
        """Open what can be opened; what is for a node that is not up waits for it."""
        waiting = [one for one in self.unopened if one[1] not in self.nodes]
        ready = [one for one in self.unopened if one[1] in self.nodes]
        self.unopened = waiting
        for sender, recipient, frame in ready:
            try:
                parts = list(self._parts(sender, recipient, frame))
                self.parts.append(parts)
                self.check(parts)
            except Exception:  # noqa: BLE001 - whatever it is, the test has to see it
                self.wrong.append(traceback.format_exc())

    def check(self, parts: list[Part]) -> None:
        """Hook: one message left."""

    def _parts(self, sender: str, recipient: str, frame: bytes) -> Iterator[Part]:
        opened, ctx = self._opened(recipient, frame), self.nodes[recipient].ctx
        header = orjson.loads(opened.header)
        self._answered(header)
        origin = ctx.covenants.current.partner(sender).id
        for n, (key, box) in enumerate(zip(opened.part_keys, opened.parts, strict=True)):
            uid = UUID(header["id"]).bytes
            plain = envelope.open_part(key, ctx.covenants.id, origin, uid, n, len(opened.parts), box)
            yield Part(sender, recipient, header, envelope.message_id(opened.header).hex(), n, plain)

    def _answered(self, header: dict[str, Any]) -> None:
        """Read a receipt, or every one of a bundle."""
        inside = [orjson.loads(one["receipt"]) for one in header["data"].get("receipts", [])]
        for data in (one["data"] for one in (header, *inside) if "outcomes" in one["data"]):
            codes = {code for outcome in data["outcomes"] for code in outcome["codes"]}
            self.answers.setdefault(data["message"], set()).update(codes)

    def _opened(self, recipient: str, frame: bytes) -> envelope.Opened:
        ctx = self.nodes[recipient].ctx
        parsed = envelope.parse_frame(frame)
        window = ctx.prekeys.opener(parsed.kid)
        assert window is not None, "the epoch is gone"
        for generation in (1, 2):
            try:
                return envelope.open_frame(parsed, window.seed, ctx.covenants.id, generation, ctx.me.id)
            except WireError:
                continue
        raise AssertionError("a frame left that its recipient cannot open")

    def clear_text(self, *logged: object) -> list[str]:
        """Where a secret stands in the clear: frames, control lane, what was logged, every file of every node."""
        places = [(f"a frame of {s} to {r}", frame) for s, r, frame in self.frames]
        places += [(f"the control lane ({kind} of {s})", data) for (kind, _, s), data in self.memory.lane.items()]
        places += [("a line that was logged", repr(line).encode()) for line in logged]
        places += [(f"{path.parent.name}/{path.name}", path.read_bytes()) for path in _files(self.home / "nodes")]
        return sorted({place for place, data in places if any(form in data for form in FORMS)})


def _files(home: Path) -> Iterator[Path]:
    return (path for path in home.rglob("*") if path.is_file())


def _forms(mark: bytes) -> list[bytes]:
    """The mark as it is, in hex, in two bytes a character, and in base64 at every alignment."""
    inside = [base64.b64encode(b"\0" * n + mark)[(n * 8 + 5) // 6 : (n + len(mark)) * 8 // 6] for n in range(3)]
    return [mark, mark.hex().encode(), mark.hex().upper().encode(), mark.decode().encode("utf-16-le"), *inside]


FORMS = _forms(MARK.encode())
