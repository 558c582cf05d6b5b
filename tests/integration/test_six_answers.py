"""A worker at a real terminal, a running node, a partner at the other end: six answers, in Dutch, and it is there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from memory_world import MemoryWorld
from world import JELLE

from exchange.api.app import create_app
from exchange.api.auth import PeerCredentials
from exchange.api.server import serve

QUESTIONS = (
    ("Over wie gaat het?", f"{JELLE['family_name']}, 05-11-1964"),
    ("Wie krijgt het?", "1"),
    ("Wat deelt u mee?", "1 De woning staat vol spullen; 3 Drie meldingen"),
    ("Wanneer is deze persoon verteld dat dit naar Welzijn De Wolden gaat?", "02-03-2026"),
    ("Hoe is deze persoon ingelicht?", "2"),
    ("Versturen?", "ja"),
)


@pytest.fixture
async def world(founded: Path) -> AsyncIterator[MemoryWorld]:
    home = Path(tempfile.mkdtemp(prefix="z"))  # short enough for a socket
    async with MemoryWorld.copied(founded, home, ("actium", "welzijn")) as made:
        yield made
    shutil.rmtree(home)


@contextlib.asynccontextmanager
async def door(world: MemoryWorld) -> AsyncIterator[Path]:
    """The node's socket, while it is served."""
    node, directory, ready = world.nodes["actium"], world.directory("actium"), asyncio.Event()
    serving = asyncio.create_task(
        serve(create_app(node, PeerCredentials(node)), socket=directory / "api.sock", ready=ready)
    )
    await asyncio.wait_for(ready.wait(), 60)
    try:
        yield directory
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def typed(directory: Path, *arguments: str) -> tuple[int, str, int]:
    """Run the command line at a terminal of its own and answer its questions; gives exit code, screen and number of answers."""
    terminal, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exchange", "--node", str(directory), "--lang", "nl", *arguments),
        stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "200"},
    )  # fmt: skip
    os.close(theirs)
    seen, given = "", 0
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):  # the terminal is closed when the command ends
        while data := await loop.run_in_executor(None, os.read, terminal, 4096):
            seen += data.decode()
            if given < len(QUESTIONS) and QUESTIONS[given][0] in seen:
                os.write(terminal, (QUESTIONS[given][1] + "\n").encode())
                given += 1
    os.close(terminal)
    return await process.wait(), seen, given


async def test_six_answers_in_dutch_make_a_disclosure_that_arrives(world: MemoryWorld) -> None:
    jelle = await world.person("actium")
    async with door(world) as directory:
        code, seen, given = await asyncio.wait_for(typed(directory, "disclose", "--profile", "WOONSITUATIE_HULP"), 60)
    assert (code, given) == (0, 6), seen
    for shown in ("Zorg over de woonsituatie van een huurder", "Jelle Verzonnen", "1  Welzijn De Wolden", "2  Huisbezoek",
                  "1  Staat van de woning", "welzijn: toegestaan"):  # fmt: skip
        assert shown in seen, seen
    await world.until(lambda: world.received("welzijn"))
    (told,) = world.events("actium", "notice/given/1")
    assert (told.recipients, told.purpose) == (
        ["welzijn"],
        "Ondersteuning en oplossingen bieden bij collectieve problematiek",
    )
    assert told.interest.startswith("Zonder deze gegevens weet de hulpverlening niet")
    (used,) = world.events("actium", "act/on-profile/1")
    assert used.profile == "WOONSITUATIE_HULP"
    sent = world.events("actium", "item/recorded/1")
    assert {item.field for item in sent if item.category in {"HUISVESTING", "OVERLAST"}} == {
        "staat-woning",
        "aantal-meldingen",
    }
    assert {item.subject for item in sent} == {jelle}
