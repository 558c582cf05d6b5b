"""Taking messages about the work: each kind belongs to somebody, and takes effect in the transaction that stores it.

@taken(m.Kind.RECALLED)
def _recalled(tx, ctx, incoming, part): …
"""

from __future__ import annotations

from collections.abc import Callable

from exchange.domain import events as e
from exchange.node.context import Context
from exchange.node.receiving import Incoming
from exchange.node.writer import Tx
from exchange.wire import messages as m

Taker = Callable[[Tx, Context, Incoming, e.StoredPart], None]
"""What a kind of message means here: records facts in the transaction that stores it. The part is its stored one, so that a
private field sealed under ``part.key_id`` goes when the message goes."""
_TAKERS: dict[m.Kind, Taker] = {}


def taken(kind: m.Kind) -> Callable[[Taker], Taker]:
    """Enter who takes up messages of ``kind``."""

    def enter(taker: Taker) -> Taker:
        _TAKERS[kind] = taker
        return taker

    return enter


def take(tx: Tx, ctx: Context, incoming: Incoming, parts: tuple[e.StoredPart, ...]) -> None:
    """Let a stored message about the work take effect; one that was refused has none."""
    taker = _TAKERS.get(incoming.kind)
    if taker is not None and parts and parts[0].key_id is not None:
        taker(tx, ctx, incoming, parts[0])
