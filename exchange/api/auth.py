"""Who is calling: the ``Authenticator`` port and the two proofs a node accepts today.

* :class:`PeerCredentials`: on the Unix socket the kernel tells which operating-system user opened the connection. Nothing the
  caller sends can change that, and it needs no secret.
* :class:`BearerToken`: on loopback TCP the kernel tells nothing, so the caller shows the token from a file that only one
  operating-system user can read; whoever shows it acts as that user.

OIDC and mTLS are further implementations of the same port. What a proof yields is a list of actors; which one acts is the
caller's choice, and what that actor may do is decided by the node, not here.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import socket
import struct
import sys
from pathlib import Path
from typing import Any, Final, Protocol, cast

from starlette.requests import HTTPConnection
from uvicorn.protocols.http.h11_impl import H11Protocol

from exchange.api import TOKEN
from exchange.errors import NotAuthenticatedError, SetupError
from exchange.node.service import Actor, NodeService

PEER: Final = "\x00unix-peer"
"""First half of ``scope["client"]`` for a Unix socket; the second is the uid. No IP address begins with NUL."""

_UCRED: Final = struct.Struct("3i")
"""Linux ``struct ucred``: pid, uid, gid."""
_XUCRED: Final = struct.Struct("IIh")
"""macOS ``struct xucred``, its beginning: version, uid, number of groups."""
_MACOS_LOCAL: Final = (0, 1)
"""macOS ``SOL_LOCAL`` and ``LOCAL_PEERCRED``; Python has no names for them."""


class Authenticator(Protocol):
    """Proves who is calling."""

    def actors(self, connection: HTTPConnection) -> list[Actor] | None:
        """The actors the caller may act as; None when this proof is not the one that was offered.

        Raises:
            NotAuthenticatedError: A proof was offered and does not hold.
        """
        ...


def peer_uid(sock: socket.socket) -> int | None:
    """The uid of the process that connected ``sock``; None when it is no Unix socket or the kernel does not tell."""
    if sock.family != socket.AF_UNIX:
        return None
    if sys.platform == "darwin":
        raw = sock.getsockopt(*_MACOS_LOCAL, _XUCRED.size)
        return cast("int", _XUCRED.unpack(raw)[1])
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    return cast("int", _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, option, _UCRED.size))[1])


class PeerProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which writes down the peer's uid when the connection is made."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Ask the kernel once per connection; the answer holds for every request on it."""
        super().connection_made(transport)
        # get_extra_info gives a TransportSocket, which offers family and getsockopt.
        uid = peer_uid(cast("socket.socket", transport.get_extra_info("socket")))
        if uid is not None:
            self.client = (PEER, uid)


class PeerCredentials:
    """Actors by the uid of the Unix socket's peer."""

    def __init__(self, service: NodeService) -> None:
        self._service = service

    def actors(self, connection: HTTPConnection) -> list[Actor] | None:
        """See :class:`Authenticator`."""
        client: Any = connection.scope.get("client")
        if not client or client[0] != PEER:
            return None
        return self._service.actors_of_uid(client[1])


class BearerToken:
    """Actors of one uid, for whoever shows its token (RFC 6750) on loopback TCP."""

    def __init__(self, service: NodeService, token: str, uid: int) -> None:
        self._service, self._token, self._uid = service, token.encode(), uid

    def actors(self, connection: HTTPConnection) -> list[Actor] | None:
        """See :class:`Authenticator`."""
        given = connection.headers.get("authorization")
        if given is None:
            return None
        scheme, _, token = given.partition(" ")
        # compare_digest: the time it takes tells nothing about how much was right.
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._token):
            raise NotAuthenticatedError(
                "The token is not the one of this node; read it from the file {file}.", file=TOKEN
            )
        return self._service.actors_of_uid(self._uid)


class AnyOf:
    """The first proof that was offered counts."""

    def __init__(self, *authenticators: Authenticator) -> None:
        self._authenticators = authenticators

    def actors(self, connection: HTTPConnection) -> list[Actor] | None:
        """See :class:`Authenticator`."""
        for authenticator in self._authenticators:
            if (found := authenticator.actors(connection)) is not None:
                return found
        return None


def token_of(directory: Path) -> tuple[str, int]:
    """The bearer token of the node in ``directory`` and the uid that may use it; made when there is none.

    Raises:
        SetupError: Others can read the token file, or it cannot be read.
    """
    return token_in(directory / TOKEN)


def token_in(path: Path) -> tuple[str, int]:
    """A bearer token that lies in a file of its own, and the uid that owns the file; made when there is none.

    Raises:
        SetupError: Others can read the file, or it cannot be read.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    except OSError as problem:
        raise SetupError("The token file cannot be written ({reason}).", reason=problem.strerror) from None
    else:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return _read_token(path)


def token_apart(path: Path, directory: Path) -> str:
    """The bearer token in ``path`` of a caller that may do one thing only at the node in ``directory``.

    Raises:
        SetupError: As for :func:`token_in`; or it is the token of the node's own API, with which he could do everything.
    """
    token, _ = token_in(path)
    if (directory / TOKEN).exists() and token == token_of(directory)[0]:
        raise SetupError(
            "The setting zgw.token names the token of the node's own API, with which a case system could do everything here;"
            " give it a file of its own."
        )
    return token


def _read_token(path: Path) -> tuple[str, int]:
    """The content and owner of a token file that nobody but its owner can read."""
    try:
        # O_NOFOLLOW: a link could point at a file of somebody else's choice.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as problem:
        raise SetupError("The token file cannot be read ({reason}).", reason=problem.strerror) from None
    with os.fdopen(handle) as file:
        status = os.fstat(file.fileno())
        token = file.read(200).strip()
    if status.st_mode & 0o077:
        raise SetupError("Others can read the token file; remove it and start again, and a new one is made.")
    if not token:
        raise SetupError("The token file is empty; remove it and start again, and a new one is made.")
    return token, status.st_uid
