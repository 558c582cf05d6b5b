"""A database file that is no database any more is named, with what to do about that one."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.errors import IntegrityError
from exchange.store import recorder, side, sqlite, vaultschema


@pytest.mark.parametrize(
    ("name", "form", "advice"),
    [
        ("vault.db", vaultschema.FORMAT, "put the replica and its anchor in its place"),
        ("log.db", recorder.FORMAT, "put its newest copy back"),
        ("side.db", side.FORMAT, "the node makes what it needs anew"),
    ],
)
def test_a_damaged_database_is_named_with_what_to_do(
    tmp_path: Path, name: str, form: sqlite.Format, advice: str
) -> None:
    (tmp_path / name).write_bytes(b"garbage" * 2000)
    with pytest.raises(IntegrityError, match=f"{name} is damaged; stop the node and .*{advice}"):
        sqlite.connect(tmp_path / name, form)
