"""``node.toml``: what is written is read back, and whatever a hand made of it is one sentence that quotes nothing."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from exchange import settings
from exchange.errors import InputError, SetupError
from exchange.settings import FILE, Settings

SECRET = "Verzonnen"


@pytest.mark.parametrize(
    "path", ["anchor", 'a "quoted" place', "back\\slash", "tab\tand\nline", "Żółć/李", "\x7f\x01", "]=#'"], ids=repr
)
def test_what_is_written_is_read_back(tmp_path: Path, path: str) -> None:
    made = Settings(partner="actium", anchor=Path(path), replica=Path("/mnt") / path, tcp_port=8443, broker=f"x{path}")
    settings.save(tmp_path, made)
    assert settings.load(tmp_path) == made


def test_tables_are_read_back_as_well(tmp_path: Path) -> None:
    zgw = settings.Zgw(
        actor=UUID(int=7), propose={"https://catalogi.example.org/zaaktypen/7": "EENZAAMHEID", "a b": "X"}
    )
    made = Settings(partner="actium", tcp_port=8443, zgw=zgw)
    settings.save(tmp_path, made)
    assert settings.load(tmp_path) == made


def test_a_path_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be written"):
        settings.save(tmp_path, Settings(partner="actium", anchor=Path("\udcff")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'partner = "{SECRET}', "not valid TOML; look at line 1"),
        (f'partner = "actium"\n{SECRET} = = 1\n', "not valid TOML; look at line 2"),
        (f'partner = "actium"\npartner = "{SECRET}"\n', "not valid TOML; look at line 2"),
        ("partner = " + "[" * 50_000, "not valid TOML"),
        ("partner = " + "9" * 5_000, "not valid TOML"),
        ("", "setting partner"),
        (f'partner = "{SECRET}"', "setting partner"),
        (f'partner = "actium"\ntcp_port = "{SECRET}"', "setting tcp_port"),
        ('partner = "actium"\ntcp_port = 0', "setting tcp_port"),
        (f'partner = "actium"\nlog_level = "{SECRET}"', "setting log_level"),
        (f'partner = "actium"\n[zgw]\nactor = "{SECRET}"', "setting zgw"),
        (f'partner = "actium"\n[zgw]\nactor = "{UUID(int=7)}"\n[zgw.propose]\n"https://x" = "{SECRET}"', "setting zgw"),
        (f'partner = "actium"\n[zgw]\nactor = "{UUID(int=7)}"\n[zgw.propose]\n', "setting zgw"),
        (f'partner = "actium"\nsecrets = "{SECRET}"', "setting secrets"),
    ],
)
def test_settings_that_cannot_be_used_name_the_place_and_not_the_text(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(SetupError) as refused:
        settings.load(tmp_path)
    assert expected in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_file_in_the_place_of_the_directory_and_bytes_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    for place in (tmp_path, tmp_path / FILE):
        with pytest.raises(SetupError, match="cannot be read"):
            settings.load(place)


@pytest.mark.parametrize("slug", ["", "x", "Actium", "woning corporatie", "../evil", "9lives", "a" * 32, "actium\n"])
def test_a_name_that_is_no_short_name_is_refused_before_anything_is_made(slug: str) -> None:
    with pytest.raises(InputError, match="such as actium"):
        settings.check_slug(slug)
