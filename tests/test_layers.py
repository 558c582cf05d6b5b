"""The arrows between the rooms of the house, read from the source: any arrow that is not in the table fails."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent / "exchange"


class Room(NamedTuple):
    """What a room may import: other rooms (or single modules of them), and third parties."""

    inside: frozenset[str]
    outside: frozenset[str]


def _room(inside: str, outside: str = "") -> Room:
    return Room(frozenset(inside.split()), frozenset(outside.split()))


_ALL = (
    "errors domain crypto merkle wire store node transport api reports i18n logs files settings ceremony setup app hosting "
    "demo cli"
)

# The table of the design: who may import whom. eventsourcing stands only in store, nats only in transport.
ROOMS = {
    "errors": _room(""),
    "domain": _room("errors", "pydantic"),
    "crypto": _room("errors", "nacl cryptography"),
    "merkle": _room("errors"),
    "wire": _room("errors domain crypto", "pydantic rfc8785 orjson"),
    "store": _room("errors domain crypto merkle", "eventsourcing pydantic orjson"),
    "node": _room("errors domain crypto merkle wire store", "pydantic orjson structlog"),
    "transport": _room("errors wire", "nats nkeys structlog"),
    "api": _room(
        "errors i18n domain node reports store.views",
        "fastapi starlette uvicorn pydantic orjson jinja2 structlog httpx",
    ),
    "reports": _room("errors i18n domain node store.views", "jinja2"),
    "i18n": _room("errors"),
    "logs": _room("errors", "structlog"),
    "settings": _room("errors domain", "pydantic"),
    "files": _room("errors"),
    "ceremony": _room(_ALL),
    "setup": _room(_ALL),
    "app": _room(_ALL, "pydantic structlog uvicorn fastapi"),
    "hosting": _room(_ALL),
    "cli": _room(_ALL, "typer click rich httpx pydantic orjson structlog"),
    "demo": _room(_ALL + " demo", "rich httpx"),
    "__main__": _room("cli"),
    "__init__": _room(""),
}

# What the domain must not reach for even though Python brings it along: the clock, chance, the machine.
_MACHINE = (
    "asyncio ctypes http io logging multiprocessing os pathlib random secrets shutil signal socket sqlite3 ssl "
    "subprocess sys tempfile threading time urllib"
)
IMPURE_MODULES = frozenset(_MACHINE.split())
IMPURE_CALLS = frozenset({"now", "utcnow", "today", "uuid1", "uuid4", "open", "input", "print", "getenv"})


def _imports(tree: ast.AST, package: str) -> list[tuple[int, str]]:
    """Every imported dotted name with its line; relative imports are made absolute from ``package``."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
    return found


def _allowed(room: str, name: str) -> bool:
    """Whether ``room`` may import the dotted ``name``."""
    top, _, rest = name.partition(".")
    if top != "exchange":
        return top in sys.stdlib_module_names or top.removesuffix("_core") in ROOMS[room].outside  # pydantic_core
    target = rest.split(".")[0]
    if target == room or target.startswith("__"):
        return True
    return any(rest == may or rest.startswith(may + ".") for may in ROOMS[room].inside)


def wrong_arrows(room: str, source: str, package: str) -> list[str]:
    """The imports in ``source`` that the table does not allow, as ``line: name``."""
    names = _imports(ast.parse(source), package)
    return [f"{line}: {name}" for line, name in names if not _allowed(room, name)]


def impurities(source: str) -> list[str]:
    """Where ``source`` reads a clock, draws chance or touches the machine, as ``line: what``."""
    tree = ast.parse(source)
    found = [f"{line}: {name}" for line, name in _imports(tree, "exchange") if name.split(".")[0] in IMPURE_MODULES]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in IMPURE_CALLS:
                found.append(f"{node.lineno}: {name}()")
    return found


def _files(room: str) -> list[Path]:
    single = ROOT / f"{room}.py"
    return [single] if single.exists() else sorted((ROOT / room).rglob("*.py"))


def _package(path: Path) -> str:
    return ".".join(("exchange", *path.relative_to(ROOT).parent.parts))


def test_every_module_lives_in_a_room_of_the_table() -> None:
    homeless = {
        path.name
        for path in ROOT.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem not in ROOMS
    }
    assert not homeless, f"give these a line in the table, and a reason: {sorted(homeless)}"


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_only_what_its_line_allows(room: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): arrows
        for path in _files(room)
        if (arrows := wrong_arrows(room, path.read_text("utf-8"), _package(path)))
    }
    assert not wrong


def test_the_domain_reads_no_clock_draws_no_chance_and_touches_no_machine() -> None:
    wrong = {path.name: found for path in _files("domain") if (found := impurities(path.read_text("utf-8")))}
    assert not wrong


@pytest.mark.parametrize(
    ("room", "source", "arrow"),
    [
        ("domain", "import eventsourcing.domain", "1: eventsourcing.domain"),
        ("domain", "from exchange.store import log", "1: exchange.store.log"),
        ("crypto", "def f():\n    import nats", "2: nats"),
        ("api", "from exchange.store.log import Log", "1: exchange.store.log.Log"),
        ("wire", "from ..node import ports", "1: exchange.node.ports"),
        ("merkle", "from exchange import crypto", "1: exchange.crypto"),
        ("store", "if TYPE_CHECKING:\n    from exchange.viewsx import y", "2: exchange.viewsx.y"),
    ],
)
def test_a_forbidden_arrow_is_seen_wherever_it_hides(room: str, source: str, arrow: str) -> None:
    assert wrong_arrows(room, source, f"exchange.{room}") == [arrow]


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("api", "from exchange.store.views import View"),
        ("domain", "from exchange.domain.event import Event\nimport datetime\nfrom pydantic import BaseModel"),
        ("node", "from ..store.log import Log"),
        ("transport", "from . import subjects"),
    ],
)
def test_an_allowed_arrow_passes(room: str, source: str) -> None:
    assert wrong_arrows(room, source, f"exchange.{room}") == []


def test_a_clock_in_the_domain_is_seen() -> None:
    assert impurities("import datetime\nx = datetime.datetime.now()") == ["2: now()"]
    assert impurities("from uuid import uuid4\nx = uuid4()") == ["2: uuid4()"]
    assert impurities("import random") == ["1: random"]
