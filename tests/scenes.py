"""Words in which a scenario is told: who tells whom what, who is refused why, who knows what. Real nodes over the real broker."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from case_forms import share_form
from conference_forms import GROUNDS, plaintexts
from oracle import check_running
from world import World

from exchange.crypto import envelope
from exchange.domain.refusals import CATALOGUE
from exchange.domain.retention import AMSTERDAM
from exchange.errors import NotFoundError, WireError
from exchange.node import forms as f
from exchange.node.service import Actor, Refused

SECRECY = {"applies": True, "regime": "BEROEPSCODE", "ground": "TOESTEMMING", "motivation": "Bewoner stemt in."}


def datum(category: str, name: str, value: str, **more: Any) -> dict[str, Any]:
    """One thing to tell."""
    return {"category": category, "field": name, "value": value, **more}


def told(*recipients: str, on: str = "2026-03-02", mode: str = "HUISBEZOEK") -> dict[str, Any]:
    """The person was told beforehand that these partners will know."""
    return {"reference": "kennisgeving-1", "given_on": on, "mode": mode, "recipients": list(recipients)}


def somebody(*roles: str) -> Actor:
    return Actor(uuid4(), "person", frozenset(roles))


class Scene:
    """A world in which a scenario is played."""

    def __init__(self, world: World) -> None:
        self.world = world

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator[Scene]:
        """Four nodes and a broker on 2 March 2026, nine o'clock. At the end every log verifies, and the nodes agree."""
        async with World.founded(home) as world:
            scene = cls(world)
            yield scene
            await scene.settled()
            check_running(world)

    async def settled(self) -> None:
        """Until nothing is under way."""
        await self.world.until(lambda: not any(n.outgoing.waiting() for n in self.world.nodes.values()))

    def day(self, day: date) -> None:
        """Nine o'clock in Amsterdam on that day."""
        self.world.clock.set(datetime(day.year, day.month, day.day, 9, tzinfo=AMSTERDAM).astimezone(UTC))
        for node in self.world.nodes.values():
            node.housekeeping.wake()

    # ------------------------------------------------------------------------------------ telling

    def form(self, sender: str, about: UUID, to: list[str], *items: dict[str, Any], **more: Any) -> f.ShareForm:
        """What ``sender`` tells; grounds of a recipient are changed with ``to_gemeente={…}`` and the like."""
        recipients = [
            {"partner": p, "basis": GROUNDS.get(p, ("A6_1_f", ""))[0], "task": GROUNDS.get(p, ("", "x"))[1],
             **more.pop(f"to_{p}", {})}
            for p in to
        ]  # fmt: skip
        own = {"basis": GROUNDS[sender][0], "task": GROUNDS[sender][1], "notice": told(*GROUNDS)}
        return share_form(about, recipients, list(items), **{**own, **more})

    async def tells(self, sender: str, about: UUID, to: list[str], *items: dict[str, Any], **more: Any) -> list[str]:
        """It arrives with a signed receipt at every recipient, and nothing is refused; gives the message ids."""
        answer = await self.world.share(sender, self.form(sender, about, to, *items, **more))
        assert [(m.partner, m.state, m.rejected) for m in answer.messages] == [(p, "receipted", {}) for p in sorted(to)]
        return [m.message or "" for m in answer.messages]

    async def signals(
        self, sender: str, about: UUID, to: list[str], kind: str, *items: dict[str, Any], **more: Any
    ) -> list[str]:
        """A signal: why the person could benefit from support goes along."""
        return await self.tells(
            sender, about, to, *items, kind="signal", signal_kind=kind, context="SIGNALERING", **more
        )

    async def is_refused(
        self, sender: str, about: UUID, to: list[str], *items: dict[str, Any], **more: Any
    ) -> dict[str, str]:
        """Nothing leaves; gives every code with its article."""
        before = len(self.world.frames)
        with pytest.raises(Refused) as refused:
            await self.world.nodes[sender].share(
                self.world.actor(sender), self.form(sender, about, to, *items, **more), None
            )
        await self.settled()
        assert not [1 for s, r, _ in self.world.frames[before:] if s == sender and r in to]
        assert all(r.article == CATALOGUE[r.code].article for r in refused.value.refusals)
        return {r.code: r.article for r in refused.value.refusals}

    # ------------------------------------------------------------------------------------ knowing

    async def knows(self, slug: str, about: UUID, as_of: date | None = None) -> list[f.KnownItem]:
        """What who-knows answers at a node."""
        query = f.WhoKnowsQuery(subject=about, as_of=as_of)
        return (await self.world.nodes[slug].who_knows(self.world.actor(slug), query)).items

    async def never_heard_of(self, slug: str, identity: dict[str, Any]) -> None:
        """A node answers as about somebody who does not exist."""
        query = f.WhoKnowsQuery(identity=f.IdentityForm.model_validate(identity))
        with pytest.raises(NotFoundError, match="Nobody in this node's register"):
            await self.world.nodes[slug].who_knows(self.world.actor(slug), query)

    async def reads(self, slug: str, message: str) -> dict[str, str | None]:
        """What a recipient reads, by field."""
        came = await self.world.nodes[slug].read_message(self.world.actor(slug), message)
        return {item.field: item.value for item in came.items}

    async def inbox(self, slug: str) -> list[tuple[str, str]]:
        """Sender and kind, newest first."""
        return [(r.sender, r.kind) for r in await self.world.nodes[slug].inbox(self.world.actor(slug))]

    def cannot_open(self, slug: str, frame: bytes) -> None:
        """With none of its keys."""
        ctx, parsed = self.world.nodes[slug].ctx, envelope.parse_frame(frame)
        for own in ctx.prekeys.alive():
            window = ctx.prekeys.opener(bytes.fromhex(own.kid))
            assert window is not None
            with pytest.raises(WireError):
                envelope.open_frame(parsed, window.seed, ctx.covenants.id, ctx.covenants.current.generation, ctx.me.id)

    def who_got(self, text: str) -> set[tuple[str, str]]:
        """(sender, recipient) of every frame in which this stands, opened with every key there is."""
        return {(s, r) for s, r, _, plain in plaintexts(self.world) if text.encode() in plain}
