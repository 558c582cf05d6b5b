"""``make bench``: the exchange beside the floor, in one run, round by round; then what one node does with a long log.

    python tests/benchmarks/bench.py              about five minutes
    python tests/benchmarks/bench.py --quick      under a minute: fewer rounds, a shorter log
    python tests/benchmarks/bench.py --log 100000 the size that the goals name

Absolute times move with the machine; quote the ratios of one run. Everything binds to loopback and ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gauges import disk, forget_peak, median, p99, peak, resident
from peer import TEXT, disclosure
from rich.console import Console
from rich.table import Table
from world import JELLE, PARTNERS, SECRET, HandClock, copied, free_port

from exchange import app
from exchange.node import accountability
from exchange.node import forms as f
from exchange.node.node import Node
from exchange.transport.server import LocalServer

HERE = Path(__file__).parent
RESULTS = HERE.parent.parent / "bench-results"
COVENANT = HERE.parent.parent / "deploy" / "de-wolden" / "covenant.toml"
WINDOW = 512
FLOOR_BROKER = """
host: "127.0.0.1"
port: -1
jetstream {{ store_dir: "{store}", max_mem: 256M, max_file: 4G, sync_interval: "100ms" }}
"""


class Talker:
    """A process under measurement: a JSON command a line, a JSON answer a line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, *arguments: str) -> Talker:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=64 * 1024 * 1024,
        )
        talker = cls(process)
        await talker.answer()
        return talker

    async def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            with contextlib.suppress(ValueError):  # anything else on stdout is not for us
                value = json.loads(line)
                if isinstance(value, dict):
                    return value
        raise SystemExit("A process under measurement ended early.")

    async def ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()
        return await self.answer()

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), 30)


@contextlib.asynccontextmanager
async def floor(home: Path) -> AsyncIterator[Talker]:
    async with LocalServer(home / "floor-broker", FLOOR_BROKER.format(store=home / "floor-store")) as server:
        receiver = await Talker.start(str(HERE / "floor.py"), "receiver", server.url, str(home / "receiver"))
        sender = await Talker.start(str(HERE / "floor.py"), "sender", server.url, str(home / "sender"))
        yield sender
        await sender.end()
        await receiver.end()


@contextlib.asynccontextmanager
async def exchange(home: Path) -> AsyncIterator[tuple[Talker, Talker, Path]]:
    port = free_port()
    signed = copied(home / "x", PARTNERS, f"nats://127.0.0.1:{port}", COVENANT)
    broker = await app.start_broker(signed, home / "broker", port=port)
    base = str(time.time())
    try:
        peers = [
            await Talker.start(str(HERE / "peer.py"), str(home / "x" / "nodes" / slug), base)
            for slug in ("welzijn", "actium")
        ]
        for peer in peers:
            await peer.ask(do="connected")
        await peers[1].ask(do="people")
        yield peers[1], peers[0], home / "x" / "nodes" / "actium"
        for peer in peers:
            await peer.end()
    finally:
        await broker.stop()


async def side_by_side(home: Path, rounds: int, sequential: int, pipelined: int) -> dict[str, Any]:
    """Rounds of floor and exchange in turn; ratios pair by pair."""
    rows: list[dict[str, float]] = []
    async with floor(home) as lowest, exchange(home) as (sender, receiver, directory):
        for talker in (lowest, sender):  # warm: files grown, code loaded
            await talker.ask(do="sequential", count=20)
            await talker.ask(do="pipelined", count=200, window=WINDOW)
        idle = await receiver.ask(do="state")
        before = disk(directory, ("log.db", "vault.db", "views.db"))
        count = (await sender.ask(do="state"))["entries"]
        for _ in range(rounds):
            row = {}
            for name, talker in (("floor", lowest), ("exchange", sender)):
                latencies = (await talker.ask(do="sequential", count=sequential))["latencies"]
                row[f"{name} median ms"] = median(latencies) * 1000
                row[f"{name} p99 ms"] = p99(latencies) * 1000
                run = await talker.ask(do="pipelined", count=pipelined, window=WINDOW)
                row[f"{name} per s"] = pipelined / run["seconds"]
            rows.append(row)
        busy = await receiver.ask(do="state")
        state = await sender.ask(do="state")
        done = rounds * (sequential + pipelined)
        grown = disk(directory, ("log.db", "vault.db", "views.db")) - before
    figures = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    figures["ratio median"] = statistics.median(r["exchange median ms"] / r["floor median ms"] for r in rows)
    figures["ratio p99"] = statistics.median(r["exchange p99 ms"] / r["floor p99 ms"] for r in rows)
    figures["ratio throughput"] = statistics.median(r["exchange per s"] / r["floor per s"] for r in rows)
    figures["bytes per disclosure at the sender"] = grown / done
    figures["events per disclosure at the sender"] = (state["entries"] - count) / done
    figures["idle node MiB"] = idle["rss"] / 2**20
    figures["busy node MiB"] = busy["rss"] / 2**20
    return figures


async def long_log(home: Path, count: int) -> dict[str, float]:
    """One node with ``count`` disclosures in its log (their recipient is away): questions, replay, verification, erasure."""
    copied(home / "l", PARTNERS, "nats://127.0.0.1:1", COVENANT)
    directory, clock = home / "l" / "nodes" / "actium", HandClock()
    node = app.open_node(directory, SECRET, clock=clock)
    actor = node.actors_of_uid(os.getuid())[0]
    people = [await _person(node, number) for number in range(max(1, count // 10))]
    began = time.perf_counter()
    for start in range(0, count, 256):
        numbers = range(start, min(start + 256, count))
        given = [f.ShareForm.model_validate(disclosure(people[n % len(people)])) for n in numbers]
        await asyncio.gather(*[node.share(actor, form, None) for form in given])
    stored = time.perf_counter() - began
    figures: dict[str, float] = {
        "disclosures": count,
        "stored per s": count / stored,
        "MiB after it": resident() / 2**20,
    }
    latencies = []
    for person in people[:200]:
        began = time.perf_counter()
        answer = await node.who_knows(actor, f.WhoKnowsQuery(subject=person))
        latencies.append(time.perf_counter() - began)
        assert answer.items
    figures |= {"who-knows median ms": median(latencies) * 1000, "who-knows p99 ms": p99(latencies) * 1000}
    for name, work in (
        ("replay", lambda: accountability.replay(node.ctx.log, node.ctx.ledger)),
        ("verify", lambda: accountability.verify_log(node.ctx.log, node.ctx.covenants, "actium", with_keys=False)),
    ):
        figures |= _long_work(name, node, work())
    keys = [r["key_id"] for r in node.ctx.ledger.rows("SELECT key_id FROM contents ORDER BY at LIMIT 500")]
    began = time.perf_counter()
    node.ctx.vault.shred(keys)
    figures["shred of 500 keys ms"] = (time.perf_counter() - began) * 1000
    node.ctx.writer.close()
    node.ctx.close()
    began = time.perf_counter()
    again = app.open_node(directory, SECRET, clock=clock)
    figures["start s"] = time.perf_counter() - began
    again.ctx.writer.close()
    again.ctx.close()
    return figures


async def _person(node: Node, number: int) -> Any:
    form = f.SubjectForm.model_validate({**JELLE, "family_name": f"Verzonnen{number}", "house_number": str(number + 1)})
    return (await node.register_subject(node.actors_of_uid(os.getuid())[0], form, None)).subject


def _long_work(name: str, node: Node, steps: Iterator[object]) -> dict[str, float]:
    before, entries = resident(), node.ctx.log.size
    forget_peak()
    began = time.perf_counter()
    for _ in steps:
        pass
    seconds = time.perf_counter() - began
    return {f"{name} events per s": entries / seconds, f"{name} extra MiB": (peak() - before) / 2**20}


def show(title: str, figures: dict[str, float]) -> None:
    table = Table("figure", "value", title=title, box=None, padding=(0, 2), title_justify="left")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}" if value < 1000 else f"{value:,.0f}")
    Console().print(table)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--log", type=int, default=20_000, help="disclosures in the long log")
    parser.add_argument("--only", choices=("pair", "log"), help="one half of it")
    given = parser.parse_args()
    rounds, sequential, pipelined = (2, 60, 600) if given.quick else (5, 200, 2000)
    results: dict[str, Any] = {"day": time.strftime("%Y-%m-%d"), "load": os.getloadavg()[0], "item bytes": len(TEXT)}
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        if given.only != "log":
            results["side by side"] = await side_by_side(Path(home), rounds, sequential, pipelined)
            show("One disclosure of 3 items of 300 bytes, with receipt", results["side by side"])
        if given.only != "pair":
            results["long log"] = await long_log(Path(home), 2_000 if given.quick else given.log)
            show("A long log", results["long log"])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    asyncio.run(main())
