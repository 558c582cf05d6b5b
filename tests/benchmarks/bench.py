"""``make bench``: the exchange beside its floor, in one interleaved run on this machine, on loopback; stops by itself.

    python tests/benchmarks/bench.py            everything, six to eight minutes
    python tests/benchmarks/bench.py --quick    a minute, to see that all of it works

A machine drifts by a third within minutes, so only the ratio of figures measured in turns means anything: every round measures
the floor and the exchange right after one another, and the ratio shown is the median over rounds. The result is printed as a
table and written as JSON to ``bench-results/``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
from gauges import disk, p99
from large_covenant import grown, proposal
from peer import SUBJECTS, TEXT, disclosure
from rich.console import Console
from rich.table import Table
from world import COVENANT, PARTNERS, found, free_port

from exchange import hosting
from exchange.domain.compile import Party, compile_covenant
from exchange.domain.covenant import Covenant
from exchange.domain.gates import Proposal, judge
from exchange.domain.vocabulary import Side
from exchange.transport.server import LocalServer

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parents[1] / "bench-results"
WINDOW = 512
"""Disclosures without a receipt in a pipelined run, of both sides."""
ANSWER_LIMIT = 1 << 24
MS, US, MIB, KIB = 1e3, 1e6, 2**20, 1024.0
WIDE = 130
"""Columns of the table when nobody looks at it on a terminal."""


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int
    sequential: int
    pipelined: int
    api: int
    archive: int
    asked: int
    shred: int = 500


FULL = Size(rounds=5, sequential=60, pipelined=1024, api=256, archive=100_000, asked=300)
QUICK = Size(rounds=2, sequential=10, pipelined=192, api=32, archive=2_000, asked=30)


class Process:
    """A Python process that takes JSON commands."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, script: str, *arguments: object) -> Process:
        started = cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                str(HERE / script),
                *map(str, arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=ANSWER_LIMIT,
            )
        )
        try:
            await started._answer()
        except BaseException:
            await started.end()
            raise
        return started

    async def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise SystemExit("A process under measurement ended; its own message stands above.")
        return json.loads(line)

    async def end(self) -> None:
        """Let it close its files; no process outlives the run."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(30):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@contextlib.asynccontextmanager
async def running(*commands: tuple[object, ...]) -> AsyncIterator[list[Process]]:
    started: list[Process] = []
    try:
        for script, *arguments in commands:
            started.append(await Process.start(str(script), *arguments))
        yield started
    finally:
        for process in reversed(started):
            await process.end()


@dataclass
class Paired:
    """One figure of floor and exchange, round by round."""

    floor: list[float] = field(default_factory=list)
    exchange: list[float] = field(default_factory=list)

    def add(self, floor: float, exchange: float) -> None:
        self.floor.append(floor)
        self.exchange.append(exchange)

    def result(self) -> dict[str, Any]:
        ratios = sorted(e / f for e, f in zip(self.exchange, self.floor, strict=True))
        return {
            "floor": statistics.median(self.floor),
            "exchange": statistics.median(self.exchange),
            "ratio": statistics.median(ratios),
            "ratios": ratios,
        }


class Bench:
    def __init__(self, home: Path, size: Size, out: Console) -> None:
        self._home, self._size, self._out = home, size, out
        self._base = time.time()
        self.results: dict[str, Any] = {}

    def _note(self, text: str) -> None:
        self._out.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/dim] {text}")

    # ------------------------------------------------------------------------------------ two nodes beside the floor

    async def pair(self) -> None:
        """Latency, throughput, the API, memory and disk of two nodes, in turns with the floor."""
        port = free_port()
        signed = await asyncio.to_thread(found, self._home, PARTNERS, broker_url=f"nats://127.0.0.1:{port}")
        store = json.dumps(str(self._home / "floor-jetstream"))
        config = f'host: "127.0.0.1"\nport: -1\njetstream {{ store_dir: {store}, sync_interval: "100ms" }}\n'
        broker = await hosting.start_broker(signed, self._home / "broker", port=port)
        try:
            async with LocalServer(self._home / "floor-broker", config) as other:
                nodes = self._home / "nodes"
                async with running(
                    ("peer.py", nodes / "actium", self._base),
                    ("peer.py", nodes / "welzijn", self._base),
                    ("floor.py", "receiver", other.url, self._home / "floor-receiver"),
                    ("floor.py", "sender", other.url, self._home / "floor-sender"),
                ) as processes:
                    sent = await self._measure(*processes[:2], processes[3])
        finally:
            await broker.stop()
        self._disk(sent)

    async def _measure(self, sender: Process, receiver: Process, floor: Process) -> int:
        """Everything that needs the processes; how many disclosures were sent in all."""
        before = [disk(self._home / "nodes" / slug) for slug in ("actium", "welzijn")]
        self.results["founded_bytes"] = before
        await sender.ask("connected")
        await receiver.ask("connected")
        people = await sender.ask("people")
        idle = await sender.ask("state")
        self._note("warming up: every person is told to the partner once")
        await sender.ask("sequential", count=SUBJECTS)
        await floor.ask("sequential", count=SUBJECTS)
        await self._rounds(sender, floor)
        busy = [await sender.ask("state"), await receiver.ask("state")]
        self.results["memory"] = {
            "idle": idle["resident"],
            "busy_sender": busy[0]["peak"],
            "busy_receiver": busy[1]["peak"],
        }
        self.results["judge_us_per_item"] = (await sender.ask("judge", count=2000))["seconds"] * US
        over_http = await self._api(sender, people["subjects"])
        size = self._size
        return SUBJECTS + size.rounds * (size.sequential + size.pipelined) + over_http

    async def _rounds(self, sender: Process, floor: Process) -> None:
        median, high, rate = Paired(), Paired(), Paired()
        size, cpu = self._size, Paired()
        for number in range(size.rounds):
            mine, theirs = [(await p.ask("sequential", count=size.sequential))["latencies"] for p in (floor, sender)]
            median.add(statistics.median(mine) * MS, statistics.median(theirs) * MS)
            high.add(p99(mine) * MS, p99(theirs) * MS)
            one, two = [await p.ask("pipelined", count=size.pipelined, window=WINDOW) for p in (floor, sender)]
            rate.add(size.pipelined / one["seconds"], size.pipelined / two["seconds"])
            cpu.add(one["cpu"] / size.pipelined * US, two["cpu"] / size.pipelined * US)
            self._note(
                f"round {number + 1}/{size.rounds}: latency {median.exchange[-1]:.1f} ms beside {median.floor[-1]:.1f}, "
                f"pipelined {rate.exchange[-1]:.0f}/s beside {rate.floor[-1]:.0f}"
            )
        self.results |= {
            "latency_ms": median.result(),
            "latency_p99_ms": high.result(),
            "pipelined_per_s": rate.result(),
            "sender_cpu_us": cpu.result(),
        }

    async def _api(self, sender: Process, subjects: list[str]) -> int:
        """The same disclosure through the HTTP door, once: as a case system would."""
        socket = str(self._home / "door.sock")
        await sender.ask("api", socket=socket)
        count, waits = self._size.api, []
        transport = httpx.AsyncHTTPTransport(uds=socket, limits=httpx.Limits(max_connections=32))
        async with httpx.AsyncClient(transport=transport, base_url="http://node", timeout=60) as client:

            async def share(number: int) -> str:
                answer = await client.post("/v1/acts", json=disclosure(subjects[number % len(subjects)]))
                answer.raise_for_status()
                return str(answer.json()["act"])

            async def receipted(act: str) -> None:
                answer = await client.get(f"/v1/acts/{act}", params={"waitS": 60})
                assert [m["state"] for m in answer.json()["messages"]] == ["receipted"], answer.text

            for number in range(count // 4):
                began = time.perf_counter()
                await receipted(await share(number))
                waits.append(time.perf_counter() - began)
            began = time.perf_counter()
            acts = await asyncio.gather(*[share(number) for number in range(count)])
            for act in acts:
                await receipted(act)
            seconds = time.perf_counter() - began
        self.results["api"] = {
            "latency_ms": statistics.median(waits) * MS,
            "latency_p99_ms": p99(waits) * MS,
            "pipelined_per_s": count / seconds,
        }
        return count + count // 4

    def _disk(self, sent: int) -> None:
        """Bytes per disclosure of each side, after both nodes closed their files."""
        before = self.results.pop("founded_bytes")
        after = [disk(self._home / "nodes" / slug) for slug in ("actium", "welzijn")]
        grown = [(b - a) / sent for a, b in zip(before, after, strict=True)]
        self.results["bytes_per_disclosure"] = {"sender": grown[0], "receiver": grown[1], "disclosures": sent}

    # ------------------------------------------------------------------------------------ deciding

    def judging(self) -> None:
        """Microseconds per item that deciding takes on each side, under the covenant as it is and a thousand rules larger."""
        names = {slug: Party(f"{n:032x}", {"slug": slug}) for n, slug in enumerate(PARTNERS, 1)}
        covenant = compile_covenant(COVENANT.read_text(encoding="utf-8"), names)
        asked = proposal(text=TEXT)
        for name, book in (("small", grown(covenant, partners=2, rules=2)), ("large", grown(covenant))):
            self.results[f"deciding_{name}_us"] = [_per_item(book, asked, side) * US for side in Side]

    # ------------------------------------------------------------------------------------ a long log

    async def archive(self) -> None:
        """Questions, replay, verification and erasure on a long log, and on one of a tenth of it."""
        home, count = self._home / "archive", self._size.archive
        home.mkdir()
        await asyncio.to_thread(found, home, PARTNERS, broker_url="nats://127.0.0.1:9")
        command = ("archive.py", home / "nodes" / "actium", self._base)
        sizes = (count // 10, count)
        measured: dict[str, Any] = {"disclosures": count, "fill_per_s": 0.0}
        held = 0
        for size in sizes:
            async with running(command) as (node,):
                filled = await node.ask("grow", count=size - held)
                measured["fill_per_s"] = filled["entries"] / filled["seconds"]
            self._note(f"a log of {size} disclosures: filled with {measured['fill_per_s']:.0f} entries/s")
            held = size
            async with running(command) as (
                node,
            ):  # a fresh process: what filling left in memory would hide what reading takes
                for do in ("replay", "verify"):
                    measured[f"{do}_{'short' if size < count else 'long'}"] = await node.ask(do)
                self._note("replayed and verified")
                if size == count:
                    await self._ask(node, measured)
        measured["bytes_per_disclosure"] = disk(home / "nodes" / "actium") / count
        self.results["archive"] = measured

    async def _ask(self, node: Process, measured: dict[str, Any]) -> None:
        measured |= await node.ask("state")
        asked = await node.ask("who_knows", count=self._size.asked)
        found_ = await node.ask("find", count=max(5, self._size.asked // 30))
        measured["who_knows_ms"] = statistics.median(asked["latencies"]) * MS
        measured["who_knows_p99_ms"] = p99(asked["latencies"]) * MS
        measured["who_knows_answer_ms"] = statistics.median(asked["alone"]) * MS
        measured["who_knows_rows"] = asked["rows"]
        measured["find_ms"] = statistics.median(found_["latencies"]) * MS
        shred = await node.ask("shred", count=self._size.shred)
        measured["shred"] = {**shred, "ms": shred["seconds"] * MS, "keys_ms": shred["keys"] * MS}


def _per_item(covenant: Covenant, asked: Proposal, side: Side) -> float:
    """Seconds, the best of several runs: what else the machine does is not the question."""
    runs = []
    for _ in range(7):
        began = time.perf_counter()
        for _ in range(300):
            assert judge(covenant, asked, side=side).allowed
        runs.append((time.perf_counter() - began) / 300 / len(asked.items))
    return min(runs)


# ---------------------------------------------------------------------------------------- showing


def _goal(value: float, *, most: float | None = None, least: float | None = None) -> str:
    met = (most is None or value <= most) and (least is None or value >= least)
    goal = f"≤ {most:g}" if most is not None else f"≥ {least:g}"
    return f"[green]{goal}[/green]" if met else f"[red]{goal} missed[/red]"


def show(results: dict[str, Any], out: Console) -> None:
    """The table."""
    table = Table(title="The exchange beside its floor (ratios: median over interleaved rounds)", title_justify="left")
    for column in ("figure", "exchange", "floor", "ratio", "goal"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    if "latency_ms" in results:
        _show_pair(results, table)
    if "deciding_large_us" in results:
        _show_deciding(results, table)
    if "archive" in results:
        _show_archive(results["archive"], table)
    out.print(table)


def _show_pair(results: dict[str, Any], table: Table) -> None:
    for name, key, goal in (
        ("one disclosure with receipt, median ms", "latency_ms", {"most": 1.6}),
        ("one disclosure with receipt, p99 ms", "latency_p99_ms", {}),
        ("pipelined disclosures per second", "pipelined_per_s", {"least": 0.5}),
        ("processor time of the sender per disclosure, us", "sender_cpu_us", {}),
    ):
        r = results[key]
        shown = f"{r['exchange']:.1f}", f"{r['floor']:.1f}", f"{r['ratio']:.2f}"
        table.add_row(name, *shown, _goal(r["ratio"], **goal) if goal else "")
    api, memory, per = results["api"], results["memory"], results["bytes_per_disclosure"]
    table.add_row("through the HTTP API: median ms", f"{api['latency_ms']:.1f}")
    table.add_row("through the HTTP API: pipelined per second", f"{api['pipelined_per_s']:.0f}")
    table.add_row(
        "judging one item, us",
        f"{results['judge_us_per_item']:.0f}",
        "",
        "",
        _goal(results["judge_us_per_item"], most=100),
    )
    table.add_row(
        "disk per disclosure, sender / receiver, KiB", f"{per['sender'] / KIB:.1f} / {per['receiver'] / KIB:.1f}"
    )
    table.add_row("memory of an idle node, MiB", f"{memory['idle'] / MIB:.0f}")
    busy = f"{memory['busy_sender'] / MIB:.0f} / {memory['busy_receiver'] / MIB:.0f}"
    table.add_row("memory of a busy node, sender / receiver, MiB", busy)


def _show_deciding(results: dict[str, Any], table: Table) -> None:
    table.add_section()
    for key, title in (
        ("deciding_small_us", "deciding on one item, sender / receiver, us"),
        ("deciding_large_us", "the same with 1,000 rules and 50 partners more, us"),
    ):
        mine, theirs = results[key]
        table.add_row(title, f"{mine:.0f} / {theirs:.0f}", "", "", _goal(max(mine, theirs), most=100))


def _show_archive(a: dict[str, Any], table: Table) -> None:
    table.add_section()
    table.add_row(f"a log of {a['disclosures']:,} disclosures, entries", f"{a['entries']:,}")
    table.add_row(
        "who knows what, with its read event: median ms",
        f"{a['who_knows_ms']:.1f}",
        "",
        "",
        _goal(a["who_knows_ms"], most=20),
    )
    table.add_row("who knows what, with its read event: p99 ms", f"{a['who_knows_p99_ms']:.1f}")
    table.add_row(
        f"who knows what, the answer alone ({a['who_knows_rows']:.0f} rows): median ms",
        f"{a['who_knows_answer_ms']:.1f}",
    )
    table.add_row("finding a person by name and birth date, median ms", f"{a['find_ms']:.1f}")
    rate = a["replay_long"]["per_second"]
    table.add_row("replay: views rebuilt, entries per second", f"{rate:,.0f}", "", "", _goal(rate, least=30_000))
    table.add_row("verify: entries per second", f"{a['verify_long']['per_second']:,.0f}")
    for do in ("replay", "verify"):
        short, long = a[f"{do}_short"]["memory"] / MIB, a[f"{do}_long"]["memory"] / MIB
        table.add_row(f"{do}: memory it takes, a tenth of the log / all of it, MiB", f"{short:.1f} / {long:.1f}")
    short, long = a["replay_short"]["beside"] / MIB, a["replay_long"]["beside"] / MIB
    table.add_row("replay: memory of the process beside it, the same, MiB", f"{short:.1f} / {long:.1f}")
    shred = a["shred"]
    table.add_row(f"shred {shred['count']} keys of {shred['held']:,}, ms", f"{shred['keys_ms']:.0f}")
    table.add_row(f"shred {shred['count']} keys and drop their ciphertexts, ms", f"{shred['ms']:.0f}")
    table.add_row("start of a node with this log, s", f"{a['opened']:.1f}")
    table.add_row("disk per disclosure, KiB", f"{a['bytes_per_disclosure'] / KIB:.1f}")
    table.add_row("memory of a node with this log, MiB", f"{a['resident'] / MIB:.0f}")


async def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the exchange beside its floor.")
    parser.add_argument("--quick", action="store_true", help="a small run, to see that everything works")
    parser.add_argument(
        "--only", choices=("pair", "judge", "archive"), help="two nodes beside the floor, deciding, or the long log"
    )
    parser.add_argument("--rounds", type=int, help="interleaved rounds")
    parser.add_argument("--archive", type=int, help="disclosures in the long log")
    options = parser.parse_args()
    chosen = QUICK if options.quick else FULL
    size = Size(**{**vars(chosen), **{k: v for k in ("rounds", "archive") if (v := getattr(options, k))}})
    out, began = Console(width=None if sys.stdout.isatty() else WIDE), time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=os.environ.get("BENCH_DIR")))
    bench = Bench(home, size, out)
    try:
        if options.only in {None, "pair"}:
            await bench.pair()
        if options.only in {None, "judge"}:
            bench.judging()
        if options.only in {None, "archive"}:
            await bench.archive()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    results = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"system": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count()},
        "load": os.getloadavg(),
        "size": vars(size),
        "took_s": round(time.monotonic() - began),
        **bench.results,
    }
    show(results, out)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")
    out.print(
        f"{results['took_s']} s; written to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}"
    )


if __name__ == "__main__":
    asyncio.run(main())
