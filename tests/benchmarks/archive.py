"""A node with a long log, as a process under measurement: filled through the real store in batches, then asked and replayed.

``archive.py DIRECTORY BASE``. Nothing is sent: the headers, receipts and ciphertexts have the size of real ones and are made
up, which the log neither knows nor asks; keys, sealing, leaves, commits and views are the real thing. Each disclosure is one
message of a statement and three items to one partner, with its receipt: five log entries, four contents, three record keys.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gauges import commands, forget_peak, peak, peak_beside, resident
from peer import FIELDS, SharedClock
from world import SECRET

from exchange import app, logs
from exchange.domain import events as e
from exchange.domain.pairing import PairOut
from exchange.node import accountability, whoknows
from exchange.node import forms as f
from exchange.node.node import Node
from exchange.node.writer import Tx
from exchange.store.kept import ACCOUNTABILITY, REGISTER
from exchange.store.verify import Report, verify

PER_PERSON = 10
"""Disclosures about each person."""
UNIT = 250
"""Disclosures per commit."""
LOOKS = 20
"""At every how many pages the process beside is looked at."""
HEADER, RECEIPT, PARTS = "h" * 1550, "r" * 1250, (664, 600, 600, 600)
"""Sizes of a real header, receipt and the sealed statement and items."""
SIGNATURE = "0" * 128


class Archive:
    """See the module."""

    def __init__(self, node: Node, opened_s: float) -> None:
        self.node = node
        self._opened_s = opened_s
        self._actor = node.actors_of_uid(os.getuid())[0]

    async def state(self) -> dict[str, Any]:
        return {"resident": resident(), "entries": self.node.ctx.log.size, "opened": self._opened_s}

    # ------------------------------------------------------------------------------------ filling

    async def grow(self, count: int) -> dict[str, Any]:
        """``count`` more disclosures."""
        began, before = time.perf_counter(), self.node.ctx.log.size
        pair = self.node.ctx.writer.overlay.pairs_out.get("welzijn")
        first = pair.last if pair else 0
        for start in range(0, count, UNIT):
            numbers = range(first + start + 1, first + min(start + UNIT, count) + 1)
            await self.node.ctx.writer.run(lambda tx, numbers=numbers: self._fill(tx, numbers))
        return {"seconds": time.perf_counter() - began, "entries": self.node.ctx.log.size - before}

    def _fill(self, tx: Tx, numbers: range) -> None:
        for number in numbers:
            if (number - 1) % PER_PERSON == 0:
                person = self._person(tx, number)
            self._disclosure(tx, number, person)
        tx.overlay.pairs_out["welzijn"] = PairOut(numbers[-1])

    def _person(self, tx: Tx, number: int) -> UUID:
        person, key_id = uuid4(), tx.new_key(REGISTER)
        identity = {"given_names": "Jelle", "family_name": f"Verzonnen{number}", "birth_date": _born(number)}
        tx.append(
            e.SubjectRegistered(
                originator_id=person,
                at=tx.now,
                key_id=key_id,
                by=self._actor.id,
                unmatched=False,
                identity=identity,
                safe_contact="",
            ),
            fresh=True,
        )
        return person

    def _disclosure(self, tx: Tx, number: int, person: UUID) -> None:
        message, act = os.urandom(32).hex(), uuid4()
        parts = tuple(
            e.StoredPart(hash=tx.add_sealed(os.urandom(size)), key_id=tx.new_key("r02"), retention="r02")
            for size in PARTS
        )
        tx.append(
            e.MessageSent(
                originator_id=uuid4(),
                at=tx.now,
                recipient="welzijn",
                sequence=number,
                message=message,
                kind="nl.convenanten.verstrekking.gedaan.v1",
                header=HEADER,
                signature=SIGNATURE,
                parts=parts,
                disclosure=act,
                by=self._actor.id,
            ),
            fresh=True,
        )
        for part, (category, field) in enumerate(FIELDS, start=1):
            tx.append(self._item(tx, message, act, part, parts[part], category, field, person), fresh=True)
        tx.append(
            e.ReceiptReceived(
                originator_id=uuid4(),
                at=tx.now,
                partner="welzijn",
                sequence=number,
                message=message,
                receipt=RECEIPT,
                signature=SIGNATURE,
                rejected={},
            ),
            fresh=True,
        )

    def _item(
        self, tx: Tx, message: str, act: UUID, part: int, stored: e.StoredPart, category: str, field: str, person: UUID
    ) -> e.ItemRecorded:
        return e.ItemRecorded(
            originator_id=uuid4(),
            at=tx.now,
            key_id=tx.new_key(ACCOUNTABILITY),
            item=uuid4(),
            act=act,
            message=message,
            part=part,
            direction="sent",
            partner="welzijn",
            channel="EXCHANGE",
            kind="disclosure",
            category=category,
            purpose="P0_ONDERSTEUNING",
            basis=("A6_1_f", "verhuur", "A6_1_f", "maatschappelijk-werk"),
            retention=stored.retention,
            content_key=stored.key_id,
            sealed=stored.hash,
            case=None,
            by=self._actor.id,
            subject=person,
            mentions=[],
            field=field,
        )

    # ------------------------------------------------------------------------------------ asking

    def _persons(self, count: int) -> list[UUID]:
        """Handles of people, spread over the whole log."""
        every = [found.handle for found in self.node.ctx.people.everybody()]
        return every[:: max(1, len(every) // count)][:count]

    async def who_knows(self, count: int) -> dict[str, Any]:
        """The use case with its read event committed first, and the answer alone."""
        whole, alone, rows = [], [], 0
        for handle in self._persons(count):
            query = f.WhoKnowsQuery(subject=handle)
            began = time.perf_counter()
            answer = await self.node.who_knows(self._actor, query)
            whole.append(time.perf_counter() - began)
            began = time.perf_counter()
            person = whoknows.find_person(self.node.ctx, query)
            whoknows.who_knows(self.node.ctx, self.node.terms, query, person)
            alone.append(time.perf_counter() - began)
            rows += len(answer.items)
        return {"latencies": whole, "alone": alone, "rows": rows / len(whole)}

    async def find(self, count: int) -> dict[str, Any]:
        """Searching the register by name and birth date."""
        latencies = []
        for number in range(count):
            first = number * PER_PERSON + 1
            query = f.IdentityForm.model_validate({"family_name": f"Verzonnen{first}", "birth_date": _born(first)})
            began = time.perf_counter()
            await self.node.find_subjects(self._actor, query)
            latencies.append(time.perf_counter() - began)
        return {"latencies": latencies}

    # ------------------------------------------------------------------------------------ reading back

    async def replay(self) -> dict[str, Any]:
        """Rebuild every view and compare it with the live one."""
        return await asyncio.to_thread(_measured, accountability.replay(self.node.ctx.log, self.node.ctx.ledger))

    async def verify(self) -> dict[str, Any]:
        """Re-read the log: leaves, tree, checkpoints, ciphertexts; private fields unsealed."""
        return await asyncio.to_thread(_measured, verify(self.node.ctx.log, unseal=True))

    # ------------------------------------------------------------------------------------ destroying

    async def shred(self, count: int) -> dict[str, Any]:
        """Destroy the keys of ``count`` items that became due together, and their ciphertexts."""
        ctx = self.node.ctx
        rows = ctx.ledger.rows(
            "SELECT key_id, sealed FROM contents WHERE sealed IS NOT NULL ORDER BY at LIMIT ?", count
        )
        began = time.perf_counter()
        done = await asyncio.to_thread(ctx.vault.shred, [row["key_id"] for row in rows])
        keys = time.perf_counter() - began
        await asyncio.to_thread(ctx.log.drop_sealed, [row["sealed"] for row in rows])
        return {
            "seconds": time.perf_counter() - began,
            "keys": keys,
            "count": done.count,
            "held": ctx.vault.status().keys,
        }


def _born(number: int) -> str:
    """A birth date, spread over eighty years as those of a town are."""
    return (date(1930, 1, 1) + timedelta(days=number * 7919 % 29_200)).isoformat()


def _measured(steps: Iterator[Any]) -> dict[str, Any]:
    """Run to the end; how fast the entries went by, how long the whole took, and what it took in memory."""
    forget_peak()
    before, began = resident(), time.perf_counter()
    entries, at, last, beside = 0, began, None, 0
    for step, last in enumerate(steps):
        if isinstance(last, int):
            entries, at = last, time.perf_counter()
        if step % LOOKS == 0:
            beside = max(beside, peak_beside())
    assert isinstance(last, Report) or (isinstance(last, f.ReplayAnswer) and last.ok), last
    return {
        "entries": entries,
        "per_second": entries / (at - began),
        "seconds": time.perf_counter() - began,
        "memory": max(0, peak() - before),
        "beside": beside,
    }


async def main(directory: Path, base: float) -> None:
    logs.configure(level=logging.ERROR)
    began = time.perf_counter()
    node = app.open_node(directory, SECRET, clock=SharedClock(base))
    app.tune_interpreter()
    archive = Archive(node, time.perf_counter() - began)
    try:
        await commands(archive, node.ctx.me.slug)
    finally:
        node.ctx.writer.close()
        node.ctx.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
