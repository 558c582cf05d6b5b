# ruff: noqa: INP001 - a script for maintainers, not a package
"""The Dutch catalog: what the source says, what is translated, what is missing.

    python tools/catalog.py missing    list sentences without a Dutch translation; exit 1 when there are any
    python tools/catalog.py update     put new sentences into the .po, take unused ones out, compile the .mo
    python tools/catalog.py check      as `missing`, and also: placeholders agree, the .mo is up to date

Collected are: the template of every error class of ours that is called with a literal, every ``_("…")`` and ``N_("…")`` in
Python, and every ``_("…")`` or ``{% trans %}`` in a Jinja template of the package.
"""

from __future__ import annotations

import ast
import io
import string
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "exchange"
PO = PACKAGE / "locale" / "nl" / "LC_MESSAGES" / "exchange.po"
MO = PO.with_suffix(".mo")
TEMPLATES = ("*.html", "*.j2", "*.jinja")
MARKERS = frozenset({"_", "N_", "gettext"})
HEADER = "Dutch sentences of the covenant exchange. The key is the English sentence in the source."


class Sentence(NamedTuple):
    """One sentence of the source, and where it stands (path from the root of the tree, line)."""

    text: str
    path: str
    line: int


def error_classes() -> frozenset[str]:
    """The names of our error classes: those of ``exchange/errors.py``, and what the rooms derive from them.

    A room's class with an ``__init__`` of its own brings its own sentence (see :func:`sentence_of`) and is not among them.
    """
    trees = [ast.parse(file.read_text("utf-8")) for file in sorted(PACKAGE.rglob("*.py"))]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    names, before = {"ExchangeError"}, 0
    while len(names) > before:
        before = len(names)
        names |= {c.name for c in classes if any(isinstance(b, ast.Name) and b.id in names for b in c.bases)}
    home = {
        node.name
        for node in ast.parse((PACKAGE / "errors.py").read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    speaking = {c.name for c in classes if any(isinstance(n, ast.FunctionDef) and n.name == "__init__" for n in c.body)}
    return frozenset(names - (speaking - home))


def templates(argument: ast.expr) -> Iterator[str | None]:
    """The literal sentences ``argument`` can be; ``None`` for what is not a literal."""
    if isinstance(argument, ast.IfExp):
        yield from templates(argument.body)
        yield from templates(argument.orelse)
    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    else:
        yield None


def sentence_of(call: ast.Call, errors: frozenset[str]) -> ast.expr | None:
    """The argument of ``call`` that is a sentence for people, if it is such a call."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "__init__" and call.args and ast.unparse(call.func) == "super().__init__":
        return call.args[0]  # an error class of a room that brings its own sentence
    position = 1 if name == "WireError" else 0
    if name not in errors and name not in MARKERS:
        return None
    return call.args[position] if len(call.args) > position else None


def in_python(source: str, path: str, errors: frozenset[str]) -> Iterator[Sentence]:
    """The sentences of one Python file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (argument := sentence_of(node, errors)) is not None:
            yield from (Sentence(text, path, node.lineno) for text in templates(argument) if text)


def in_template(source: str, path: str) -> Iterator[Sentence]:
    """The sentences of one Jinja template."""
    jinja = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    for line, _function, message in jinja.extract_translations(source):  # type: ignore[attr-defined]
        if isinstance(message, str):
            yield Sentence(message, path, line)


def collect() -> list[Sentence]:
    """Every sentence of the package, in order of file and line, each text once."""
    errors, found = error_classes(), list[Sentence]()
    for file in sorted(PACKAGE.rglob("*.py")):
        found += in_python(file.read_text("utf-8"), file.relative_to(ROOT).as_posix(), errors)
    for file in sorted(file for kind in TEMPLATES for file in PACKAGE.rglob(kind)):
        found += in_template(file.read_text("utf-8"), file.relative_to(ROOT).as_posix())
    found.sort(key=lambda sentence: (sentence.path, sentence.line))
    once: dict[str, Sentence] = {}
    for sentence in found:
        once.setdefault(sentence.text, sentence)
    return list(once.values())


def load() -> Catalog:
    """The Dutch catalog as it stands in the .po; an empty one when there is none yet."""
    if PO.exists():
        with PO.open("rb") as file:
            return read_po(file, locale="nl", domain="exchange", abort_invalid=True)
    return Catalog(locale="nl", domain="exchange")


def compiled(catalog: Catalog) -> bytes:
    """The .mo bytes of ``catalog``."""
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def placeholders(text: str) -> set[str]:
    """The ``{names}`` in ``text``."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def missing(catalog: Catalog, sentences: list[Sentence]) -> list[Sentence]:
    """The sentences that have no Dutch."""
    return [s for s in sentences if (entry := catalog.get(s.text)) is None or not entry.string]


def faults(catalog: Catalog) -> list[str]:
    """Translations whose placeholders differ from the source, and a stale .mo."""
    found = [
        f"{entry.id!r}: placeholders {sorted(placeholders(str(entry.id)))} became {sorted(placeholders(str(entry.string)))}"
        for entry in catalog
        if entry.id and entry.string and placeholders(str(entry.id)) != placeholders(str(entry.string))
    ]
    if not MO.exists() or MO.read_bytes() != compiled(catalog):
        found.append(f"{MO.relative_to(ROOT)} is out of date; run: make messages")
    return found


def update(translations: dict[str, str] | None = None) -> int:
    """Bring .po and .mo up to the source, keeping every translation that is still used; the number still missing."""
    old, given, sentences = load(), translations or {}, collect()
    new = Catalog(
        locale="nl",
        domain="exchange",
        project="covenant-exchange",
        version="1",
        header_comment=f"# {HEADER}",
        msgid_bugs_address="see README.md",
        last_translator="the maintainers",
        language_team="the maintainers",
        creation_date=old.creation_date,
        revision_date=old.creation_date,  # no moment of compiling in the file: the same source gives the same bytes
        fuzzy=False,
    )
    for sentence in sentences:
        entry = old.get(sentence.text)
        dutch = given.get(sentence.text) or (str(entry.string) if entry and entry.string else "")
        new.add(sentence.text, dutch, locations=[(sentence.path, None)])  # type: ignore[list-item]
    PO.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    write_po(out, new, width=120, omit_header=False, include_lineno=False)
    PO.write_bytes(out.getvalue())
    fresh = load()
    MO.write_bytes(compiled(fresh))
    return len(missing(fresh, sentences))


def main(arguments: list[str]) -> int:
    """Run one of the commands of the module docstring; the exit code."""
    command = arguments[0] if len(arguments) == 1 else ""
    if command == "update":
        left = update()
        sys.stdout.write(f"{left} without Dutch\n" if left else "every sentence has its Dutch\n")
        return 0
    if command not in {"missing", "check"}:
        sys.stderr.write(__doc__ or "")
        return 2
    catalog = load()
    lines = [f"{s.path}:{s.line}: {s.text}" for s in missing(catalog, collect())]
    if command == "check":
        lines += faults(catalog)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
