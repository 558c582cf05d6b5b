"""Letting a group in: exactly as far as the socket, and only where the directory is the node's own."""

from __future__ import annotations

import grp
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from exchange import settings
from exchange.api import access
from exchange.api.access import Group, admit, give, group_of
from exchange.api.server import open_unix
from exchange.errors import SetupError

MINE = os.getgid()


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node's directory with files that others may read, and a path short enough for a socket."""
    home = tmp_path_factory.mktemp("g")
    for name in ("node.toml", "log.db", "card-request.json"):
        (home / name).write_text(name)
        (home / name).chmod(0o644)
    (home / "replica").mkdir(mode=0o755)
    return home


def modes(home: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.lstat().st_mode) for path in home.iterdir()}


def test_the_files_are_shut_before_the_directory_is_opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, int]] = []
    monkeypatch.setattr(access, "give", lambda *_: seen.append(modes(home)))
    assert admit(home, home / "api.sock", MINE) == Group(str(MINE), MINE)
    assert seen == [{"node.toml": 0o600, "log.db": 0o600, "card-request.json": 0o600, "replica": 0o700}]
    assert stat.S_IMODE(home.stat().st_mode) == 0o710


def test_what_a_link_points_at_is_left_alone(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("of somebody else")
    (tmp_path / "elsewhere").chmod(0o644)
    (home / "vault.db").symlink_to(tmp_path / "elsewhere")
    admit(home, home / "api.sock", MINE)
    assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o644


def test_without_a_group_only_what_an_earlier_start_opened_is_shut(home: Path) -> None:
    admit(home, home / "api.sock", MINE)
    assert admit(home, home / "api.sock", None) is None
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    home.chmod(0o711)
    admit(home, home / "api.sock", None)
    assert stat.S_IMODE(home.stat().st_mode) == 0o711


def test_a_group_is_known_by_name_or_by_number() -> None:
    known = grp.getgrall()[0]
    assert group_of(known.gr_name) == Group(known.gr_name, known.gr_gid)
    assert group_of(61234) == Group("61234", 61234)
    with pytest.raises(SetupError, match=r"bestaat-niet-hier .* does not exist"):
        group_of("bestaat-niet-hier")


def test_a_group_we_are_no_member_of_is_one_sentence_and_no_socket(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    give(home, Group("ours", home.stat().st_gid))  # nothing to change, so no system call that a service may not make
    foreign = Group("buurtteam", home.stat().st_gid + 1)
    for attempt in (lambda: give(home, foreign), lambda: open_unix(home / "api.sock", foreign)):
        with pytest.raises(SetupError, match="may not give its socket to the group buurtteam; make it a member"):
            attempt()
    with pytest.raises(SetupError, match="may not give"):
        admit(home, home / "api.sock", home.stat().st_gid + 1)
    assert not [name for name in modes(home) if name.endswith(".sock") or name.startswith(".")]
    assert not stat.S_IMODE(home.stat().st_mode) & 0o077


def test_a_directory_that_is_not_ours_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(SetupError, match="must belong to the user that runs the node"):
        admit(home, home / "api.sock", MINE)


def test_a_socket_elsewhere_needs_a_directory_that_the_group_can_pass(home: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    with pytest.raises(SetupError, match="cannot pass the directory of the node's socket"):
        admit(home, run / "api.sock", MINE)
    for passable in (0o710, 0o711, 0o755):
        run.chmod(passable)
        assert admit(home, run / "api.sock", MINE) is not None
        assert stat.S_IMODE(run.stat().st_mode) == passable
    assert not stat.S_IMODE(home.stat().st_mode) & 0o077
    run.chmod(0o710)
    with pytest.raises(SetupError, match="cannot pass"):
        admit(home, run / "api.sock", run.stat().st_gid + 1)


@pytest.mark.parametrize(("given", "expected"), [('"covx-actium"', "covx-actium"), ("990", 990)])
def test_the_setting_is_a_name_or_a_number_and_is_kept(home: Path, given: str, expected: str | int) -> None:
    (home / "node.toml").write_text(f'partner = "actium"\nsocket_group = {given}\n')
    assert settings.load(home).socket_group == expected


@pytest.mark.parametrize("given", ["true", "-1", '""', "1.5", "[]"])
def test_a_setting_that_is_no_group_is_refused_where_it_stands(home: Path, given: str) -> None:
    (home / "node.toml").write_text(f'partner = "actium"\nsocket_group = {given}\n')
    with pytest.raises(SetupError, match="setting socket_group "):
        settings.load(home)


def test_the_settings_of_a_new_node_are_for_its_own_user_and_say_the_group(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        settings.save(tmp_path, settings.Settings(partner="actium", socket_group="covx-actium"))
    finally:
        os.umask(before)
    assert modes(tmp_path) == {"node.toml": 0o600}
    assert settings.load(tmp_path).socket_group == "covx-actium"
