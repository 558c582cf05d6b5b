"""The tree over a log of a given size, from the nearest one that was stored."""

from __future__ import annotations

from exchange.errors import IntegrityError
from exchange.merkle.tree import Frontier
from exchange.store.recorder import LogRecorder


def frontier_at(recorder: LogRecorder, size: int) -> Frontier:
    """The frontier over the first ``size`` leaves, in constant memory.

    Raises:
        IntegrityError: A leaf is missing.
    """
    at, peaks = recorder.frontier(size)
    frontier = Frontier.from_list(at, [peaks[i : i + 32] for i in range(0, len(peaks), 32)])
    while frontier.size < size:
        page = recorder.leaf_hashes(frontier.size, min(10_000, size - frontier.size))
        if not page:
            raise IntegrityError("Entry {index} of the log has no leaf.", index=frontier.size)
        for digest in page:
            frontier.append(digest)
    return frontier
