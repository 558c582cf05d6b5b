"""The append-only recorder: the library's SQLite recorder, with the past nailed down.

Beside the events it stores, in the same transaction, their Merkle leaves and the ciphertexts of message parts (``sealed``,
the only rows that may ever go: they go when their key goes). Positions are ours: row ``n`` is log index ``n - 1`` and must
be the next one. Updating, deleting, replacing, skipping, and changing the schema are refused by triggers, by
``recursive_triggers`` (without which ``INSERT OR REPLACE`` deletes silently) and by an authorizer on every connection.
Another process with write access to the file can still do it all: that is what witnessed checkpoints are for.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from eventsourcing.persistence import ProgrammingError, StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from exchange.store import sqlite
from exchange.store.entry import Entry, Leaf


def _refuse(table: str, name: str, event: str, when: str = "") -> str:
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


FORMAT: Final = sqlite.Format(
    application_id=0x43565831,  # "CVX1"
    version=1,
    # Three 2 KiB rows fit a page (a default page holds one). Larger still wins only while the log is small: stream ids and
    # ciphertext hashes are random, so each new row dirties an index page of its own. At 100,000 events a commit of 192
    # wrote 2.9 MB in 24 ms with this size, 4.5 MB in 58 ms with 16384.
    page_size=8192,
    statements=(
        # AUTOINCREMENT: without it SQLite may hand out the number of a removed last row again.
        """CREATE TABLE stored_events (rowid INTEGER PRIMARY KEY AUTOINCREMENT, originator_id TEXT NOT NULL,
        originator_version INTEGER NOT NULL, topic TEXT NOT NULL, state BLOB NOT NULL)""",
        "CREATE UNIQUE INDEX stored_events_once ON stored_events (originator_id, originator_version)",
        """CREATE TABLE leaves (position INTEGER PRIMARY KEY, version INTEGER NOT NULL, kind INTEGER NOT NULL,
        at_ms INTEGER NOT NULL, salt BLOB NOT NULL, hash BLOB NOT NULL)""",
        "CREATE TABLE sealed (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL)",
        "CREATE TABLE frontiers (size INTEGER PRIMARY KEY, hashes BLOB NOT NULL)",
        "CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, root BLOB NOT NULL, note BLOB NOT NULL)",
        *(
            _refuse(table, change.lower(), change)
            for table in ("stored_events", "leaves", "frontiers", "checkpoints")
            for change in ("UPDATE", "DELETE")
        ),
        _refuse("sealed", "update", "UPDATE"),
        _refuse("sealed", "once", "INSERT", "WHEN EXISTS (SELECT 1 FROM sealed WHERE hash = NEW.hash)"),
        _refuse(
            "stored_events",
            "next",
            "INSERT",
            "WHEN NEW.rowid <> (SELECT COALESCE(MAX(rowid), 0) + 1 FROM stored_events) OR EXISTS (SELECT 1 FROM "
            "stored_events WHERE originator_id = NEW.originator_id AND originator_version = NEW.originator_version)",
        ),
        _refuse(
            "leaves",
            "next",
            "INSERT",
            "WHEN NEW.position <> (SELECT COALESCE(MAX(position), 0) + 1 FROM leaves) "
            "OR NOT EXISTS (SELECT 1 FROM stored_events WHERE rowid = NEW.position)",
        ),
        _refuse("frontiers", "next", "INSERT", "WHEN NEW.size <= (SELECT COALESCE(MAX(size), 0) FROM frontiers)"),
        _refuse("checkpoints", "next", "INSERT", "WHEN NEW.size <= (SELECT COALESCE(MAX(size), 0) FROM checkpoints)"),
    ),
)

_READING: Final = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
        sqlite3.SQLITE_RECURSIVE,
    }
)
_CHUNK: Final = 500

# The casts cost nothing and keep a foreign hand that put text into a binary column from breaking the reading of it.
_ENTRY: Final = "rowid - 1, originator_id, originator_version, topic, CAST(state AS BLOB)"
_GROWING: Final = frozenset({"stored_events", "leaves", "sealed", "frontiers", "checkpoints"})


def _authorise(action: int, first: str | None, second: str | None, _db: str | None, _trigger: str | None) -> int:
    """Our own connections may read, append, and remove sealed ciphertexts; nothing else (SQLite ``set_authorizer``)."""
    if action in _READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_INSERT and first in _GROWING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_DELETE and first == "sealed":
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and (first == "wal_checkpoint" or second is None):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


class Checkpoint(NamedTuple):
    """A signed statement of size and root; ``note`` is the C2SP signed note."""

    size: int
    root: bytes
    note: bytes


def connect(path: Path) -> sqlite3.Connection:
    """A connection that can append to the log at ``path``, and cannot change what is there."""
    db = sqlite.connect(path, FORMAT)
    db.set_authorizer(_authorise)
    return db


def reader(path: Path) -> sqlite3.Connection:
    """A connection that reads the log at ``path`` beside the process that writes it, and can change nothing at all."""
    db = sqlite.connect(path, FORMAT)
    db.execute("PRAGMA query_only=ON")
    db.set_authorizer(_authorise)
    return db


def entries(db: sqlite3.Connection, start: int, limit: int) -> list[Entry]:
    """Up to ``limit`` entries from index ``start`` on, oldest first, read through :func:`reader`."""
    rows = db.execute(f"SELECT {_ENTRY} FROM stored_events WHERE rowid > ? ORDER BY rowid LIMIT ?", (start, limit))
    return list(map(Entry._make, rows))


class _Pool(SQLiteConnectionPool):
    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(db_name=str(path))

    def _create_connection(self) -> SQLiteConnection:
        db = connect(self._path)
        db.row_factory = sqlite3.Row  # the inherited statements read columns by name
        return SQLiteConnection(sqlite_conn=db, max_age=None)


class LogDatastore(SQLiteDatastore):
    """The library's datastore over connections that refuse to touch the past."""

    def __init__(self, path: Path) -> None:
        super().__init__(db_name=str(path))
        self.pool.close()
        self.pool = _Pool(path)
        self._point = connect(path)
        self._point_lock = threading.Lock()

    def point(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """Plain tuples of a small SELECT, on a connection kept for that.

        The pool's bookkeeping and its transaction cost fifteen times the look-up, once per stream and batch.
        """
        with self._point_lock:
            return self._point.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close every connection. Harmless when done twice."""
        super().close()
        if hasattr(self, "_point"):  # the library closes a half-made datastore when it is collected
            self._point.close()


class LogRecorder(SQLiteApplicationRecorder):
    """Stores events with their leaves and sealed parts, all or nothing.

    One instance serves all threads; writes wait for each other, reads do not wait.
    """

    datastore: LogDatastore

    def construct_create_table_statements(self) -> list[str]:
        """Nothing: the schema is created with the file, by :func:`exchange.store.sqlite.create`."""
        return []

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        *,
        leaves: Sequence[Leaf] = (),
        sealed: Sequence[tuple[bytes, bytes]] = (),
        frontier: tuple[int, bytes] | None = None,
        **_: Any,
    ) -> Sequence[int]:
        """Insert inside the caller's transaction; each event needs its leaf, and the leaf says the position."""
        if len(leaves) != len(stored_events):
            msg = "every event is stored with its leaf"
            raise ProgrammingError(msg)
        positions = [leaf.index + 1 for leaf in leaves]
        sqlite.insert(
            c.execute,
            "stored_events (rowid, originator_id, originator_version, topic, state)",
            [
                (at, _hex(e.originator_id), e.originator_version, e.topic, e.state)
                for at, e in zip(positions, stored_events, strict=True)
            ],
        )
        sqlite.insert(
            c.execute,
            "leaves (position, version, kind, at_ms, salt, hash)",
            [(x.index + 1, x.version, x.kind, x.at_ms, x.salt, x.hash) for x in leaves],
        )
        # The same ciphertext under the same hash is the same row: offering it again changes nothing.
        known: set[bytes] = set()
        for at in range(0, len(sealed), _CHUNK):
            part = [digest for digest, _ in sealed[at : at + _CHUNK]]
            c.execute(f"SELECT hash FROM sealed WHERE hash IN ({','.join('?' * len(part))})", part)
            known |= {row[0] for row in c.fetchall()}
        sqlite.insert(c.execute, "sealed (hash, bytes)", [row for row in sealed if row[0] not in known])
        if frontier is not None:
            c.execute("INSERT INTO frontiers (size, hashes) VALUES (?,?)", frontier)
        return positions

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Plain tuples of one SELECT."""
        with self.datastore.transaction(commit=False) as c:
            c.sqlite_cursor.row_factory = None
            c.execute(statement, values)
            return list(c.fetchall())

    def size(self) -> int:
        """How many events are stored."""
        return int(self.rows("SELECT COALESCE(MAX(rowid), 0) FROM stored_events")[0][0])

    def leaf_count(self) -> int:
        """The position of the last leaf."""
        return int(self.rows("SELECT COALESCE(MAX(position), 0) FROM leaves")[0][0])

    def entries(self, start: int, limit: int, topics: Sequence[str] | None = None) -> list[Entry]:
        """Up to ``limit`` entries from index ``start`` on, oldest first."""
        where, values = "", [start + 1]
        if topics is not None:
            where, values = f"AND topic IN ({','.join('?' * len(topics))})", [start + 1, *topics]  # type: ignore[list-item]
        rows = self.rows(
            f"SELECT {_ENTRY} FROM stored_events WHERE rowid >= ? {where} ORDER BY rowid LIMIT ?",
            [*values, limit],
        )
        return list(map(Entry._make, rows))

    def entries_at(self, indexes: Sequence[int]) -> list[Entry]:
        """The entries at these indexes, in order of index."""
        found: list[Entry] = []
        wanted = sorted({index + 1 for index in indexes})
        for at in range(0, len(wanted), _CHUNK):
            part = wanted[at : at + _CHUNK]
            rows = self.rows(
                f"SELECT {_ENTRY} FROM stored_events WHERE rowid IN ({','.join('?' * len(part))}) ORDER BY rowid",
                part,
            )
            found += map(Entry._make, rows)
        return found

    def stream(self, originator: str, after: int = 0) -> list[Entry]:
        """All entries of one stream after version ``after``, oldest first."""
        rows = self.datastore.point(
            f"SELECT {_ENTRY} FROM stored_events "
            "WHERE originator_id = ? AND originator_version > ? ORDER BY originator_version",
            (originator, after),
        )
        return list(map(Entry._make, rows))

    def last_versions(self, originators: Sequence[str]) -> dict[str, int]:
        """The newest version in each of these streams; 0 for one that does not exist."""
        found = dict.fromkeys(originators, 0)
        for at in range(0, len(originators), _CHUNK):
            part = originators[at : at + _CHUNK]
            found |= self.datastore.point(
                "SELECT originator_id, MAX(originator_version) FROM stored_events"
                f" WHERE originator_id IN ({','.join('?' * len(part))}) GROUP BY originator_id",
                part,
            )
        return found

    def leaves(self, start: int, limit: int) -> list[Leaf]:
        """Up to ``limit`` leaves from index ``start`` on."""
        rows = self.rows(
            "SELECT position - 1, at_ms, CAST(salt AS BLOB), CAST(hash AS BLOB), version, kind FROM leaves "
            "WHERE position > ? ORDER BY position LIMIT ?",
            (start, limit),
        )
        return [Leaf(*row) for row in rows]

    def leaf_hashes(self, start: int, limit: int) -> list[bytes]:
        """Up to ``limit`` leaf hashes from index ``start`` on."""
        rows = self.rows(
            "SELECT CAST(hash AS BLOB) FROM leaves WHERE position > ? ORDER BY position LIMIT ?", (start, limit)
        )
        return [row[0] for row in rows]

    def frontier(self, size: int) -> tuple[int, bytes]:
        """The largest stored frontier up to ``size``: (its size, its hashes one after another); (0, b"") for none."""
        rows = self.rows(
            "SELECT size, CAST(hashes AS BLOB) FROM frontiers WHERE size <= ? ORDER BY size DESC LIMIT 1", (size,)
        )
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else (0, b"")

    def frontiers(self) -> list[tuple[int, bytes]]:
        """Every stored frontier, smallest first."""
        return self.rows("SELECT size, CAST(hashes AS BLOB) FROM frontiers ORDER BY size")

    def checkpoints(self, start: int = 0, limit: int = -1) -> list[Checkpoint]:
        """Signed checkpoints with a size of at least ``start``, oldest first."""
        rows = self.rows(
            "SELECT size, CAST(root AS BLOB), CAST(note AS BLOB) FROM checkpoints WHERE size >= ? ORDER BY size LIMIT ?",
            (start, limit),
        )
        return [Checkpoint(*row) for row in rows]

    def newest_checkpoint(self) -> Checkpoint | None:
        """The newest signed checkpoint."""
        rows = self.rows(
            "SELECT size, CAST(root AS BLOB), CAST(note AS BLOB) FROM checkpoints ORDER BY size DESC LIMIT 1"
        )
        return Checkpoint(*rows[0]) if rows else None

    def insert_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Store a signed checkpoint; sizes only rise."""
        with self.datastore.transaction(commit=True) as c:
            c.execute("INSERT INTO checkpoints (size, root, note) VALUES (?,?,?)", checkpoint)

    def sealed(self, digest: bytes) -> bytes | None:
        """The ciphertext with this SHA-256, if it is still here."""
        rows = self.datastore.point("SELECT CAST(bytes AS BLOB) FROM sealed WHERE hash = ?", (digest,))
        return bytes(rows[0][0]) if rows else None

    def sealed_page(self, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Ciphertext rows in order of hash, for verification."""
        return self.rows(
            "SELECT hash, CAST(bytes AS BLOB) FROM sealed WHERE hash > ? ORDER BY hash LIMIT ?", (after, limit)
        )

    def delete_sealed(self, digests: Sequence[bytes]) -> None:
        """Remove ciphertext rows, and move the write-ahead log into the file so that no copy stays behind in it."""
        with self.datastore.transaction(commit=True) as c:
            c.executemany("DELETE FROM sealed WHERE hash = ?", [(digest,) for digest in digests])
        with self.datastore.get_connection(commit=True) as connection, connection.cursor() as c:
            c.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _hex(originator: UUID | str) -> str:
    return originator.hex if isinstance(originator, UUID) else originator
