"""Who is calling is proved by the kernel or by a token, and by nothing the caller says."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from exchange.api import socket_of
from exchange.api.app import create_app
from exchange.api.auth import AnyOf, BearerToken, PeerCredentials, token_of
from exchange.api.server import serve
from exchange.errors import SetupError


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose path is short enough for a socket."""
    return tmp_path_factory.mktemp("n")


@asynccontextmanager
async def running(app: Any, path: Path, **options: Any) -> Any:
    """The application behind a real uvicorn."""
    ready = asyncio.Event()
    task = asyncio.create_task(serve(app, socket=path, ready=ready, **options))
    waiter = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if task.done():
        await task
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def over(path: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://node")


async def test_an_unknown_user_account_is_told_so_and_nothing_else(caller: Any) -> None:
    async with caller(4711) as stranger:
        for path in ("/v1/status", "/v1/inbox", "/v1/me"):
            response = await stranger.get(path)
            assert (response.status_code, response.json()["code"]) == (401, "not-authenticated")


async def test_a_caller_without_any_proof_is_refused(app: Any) -> None:
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1000))
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
        response = await client.get("/v1/status")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


async def test_one_account_with_two_actors_has_to_choose_and_may_choose_only_its_own(caller: Any, node: Any) -> None:
    node.enrol(1000, "auditor", number=2)
    node.enrol(2000, "worker", number=3)
    async with caller() as client:
        assert (await client.get("/v1/inbox")).status_code == 422
        own = await client.get("/v1/inbox", headers={"X-Exchange-Actor": str(UUID(int=1))})
        assert own.status_code == 200
        role = await client.get("/v1/inbox", headers={"X-Exchange-Actor": str(UUID(int=2))})
        assert (role.status_code, role.json()["code"]) == (403, "not-allowed")
        foreign = await client.get("/v1/inbox", headers={"X-Exchange-Actor": str(UUID(int=3))})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "not-allowed")
        assert [me["roles"] for me in (await client.get("/v1/me")).json()][1] == ["auditor"]


async def test_a_real_socket_proves_the_peer_and_no_header_changes_it(app: Any, node: Any, home: Path) -> None:
    node.uids = {}
    node.enrol(os.getuid(), "worker")
    node.enrol(4711, "auditor", number=2)
    path = socket_of(home)
    async with running(app, path), over(path) as client:
        lies = {"X-Forwarded-For": "4711", "Forwarded": "for=4711", "X-Real-Ip": "4711", "Authorization": "Bearer x"}
        response = await client.get("/v1/me", headers=lies)
        assert [me["actor"] for me in response.json()] == [str(UUID(int=1))]
        assert "server" not in response.headers
    assert not path.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can connect as another user")
async def test_another_user_of_the_machine_is_not_the_one_who_started_the_node(app: Any, node: Any) -> None:
    node.uids = {}
    node.enrol(0, "operator")
    node.enrol(4711, "worker", number=2)
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o711)  # noqa: PTH101, S103 - the other user must reach the socket
        path = socket_of(Path(home))
        async with running(app, path):
            path.chmod(0o666)
            reader, writer = await asyncio.open_unix_connection(sock=_connected_as(4711, path))
            writer.write(b"GET /v1/me HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
    assert str(UUID(int=2)).encode() in answer
    assert str(UUID(int=1)).encode() not in answer


def _connected_as(uid: int, path: Path) -> socket.socket:
    """A socket that was connected while this process was ``uid``: the kernel keeps who it was."""
    client = socket.socket(socket.AF_UNIX)
    os.seteuid(uid)
    try:
        client.connect(str(path))
    finally:
        os.seteuid(0)
    client.setblocking(False)
    return client


async def test_the_socket_is_for_owner_and_group_only(app: Any, home: Path) -> None:
    path = socket_of(home)
    async with running(app, path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


async def test_a_socket_of_a_living_process_is_never_taken_over(app: Any, home: Path) -> None:
    path = socket_of(home)
    async with running(app, path):
        with pytest.raises(SetupError, match="already answers"):
            await serve(app, socket=path)
        async with over(path) as client:
            assert (await client.get("/openapi.json")).status_code == 200


async def test_a_socket_left_by_a_killed_process_is_replaced(app: Any, home: Path) -> None:
    path = socket_of(home)
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    async with running(app, path), over(path) as client:
        assert (await client.get("/openapi.json")).status_code == 200


async def test_a_path_too_long_for_a_socket_is_one_sentence(app: Any, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="too long"):
        await serve(app, socket=tmp_path / ("x" * 100) / "api.sock")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])  # noqa: S104 - refused
async def test_tcp_is_loopback_only(app: Any, home: Path, host: str) -> None:
    with pytest.raises(SetupError, match="loopback"):
        await serve(app, socket=socket_of(home), tcp=(host, 0))
    assert not socket_of(home).exists()


async def test_loopback_tcp_needs_the_token_of_the_node(node: Any, home: Path) -> None:
    token, uid = token_of(home)
    assert uid == os.getuid()
    node.uids = {}
    node.enrol(uid, "worker")
    app = create_app(node, AnyOf(PeerCredentials(node), BearerToken(node, token, uid)))
    port = _free_port()
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")
    async with running(app, socket_of(home), tcp=("127.0.0.1", port)), client:
        assert (await client.get("/v1/me")).status_code == 401
        for wrong in ("Bearer", f"Bearer {token}x", f"Basic {token}", f"bearer {token[:-1]}", "Bearer \xe9"):
            response = await client.get("/v1/me", headers={"Authorization": wrong.encode()})
            assert response.status_code == 401, wrong
            assert token not in response.text
        right = await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert right.status_code == 200


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_token_is_made_once_and_only_its_owner_reads_it(home: Path) -> None:
    first = token_of(home)
    path = home / "api.token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_of(home) == first
    path.chmod(0o640)
    with pytest.raises(SetupError, match="Others can read"):
        token_of(home)
    path.chmod(0o600)
    path.write_text("")
    with pytest.raises(SetupError, match="empty"):
        token_of(home)


def test_a_token_file_that_is_a_link_is_not_followed(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("chosen by somebody else")
    (home / "api.token").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SetupError):
        token_of(home)
