"""A second process that makes a long log into a view's statements, some pages ahead of the one that stores them.

    with ahead.of(log.path, Ledger, Ledger.schema_id(), position, until) as helper:
        page = helper.page(position)        None: make this one yourself

Reading and parsing take as long as storing does, and one interpreter does one of them at a time. The second process has no key,
no passphrase and next to no environment, opens the log for reading only and answers through a pipe. The pipe holds a few pages
(:data:`WINDOW`), so memory does not grow with the log, and the process ends when nobody holds the other end any more, also when
that one was killed.

Nothing depends on it. While it starts, and after whatever befell it, the asker makes the pages itself, from the same entries:
what is wrong with a log is found by the code that always found it, and said in the same words.
"""

from __future__ import annotations

import contextlib
import importlib
import marshal
import os
import select
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

from exchange.store.entry import Entry
from exchange.store.grouped import Many
from exchange.store.log import PAGE
from exchange.store.recorder import entries, reader

WINDOW: Final = 1 << 20
"""Bytes the pipe holds where the system lets us say so (Linux): some three pages. Elsewhere less, and one page at a time."""
LONG: Final = 100 * PAGE
"""From how many entries on it is worth its start, which is about a second of the other core."""
_READY: Final = struct.Struct(">I")
"""The schema it makes rows for: after an upgrade on disk it is not ours, until this process is started anew as well."""
_START: Final = struct.Struct(">Q")
_HEAD: Final = struct.Struct(">QQI")
_ENDED: Final = (OSError, struct.error, EOFError, ValueError, TypeError)
"""How it shows that the process is no more, perhaps in the middle of a page."""
_NEEDED: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What an interpreter may need to start at all."""


class Page(NamedTuple):
    """What the entries ``[start, stop)`` do to a view's tables."""

    start: int
    stop: int
    statements: list[Many]


class Helper:
    """The asker's end. One thread uses it."""

    def __init__(self, process: subprocess.Popen[bytes] | None, schema: int = 0) -> None:
        self._process = process
        self._ready = _READY.pack(schema)
        self._begun = False

    def page(self, start: int) -> Page | None:
        """The page that begins at ``start``; None while the process is starting, at its end, and once it has failed.

        Ask for one page after another: the first one handed over says where the process begins.
        """
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None
        with contextlib.suppress(*_ENDED):
            if not self._begun:
                if not _waits(process.stdout):
                    return None
                self._begun = process.stdout.read(_READY.size) == self._ready
                if self._begun:
                    process.stdin.write(_START.pack(start))
                process.stdin.close()  # not begun: this ends it
            first, stop, size = _HEAD.unpack(process.stdout.read(_HEAD.size))
            made = process.stdout.read(size)
            if (first, len(made)) == (start, size):
                return Page(first, stop, marshal.loads(made))  # noqa: S302 - written by our own process
        self.close()
        return None

    def close(self) -> None:
        """End the process, whatever it does, and wait until it is gone. Harmless when done twice."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # it only reads
            with contextlib.suppress(OSError), process:
                pass


@contextlib.contextmanager
def of(log: Path, view: type, schema: int, start: int, until: int) -> Iterator[Helper]:
    """A process that makes the entries ``[start, until)`` of the log file into pages; none when that is not worth it.

    Args:
        log: The log's file.
        view: The class whose ``statements`` it asks.
        schema: That class's ``schema_id()`` in this process.
        start: Where the view is.
        until: How many entries it is to know.
    """
    worth = until - start >= LONG and _cores() > 1
    helper = Helper(_started(log, f"{view.__module__}:{view.__qualname__}", until) if worth else None, schema)
    try:
        yield helper
    finally:
        helper.close()


def _started(log: Path, view: str, until: int) -> subprocess.Popen[bytes] | None:
    """A fresh interpreter: a fork would share this one's memory, and a spawned one would run the program's first module again."""
    command = (sys.executable, "-P", "-s", "-m", __name__, str(log.absolute()), view, str(until))
    known = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**known, "PYTHONPATH": os.pathsep.join(sys.path)},
            pipesize=WINDOW,
        )
    except OSError:  # no room for another process
        return None


def _cores() -> int:
    """On how many this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _waits(pipe: IO[bytes]) -> bool:
    """Whether there is something to read, or nobody left to write."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(0))


# ---------------------------------------------------------------------------------------- the second process


def work(log: Path, view: str, until: int) -> None:
    """Make page after page until ``until``, or until nobody takes them: the pipe that is gone ends the process."""
    module, _, name = view.partition(":")
    maker = getattr(importlib.import_module(module), name)
    statements: Callable[[list[Entry]], list[Many]] = maker.statements
    out = sys.stdout.buffer
    with contextlib.closing(reader(log)) as db:
        out.write(_READY.pack(maker.schema_id()))
        out.flush()
        (start,) = _START.unpack(sys.stdin.buffer.read(_START.size))
        while start < until and (page := entries(db, start, min(PAGE, until - start))):
            made = marshal.dumps(statements(page))
            out.write(_HEAD.pack(start, start + len(page), len(made)))
            out.write(made)
            out.flush()
            start += len(page)


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
