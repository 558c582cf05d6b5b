"""A real socket with the application over the fake node behind it, and the command line called in this process."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import structlog

from exchange import cli, settings
from exchange.api.app import create_app
from exchange.api.auth import PeerCredentials
from exchange.api.server import serve


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Any]]:
    """A node directory whose socket answers, and the application behind it."""
    home = tmp_path_factory.mktemp("c")
    settings.save(home, settings.Settings(partner="actium"))
    app = create_app(None, None)  # type: ignore[arg-type]
    loop = asyncio.new_event_loop()
    ready = asyncio.Event()
    task = loop.create_task(serve(app, socket=home / "api.sock", ready=ready))
    loop.run_until_complete(asyncio.wait_for(ready.wait(), 60))
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.wait([task])))
    thread.start()
    yield home, app
    loop.call_soon_threadsafe(task.cancel)
    thread.join(10)
    loop.close()


@pytest.fixture
def node(fakes: ModuleType, house: tuple[Path, Any]) -> Iterator[Any]:
    """A fresh fake behind the socket; this user may do everything."""
    node = fakes.FakeNode()
    node.enrol(os.getuid(), "worker", "chair", "privacy-officer", "operator")
    house[1].state.service, house[1].state.authenticator = node, PeerCredentials(node)
    with structlog.testing.capture_logs():  # the server's log stays out of the command's output
        yield node


class Input(io.TextIOWrapper):
    """Standard input that is no terminal."""

    def __init__(self, text: str) -> None:
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command line without any node."""

    def run(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", Input(stdin))
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        captured = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else int(code is not None), captured.out, captured.err)

    for name in ("EXCHANGE_NODE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    return run


@pytest.fixture
def exchange(bare: Any, node: Any, house: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line with the fake node as its node."""
    monkeypatch.setenv("EXCHANGE_NODE", str(house[0]))
    return bare
