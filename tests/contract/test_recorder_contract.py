"""The library's own promises, inherited: what it expects of an application recorder, ours does.

A second backend (PostgreSQL) has to pass the same cases.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest
from eventsourcing.tests.persistence import ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase

from exchange.store import sqlite
from exchange.store.entry import Leaf
from exchange.store.recorder import FORMAT, LogDatastore, LogRecorder

# The library's abstract cases stay out of collection; only what is subclassed below runs.
ApplicationRecorderTestCase.__test__ = False
NonInterleavingNotificationIDsBaseCase.__test__ = False


class Leafed(LogRecorder):
    """Gives each event a leaf at the next position, as a batch does."""

    def _insert_events(self, c, stored_events, **kwargs):
        c.execute("SELECT COALESCE(MAX(rowid), 0) FROM stored_events")
        start = c.fetchone()[0]
        leaves = [Leaf(start + n, 0, bytes(16), bytes(32)) for n in range(len(stored_events))]
        return super()._insert_events(c, stored_events, leaves=leaves, **kwargs)


class OurRecorder:
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory()
        path = Path(self._directory.name) / "log.db"
        sqlite.create(path, FORMAT)
        self._datastore = LogDatastore(path)

    def tearDown(self):
        for thread in threading.enumerate():  # the library's readers stop by themselves, but nobody waits for them
            if "read_continuously" in thread.name:
                thread.join()
        self._datastore.close()
        self._directory.cleanup()

    def create_recorder(self):
        return Leafed(self._datastore)


class TestOurRecorderIsAnApplicationRecorder(OurRecorder, ApplicationRecorderTestCase):
    __test__ = True


class TestOurRecorderKeepsBatchesTogether(OurRecorder, NonInterleavingNotificationIDsBaseCase):
    __test__ = True
    insert_num = 200


def test_an_event_without_a_leaf_is_refused(tmp_path):
    sqlite.create(tmp_path / "log.db", FORMAT)
    recorder = LogRecorder(LogDatastore(tmp_path / "log.db"))
    event = NonInterleavingNotificationIDsBaseCase.create_stack
    with pytest.raises(Exception, match="stored with its leaf"):
        recorder.insert_events(event(TestOurRecorderKeepsBatchesTogether(), tmp_path.name)[:1])
    recorder.datastore.close()
