"""Whatever the program or its documents tell a person to type is understood when it is pasted."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from command_lines import commands, typed, understood

from exchange import ceremony, cli, settings, setup
from exchange.cli.hints import command_line
from exchange.crypto.vault import ArgonCost

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "deploy").glob("**/*.md"))]


def test_every_command_a_sentence_tells_to_type_is_understood_in_both_languages(catalog_tool: ModuleType) -> None:
    sentences = [str(text) for entry in catalog_tool.load() if entry.id for text in (entry.id, entry.string)]
    hints = {hint for sentence in sentences for hint in typed(sentence)}
    assert "exchange init PARTNER --node DIR" in hints
    assert "exchange covenant compile {file} --card KAART --out BESTAND" in hints
    assert {hint: why for hint in hints if (why := understood(hint))} == {}


def test_every_command_that_is_put_together_for_the_reader_is_understood() -> None:
    built = []
    for path in sorted(Path(cli.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "command_line":
                words = [arg.value if isinstance(arg, ast.Constant) else "…" for arg in node.args]
                built.append(shlex.join(["exchange", *map(str, words)]))
    assert len(built) > 3
    assert {line: why for line in built if (why := understood(line))} == {}


def test_a_hint_that_is_none_is_seen() -> None:
    assert list(typed("Let the root sign it: exchange root sign {file}, and go on.")) == ["exchange root sign {file}"]
    assert "--root" in understood("exchange root sign {file}")
    assert understood("exchange covenant nonsense") == "there is no command nonsense"
    assert understood("exchange covenant") == "it names a group and no command"
    assert "--nonsense" in understood("exchange status --nonsense")
    assert list(typed("Start with: exchange demo. The exchange takes what it gets.")) == ["exchange demo"]


EXAMPLES = [
    (path, line)
    for path, command in commands()
    for line in (command.epilog or "").replace("\\\n", " ").splitlines()
    if path or line
]


def test_every_command_shows_an_example() -> None:
    shown = {path for path, _line in EXAMPLES}
    lone = [path for path, command in commands() if not hasattr(command, "commands") and path not in shown]
    assert not lone


@pytest.mark.parametrize(("path", "line"), EXAMPLES, ids=[line[:60] for _path, line in EXAMPLES])
def test_an_example_under_a_help_is_understood_and_is_about_that_command(path: tuple[str, ...], line: str) -> None:
    assert understood(line) == ""
    assert line.startswith(" ".join(("exchange", *path)))


def lines_of(document: Path) -> list[str]:
    """The commands of ours in the shell blocks of a document."""
    blocks = re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    found = []
    for line in lines:
        # As somebody else (runuser …), and from wherever it is installed.
        mine = re.search(r"(?:^|\s)(?:\S*/)?(exchange (?!demo-)[a-z].*)", line)
        if mine and not line.startswith("#"):
            found.append(mine[1])
    return found


def test_every_command_in_the_documents_is_understood() -> None:
    wrong = {
        f"{document.relative_to(ROOT)}: {line}": why
        for document in DOCUMENTS
        for line in lines_of(document)
        if (why := understood(line))
    }
    assert wrong == {}
    assert len([line for document in DOCUMENTS for line in lines_of(document)]) > 30


def test_the_node_that_was_named_is_named_again_unless_it_would_be_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("EXCHANGE_NODE", raising=False)
    spaced = tmp_path / "a node"
    assert command_line("run", node=spaced) == f"exchange run --node '{spaced}'"
    assert command_line("run", node=Path()) == command_line("run") == "exchange run"
    monkeypatch.setenv("EXCHANGE_NODE", str(spaced))
    assert command_line("run", node=spaced) == "exchange run"


def test_the_hint_after_init_signs_the_card_when_it_is_pasted(
    bare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap = ArgonCost(ops=1, memory=8 * 1024 * 1024)
    for module, name in ((ceremony, "create_root"), (setup, "init_node")):
        made = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, made=made, **k: made(*a, **{**k, "argon": cheap}))
    secret = tmp_path / "passphrase"
    secret.write_text("een zin die niemand raadt\n")
    secret.chmod(0o600)
    given = ("--passphrase-file", str(secret))
    monkeypatch.chdir(tmp_path)
    assert bare("root", "create", "actium", "--to", "my root", *given).code == 0
    made = bare("init", "actium", "--node", "my node", *given)
    (hint,) = [line.strip() for line in made.out.splitlines() if line.strip().startswith("exchange ")]
    words = [word if word != "DIR" else "my root" for word in shlex.split(hint)[1:]]
    assert bare(*words, *given).code == 0
    assert (tmp_path / "actium.card.json").is_file()


def test_a_node_that_does_not_run_is_started_by_the_command_in_the_sentence(bare: Any, tmp_path: Path) -> None:
    settings.save(tmp_path, settings.Settings(partner="actium"))
    assert f"exchange run --node {tmp_path}" in bare("status", "--node", str(tmp_path)).err
