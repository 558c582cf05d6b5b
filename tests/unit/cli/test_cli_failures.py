"""Whatever goes wrong is one sentence and an exit code; no traceback, no personal data, nothing that steers the terminal."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from exchange import settings
from exchange.cli.session import clean
from exchange.errors import StorageError

SUBJECT = "00000000-0000-0000-0000-000000000007"
SECRET = "Verzonnen"


def one_sentence(ran: Any, code: int = 1) -> str:
    """The only line on standard error."""
    assert ran.code == code, ran
    assert ran.out == ""
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    assert "Traceback" not in ran.err
    return str(lines[0])


def test_a_node_that_does_not_run_is_one_sentence(bare: Any, tmp_path: Path) -> None:
    settings.save(tmp_path, settings.Settings(partner="actium"))
    assert "not running" in one_sentence(bare("status", "--node", str(tmp_path)))
    dutch = bare("status", "--node", str(tmp_path), "--lang", "nl")
    assert dutch.code == 1


def test_a_socket_left_behind_is_a_node_that_does_not_run(bare: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("l")
    settings.save(home, settings.Settings(partner="actium"))
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(home / "api.sock"))
    left.close()
    assert "not running" in one_sentence(bare("status", "--node", str(home)))


def test_a_directory_that_is_no_node_is_one_sentence(bare: Any, tmp_path: Path) -> None:
    assert "not a node" in one_sentence(bare("status", "--node", str(tmp_path)))
    machine = bare("status", "--node", str(tmp_path), "--json")
    assert (machine.code, machine.err) == (1, "")
    assert json.loads(machine.out)["code"] == "setup"


def test_an_account_of_the_sockets_group_needs_neither_the_settings_nor_their_directory(
    bare: Any, node: Any, house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "api.sock").symlink_to(house[0] / "api.sock")
    assert "Woningcorporatie Actium" in bare("status", "--node", str(tmp_path)).out
    (tmp_path / "node.toml").write_text("nobody else may read this")
    assert "not valid TOML" in one_sentence(bare("status", "--node", str(tmp_path)))
    readable = os.access
    monkeypatch.setattr(os, "access", lambda path, right: Path(path).name != "node.toml" and readable(path, right))
    assert "Woningcorporatie Actium" in bare("status", "--node", str(tmp_path)).out


def test_an_account_that_may_not_use_the_socket_hears_that_and_not_that_the_node_is_down(
    bare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.save(tmp_path, settings.Settings(partner="actium"))

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert "may not use this node's socket" in one_sentence(bare("status", "--node", str(tmp_path)))
    monkeypatch.setattr(Path, "exists", refuse)
    assert "may not use this node's socket" in one_sentence(bare("status", "--node", str(tmp_path)))


def test_who_types_a_command_that_is_not_there_reads_which_there_are(bare: Any) -> None:
    ran = bare("conference", "begin", "--lang", "nl")
    assert ran.code == 2
    told = " ".join(ran.err.replace("│", " ").split())
    assert "Er is geen opdracht begin. Wel: " in told
    assert "agenda" in told
    assert "show-to-chair" in told


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("nonsense",),
        ("status", "--nonsense"),
        ("log", "show"),
        ("log", "show", "x"),
        ("retention", "due", "--until", "gisteren"),
        ("disclose", "--to", "welzijn", "--node", "."),
        ("disclose", "--item", "HUISVESTING", "--node", "."),
        ("init", "actium"),
    ],
    ids=" ".join,
)
def test_a_command_not_used_rightly_is_exit_2(bare: Any, arguments: tuple[str, ...]) -> None:
    ran = bare(*arguments)
    assert ran.code == 2
    assert "Usage" in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_what_the_node_says_is_what_the_reader_sees(exchange: Any, node: Any) -> None:
    node.fail = StorageError("The disk is full; make room, nothing was stored.")
    assert one_sentence(exchange("inbox", "list")).startswith("The disk is full")


@pytest.mark.parametrize("moment", ["morgen", "9999-12-31T23:59:59-11:00", "0001-01-01T00:00:00+11:00"])
def test_a_moment_that_is_none_is_one_sentence(exchange: Any, moment: str) -> None:
    assert one_sentence(exchange("clock", "set", moment)).startswith("That is not a moment")


def test_an_unexpected_error_in_the_command_line_tells_only_kind_and_line(
    exchange: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("exchange.cli.people.read_form", broken)
    sentence = one_sentence(exchange("subject", "find", "--form", "x.toml"))
    assert "RuntimeError at cli/people.py:" in sentence
    assert SECRET not in sentence


def test_an_unknown_user_is_told_how_to_become_an_actor(exchange: Any, node: Any) -> None:
    node.uids = {}
    assert "exchange actor add" in one_sentence(exchange("status"))


def test_the_faults_of_a_form_are_listed_without_its_values(exchange: Any) -> None:
    ran = exchange(
        "disclose", "--subject", SUBJECT, "--purpose", "x", "--context", f"{SECRET} !", "--task", SECRET * 20
    )
    assert ran.code == 1
    assert "  recipients: This field is required." in ran.err
    assert "  context: " in ran.err
    assert SECRET not in ran.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'subject = "{SECRET}', "not valid TOML (line 1"),
        (f"a = 1\n{SECRET} = = 2\n", "not valid TOML (line 2"),
        ("a = 1\nobserved_on = 2027-02-29\n", "a day or a time that does not exist (line 2"),
        (f'{{"subject": "{SECRET}', "not valid JSON (line 1"),
        ('{"a":' * 100_000, "nested too deep"),
        ("a = " + "[" * 100_000, "nested too deep"),
        ("a = " + "9" * 5_000, "number without end"),
        ('{"a": ' + "9" * 5_000 + "}", "number without end"),
        ("", "fields to mend"),
        ("\udc00", "not UTF-8"),
    ],
    ids=[
        "toml",
        "toml-2",
        "no-such-day",
        "json",
        "deep-json",
        "deep-toml",
        "long-toml",
        "long-json",
        "empty",
        "not-utf8",
    ],
)
def test_a_form_that_cannot_be_read_names_the_place_and_not_the_text(
    exchange: Any, tmp_path: Path, text: str, expected: str
) -> None:
    form = tmp_path / "form"
    form.write_bytes(text.encode("utf-8", "surrogatepass"))
    ran = exchange("disclose", "--form", str(form))
    assert ran.code == 1
    assert expected in ran.err
    assert SECRET not in ran.err


def test_an_absent_or_huge_form_is_one_sentence(exchange: Any, tmp_path: Path) -> None:
    assert "cannot be read" in one_sentence(exchange("disclose", "--form", str(tmp_path / SECRET)))
    assert "larger" in one_sentence(exchange("disclose", "--form", "-", stdin="#" * (2 * 1024 * 1024 + 1)))


def test_a_name_cannot_steer_the_terminal(exchange: Any, node: Any) -> None:
    hostile = "Jan\x1b[2J\x1b]0;pwned\x07\u202egnirts\x9b31m"
    assert exchange("subject", "add", "--form", "-", stdin=json.dumps({"family_name": hostile})).code == 0
    found = exchange("subject", "find", "--form", "-", stdin=json.dumps({"family_name": hostile}))
    assert found.code == 0
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(found.out)
    machine = exchange("subject", "find", "--form", "-", "--json", stdin=json.dumps({"family_name": hostile}))
    assert hostile in json.loads(machine.out)[0]["label"]
    assert "\x1b" not in machine.out


@pytest.mark.parametrize("name", ["Zoë-Noëlle", "李小龙", "عائشة", "👵🏽", "[bold red]Jan[/]", ":smile: {x} %s"])
def test_any_name_is_shown_as_it_is(name: str) -> None:
    assert clean(name) == name


def test_more_than_one_message_with_the_same_beginning_is_not_guessed(exchange: Any, node: Any) -> None:
    assert "0 messages" in one_sentence(exchange("inbox", "show", "ffff"))
    rows = node.inbox

    async def twice(actor: Any) -> Any:
        return [*await rows(actor), *await rows(actor)]

    node.inbox = twice
    assert "2 messages" in one_sentence(exchange("inbox", "show", "abab"))


def test_a_log_line_that_breaks_off_is_a_failure_not_an_answer(exchange: Any, node: Any) -> None:
    async def short(_actor: Any) -> Any:
        yield 10

    node.verify_log = short
    assert "broke off" in one_sentence(exchange("log", "verify"))


def test_help_teaches_in_the_readers_language(bare: Any) -> None:
    english = bare("retention", "enforce", "--help", "--lang", "en")
    dutch = bare("retention", "enforce", "--help", "--lang", "nl")
    assert english.code == dutch.code == 0
    assert "cannot be undone" in " ".join(english.out.split())
    assert "cannot be undone" not in " ".join(dutch.out.split())
