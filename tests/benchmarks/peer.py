"""One node of the exchange as a process under measurement: the real composition root, driven by JSON commands on stdin.

``peer.py DIRECTORY BASE``; BASE is the moment (Unix seconds) at which the nodes' clock stood at 2026-03-02 09:00, so that the two
processes of a run share one clock and the invented case lies in the covenant's time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gauges import commands, forget_peak, peak, resident
from world import JELLE, NINE, SECRET

from exchange import app, logs
from exchange.api.app import create_app
from exchange.api.auth import AnyOf, PeerCredentials
from exchange.api.server import serve
from exchange.domain.retention import local_day
from exchange.node import forms as f
from exchange.node import rules
from exchange.node.node import Node
from exchange.node.service import Actor

SUBJECTS = 50
GROUP = 128
"""Most disclosures asked for at once, as the floor does."""
TEXT = ("De woning staat vol spullen en de buren klagen. " * 7)[:300]
"""One item: 300 bytes."""
FIELDS = (("HUISVESTING", "staat-woning"), ("OVERLAST", "aard-overlast"), ("HUISVESTING", "bewoning"))


class SharedClock:
    """The machine's clock, moved so that BASE is the morning of the case."""

    def __init__(self, base: float) -> None:
        self._base = base

    def now(self) -> datetime:
        moment = NINE + timedelta(seconds=time.time() - self._base)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def disclosure(subject: UUID, text: str = TEXT) -> dict[str, Any]:
    """A disclosure of 3 items to one partner, as a case system would ask for it."""
    return {
        "subject": str(subject),
        "recipients": [{"partner": "welzijn", "basis": "A6_1_f", "task": "maatschappelijk-werk"}],
        "items": [{"category": category, "field": field, "value": text} for category, field in FIELDS],
        "purpose": "P0_ONDERSTEUNING",
        "context": "SIGNALERING",
        "basis": "A6_1_f",
        "task": "verhuur",
        "weighing": {
            "necessity": "Overlast voor de buren.",
            "proportionality": "Alleen de woning.",
            "subsidiarity": "Gesprek hielp niet.",
        },
        "notice": {
            "reference": "kennisgeving-1",
            "given_on": "2026-03-02",
            "mode": "HUISBEZOEK",
            "recipients": ["gemeente", "welzijn"],
        },
        "support_rationale": "Bewoner is gebaat bij hulp bij het opruimen.",
    }


class Peer:
    """A running node and what it is told to do."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._actor: Actor = node.actors_of_uid(os.getuid())[0]
        self._subjects: list[UUID] = []
        self._door: asyncio.Task[None] | None = None

    async def people(self) -> dict[str, Any]:
        """Register the people the disclosures are about."""
        for number in range(SUBJECTS):
            form = f.SubjectForm.model_validate(
                {**JELLE, "given_names": f"Jelle{number}", "house_number": str(number + 1)}
            )
            self._subjects.append((await self.node.register_subject(self._actor, form, None)).subject)
        return {"subjects": [str(s) for s in self._subjects]}

    def _form(self, number: int) -> f.ShareForm:
        return f.ShareForm.model_validate(disclosure(self._subjects[number % SUBJECTS]))

    async def connected(self) -> dict[str, Any]:
        while self.node.partners.bundle("welzijn" if self.node.ctx.me.slug == "actium" else "actium") is None:
            await self.node.bell.wait(0.05)
        return {}

    async def sequential(self, count: int) -> dict[str, Any]:
        """One after another: from the call until the receipt is durable here."""
        latencies = []
        for number in range(count):
            form = self._form(number)
            began = time.perf_counter()
            answer = await self.node.share(self._actor, form, None)
            answer = await self.node.act(self._actor, answer.act, wait_s=30)
            latencies.append(time.perf_counter() - began)
            assert [m.state for m in answer.messages] == ["receipted"], answer.messages
        return {"latencies": latencies}

    async def pipelined(self, count: int, window: int) -> dict[str, Any]:
        """Up to ``window`` disclosures without a receipt, given in groups, until ``count`` have theirs."""
        cpu, began, sent = time.process_time(), time.perf_counter(), 0
        while sent < count or self.node.outgoing.waiting():
            room = min(GROUP, window - len(self.node.outgoing.waiting()), count - sent)
            if room >= min(GROUP // 2, count - sent) > 0:
                forms = [self._form(number) for number in range(sent, sent + room)]
                await asyncio.gather(*[self.node.share(self._actor, form, None) for form in forms])
                sent += room
            else:
                await self.node.bell.wait(30)
        return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}

    async def judge(self, count: int) -> dict[str, Any]:
        """Seconds that the covenant's gates take for one item, the message's own gates shared among its three."""
        ctx = self.node.ctx
        draft = self.node._sharing._drafting.drafts(self._actor, self._form(0)).each[0]
        book, day = ctx.covenants.current.covenant, local_day(ctx.clock.now())
        began = time.perf_counter()
        for _ in range(count):
            verdict = rules.judge(book, draft.kind, ctx.me.slug, draft.recipient, draft.statement, draft.items, day)
            assert verdict.allowed, verdict.codes
        return {"seconds": (time.perf_counter() - began) / count / len(draft.items)}

    async def api(self, socket: str) -> dict[str, Any]:
        """Open the door."""
        ready = asyncio.Event()
        door = create_app(self.node, AnyOf(PeerCredentials(self.node)))
        self._door = asyncio.create_task(serve(door, socket=Path(socket), ready=ready))
        await ready.wait()
        return {}

    async def state(self) -> dict[str, Any]:
        """Memory now and at its highest since the last time this was asked."""
        found = {"resident": resident(), "peak": peak(), "entries": self.node.ctx.log.size}
        forget_peak()
        return found

    async def close(self) -> None:
        if self._door is not None:
            self._door.cancel()
            await asyncio.gather(self._door, return_exceptions=True)
        await self.node.stop()


async def main(directory: Path, base: float) -> None:
    logs.configure(level=logging.ERROR)
    node = app.open_node(directory, SECRET, clock=SharedClock(base))
    app.tune_interpreter()
    await node.start()
    peer = Peer(node)
    try:
        await commands(peer, node.ctx.me.slug)
    finally:
        await peer.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
