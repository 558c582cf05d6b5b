"""SQLite as this house uses it: created once and whole, opened only if it exists, and silent about paths when it fails.

A database file is created under another name, filled, closed, synced and only then renamed, so a crash leaves either no
database or a complete one. Opening never creates: a wrong path must not quietly start an empty log.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eventsourcing.persistence import PersistenceError

from exchange.errors import N_, Detail, ExchangeError, IntegrityError, SetupError, StorageError

BUSY_S: Final = 5.0

DURABLE: Final = (
    "PRAGMA synchronous=FULL",  # a commit that returned survives power loss
    "PRAGMA fullfsync=ON",  # macOS: fsync alone does not reach the platter
    "PRAGMA checkpoint_fullfsync=ON",
    "PRAGMA recursive_triggers=ON",  # else INSERT OR REPLACE deletes without firing the delete triggers
    "PRAGMA secure_delete=ON",  # a deleted row is overwritten, not only unlinked
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA temp_store=MEMORY",  # no temporary file outlives a query
)


Execute = Callable[[str, Sequence[Any]], object]
"""Runs one statement with its values."""


@dataclass(frozen=True)
class Format:
    """What kind of file this is and which layout it has."""

    application_id: int
    version: int
    statements: tuple[str, ...]
    page_size: int = 4096
    pragmas: tuple[str, ...] = DURABLE
    cure: str = N_("put its newest copy back.")
    """What helps when the file cannot be read."""


def create(path: Path, form: Format) -> None:
    """Create the database ``path`` completely, or not at all.

    Raises:
        SetupError: It exists already.
        StorageError: The disk refused.
    """
    if path.exists():
        raise SetupError("This node directory holds a {name} already; nothing was changed.", name=path.name)
    draft = path.with_name(path.name + ".new")
    with disk():
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in (draft, draft.with_name(draft.name + "-wal"), draft.with_name(draft.name + "-shm")):
            left.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with contextlib.closing(_connect(draft)) as db:
            db.execute(f"PRAGMA page_size={form.page_size}")  # only counts before the first table
            db.execute("PRAGMA journal_mode=WAL")
            for statement in (
                *form.pragmas,
                "BEGIN IMMEDIATE",
                f"PRAGMA application_id={form.application_id}",
                f"PRAGMA user_version={form.version}",
                *form.statements,
                "COMMIT",
            ):
                db.execute(statement)
        sync(draft)
        draft.rename(path)
        sync(path.parent)


def connect(path: Path, form: Format) -> sqlite3.Connection:
    """A connection to the existing database ``path``, usable from any thread, in autocommit mode.

    Raises:
        SetupError: There is no such file, it is another kind of file, or another release's layout.
        StorageError: The disk refused.
        IntegrityError: The file is damaged.
    """
    if not path.is_file():
        raise SetupError("There is no {name} in this node directory; check the path, or restore it.", name=path.name)
    try:
        with disk():
            db = _connect(path)
            try:
                for pragma in form.pragmas:
                    db.execute(pragma)
                kind = db.execute("PRAGMA application_id").fetchone()[0]
                version = db.execute("PRAGMA user_version").fetchone()[0]
            except BaseException:
                db.close()
                raise
    except IntegrityError:
        cure = Detail(path.name, "damaged", form.cure)
        raise IntegrityError(
            "The file {name} is damaged; stop the node and {cure}", name=path.name, cure=cure
        ) from None
    if (kind, version) != (form.application_id, form.version):
        db.close()
        raise SetupError(
            "The file {name} has layout {got}, this release reads layout {expected}; install the release that wrote it.",
            name=path.name,
            got=version if kind == form.application_id else "unknown",
            expected=form.version,
        )
    return db


def address(path: Path) -> str:
    """How SQLite is told which existing file to open."""
    return path.absolute().as_uri() + "?mode=rw"


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(address(path), uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)


def sync(path: Path) -> None:
    """Force a file, or the names in a directory, to the medium."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One write transaction: all of it durable at the end of the block, or none of it.

    Raises:
        StorageError: The disk refused; the transaction was rolled back.
    """
    with disk():
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # a failed COMMIT may or may not have ended it
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
            raise


_AT_ONCE: Final = (32, 8)
"""Rows per statement; what is left goes one by one. Few sizes, so that each statement is prepared once."""


def insert(execute: Execute, into: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert many rows, in order, with few statements: ``into`` is ``table (columns)``.

    ``executemany`` lets go of the interpreter at every row, and waits for it again while another thread computes.
    """
    at = 0
    for size in (*_AT_ONCE, 1):
        if len(rows) - at < size:
            continue
        marks = "(" + ",".join("?" * len(rows[at])) + ")"
        statement = f"INSERT INTO {into} VALUES {','.join([marks] * size)}"
        while len(rows) - at >= size:
            execute(statement, [value for row in rows[at : at + size] for value in row])
            at += size


@contextlib.contextmanager
def disk() -> Iterator[None]:
    """Turn whatever SQLite, the library on top of it, or the file system says into one clear sentence of ours."""
    try:
        yield
    except (sqlite3.Error, PersistenceError) as error:
        raise _sentence(_codes(error)) from error
    except OSError as error:
        raise StorageError(
            "The disk refused ({reason}); nothing was stored. Repair it and try again.",
            reason=error.strerror or "I/O error",
        ) from error


def _codes(error: BaseException | None) -> Iterable[int]:
    """The primary SQLite result codes in a chain of wrapped errors."""
    while error is not None:
        code = getattr(error, "sqlite_errorcode", None)
        if isinstance(code, int):
            yield code & 0xFF
        error = error.__cause__ or next((a for a in error.args if isinstance(a, BaseException)), None)


def _sentence(codes: Iterable[int]) -> ExchangeError:
    code = next(iter(codes), sqlite3.SQLITE_ERROR)
    if code == sqlite3.SQLITE_FULL:
        return StorageError("The disk is full; nothing was stored. Free some space and try again.")
    if code == sqlite3.SQLITE_READONLY:
        return StorageError(
            "The disk or the database file is read-only; nothing was stored. Make it writable and try again."
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StorageError(
            "The database is in use by another process; nothing was stored. Stop that process and try again."
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return IntegrityError("A database file is damaged; stop the node and look at deploy/backup-and-restore.md.")
    if code in (sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_AUTH):
        return IntegrityError("The database refused a write that contradicts what it holds; nothing was stored.")
    return StorageError("The database cannot be read or written (SQLite code {code}); nothing was stored.", code=code)
