"""Opening the door: uvicorn on a Unix socket, and on loopback TCP when configured.

The socket appears under its name only when it is bound and has its mode, so nobody can connect in between; a socket that a
living process answers on is never taken over. The server installs no signal handlers: whoever started it cancels it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket as sockets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from exchange.api.access import Group, give
from exchange.api.auth import PeerProtocol
from exchange.errors import SetupError

MODE: Final = 0o660
"""The owner and his group may connect; which of them may act is decided per actor."""
_LONGEST: Final = 100
"""Bytes of a socket's path; the kernel's limit is 107 on Linux, 103 on macOS."""
_BACKLOG: Final = 128


class _Server(uvicorn.Server):
    """uvicorn without signal handlers, which says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: asyncio.Event | None) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever runs the node."""
        yield

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        """Start to accept, then say so."""
        await super().startup(sockets)
        if self._ready is not None:
            self._ready.set()


async def serve(
    app: FastAPI,
    *,
    socket: Path,
    group: Group | None = None,
    tcp: tuple[str, int] | None = None,
    ready: asyncio.Event | None = None,
) -> None:
    """Serve until cancelled.

    Args:
        app: From :func:`exchange.api.app.create_app`.
        socket: Where the Unix socket appears.
        group: Who may connect besides our own user; our own group when None.
        tcp: Loopback host and port, when the node is configured for it.
        ready: Set when callers can connect.

    Raises:
        SetupError: The socket is in use, cannot be made, or the address is not loopback.
    """
    with listening(socket, tcp, group) as opened:
        await _run(_Server(_config(app), ready), opened)


@contextmanager
def listening(path: Path, tcp: tuple[str, int] | None, group: Group | None = None) -> Iterator[list[sockets.socket]]:
    """The listening sockets; closed, and the path removed, at the end."""
    opened = [open_unix(path, group)]
    inode = path.stat().st_ino
    try:
        if tcp is not None:
            opened.append(open_tcp(*tcp))
        yield opened
    finally:
        for each in opened:
            each.close()
        # Only what is still ours: a successor may already have put its own socket there.
        with suppress(FileNotFoundError):
            if path.stat().st_ino == inode:
                path.unlink()


async def _run(server: _Server, opened: list[sockets.socket]) -> None:
    """Run ``server``; when cancelled, let it finish what it is answering."""
    task = asyncio.create_task(server.serve(opened))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        server.should_exit = True
        await task
        raise


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=PeerProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # X-Forwarded-For would let a caller choose whose uid he has
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=64 * 1024,
    )


def open_unix(path: Path, group: Group | None = None) -> sockets.socket:
    """A listening Unix socket at ``path`` with :data:`MODE`, of ``group`` when given.

    Raises:
        SetupError: A living process answers there, the path is too long, or the directory or the group refuses.
    """
    if len(os.fsencode(path)) > _LONGEST:
        raise SetupError(
            "The path of the node's directory is too long for a socket ({length} of {limit} bytes); choose a shorter one.",
            length=len(os.fsencode(path)),
            limit=_LONGEST,
        )
    if _alive(path):
        raise SetupError("Another process already answers on this node's socket; stop it first.")
    listener = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
    fresh = path.with_name(f".{os.getpid()}")
    try:
        with suppress(FileNotFoundError):
            fresh.unlink()
        listener.bind(os.fspath(fresh))
        if group is not None:
            give(fresh, group)
        fresh.chmod(MODE)
        listener.listen(_BACKLOG)
        fresh.rename(path)
    except (OSError, SetupError) as problem:
        listener.close()
        with suppress(OSError):
            fresh.unlink()
        if isinstance(problem, SetupError):
            raise
        raise SetupError("The node's socket cannot be made ({reason}).", reason=problem.strerror) from None
    return listener


def _alive(path: Path) -> bool:
    """Whether somebody answers at ``path``."""
    probe = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
    with probe:
        probe.settimeout(2)
        try:
            probe.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except TimeoutError:
            return True  # somebody holds it and is busy
        except OSError as problem:
            raise SetupError("The node's socket cannot be used ({reason}).", reason=problem.strerror) from None
        return True


def open_tcp(host: str, port: int) -> sockets.socket:
    """A listening TCP socket on a loopback address.

    Raises:
        SetupError: The address is not loopback, or in use.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise SetupError("The API listens on a loopback address only, such as 127.0.0.1 or ::1.") from None
    if not address.is_loopback:
        raise SetupError("The API listens on a loopback address only, such as 127.0.0.1 or ::1.")
    family = sockets.AF_INET if address.version == 4 else sockets.AF_INET6  # noqa: PLR2004 - IP version
    listener = sockets.socket(family, sockets.SOCK_STREAM)
    try:
        listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(_BACKLOG)
    except OSError as problem:
        listener.close()
        raise SetupError("Port {port} cannot be opened ({reason}).", port=port, reason=problem.strerror) from None
    return listener
