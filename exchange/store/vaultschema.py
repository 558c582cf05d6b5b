"""How a vault lies in its file: the tables, and the rows that hold no keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from exchange.crypto import vault as vc
from exchange.errors import N_, LockedError
from exchange.store import sqlite

FORMAT: Final = sqlite.Format(
    application_id=0x43565856,  # "CVXV"
    version=1,
    cure=N_(
        "put the replica and its anchor in its place. Without a replica the keys are lost: see deploy/backup-and-restore.md."
    ),
    pragmas=("PRAGMA locking_mode=EXCLUSIVE", *sqlite.DURABLE),
    statements=(
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) WITHOUT ROWID",
        "CREATE TABLE slots (name TEXT PRIMARY KEY, head BLOB NOT NULL, box BLOB NOT NULL, mac BLOB NOT NULL) WITHOUT ROWID",
        "CREATE TABLE buckets (bucket INTEGER PRIMARY KEY, class TEXT NOT NULL, filled INTEGER NOT NULL, box BLOB NOT NULL)",
        "CREATE TABLE keys (id BLOB PRIMARY KEY, bucket INTEGER NOT NULL, box BLOB NOT NULL) WITHOUT ROWID",
        "CREATE INDEX keys_bucket ON keys (bucket)",
        # One row per group of keys that wait for one batch; a live key is in no group, so confirming rewrites no key's row.
        "CREATE TABLE pending (number INTEGER PRIMARY KEY, tag BLOB NOT NULL, ids BLOB NOT NULL)",
    ),
)


def write_meta(db: sqlite3.Connection, generation: int, root: vc.Root) -> None:
    """Store the generation, and the check that only its root opens, inside the caller's transaction."""
    values = [("generation", generation), ("check", vc.make_check(root))]
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?,?)", values)


def slot_row(slot: vc.Slot) -> tuple[Any, ...]:
    """The row of a slot."""
    return slot.name, slot.head, slot.box, slot.mac


def read_slots(db: sqlite3.Connection) -> list[vc.Slot]:
    """All slots, unchecked, in order of name."""
    with sqlite.disk():
        return [vc.Slot(*row) for row in db.execute("SELECT name, head, box, mac FROM slots ORDER BY name")]


def open_any(slots: Sequence[vc.Slot], secret: vc.Secret) -> bytes:
    """The vault secret, from whichever slot ``secret`` opens.

    Raises:
        LockedError: It opens none.
    """
    for slot in slots:
        try:
            return vc.open_slot(slot, secret)
        except LockedError:
            continue
    raise LockedError("This secret does not open the key vault.")
