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
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from exchange.domain.event import Event
from exchange.errors import IntegrityError, SetupError, StorageError
from exchange.store import ahead, sqlite
from exchange.store.ahead import Page
from exchange.store.entry import Entry
from exchange.store.grouped import Many, run
from exchange.store.log import PAGE, Log

_APPLICATION_ID: Final = 0x43565857  # "CVXW"
_PRAGMAS: Final = (
    "PRAGMA synchronous=NORMAL",  # a power cut may take the last pages of a view; the log gives them again
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16384",  # KiB: message ids are random, so rows go in everywhere
)


_DRAFT: Final = (
    "PRAGMA journal_mode=OFF",  # a draft that was not finished is thrown away
    "PRAGMA synchronous=OFF",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=FILE",  # indexes of any length are sorted in constant memory
    "PRAGMA cache_size=-16384",
)
_MANY: Final = 10 * PAGE
"""From how many events on an empty view is made as a draft, which costs two files more and a third of the time."""


class View(ABC):
    """One database file of tables made from the log. One thread writes, any thread reads.

    A subclass gives ``schema`` (SQL statements ending in semicolons) and :meth:`handle`. Any change of ``schema``, ``indexes``
    or ``schema_version`` rebuilds the view at the next start.

    Args:
        path: The file; made when it is absent, damaged or of another schema.
        draft: It is made from nothing, and then finished or thrown away: fast, and not safe until :meth:`finish`.
    """

    schema_version: ClassVar[int] = 1
    """To be raised when :meth:`handle` changes its meaning and ``schema`` does not."""
    schema: ClassVar[str] = ""
    indexes: ClassVar[str] = ""
    """Indexes that only questions need; a draft gets them last."""
    unsealed: ClassVar[bool] = False
    """Whether :meth:`handle` gets private fields unsealed."""

    def __init__(self, path: Path, *, draft: bool = False) -> None:
        self._path = path
        self._draft = draft
        if draft:
            _remove(path)
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._position = 0
        self._open()

    @abstractmethod
    def handle(self, db: sqlite3.Connection, index: int, event: Event) -> None:
        """Take one event in. Runs inside the page's transaction."""

    def handle_all(self, db: sqlite3.Connection, events: Iterable[tuple[int, Any]]) -> None:
        """Take a page in, in order; a subclass may know a faster way to the same rows."""
        for index, event in events:
            self.handle(db, index, event)

    def events(self, log: Log, page: Sequence[Entry]) -> list[Any]:
        """What :meth:`handle` is to be given for the entries of a page."""
        return log.read_all(page, unseal=self.unsealed)

    @classmethod
    def statements(cls, page: Sequence[Entry]) -> list[Many] | None:  # noqa: ARG003 - for those that need no more
        """What :meth:`handle_all` runs for the entries of a page; None when the tables or a key are needed to know it.

        Whoever knows it lets a second process do it for a long log (:mod:`exchange.store.ahead`).
        """
        return None

    # ------------------------------------------------------------------------------------ taking in

    @property
    def position(self) -> int:
        """The index of the next event to take in."""
        return self._position

    def apply(self, events: Sequence[tuple[int, Any]]) -> None:
        """Take events in, in one transaction with the position. Those taken in before are passed over.

        Raises:
            IntegrityError: An event is missing in between.
            StorageError: The disk refused; nothing was taken in.
        """
        with self._write_lock:
            new = [pair for pair in events if pair[0] >= self._position]
            for at, (index, _) in enumerate(new, self._position):
                if index != at:
                    raise IntegrityError("A view misses entry {index} of the log.", index=at)
            self._take(self._position + len(new), lambda db: self.handle_all(db, new))

    def run(self, page: Page) -> None:
        """Take a page in that was made of its entries elsewhere, in one transaction with the position.

        Raises:
            IntegrityError: It does not begin where the view is.
            StorageError: The disk refused; nothing was taken in.
        """
        with self._write_lock:
            if page.start != self._position:
                raise IntegrityError("A view misses entry {index} of the log.", index=self._position)
            self._take(page.stop, lambda db: run(db, page.statements))

    def _take(self, at: int, change: Callable[[sqlite3.Connection], None]) -> None:
        try:
            with sqlite.transaction(self._db) as db:
                change(db)
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

    def finish(self) -> None:
        """End a draft: give it its indexes, make it durable and close it. From here on it is a view like any other."""
        with self._write_lock, self._read_lock, sqlite.disk():
            self._reader.close()
            for statement in _parts(self.indexes):
                self._db.execute(statement)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.close()
            sqlite.sync(self._path)

    def renew(self, log: Log) -> None:
        """Make everything anew from the log, beside the file, and put it in its place.

        Raises:
            StorageError: The disk refused; what was there is there still.
        """
        draft = type(self)(self._path.with_name(self._path.name + ".draft"), draft=True)
        try:
            for _ in pump(log, draft):
                pass
            draft.finish()
        finally:
            draft.close()
        with self._write_lock, self._read_lock:
            self._close()
            _remove(self._path)
            with sqlite.disk():
                draft.path.rename(self._path)
                sqlite.sync(self._path.parent)
            self._open()

    # ------------------------------------------------------------------------------------ asking

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

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

    def differences(self, other: View, log: Log) -> list[str]:
        """The tables whose rows are not the same in both, each row with each column.

        Of one moment of this view, which may go on taking events in; ``other`` is brought to the same moment. Every row is
        looked up by its key, so memory does not grow with the tables, on a connection of its own, so nobody waits.
        """
        names, others = self.table_names(), other.table_names()
        with contextlib.closing(self._connect()) as db, sqlite.disk():
            db.execute("ATTACH ? AS other", (sqlite.address(other.path),))
            db.execute("BEGIN")
            position = db.execute("SELECT position FROM main.view_position").fetchone()[0]  # the moment begins here
            for _ in pump(log, other, position):
                pass
            same = {name for name in names if name in others and _same(db, name)}
        return sorted({*names, *others} - same)

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
            sqlite.create(self._path, self._format(draft=self._draft))
            self._db = self._connect()
        self._reader = self._connect()
        self._reader.row_factory = sqlite3.Row
        self._reader.execute("PRAGMA query_only=ON")
        self._position = self._stored_position()

    def _stored_position(self) -> int:
        with sqlite.disk():
            return int(self._db.execute("SELECT position FROM view_position").fetchone()[0])

    def _connect(self) -> sqlite3.Connection:
        return sqlite.connect(self._path, self._format(draft=self._draft))

    @classmethod
    def _format(cls, *, draft: bool) -> sqlite.Format:
        return sqlite.Format(
            _APPLICATION_ID, cls.schema_id(), cls._statements(draft=draft), pragmas=_DRAFT if draft else _PRAGMAS
        )

    def _close(self) -> None:
        self._db.close()
        self._reader.close()

    @classmethod
    def _statements(cls, *, draft: bool) -> tuple[str, ...]:
        return (
            *_parts(cls.schema),
            *(() if draft else _parts(cls.indexes)),
            "CREATE TABLE view_position (position INTEGER NOT NULL)",
            "INSERT INTO view_position VALUES (0)",
        )

    @classmethod
    def schema_id(cls) -> int:
        """What rows are made here: the schema and its version as a positive 31-bit number, kept in the file's header."""
        text = f"{cls.__name__} {cls.schema_version}\n{cls.schema}{cls.indexes}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def pump(log: Log, view: View, until: int | None = None) -> Iterator[int]:
    """Bring ``view`` up to the end of the log, a page per transaction; yields its position after each page.

    A generator, so that long work can show progress and be stopped: it does nothing until it is run through.

    Args:
        log: Where the events are.
        view: What takes them in.
        until: How many events it is to know; None for all there are, also those that are stored meanwhile.
    """
    if view.position > log.size:
        view.rebuild()  # the log was restored from an older copy: what the view knows beyond it never happened
    with _helper(log, view, log.size if until is None else min(until, log.size)) as helper:
        while True:
            if made := helper.page(view.position):
                view.run(made)
            elif page := log.entries(
                view.position, PAGE if until is None else min(PAGE, max(0, until - view.position))
            ):
                view.apply([(entry.index, event) for entry, event in zip(page, view.events(log, page), strict=True)])
            else:
                return
            yield view.position


def _helper(log: Log, view: View, until: int) -> contextlib.AbstractContextManager[ahead.Helper]:
    """Who makes pages ahead of us; nobody when only the view can."""
    if view.statements([]) is None:
        return contextlib.nullcontext(ahead.Helper(None))
    return ahead.of(log.path, type(view), view.schema_id(), view.position, until)


def catch_up(log: Log, view: View) -> int:
    """Bring ``view`` to the end of the log, by :func:`pump` or, when all of a long log is wanting, anew; the position reached."""
    if view.position == 0 and log.size >= _MANY:
        view.renew(log)
    for _ in pump(log, view):
        pass
    return view.position


def _same(db: sqlite3.Connection, table: str) -> bool:
    """Whether a table holds in ``main`` what it holds in ``other``.

    As many rows here as there, and as many again that have their like there: since a key stands for one row, no row is left.
    """
    columns = db.execute(f"PRAGMA main.table_info({table})").fetchall()
    if columns != db.execute(f"PRAGMA other.table_info({table})").fetchall():
        return False
    keys = [f'a."{name}" = b."{name}"' for _, name, _, _, _, key in columns if key] or ["a.rowid = b.rowid"]
    rest = [f'a."{name}" IS b."{name}"' for _, name, _, _, _, key in columns if not key]
    here, there, alike = (
        db.execute(f"SELECT count(*) FROM {source}").fetchone()[0]
        for source in (
            f'main."{table}"',
            f'other."{table}"',
            f'main."{table}" AS a CROSS JOIN other."{table}" AS b ON {" AND ".join((*keys, *rest))}',
        )
    )
    return bool(here == there == alike)


def _parts(schema: str) -> list[str]:
    return [part.strip().rstrip(";") for part in re.split(r";\s*\n", schema.strip() + "\n") if part.strip()]


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with sqlite.disk(), contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()
