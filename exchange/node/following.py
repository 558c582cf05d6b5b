"""What follows the log in this process: views on disk, people and pair states in memory.

After every commit, and before every batch.
"""

from __future__ import annotations

import structlog

from exchange.domain.event import Event
from exchange.domain.pairing import PairIn, PairOut
from exchange.errors import StorageError
from exchange.node.actors import Actors
from exchange.node.context import Context
from exchange.node.writer import Overlay
from exchange.store.ledger import Ledger

log = structlog.get_logger()


class Following:
    """Keeps views and memory where the log is. The writer calls it."""

    def __init__(self, ctx: Context, actors: Actors) -> None:
        self._ctx = ctx
        self._actors = actors
        self._seen = ctx.log.size

    def after_commit(self, recorded: list[tuple[int, Event]]) -> None:
        """Views first, then memory. What is stored counts: views that cannot follow catch up before the next batch."""
        try:
            self._ctx.ledger.apply(recorded)
        except StorageError:
            log.warning("views-behind", count=len(recorded))
        self._remember(recorded)

    def before_batch(self) -> Overlay | None:
        """What must hold before units run: views and memory know everything that is stored.

        Returns:
            The pair states anew, when the log held a batch whose commit had seemed to fail; else None.

        Raises:
            StorageError: The disk still refuses.
        """
        ctx = self._ctx
        ctx.log.resync()
        if ctx.ledger.position == self._seen == ctx.log.size:
            return None
        unseen = self._seen < ctx.log.size
        while page := ctx.log.entries(min(ctx.ledger.position, self._seen)):
            events = [(entry.index, event) for entry, event in zip(page, ctx.log.read_all(page), strict=True)]
            ctx.ledger.apply(events)
            self._remember([(index, event) for index, event in events if index >= self._seen])
        return pairs(ctx.ledger, [p.slug for p in ctx.covenants.current.covenant_partners()]) if unseen else None

    def _remember(self, recorded: list[tuple[int, Event]]) -> None:
        for index, event in recorded:
            self._ctx.people.evolve(index, event)
            self._ctx.facts.evolve(event)
            self._actors.evolve(event)
            self._seen = index + 1


def pairs(ledger: Ledger, slugs: list[str]) -> Overlay:
    """The pair states as the log has them."""
    overlay = Overlay()
    for slug in slugs:
        inward, outward = PairIn(), PairOut()
        for row in ledger.rows(
            "SELECT sequence FROM messages WHERE direction='received' AND partner=? ORDER BY sequence", slug
        ):
            inward = inward.accepted(row["sequence"])
        for row in ledger.rows("SELECT last FROM gaps WHERE partner=?", slug):
            inward, _ = inward.announced(row["last"])
        for row in ledger.rows(
            "SELECT sequence, min(state IN ('open','nacked')) AS waits FROM messages"
            " WHERE direction='sent' AND partner=? AND state <> 'voided' GROUP BY sequence ORDER BY sequence",
            slug,
        ):
            outward = outward.stamped(row["sequence"])
            if not row["waits"]:
                outward = outward.settled(row["sequence"])
        overlay.pairs_in[slug], overlay.pairs_out[slug] = inward, outward
    return overlay
