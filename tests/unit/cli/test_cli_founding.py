"""From nothing to an accepted covenant with the commands alone; secrets come from files, never from arguments."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from exchange import ceremony, settings, setup
from exchange.crypto.vault import ArgonCost, Passphrase
from exchange.errors import InputError, IntegrityError, SetupError
from exchange.store.log import Log

PASS = "een zin die niemand raadt"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id at its least, or every step takes a second; what a guess really costs is tested with the vault."""
    cheap = ArgonCost(ops=1, memory=8 * 1024 * 1024)
    monkeypatch.setattr(ceremony, "create_root", _with(ceremony.create_root, cheap))
    monkeypatch.setattr(setup, "init_node", _with(setup.init_node, cheap))


def _with(function: Any, cost: ArgonCost) -> Any:
    return lambda *a, **k: function(*a, **{**k, "argon": cost})


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(PASS + "\n")
    path.chmod(0o600)
    return path


def test_a_prompt_without_a_terminal_is_one_sentence(bare: Any, tmp_path: Path) -> None:
    ran = bare("root", "create", "actium", "--to", str(tmp_path / "r"))
    assert ran.code == 1
    assert "no terminal" in ran.err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(("content", "expected"), [("", "empty"), ("kort\n", "at least"), (None, "cannot be read")])
def test_a_passphrase_file_that_does_not_serve_is_one_sentence(
    bare: Any, tmp_path: Path, content: str | None, expected: str
) -> None:
    path = tmp_path / "p"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    ran = bare("root", "create", "actium", "--to", str(tmp_path / "r"), "--passphrase-file", str(path))
    assert ran.code == 1
    assert expected in ran.err
    assert "kort" not in ran.err


@pytest.mark.parametrize(("again", "code"), [(PASS, 0), ("een andere zin dan de eerste", 1)])
def test_a_new_passphrase_is_asked_twice_and_two_that_differ_make_nothing(
    bare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: str, code: int
) -> None:
    answers = iter([PASS, again])
    asked: list[str] = []

    def prompt(label: str, **_how: object) -> str:
        asked.append(label)
        return next(answers)

    monkeypatch.setattr("typer.prompt", prompt)
    monkeypatch.setattr("exchange.cli.secret._terminal", lambda: True)
    ran = bare("root", "create", "actium", "--to", str(tmp_path / "r"), "--lang", "nl")
    assert (ran.code, asked) == (code, ["Nieuwe wachtzin", "Dezelfde wachtzin nog eens"])
    assert (tmp_path / "r").exists() is (code == 0)
    assert PASS not in ran.out + ran.err


def test_a_passphrase_file_that_others_read_is_warned_about(bare: Any, tmp_path: Path, secret_file: Path) -> None:
    secret_file.chmod(0o644)
    ran = bare("root", "create", "actium", "--to", str(tmp_path / "r"), "--passphrase-file", str(secret_file))
    assert ran.code == 0
    assert "others on this machine" in ran.err


def test_what_a_node_cannot_be_made_with_is_one_sentence_and_leaves_nothing(
    bare: Any, tmp_path: Path, secret_file: Path
) -> None:
    secret, node, root = ("--passphrase-file", str(secret_file)), tmp_path / "node", tmp_path / "root"
    for ran, expected in (
        (bare("root", "create", "Actium", "--to", str(root), *secret), "such as actium"),
        (bare("init", "Actium", "--node", str(node), *secret), "such as actium"),
        (bare("init", "actium", "--node", str(node), "--broker", "broker.example.nl", *secret), "looks like tls://"),
        (
            bare("init", "actium", "--node", str(node), "--broker", "nats://10.0.0.1:4222", *secret),
            "must begin with tls://",
        ),
    ):
        assert (ran.code, ran.out, len(ran.err.strip().splitlines())) == (1, "", 1), ran
        assert expected in ran.err
        assert "unexpected" not in ran.err
    assert not node.exists()
    assert not root.exists()


def test_a_root_or_key_list_that_was_damaged_is_one_sentence(bare: Any, tmp_path: Path, secret_file: Path) -> None:
    secret, root, node = ("--passphrase-file", str(secret_file)), tmp_path / "root", tmp_path / "node"
    assert bare("root", "create", "actium", "--to", str(root), *secret).code == 0
    request = str(setup.init_node(node, "actium", Passphrase(PASS)))
    good = (root / "root.key").read_text()
    for field in ("slug", "slot", "box"):
        (root / "root.key").write_text(json.dumps({**json.loads(good), field: 5}))
        ran = bare("root", "sign", request, "--root", str(root), "--out", str(tmp_path / "card"), *secret)
        assert (ran.code, "damaged" in ran.err) == (1, True), ran
    with setup.open_vault(node, settings.load(node), Passphrase(PASS)) as vault:
        for keys in ({}, {"keys": []}, {"keys": {"sign": 5}}, {"keys": {"sign": "00"}}):
            (node / setup.KEYS_FILE).write_text(json.dumps(keys))
            with pytest.raises((InputError, SetupError, IntegrityError)):
                setup.read_keys(node, vault)


def test_a_root_signs_no_card_of_another_partner(bare: Any, tmp_path: Path, secret_file: Path) -> None:
    secret, root, node = ("--passphrase-file", str(secret_file)), tmp_path / "root", tmp_path / "node"
    assert bare("root", "create", "welzijn", "--to", str(root), *secret).code == 0
    request = str(setup.init_node(node, "actium", Passphrase(PASS)))
    ran = bare("root", "sign", request, "--root", str(root), "--out", str(tmp_path / "card"), *secret)
    assert (ran.code, "This root is welzijn's and the card request actium's" in ran.err) == (1, True), ran
    assert not (tmp_path / "card").exists()


def test_a_second_process_on_a_node_is_told_so_at_once_by_every_command_that_opens_it(
    bare: Any, tmp_path: Path, secret_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after seconds of waiting for a database, and not in the words of one."""
    node = tmp_path / "node"
    setup.init_node(node, "actium", Passphrase(PASS))
    monkeypatch.setattr(setup, "_check_mine", lambda *_, **__: None)
    monkeypatch.setattr(setup, "verify_signed", lambda *_: None)
    (tmp_path / "signed").write_text("{}")
    secret = ("--passphrase-file", str(secret_file), "--node", str(node))
    with setup.open_vault(node, settings.load(node), Passphrase(PASS)) as vault, Log.open(node, vault):
        for arguments in (
            ("run",),
            ("covenant", "accept", str(tmp_path / "signed"), "--name", "Proef Persoon"),
            ("keys", "custodian", "list"),
        ):
            ran = bare(*arguments, *secret)
            assert ran.code == 1, ran
            assert ran.err == "Another process has this node directory open; use its API, or stop it first.\n"


def test_a_name_that_cannot_be_stored_is_one_sentence(bare: Any, tmp_path: Path, secret_file: Path) -> None:
    node = tmp_path / "node"
    setup.init_node(node, "actium", Passphrase(PASS))
    arguments = ("covenant", "accept", str(tmp_path / "no"), "--node", str(node), "--passphrase-file", str(secret_file))
    for name in ("x" * 121, "\udcff"):
        ran = bare(*arguments, "--name", name)
        assert (ran.code, ran.err.strip()) == (1, "Your name is text of 1 to 120 characters.")


def test_the_bootstrap_order_as_commands(bare: Any, tmp_path: Path, secret_file: Path) -> None:
    slugs = ["gemeente", "politie", "actium", "welzijn"]
    secret = ("--passphrase-file", str(secret_file))

    def run(*arguments: str) -> Any:
        ran = bare(*arguments, "--json")
        assert ran.code == 0, ran
        return json.loads(ran.out)

    cards = []
    for slug in slugs:
        root, node, card = tmp_path / f"root-{slug}", tmp_path / slug, tmp_path / f"{slug}.card"
        assert run("root", "create", slug, "--to", str(root), *secret)["fingerprint"]
        request = run("init", slug, "--node", str(node), *secret)["request"]
        run("root", "sign", request, "--root", str(root), "--out", str(card), *secret)
        cards += ["--card", str(card)]
    compiled = tmp_path / "covenant.json"
    toml = ROOT / "deploy" / "de-wolden" / "covenant.toml"
    double = tmp_path / "oud-actium.card"
    double.write_bytes((tmp_path / "actium.card").read_bytes())
    twice = bare("covenant", "compile", str(toml), *cards, "--card", str(double), "--out", str(compiled))
    assert twice.code == 1
    assert "Two cards are of actium: actium.card and oud-actium.card." in twice.err
    assert not compiled.exists()
    printed = run("covenant", "compile", str(toml), *cards, "--out", str(compiled))["fingerprint"]
    signatures = []
    for slug in slugs:
        out = tmp_path / f"{slug}.sig"
        run("covenant", "sign", str(compiled), "--root", str(tmp_path / f"root-{slug}"), "--out", str(out), *secret)
        signatures += ["--signature", str(out)]
    signed = tmp_path / "signed.json"
    missing = bare("covenant", "verify", str(compiled), *signatures[2:], "--out", str(signed))
    assert missing.code == 1
    assert not signed.exists()
    assert run("covenant", "verify", str(compiled), *signatures, "--out", str(signed))["fingerprint"] == printed
    assert run("covenant", "fingerprint", str(signed))["fingerprint"] == printed
    assert run("covenant", "show", str(signed))["environment"]
    wrong = bare(
        "covenant", "accept", str(signed), "--node", str(tmp_path / "actium"), "--name", "Proef Persoon",
        "--fingerprint", "AAAA BBBB", *secret,
    )  # fmt: skip
    assert wrong.code == 1
    facts = run(
        "covenant", "accept", str(signed), "--node", str(tmp_path / "actium"), "--name", "Proef Persoon",
        "--fingerprint", printed, *secret,
    )  # fmt: skip
    assert facts["fingerprint"] == printed
    config = run("broker", "config", str(signed), "--dir", str(tmp_path / "broker"))["file"]
    assert "actium" in Path(config).read_text()


def test_a_service_credential_opens_what_it_made(bare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tmp_path / "credentials"
    given.mkdir()
    (given / "exchange-credential").write_bytes(os.urandom(32))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    assert bare("init", "actium", "--node", str(tmp_path / "n")).code == 0
    again = bare("init", "actium", "--node", str(tmp_path / "n"))
    assert again.code == 1
    assert "not empty" in again.err
    short = tmp_path / "short"
    short.write_bytes(b"x" * 31)
    refused = bare("init", "actium", "--node", str(tmp_path / "m"), "--credential-file", str(short))
    assert refused.code == 1
    assert "32 bytes" in refused.err
