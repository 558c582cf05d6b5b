"""A node and a broker that run say so once they answer: a sentence for people, one JSON line for whoever started them."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path

import pytest
from world import SECRET, free_port


async def started(*arguments: str) -> tuple[asyncio.subprocess.Process, bytes]:
    """The process of a command, and the first line it wrote on standard output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchange", *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(60):
        return process, await process.stdout.readline()


async def ended(process: asyncio.subprocess.Process) -> int:
    process.terminate()
    async with asyncio.timeout(60):
        return await process.wait()


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    path = tmp_path / "passphrase"
    path.write_text(SECRET.text + "\n")
    path.chmod(0o600)
    return str(path)


async def test_run_with_json_says_when_the_node_answers(founded: Path, tmp_path_factory, passphrase: str) -> None:
    home = tmp_path_factory.mktemp("r")
    shutil.copytree(founded / "nodes" / "actium", home / "n")
    process, line = await started("run", "--node", str(home / "n"), "--passphrase-file", passphrase, "--json")
    try:
        assert json.loads(line) == {"running": True, "node": str(home / "n")}
        _reader, writer = await asyncio.open_unix_connection(str(home / "n" / "api.sock"))
        writer.close()
    finally:
        assert await ended(process) == 0


async def test_broker_run_with_json_says_where_it_answers(founded: Path, tmp_path: Path) -> None:
    port = free_port()
    signed = str(founded / "covenant.signed.json")
    process, line = await started("broker", "run", signed, "--dir", str(tmp_path / "b"), "--port", str(port), "--json")
    try:
        assert json.loads(line) == {"running": True, "url": f"nats://127.0.0.1:{port}"}
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
    finally:
        assert await ended(process) == 0
