"""The way from the CLI to a running node: HTTP over the node's Unix socket, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from exchange.api import socket_of
from exchange.cli.hints import command_line
from exchange.errors import ExchangeError, InputError, SetupError

if TYPE_CHECKING:
    import httpx

_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 120.0
"""An erasure or a long poll takes its time; a stream has no limit, its progress shows that it lives."""


class ProblemError(ExchangeError):
    """What the node answered instead; its sentence is in the reader's language already."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        self.problem = dict(problem)
        super().__init__(str(problem.get("detail", "")))


class Door:
    """Calls to one node as one actor."""

    def __init__(self, directory: Path, actor: str | None, language: str) -> None:
        self._directory = directory
        self._socket = _socket(directory)
        self._headers = {"Accept-Language": language}
        if actor is not None:
            self._headers["X-Exchange-Actor"] = str(self._choose(actor))

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer of a GET."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", path, params=given)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The JSON answer of a POST; None when there is nothing to say."""
        return self._call("POST", path, json_body=body, headers={"Idempotency-Key": key} if key else {})

    def put(self, path: str, body: Any) -> Any:
        """The JSON answer of a PUT."""
        return self._call("PUT", path, json_body=body)

    def page(self, path: str, body: Any) -> str:
        """The answer of a POST as a page to print."""
        with self._client() as client:
            response = client.post(path, content=_encoded(body), headers={"Accept": "text/html", **_JSON})
            return _checked(response).text

    def stream(self, path: str, body: Any = None) -> Iterator[dict[str, Any]]:
        """The lines of an NDJSON answer.

        Raises:
            ProblemError: As an answer, or as a line in the middle.
        """
        with (
            self._client() as client,
            client.stream("POST", path, content=_encoded(body), headers=_JSON, timeout=None) as answer,
        ):
            if answer.is_error:
                answer.read()
                _checked(answer)
            for text in answer.iter_lines():
                line: dict[str, Any] = json.loads(text)
                if "problem" in line:
                    raise ProblemError(line["problem"])
                yield line

    def _choose(self, actor: str) -> UUID:
        """The actor id for ``--as``: an id, or a role that exactly one of the caller's actors has."""
        try:
            return UUID(actor)
        except ValueError:
            pass
        found = [me["actor"] for me in self._call("GET", "/v1/me") if actor in me["roles"]]
        if len(found) != 1:
            raise InputError("You may act as {count} actors with that role; give the actor's id.", count=len(found))
        return UUID(found[0])

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Any = None,
        json_body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        with self._client() as client:
            content = None if method == "GET" else _encoded(json_body)
            response = client.request(
                method, path, params=params, content=content, headers={**_JSON, **(headers or {})}
            )
            _checked(response)
            return response.json() if response.content else None

    @contextmanager
    def _client(self) -> Iterator[httpx.Client]:
        """A connection; that there is none is one sentence."""
        import httpx  # noqa: PLC0415 - help and founding need no connection

        # There is no TLS on a Unix socket; without this every call would load all certificate authorities first.
        transport = httpx.HTTPTransport(uds=str(self._socket), verify=False)
        timeout = httpx.Timeout(_ANSWER_S, connect=_CONNECT_S)
        client = httpx.Client(transport=transport, base_url="http://node", headers=self._headers, timeout=timeout)
        try:
            with client:
                yield client
        except httpx.ConnectError as error:
            if _denied(error):
                raise _no_way() from None
            raise SetupError(
                "This node is not running; start it with: {command}", command=command_line("run", node=self._directory)
            ) from None
        except httpx.TimeoutException:
            raise SetupError("The node does not answer; look at its operational log.") from None
        except httpx.TransportError:
            raise SetupError("The connection with the node broke off; ask again whether it was done.") from None


_JSON: Final = {"Content-Type": "application/json"}


def _socket(directory: Path) -> Path:
    """Where the node of ``directory`` answers.

    An account of the socket's group passes the directory and reads nothing in it, not even the settings; a directory made for the
    socket alone has none. Then it has its usual name.

    Raises:
        SetupError: It is no node's directory, its settings are wrong, or this account may not pass it.
    """
    from exchange import settings  # noqa: PLC0415 - help needs no settings

    file, usual = directory / settings.FILE, socket_of(directory)
    try:
        named = file.exists()
        if (named and not os.access(file, os.R_OK)) or (not named and usual.is_socket()):
            return usual
    except PermissionError:
        raise _no_way() from None
    # Absolute paths in the settings stay what they are: Path / absolute is the absolute path.
    return directory / settings.load(directory).socket


def _denied(error: BaseException | None) -> bool:
    """Whether the operating system refused, below what the HTTP library says of it."""
    while error is not None and not isinstance(error, PermissionError):
        error = error.__cause__ or error.__context__
    return error is not None


def _no_way() -> SetupError:
    return SetupError(
        "Your user account may not use this node's socket; an operator can let it in by the group in socket_group."
    )


def _encoded(body: Any) -> bytes | None:
    """``body`` as JSON; dates as text."""
    return None if body is None else json.dumps(body, default=str).encode()


def _checked(response: httpx.Response) -> httpx.Response:
    """The response, unless it is a problem."""
    if not response.is_error:
        return response
    try:
        problem = response.json()
        detail = problem["detail"]
    except (ValueError, KeyError, TypeError):
        detail = None
    if detail is None:
        raise SetupError("Something that is not a node answers on this node's socket.")
    raise ProblemError(problem)
