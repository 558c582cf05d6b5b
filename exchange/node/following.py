"""What follows the log in this process: views on disk and people in memory, after every commit and before every batch."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from exchange.domain.event import Event
from exchange.errors import StorageError
from exchange.node.actors import Actors
from exchange.node.context import Context
from exchange.store.views import catch_up

log = structlog.get_logger()


def after_commit(ctx: Context, actors: Actors) -> Callable[[list[tuple[int, Event]]], None]:
    """What follows every commit, in the writer thread: views first, then memory."""

    def take(recorded: list[tuple[int, Event]]) -> None:
        try:
            ctx.ledger.apply(recorded)
        except StorageError:
            log.warning("views-behind", count=len(recorded))  # what is stored counts; the next batch catches up first
        for index, event in recorded:
            ctx.people.evolve(index, event)
            actors.evolve(event)

    return take


def before_batch(ctx: Context) -> Callable[[], None]:
    """What must hold before units run: the views show everything that is stored."""

    def ready() -> None:
        if ctx.ledger.position != ctx.log.size:
            catch_up(ctx.log, ctx.ledger)

    return ready
