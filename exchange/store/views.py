"""Read models: tables made from the log, thrown away and made again at will.

A view's rows and its position commit together, so every event is taken in exactly once, whatever moment the process dies.
Views hold ids, codes, dates and key ids, never text about people; private fields therefore read LOCKED here, unless a view
says it needs them. A view of another schema than its code, a damaged one, or one that is ahead of the log is rebuilt.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from exchange.domain.event import Event
from exchange.errors import InputError, IntegrityError, SetupError, StorageError
from exchange.store import sqlite
from exchange.store.log import PAGE, Log

_APPLICATION_ID: Final = 0x43565857  # "CVXW"
_SCHEMA_ID_SIZE: Final = 16
_PRAGMAS: Final = (
    "PRAGMA synchronous=NORMAL",  # a power cut may take the last pages of a view; the log gives them again
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16384",  # KiB: message ids are random, so rows go in everywhere
)


class View(ABC):
    """One database file of tables made from the log. One thread writes, any thread reads.

    A subclass gives ``schema`` (SQL statements ending in semicolons) and :meth:`handle`. Any change of ``schema`` or
    ``schema_version`` rebuilds the view at the next start.
    """

    schema_version: ClassVar[int] = 1
    """To be raised when :meth:`handle` changes its meaning and ``schema`` does not."""
    schema: ClassVar[str] = ""
    unsealed: ClassVar[bool] = False
    """Whether :meth:`handle` gets private fields unsealed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._position = 0
        self._open()

    @abstractmethod
    def handle(self, db: sqlite3.Connection, index: int, event: Event) -> None:
        """Take one event in. Runs inside the page's transaction."""

    # ------------------------------------------------------------------------------------ taking in

    @property
    def position(self) -> int:
        """The index of the next event to take in."""
        return self._position

    def apply(self, events: Sequence[tuple[int, Event]]) -> None:
        """Take events in, in one transaction with the position. Those taken in before are passed over.

        Raises:
            IntegrityError: An event is missing in between.
            StorageError: The disk refused; nothing was taken in.
        """
        with self._write_lock:
            at = self._position
            try:
                with sqlite.transaction(self._db) as db:
                    for index, event in events:
                        if index < at:
                            continue
                        if index > at:
                            raise IntegrityError("A view misses entry {index} of the log.", index=at)
                        self.handle(db, index, event)
                        at += 1
                    db.execute("UPDATE view_position SET position=?", (at,))
            except StorageError:  # a commit may fail after it persisted: what the file says counts
                self._position = self._stored_position()
                if self._position != at:
                    raise
            self._position = at

    def rebuild(self) -> None:
        """Forget everything; :func:`pump` takes it in again."""
        with self._write_lock, self._read_lock:
            self._close()
            _remove(self._path)
            self._open()

    def check(self) -> None:
        """Look whether every page of the file is whole.

        Raises:
            IntegrityError: It is damaged; :meth:`rebuild` cures that.
        """
        with self._write_lock, sqlite.disk():
            found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise IntegrityError("The views are damaged; they are made anew from the log.")

    # ------------------------------------------------------------------------------------ asking

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of one SELECT, as committed."""
        with self._read_lock, sqlite.disk():
            return self._reader.execute(statement, values).fetchall()

    def table_names(self) -> list[str]:
        """The view's own tables."""
        found = self.rows(
            "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%' AND name <> 'view_position'"
        )
        return sorted(row["name"] for row in found)

    def digest(self, table: str) -> str:
        """A hash over the rows of ``table``, in order of its key: equal exactly when two views hold the same.

        Reads along the key's index, so memory does not grow with the table, on a connection of its own, so nobody waits.

        Raises:
            InputError: There is no such table.
        """
        if table not in self.table_names():
            raise InputError("This view has no such table.")
        columns = self.rows(f"PRAGMA table_info({table})")
        key = sorted((c for c in columns if c["pk"]), key=lambda c: c["pk"]) or columns
        names, order = (", ".join(f'"{c["name"]}"' for c in part) for part in (columns, key))
        digest = hashlib.sha256()
        with contextlib.closing(self._connect()) as db, sqlite.disk():
            for row in db.execute(f'SELECT {names} FROM "{table}" ORDER BY {order}'):
                digest.update(repr(row).encode() + b"\n")
        return digest.hexdigest()

    # ------------------------------------------------------------------------------------ files

    def close(self) -> None:
        """Close the files. Harmless when done twice."""
        with self._write_lock, self._read_lock:
            self._close()

    def _open(self) -> None:
        try:
            self._db = self._connect()
        except (SetupError, IntegrityError):  # absent, damaged, or of another schema: all cured by making it anew
            _remove(self._path)
            sqlite.create(self._path, self._format())
            self._db = self._connect()
        self._reader = self._connect()
        self._reader.row_factory = sqlite3.Row
        self._reader.execute("PRAGMA query_only=ON")
        self._position = self._stored_position()

    def _stored_position(self) -> int:
        with sqlite.disk():
            return int(self._db.execute("SELECT position FROM view_position").fetchone()[0])

    def _connect(self) -> sqlite3.Connection:
        return sqlite.connect(self._path, self._format())

    @classmethod
    def _format(cls) -> sqlite.Format:
        return sqlite.Format(_APPLICATION_ID, cls._schema_id(), cls._statements(), pragmas=_PRAGMAS)

    def _close(self) -> None:
        self._db.close()
        self._reader.close()

    @classmethod
    def _statements(cls) -> tuple[str, ...]:
        own = [part.strip() for part in re.split(r";\s*\n", cls.schema.strip() + "\n") if part.strip()]
        return (
            *(part.rstrip(";") for part in own),
            "CREATE TABLE view_position (position INTEGER NOT NULL)",
            "INSERT INTO view_position VALUES (0)",
        )

    @classmethod
    def _schema_id(cls) -> int:
        """The schema as a positive 31-bit number, kept in the file's header."""
        text = f"{cls.__name__} {cls.schema_version}\n{cls.schema}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def pump(log: Log, view: View) -> Iterator[int]:
    """Bring ``view`` up to the end of the log, a page per transaction; yields its position after each page.

    A generator, so that long work can show progress and be stopped: it does nothing until it is run through.
    """
    if view.position > log.size:
        view.rebuild()  # the log was restored from an older copy: what the view knows beyond it never happened
    while page := log.entries(view.position, PAGE):
        events = log.read_all(page, unseal=view.unsealed)
        view.apply([(entry.index, event) for entry, event in zip(page, events, strict=True)])
        yield view.position


def catch_up(log: Log, view: View) -> int:
    """Run :func:`pump` to the end; the position reached."""
    for _ in pump(log, view):
        pass
    return view.position


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with sqlite.disk(), contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()
