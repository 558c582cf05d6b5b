"""The use cases for what was exchanged and must change: made together, because they tell partners in the same way."""

from __future__ import annotations

from typing import NamedTuple

from exchange.node.actors import Actors
from exchange.node.answering import Answering
from exchange.node.context import Context
from exchange.node.corrections import Corrections
from exchange.node.objecting import Objections
from exchange.node.recalls import Recalls
from exchange.node.register import Reads
from exchange.node.retention import Retention
from exchange.node.work import Post


class Afterwards(NamedTuple):
    """See the module."""

    corrections: Corrections
    recalls: Recalls
    notifications: Answering
    objections: Objections

    @classmethod
    def of(cls, ctx: Context, post: Post, reads: Reads, retention: Retention, actors: Actors) -> Afterwards:
        """All four of one node."""
        return cls(
            Corrections(ctx, post, reads),
            Recalls(ctx, post, reads),
            Answering(ctx, post, retention, actors),
            Objections(ctx, post, reads),
        )
