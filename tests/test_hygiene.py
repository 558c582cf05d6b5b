"""House rules that no single test of a room would notice, read from the source of the whole tree."""

from __future__ import annotations

import ast
import builtins
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from exchange import logs

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "exchange"
LONGEST_MODULE = 400

# Spelled with classes, so that this file does not contain what it looks for.
FOREIGN = {
    "a package registry's host": re.compile(
        r"py[p]i\.org|pytho[n]hosted|registry\.np[m]js|deb\.deb[i]an", re.IGNORECASE
    ),
    "a path of one machine": re.compile(r"/hom[e]/[a-z]|/User[s]/[a-z]|/wor[k]/[a-z]|/roo[t]/"),
    "a private key": re.compile(r"PRIVATE KE[Y]-----|AGE-SECRET-KE[Y]-"),
}
OPEN_ENDS = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X|NotImplemented[E]rror)\b")
NKEY_SEED = re.compile(r"\bS[UANOC][A-Z2-7]{56}\b")
LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
LOG_NAMES = frozenset({"log", "_log", "logger", "_logger"})
EXIT_ALLOWED = frozenset({"SystemExit", "KeyboardInterrupt"})
VALIDATORS = frozenset({"field_validator", "model_validator"})
FUNCTIONAL_VALIDATORS = frozenset({"AfterValidator", "BeforeValidator", "PlainValidator", "WrapValidator"})
LONG_FOR_A_REASON = frozenset(
    {
        "node/forms.py",  # every form and answer of the one door, read as one list
        "domain/events/core.py",  # every fact a node can know, read as one list
    }
)


def _tracked() -> list[Path]:
    """The files of the tree as they would be handed on; all of them when this is not a git checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT).as_posix()}:{line}"


def _name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def bad_errors(tool: ModuleType, source: str, errors: frozenset[str]) -> list[str]:
    """Errors whose sentence is not a literal, or whose placeholders are not all given, as ``line: what``."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = _name(call.func)
        argument = tool.sentence_of(call, errors) if name in errors else None
        given = {keyword.arg for keyword in call.keywords}
        for text in tool.templates(argument) if argument is not None else ():
            if text is None:
                found.append(f"{call.lineno}: {name} without a literal sentence")
            elif None not in given and (lacking := tool.placeholders(text) - given):
                found.append(f"{call.lineno}: {name} does not fill in {sorted(lacking)}")
    return found


def _spared(tree: ast.Module) -> set[int]:
    """The raises that may be Python's own: a validator speaks to pydantic in ValueError, a try may jump to its own except."""
    functional = {
        _name(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func) in FUNCTIONAL_VALIDATORS and node.args
    } | {
        _name(keyword.value)  # json.dumps(…, default=f): f speaks to json in ValueError
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "default"
    }
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            decorators = {_name(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}
            if decorators & VALIDATORS or node.name in functional:
                found |= {id(inner) for inner in ast.walk(node)}
        elif isinstance(node, ast.Try):
            caught = {_name(e) for h in node.handlers if h.type for e in ast.walk(h.type) if isinstance(e, ast.expr)}
            inside = [inner for step in node.body for inner in ast.walk(step) if isinstance(inner, ast.Raise)]
            found |= {id(inner) for inner in inside if inner.exc and _raised(inner.exc) in caught}
    return found


def _raised(exc: ast.expr) -> str:
    return _name(exc.func if isinstance(exc, ast.Call) else exc)


def foreign_raises(source: str, allowed: frozenset[str] = frozenset()) -> list[str]:
    """Where ``source`` lets an exception of Python's own out, as ``line: name``."""
    tree = ast.parse(source)
    spared, found = _spared(tree), []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Raise) or node.exc is None or id(node) in spared:
            continue
        name = _raised(node.exc)
        builtin = getattr(builtins, name, None)
        if isinstance(builtin, type) and issubclass(builtin, BaseException) and name not in allowed:
            found.append(f"{node.lineno}: {name}")
    return found


def bad_logging(source: str) -> list[str]:
    """Log calls whose event is not a literal, or with keys that are not on the list, as ``line: what``."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        func = call.func
        if not isinstance(func, ast.Attribute) or func.attr not in LOG_METHODS or _name(func.value) not in LOG_NAMES:
            continue
        if len(call.args) != 1 or not isinstance(call.args[0], ast.Constant):
            found.append(f"{call.lineno}: the event must be one literal")
        keys = {keyword.arg or "**" for keyword in call.keywords} - {"exc_info"}
        found += [f"{call.lineno}: {key} is not in exchange.logs.SHAPES" for key in sorted(keys - logs.SHAPES.keys())]
    return found


def undocumented(source: str) -> list[str]:
    """Public modules, classes and functions without a docstring, as ``line: name``."""
    tree = ast.parse(source)
    found = [] if ast.get_docstring(tree) else ["1: module"]
    scopes: list[ast.Module | ast.ClassDef] = [tree]
    while scopes:
        for node in scopes.pop().body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            said_elsewhere = any(_name(d) in {"overload", "override", "setter"} for d in node.decorator_list)
            promise = isinstance(node.body[-1], ast.Expr) and ast.unparse(node.body[-1]) == "..."  # of a Protocol
            if not ast.get_docstring(node) and not said_elsewhere and not promise:
                found.append(f"{node.lineno}: {node.name}")
            if isinstance(node, ast.ClassDef):
                scopes.append(node)
    return found


@pytest.mark.parametrize("what", sorted(FOREIGN))
def test_nothing_in_the_tree_names(what: str) -> None:
    found = [
        _where(path, number)
        for path in _tracked()
        for number, line in enumerate(_text(path).splitlines(), 1)
        if FOREIGN[what].search(line)
    ]
    assert not found


@pytest.mark.parametrize("folder", ["keys", "deploy", "docs", "schemas"])
def test_published_folders_hold_no_seed_of_a_transport_key(folder: str) -> None:
    files = [path for path in _tracked() if path.is_relative_to(ROOT / folder)]
    assert files
    assert not [path.name for path in files if NKEY_SEED.search(_text(path))]


def test_documents_link_only_to_what_exists() -> None:
    broken = [
        f"{path.relative_to(ROOT)} -> {target}"
        for path in _tracked()
        if path.suffix == ".md"
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", _text(path))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert not broken


def test_nothing_in_the_code_is_left_open() -> None:
    found = [
        _where(path, number)
        for path in _tracked()
        if path.suffix == ".py"
        for number, line in enumerate(_text(path).splitlines(), 1)
        if OPEN_ENDS.search(line)
    ]
    assert not found


def test_no_module_grows_beyond_what_one_reader_can_hold() -> None:
    long = {
        name: lines
        for path in _modules()
        if (lines := len(_text(path).splitlines())) > LONGEST_MODULE
        and (name := path.relative_to(PACKAGE).as_posix()) not in LONG_FOR_A_REASON
    }
    assert not long


def test_everything_public_says_what_it_is_for() -> None:
    assert not [f"{path.relative_to(ROOT)}:{line}" for path in _modules() for line in undocumented(_text(path))]


def test_every_error_is_one_literal_sentence_with_all_its_values(catalog_tool: ModuleType) -> None:
    errors = catalog_tool.error_classes()
    assert "StorageError" in errors
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in _modules()
        for line in bad_errors(catalog_tool, _text(path), errors)
    ]
    assert not found


def test_only_our_own_errors_are_raised() -> None:
    found = []
    for path in _modules():
        edge = path.relative_to(PACKAGE).parts[0] in {"cli", "cli.py", "app.py", "__main__.py"}
        found += [
            f"{path.relative_to(ROOT)}:{line}"
            for line in foreign_raises(_text(path), EXIT_ALLOWED if edge else frozenset())
        ]
    assert not found


def test_every_log_line_is_a_literal_with_listed_keys() -> None:
    assert not [f"{path.relative_to(ROOT)}:{line}" for path in _modules() for line in bad_logging(_text(path))]


def test_no_test_waits_by_sleeping() -> None:
    found = [
        _where(path, node.lineno)
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(_text(path)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep"
    ]
    assert not found


def test_each_rule_sees_its_own_breach(catalog_tool: ModuleType) -> None:
    errors = frozenset({"InputError", "WireError"})
    assert bad_errors(catalog_tool, 'raise InputError("Got {n}.")', errors) == ["1: InputError does not fill in ['n']"]
    assert bad_errors(catalog_tool, 'raise InputError(f"Got {n}.")', errors) == [
        "1: InputError without a literal sentence"
    ]
    assert bad_errors(catalog_tool, 'raise WireError("code", text)', errors) == [
        "1: WireError without a literal sentence"
    ]
    assert bad_errors(catalog_tool, 'raise WireError("code", "Got {n}.", n=1)', errors) == []
    assert bad_errors(catalog_tool, 'raise InputError("Got {n}." if x else "None.", **kw)', errors) == []
    assert foreign_raises('raise ValueError("x")') == ["1: ValueError"]
    assert foreign_raises("raise KeyError") == ["1: KeyError"]
    assert foreign_raises("raise error from None") == []
    assert foreign_raises('@field_validator("a")\ndef f(v):\n    raise ValueError("x")') == []
    assert foreign_raises('def f(v):\n    raise ValueError("x")\nA = AfterValidator(f)') == []
    assert foreign_raises("try:\n    raise ValueError\nexcept (ValueError, TypeError):\n    pass") == []
    assert foreign_raises("try:\n    raise KeyError\nexcept ValueError:\n    pass") == ["2: KeyError"]
    assert foreign_raises('def f(v):\n    raise ValueError("x")\njson.dumps(x, default=f)') == []
    assert foreign_raises("raise SystemExit(1)", EXIT_ALLOWED) == []
    assert bad_logging('log.info(f"sent to {name}")') == ["1: the event must be one literal"]
    assert bad_logging('self._log.error("sent", name=name)') == ["1: name is not in exchange.logs.SHAPES"]
    assert bad_logging('log.warning("sent", partner=slug, exc_info=error)') == []
    assert undocumented('"""x"""\nclass A:\n    """x"""\n    def f(self): return 1\n    def _g(self): return 1') == [
        "4: f"
    ]
    assert FOREIGN["a path of one machine"].search("see /" + "home/someone")
    assert FOREIGN["a package registry's host"].search("https://py" + "pi.org/simple")
    assert NKEY_SEED.search("S" + "U" + "A" * 56)
