"""Four offices on one machine: founded with the real commands, run as real processes, spoken to through their API only."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn, Self

import httpx
from rich.console import Console

from exchange import ceremony, hosting, setup
from exchange.crypto.vault import Credential
from exchange.errors import ExchangeError, SetupError
from exchange.i18n import N_, Translate
from exchange.transport.server import LocalServer

PARTNERS: Final = {"gemeente": "Gemeente", "politie": "Politie", "actium": "Actium", "welzijn": "Welzijn"}
"""Slug -> the short name people use."""
PAPER: Final = 110
"""Columns when the output goes into a file."""
READY_S: Final = 60.0
PASSPHRASE: Final = "demonstratie, nooit in het echt"  # noqa: S105 - a demonstration's roots protect nobody


class DemoError(ExchangeError):
    """The demonstration did not go as it must."""

    code = "demo"


class Narrator:
    """Says in plain words what happens, and keeps count of what was expected."""

    def __init__(self, translate: Translate, *, as_json: bool = False) -> None:
        self.console = Console(highlight=False, stderr=as_json)
        self._as_json = as_json
        self._expected: list[dict[str, object]] = []
        if not self.console.is_terminal:
            self.console.width = PAPER
        self.translate = translate
        self.passed = False
        """Whether the whole story was played and everything held."""
        self.checks = 0

    def chapter(self, sentence: str, **words: object) -> None:
        """A new step."""
        self.console.print()
        self.console.rule(f"[bold]{self._fill(sentence, words)}", align="left")

    def say(self, sentence: str, **words: object) -> None:
        """One sentence."""
        self.console.print(f"  {self._fill(sentence, words)}")

    def expect(self, held: object, sentence: str, **words: object) -> None:
        """Something that must be so. The demonstration ends with the first that is not."""
        self.checks += 1
        self._expected.append({"held": bool(held), "text": self._fill(sentence, words)})
        mark = "[green]✓[/green]" if held else "[red]✗[/red]"
        self.console.print(f"  {mark} {self._fill(sentence, words)}")
        if not held:
            self._end(self._fill(sentence, words))

    def played(self) -> None:
        """The story came to its end: nothing failed on the way."""
        self.passed = True

    def _end(self, sentence: str) -> NoReturn:
        raise DemoError("An expectation of the demonstration failed: {what}", what=sentence)

    def failed(self, sentence: str) -> None:
        """The demonstration ends badly."""
        self.passed = False
        self.console.print(f"[red]{sentence}[/red]")

    def verdict(self) -> None:
        """The last line."""
        text = (
            self.translate(N_("All {count} expectations held."))
            if self.passed
            else self.translate(N_("It went wrong."))
        )
        self.console.print(f"\n[bold]{text.format(count=self.checks)}[/bold]")

    def outcome(self) -> None:
        """What was expected and whether it held, for a machine that asked."""
        if self._as_json:
            outcome = {"passed": self.passed, "expectations": self._expected}
            Console().out(json.dumps(outcome, indent=2, ensure_ascii=False), highlight=False)

    def _fill(self, sentence: str, words: dict[str, object]) -> str:
        return self.translate(sentence).format(**words)


@dataclass
class Office:
    """One partner: its node directory, its process, its door."""

    slug: str
    directory: Path
    process: asyncio.subprocess.Process | None = None
    door: httpx.AsyncClient | None = None

    async def call(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """Ask the node; the parsed answer.

        Raises:
            DemoError: Another status than expected.
        """
        if self.door is None:
            raise DemoError("The node of {partner} is not running.", partner=self.slug)
        answer = await self.door.request(method, f"/v1{path}", json=body)
        if (status is not None and answer.status_code != status) or (status is None and answer.is_error):
            raise DemoError(
                "The node of {partner} answered {status} to {method} {path}: {detail}",
                partner=self.slug,
                status=answer.status_code,
                method=method,
                path=path.split("?", maxsplit=1)[0],
                detail=answer.json().get("detail", "") if answer.is_error else "",
            )
        return answer.json() if answer.content else None

    async def lines(self, path: str, body: Any = None) -> list[dict[str, Any]]:
        """A streamed answer, whole."""
        if self.door is None:
            raise DemoError("The node of {partner} is not running.", partner=self.slug)
        answer = await self.door.post(f"/v1{path}", json=body)
        answer.raise_for_status()
        return [httpx.Response(200, content=line).json() for line in answer.text.splitlines() if line]


@dataclass
class Stage:
    """Everything that runs."""

    home: Path
    narrator: Narrator
    port: int
    offices: dict[str, Office] = field(default_factory=dict)
    broker: LocalServer | None = None
    fingerprint: str = ""

    @classmethod
    @contextlib.asynccontextmanager
    async def set(cls, home: Path, narrator: Narrator) -> AsyncIterator[Self]:
        """Found the exchange, start the broker; at the end stop everything that runs."""
        stage = cls(home, narrator, _free_port())
        try:
            await stage.found()
            stage.broker = await hosting.start_broker(stage.signed, home / "broker", port=stage.port)
            yield stage
        finally:
            for slug in stage.offices:
                await stage.stop(slug)
            if stage.broker is not None:
                await stage.broker.stop()

    @property
    def signed(self) -> Path:
        """The covenant that all roots signed."""
        return self.home / "covenant.signed.json"

    async def found(self) -> None:
        """Roots, nodes, cards, covenant, acceptance: the bootstrap order, with the commands an office uses."""
        await asyncio.gather(*[asyncio.to_thread(self._office, slug) for slug in PARTNERS])
        cards = [self.home / f"{slug}.card" for slug in PARTNERS]
        document = self.home / "covenant.json"
        self.fingerprint = await asyncio.to_thread(ceremony.compile_covenant, covenant_text(), cards, document)
        signatures = [self.home / f"{slug}.signature" for slug in PARTNERS]
        await asyncio.gather(
            *[
                asyncio.to_thread(ceremony.sign_covenant, document, self.home / "offline" / slug, PASSPHRASE, out)
                for slug, out in zip(PARTNERS, signatures, strict=True)
            ]
        )
        ceremony.assemble_covenant(document, signatures, self.signed)
        for slug, office in self.offices.items():
            await asyncio.to_thread(
                setup.accept_covenant,
                office.directory,
                self.credential(slug),
                self.signed,
                admin_name=f"Beheer {PARTNERS[slug]}",
                fingerprint_read=self.fingerprint,
            )

    def _office(self, slug: str) -> None:
        office = Office(slug, self.home / "nodes" / slug)
        self.offices[slug] = office
        root = self.home / "offline" / slug
        ceremony.create_root(root, slug, PASSPHRASE)
        secret = self.home / f"{slug}.credential"
        secret.touch(mode=0o600)
        secret.write_bytes(os.urandom(32))
        request = setup.init_node(
            office.directory, slug, self.credential(slug), broker_url=f"nats://127.0.0.1:{self.port}"
        )
        ceremony.sign_card(root, PASSPHRASE, request, self.home / f"{slug}.card")

    def credential(self, slug: str) -> Credential:
        """What the service manager would hand to the node."""
        return Credential((self.home / f"{slug}.credential").read_bytes())

    async def start(self, slug: str) -> Office:
        """Start a node process and wait until its door opens."""
        office = self.offices[slug]
        log = (office.directory / "node.log").open("ab")
        with log:
            office.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "exchange", "--node", str(office.directory), "run"),
                *("--credential-file", str(self.home / f"{slug}.credential")),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        transport = httpx.AsyncHTTPTransport(uds=str(office.directory / "api.sock"))
        office.door = httpx.AsyncClient(transport=transport, base_url="http://node", timeout=60)
        await self._opened(office)
        return office

    async def _opened(self, office: Office) -> None:
        ends = asyncio.get_running_loop().time() + READY_S
        while asyncio.get_running_loop().time() < ends:
            if office.process is None or office.process.returncode is not None:
                break
            with contextlib.suppress(httpx.HTTPError):
                if office.door is not None and (await office.door.get("/v1/status")).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(0.05)  # the socket of another process: there is nothing to wait on
        said = (office.directory / "node.log").read_text(encoding="utf-8").splitlines() or [""]
        raise SetupError("The node of {partner} did not start: {why}", partner=PARTNERS[office.slug], why=said[-1])

    async def stop(self, slug: str) -> None:
        """End a node process kindly."""
        office = self.offices[slug]
        if office.door is not None:
            await office.door.aclose()
            office.door = None
        process, office.process = office.process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 20)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def until(self, slug: str, path: str, held: Any, sentence: str) -> Any:
        """Look until a node's answer satisfies ``held``."""
        ends = asyncio.get_running_loop().time() + READY_S
        while True:
            answer = await self.offices[slug].call("GET", path)
            if held(answer):
                return answer
            if asyncio.get_running_loop().time() > ends:
                raise DemoError(
                    "An expectation of the demonstration failed: {what}", what=self.narrator.translate(sentence)
                )
            await asyncio.sleep(0.1)  # another process: look again

    async def stay_open(self, case: str) -> None:
        """Leave everything up until interrupted, and say how to play.

        Args:
            case: The case that was played, to ask about.
        """
        for slug, office in self.offices.items():
            if office.process is None:
                await self.start(slug)
        self.narrator.chapter(N_("The nodes stay up; stop with Ctrl-C"))
        say, command = self.narrator.say, _command()
        say(N_("In another window, choose an office; for instance:"))
        for slug, name in PARTNERS.items():
            say("  export EXCHANGE_NODE={directory}   # {name}", directory=self.offices[slug].directory, name=name)
        say(N_("and try:"))
        for arguments in ("status", f"who-knows --case {case}", "inbox list", "log replay", "retention due"):
            say("  {command} {arguments}", command=command, arguments=arguments)
        await asyncio.Event().wait()


def _command() -> str:
    """How the command is called where this runs, also where it stands in no search path."""
    beside = Path(sys.executable).with_name("exchange")
    return "exchange" if shutil.which("exchange") or not beside.exists() else str(beside)


def covenant_text() -> Path:
    """The covenant of De Wolden as people wrote it; in a checkout beside the package, in an installed wheel inside it.

    Raises:
        SetupError: It is in neither place.
    """
    package = Path(__file__).parent.parent
    for place in (package.parent / "deploy", package / "deploy"):
        if (place / "de-wolden" / "covenant.toml").is_file():
            return place / "de-wolden" / "covenant.toml"
    raise SetupError("The covenant of the demonstration is not in this installation; run it from a checkout.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
