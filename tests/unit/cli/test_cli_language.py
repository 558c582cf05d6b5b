"""Every word the command line says is in the reader's language: typer's and pydantic's own words as well."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from command_lines import commands

from exchange.cli import grammar
from exchange.i18n import tr

PATHS = [path for path, _command in commands()]
ENGLISH = re.compile(
    r"\b(usage|options?|arguments|commands?|required|default|show this|message and exit|examples?|try|error|missing"
    r"|invalid|no such|value|expected|range|the|and|with|of the|text|number|file|date)\b",
    re.IGNORECASE,
)
DUTCH = re.compile(
    r"\b(gebruik|opties|argumenten|opdracht|verplicht|standaard|voorbeelden|fout|ontbreekt|de|het|een|voor|met|tekst|getal"
    r"|bestand|datum|map)\b"
)
OURS = re.compile(
    r"--[a-z-]+|exchange [^│\n]*|\"[^\"]*\"|'[^']*'|\[[^\]]*=[^\]]*\]|covenant (?:show|compile|verify)|broker (?:config|setup)"
    r"|[A-Z0-9_]{2,}|subject \w+|root \w+|retention \w+|\w+[.-]\w[\w.-]*|true|stdin|streams?"
)
"""Names of commands, options, codes and files: the same in both languages."""


def prose(text: str) -> str:
    """What is said, without names, examples and drawings."""
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("exchange ", "--", "  --")))
    # A list of commands or options begins with a name.
    text = re.sub(r"(?m)^│ \*? *[\w-]+(?=  )", "│", text)
    return OURS.sub(" ", text)


@pytest.mark.parametrize("path", PATHS, ids=[" ".join(path) or "exchange" for path in PATHS])
def test_a_help_speaks_one_language(bare: Any, path: tuple[str, ...]) -> None:
    dutch, english = bare(*path, "--help", "--lang", "nl"), bare(*path, "--help", "--lang", "en")
    assert dutch.code == english.code == 0
    assert (found := ENGLISH.findall(prose(dutch.out))) == [], found
    assert (found := DUTCH.findall(prose(english.out))) == [], found
    assert "Gebruik: exchange" in dutch.out
    assert "Usage: exchange" in english.out
    assert "Toon deze uitleg en stop." in dutch.out
    assert not re.search(r"<\w+>", dutch.out + english.out)  # no word of the programming language


OF_DE_WOLDEN = re.compile(
    r"(?<![\d.])1?\d\.\d(?!\.?\d)|(?:covenant|convenant)\w*,? (?:article|artikel) \d|artikel \d+ (?:van het )?convenant",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", PATHS, ids=[" ".join(path) or "exchange" for path in PATHS])
def test_a_help_names_the_subject_and_no_article_of_one_covenant(bare: Any, path: tuple[str, ...]) -> None:
    """Another covenant has other numbers, and the help is read before any covenant is there."""
    for language in ("nl", "en"):
        said = " ".join(bare(*path, "--help", "--lang", language).out.replace("│", " ").split())
        assert OF_DE_WOLDEN.findall(said) == []


def squeezed(text: str) -> str:
    """``text`` without what a terminal adds when it breaks lines."""
    return re.sub(r"[\s│]", "", text)


@pytest.mark.parametrize("path", PATHS, ids=[" ".join(path) or "exchange" for path in PATHS])
def test_no_word_of_a_help_is_taken_for_markup_and_eaten(bare: Any, path: tuple[str, ...]) -> None:
    command = dict(commands())[path]
    for language in ("nl", "en"):
        shown = squeezed(bare(*path, "--help", "--lang", language).out)
        for text in (command.help, *(getattr(param, "help", None) for param in command.params)):
            for word in re.findall(r"\[[^\[\]]*\]", tr(language)(text)) if text else ():
                assert squeezed(word) in shown, word


def test_help_of_telling_a_third_party_names_the_table_of_the_form(bare: Any) -> None:
    assert "[notice]" in bare("case", "tell-third-party", "--help", "--lang", "en").out


WRONG = [
    (("nonsense",), "Er is geen opdracht nonsense."),
    (("stauts",), "Er is geen opdracht stauts. Bedoelde u status?"),
    (("covenant", "verfy", "x"), "Er is geen opdracht verfy. Bedoelde u verify?"),
    (("status", "--nonsense"), "Er is geen optie --nonsense."),
    (("log", "list", "--limt", "3"), "Er is geen optie --limt. Bedoelde u --limit?"),
    (("log", "list", "--limit"), "De optie --limit heeft een waarde nodig."),
    (("log", "list", "--limit", "veel"), "--limit: verwacht wordt een geheel getal."),
    (("log", "list", "--limit", "4000"), "--limit: hoogstens 1000 is hier mogelijk."),
    (("log", "list", "--start", "-3"), "--start: minstens 0 is hier nodig."),
    (("log", "show", "x"), "REGEL: verwacht wordt een geheel getal."),
    (("log", "show", "1", "2"), "Er zijn meer argumenten dan deze opdracht aanneemt."),
    (("log", "show", "--limit"), "Er is geen optie --limit."),
    (("log", "list", "--json=ja"), "De optie --json neemt geen waarde."),
    (("retention", "due", "--until", "gisteren"), "--until: verwacht wordt een datum zoals 2026-03-02."),
    (("signal", "--subject", "Verzonnen"), "--subject: verwacht wordt een id zoals"),
    (("disclose", "--wait", "lang"), "--wait: verwacht wordt een getal."),
    (("covenant", "compile", "x.toml"), "De optie --out ontbreekt."),
    (("actor", "revoke", "--node", "."), "Het argument ACTOR ontbreekt."),
    (("covenant", "--json"), "Welke opdracht?"),
    (("status",), "Noem de map van het knooppunt met --node"),
    (("status", "--lang", "fr"), "--lang is nl "),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG, ids=[" ".join(a) for a, _expected in WRONG])
def test_what_was_not_used_rightly_is_said_in_one_language_and_as_json(
    bare: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], expected: str
) -> None:
    monkeypatch.setenv("LANG", "nl_NL.UTF-8")
    told = bare(*arguments)
    assert (told.code, "Traceback" in told.err) == (2, False)
    if "--json" not in arguments:
        assert expected in " ".join(told.err.replace("│", " ").split())
        assert told.err.startswith("Gebruik: ") or "waarde" in expected  # of an option's value typer does not say whose
        assert ENGLISH.findall(prose(told.err.replace(arguments[-1], ""))) == []
    machine = bare(*arguments, "--json")
    if arguments[-1] != "--limit" or arguments[1] != "list":  # there --json is the value
        assert machine.code == 2
        assert json.loads(machine.out)["code"] == "usage"
        assert expected in json.loads(machine.out)["detail"]


def test_a_value_that_was_typed_in_the_wrong_place_is_not_repeated(bare: Any) -> None:
    for arguments in (
        ("retention", "due", "--until", "999990342"),
        ("signal", "--subject", "Verzonnen"),
        ("log", "show", "Verzonnen"),
    ):
        ran = bare(*arguments)
        assert ran.code == 2
        assert arguments[-1] not in ran.err + ran.out


def test_nothing_at_all_shows_the_help_and_is_exit_2(bare: Any) -> None:
    for path in ((), ("covenant",), ("log", "show")):
        ran = bare(*path)
        assert ran.code == 2
        assert "Usage:" in ran.out


def test_a_sentence_of_a_newer_typer_becomes_a_general_one_in_the_readers_language() -> None:
    newer = grammar.usage.UsageError("Quantum entanglement of arguments.")
    assert grammar.sentence(newer, tr("nl")) == "De opdracht is niet goed gebruikt."


def test_the_options_of_every_command_work_behind_the_name_of_a_group(exchange: Any) -> None:
    assert exchange("retention", "--json", "due").out == exchange("retention", "due", "--json").out
    assert exchange("actor", "--lang", "nl", "list").out == exchange("actor", "list", "--lang", "nl").out


def test_exit_codes_and_where_answers_go_are_in_the_help(bare: Any) -> None:
    text = " ".join(bare("--help").out.split())
    assert (
        "Exit codes: 0 done; 1 refused by the covenant, or failed (one sentence says why); 2 not used rightly." in text
    )
    assert "standard error" in text
