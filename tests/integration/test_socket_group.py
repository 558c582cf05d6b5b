"""A running node lets one group as far as its socket: its members act there as themselves, and read nothing in the directory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from accounts import ROOT, Account
from world import SECRET

from exchange.cli.door import Door
from exchange.errors import ExchangeError, SetupError

GROUP = 54321 if ROOT else os.getgid()
"""As a plain user we may give the socket to our own groups only."""
MEMBER = Account(54322, (GROUP,))
STRANGER = Account(54323, ())


@pytest.fixture
def directory(founded: Path) -> Iterator[Path]:
    """A founded node where others can get to, with a path short enough for a socket."""
    home = Path(tempfile.mkdtemp(prefix="g"))
    home.chmod(0o711)
    shutil.copytree(founded / "nodes" / "actium", home / "actium")
    (home / "actium").chmod(0o700)
    (home / "passphrase").write_text(SECRET.text)
    (home / "passphrase").chmod(0o600)
    yield home / "actium"
    shutil.rmtree(home)


@contextlib.asynccontextmanager
async def running(directory: Path, setting: str) -> AsyncIterator[httpx.AsyncClient]:
    """``exchange run`` in a process whose umask lets everybody read what it makes."""
    file = directory / "node.toml"
    text = [line for line in file.read_text().splitlines() if not line.startswith("socket_group")]
    file.write_text("\n".join([*text, setting]) + "\n")
    file.chmod(0o644)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exchange", "--lang", "en", "--node", str(directory), "run"),
        *("--passphrase-file", str(directory.parent / "passphrase")),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        umask=0o022,
    )
    transport = httpx.AsyncHTTPTransport(uds=str(directory / "api.sock"))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://node", timeout=30) as client:
            await _opened(client, process)
            yield client
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _opened(client: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(60):
        while process.returncode is None:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/v1/status")).status_code == 200:
                    return
            await asyncio.sleep(0.05)  # the socket of another process: there is nothing to wait on
    assert process.stderr is not None
    raise SetupError("{said}", said=(await process.stderr.read()).decode())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


async def test_the_group_passes_to_the_socket_and_can_read_nothing_else(directory: Path) -> None:
    async with running(directory, f"socket_group = {GROUP}") as node:
        actor = await node.post("/v1/actors", json={"name": "Proef", "roles": ["worker"], "uid": MEMBER.uid})
        assert actor.status_code == 201
        check_rights(directory)
        await asyncio.to_thread(check_callers, directory, actor.json()["actor"])


def check_rights(directory: Path) -> None:
    socket = directory / "api.sock"
    assert (mode(directory), directory.stat().st_gid) == (0o710, GROUP)
    assert (mode(socket), socket.stat().st_gid) == (0o660, GROUP)
    others = {path.name: path for path in directory.iterdir() if path != socket}
    assert {"log.db", "log.db-wal", "vault.db", "side.db", "views.db", "node.toml", "anchor", "log.lock"} <= set(others)
    assert {name: oct(mode(path)) for name, path in others.items() if mode(path) & 0o077} == {}
    assert MEMBER.may(directory, os.X_OK)
    assert not MEMBER.may(directory, os.R_OK)
    assert MEMBER.may(socket, os.W_OK)
    assert not [name for name, path in others.items() if MEMBER.may(path, os.R_OK) or MEMBER.may(path, os.W_OK)]
    assert not STRANGER.may(directory, os.X_OK)


def check_callers(directory: Path, actor: str) -> None:
    """The command line of our own account; and as root also of a member, a member who is no actor, and a stranger."""
    assert actor not in asked(directory)
    if ROOT:
        assert actor in MEMBER.does(lambda: asked(directory))
        assert "no actor of the node" in Account(54324, (GROUP,)).does(lambda: asked(directory))
        assert "may not use this node's socket" in STRANGER.does(lambda: asked(directory))


def asked(directory: Path) -> str:
    """What the command line hears about who is calling, be it an answer or a sentence."""
    try:
        return str(Door(directory, None, "en").get("/v1/me"))
    except ExchangeError as refused:
        return str(refused)


async def test_without_the_setting_the_next_start_shuts_the_directory_again(directory: Path) -> None:
    async with running(directory, f"socket_group = {GROUP}"):
        assert mode(directory) == 0o710
    async with running(directory, ""):
        assert mode(directory) == 0o700
        assert not MEMBER.may(directory, os.X_OK)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (
            'socket_group = "bestaat-niet-hier"',
            "The group bestaat-niet-hier (socket_group in node.toml) does not exist",
        ),
        (
            "socket_group = true",
            "The setting socket_group in the file node.toml is missing, unknown or not of the right form",
        ),
        (
            "socket_group = -1",
            "The setting socket_group in the file node.toml is missing, unknown or not of the right form",
        ),
        (
            'socket_group = ""',
            "The setting socket_group in the file node.toml is missing, unknown or not of the right form",
        ),
    ],
)
async def test_a_group_that_is_none_is_one_sentence_and_opens_nothing(
    directory: Path, setting: str, expected: str
) -> None:
    with pytest.raises(SetupError) as told:
        async with running(directory, setting):
            pass
    assert expected in " ".join(str(told.value).split())
    assert "Traceback" not in str(told.value)
    assert mode(directory) == 0o700
    assert not (directory / "api.sock").exists()
