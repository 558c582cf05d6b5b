"""The library's application object, with our mapper and our recorder in its seams.

Nothing of it is configured through the environment: a stray shell variable must not move the log to another database.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory, Mapper
from eventsourcing.sqlite import SQLiteFactory
from eventsourcing.utils import Environment, EnvType

from exchange.store.keys import KeySource
from exchange.store.mapper import EventMapper
from exchange.store.recorder import LogDatastore, LogRecorder


class LogFactory(SQLiteFactory):
    """Builds the append-only recorder over an existing file."""

    def __init__(self, env: Environment, path: Path) -> None:
        super().__init__(env)
        self.datastore.close()
        self.datastore = self._log = LogDatastore(path)

    def application_recorder(self) -> LogRecorder:
        """The recorder; its tables were created with the file."""
        return LogRecorder(self._log)


class Archive(Application[UUID]):
    """The event store of one node. Written through :meth:`exchange.store.log.Log.batch` only."""

    name = "exchange"  # the library keys its positions by this; a renamed class must not change it
    env: ClassVar[dict[str, str]] = {}
    log_section_size = 1000
    recorder: LogRecorder

    def __init__(self, path: Path, keys: KeySource | None) -> None:
        self.path = path  # before super(): the hooks below need them
        self._keys = keys
        super().__init__({"SQLITE_DBNAME": str(path)})

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Only what we hand over, never ``os.environ``."""
        return Environment(name, dict(env or {}))

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """SQLite, through our datastore."""
        return LogFactory(env, self.path)

    def construct_mapper(self) -> Mapper[UUID]:
        """Our mapper: sealed private fields, closed registry of topics."""
        return EventMapper(self._keys)
