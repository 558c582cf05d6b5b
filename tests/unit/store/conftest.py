"""A small closed world for the store: three kinds of event, and a key store that refuses the impossible."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ConfigDict, Field

from exchange.domain.event import EVENTS, Event, Private
from exchange.store.keys import KeyId, NewKey, Shredded
from exchange.store.log import Log

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Place(BaseModel):
    """A value inside an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    street: str
    number: int


class Opened(Event, topic="test/opened/1"):
    """Only public fields."""

    code: str
    counts: dict[int, tuple[str, ...]] = Field(default_factory=dict)


class Noted(Event, topic="test/noted/1"):
    """Sealed fields of every shape the domain uses."""

    key_id: KeyId
    ref: UUID
    note: Private[str]
    who: Private[UUID | None] = None
    where: Private[tuple[Place, ...]] = ()
    identity: Private[dict[str, str]] = Field(default_factory=dict)


class Loose(Event, topic="test/loose/1"):
    """May name no key, when it has nothing to seal."""

    key_id: KeyId | None
    note: Private[str | None] = None


class MemoryKeys:
    """A key store in memory under the KeyStore contract; an id is never used twice, a shredded one never comes back."""

    def __init__(self) -> None:
        self.keys: dict[KeyId, bytes] = {}
        self.waiting: dict[KeyId, bytes] = {}
        self.gone: set[KeyId] = set()
        self.generation = 0
        self.marked = b""

    def get(self, key_id: KeyId) -> bytes | None:
        return self.keys.get(key_id)

    def get_many(self, ids: Sequence[KeyId]) -> dict[KeyId, bytes]:
        return {key_id: self.keys[key_id] for key_id in ids if key_id in self.keys}

    def put_pending(self, rows: Sequence[NewKey]) -> None:
        for row in rows:
            assert row.id not in self.keys, "a key id was used twice"
            assert row.id not in self.gone, "a shredded key came back"
            self.keys[row.id] = row.key
            self.waiting[row.id] = row.tag

    def confirm(self, ids: Iterable[KeyId]) -> None:
        for key_id in ids:
            self.marked = max(self.marked, self.waiting.pop(key_id, b""))

    def mark(self) -> bytes:
        return self.marked

    def flush(self) -> None:
        pass

    def pending(self) -> list[tuple[KeyId, bytes]]:
        return list(self.waiting.items())

    def shred(self, ids: Sequence[KeyId]) -> Shredded:
        there = [key_id for key_id in ids if self.keys.pop(key_id, None) is not None]
        self.gone.update(there)
        for key_id in there:
            self.waiting.pop(key_id, None)
        self.generation += bool(there)
        return Shredded(self.generation, len(there))


class World:
    """What a store test works with."""

    Opened = Opened
    Noted = Noted
    Loose = Loose
    Place = Place
    MemoryKeys = MemoryKeys
    now = NOW

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "log.db"
        self._numbers = itertools.count()

    def opened(self, **values: Any) -> Opened:
        return Opened(**{"originator_id": uuid4(), "at": NOW, "code": f"c{next(self._numbers)}"} | values)

    def noted(self, key_id: KeyId, **values: Any) -> Noted:
        fields = {"originator_id": uuid4(), "at": NOW, "key_id": key_id, "ref": uuid4(), "note": "Sluit niet goed."}
        return Noted(**fields | values)

    def fill(self, log: Log, count: int = 5) -> list[Event]:
        """Commit ``count`` events in one batch: every third is sealed under a key of its own, with a sealed part."""
        events: list[Event] = []
        with log.batch(NOW) as batch:
            for n in range(count):
                if n % 3 == 2:
                    batch.add_sealed(b"part %d " % n + uuid4().bytes)
                    events.append(self.noted(batch.new_key("R1")))
                else:
                    events.append(self.opened())
                batch.append(events[-1])
            batch.commit()
        return events

    def foreign(self, *statements: str) -> None:
        """What a foreign process with write access to the file does: no triggers, no authorizer, no shame."""
        db = sqlite3.connect(self.file)
        with db:
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
                db.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                db.execute(statement)
        db.close()


@pytest.fixture(scope="session")
def kinds() -> type[World]:
    """The event classes alone, for property tests."""
    return World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def log(world: World, keys: MemoryKeys) -> Iterator[Log]:
    Log.create(world.directory)
    with Log.open(world.directory, keys) as log:
        yield log


@pytest.fixture
def reopen(world: World, keys: MemoryKeys, log: Log) -> Callable[[], Log]:
    """Close the log and open it again, as after a restart."""

    def again() -> Log:
        log.close()
        return Log.open(world.directory, keys)

    return again


@pytest.fixture(scope="session", autouse=True)
def _closed_registry_again() -> Iterator[None]:
    yield
    for cls in (Opened, Noted, Loose):
        EVENTS.pop(cls.topic, None)
