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
Objector = Callable[[Tx, Context, Incoming], frozenset[str]]
"""What stands against a message beyond its texts, given what this node knows: refusal codes."""
_OBJECTORS: dict[m.Kind, Objector] = {}


def taken(kind: m.Kind) -> Callable[[Taker], Taker]:
    """Enter who takes up messages of ``kind``."""

    def enter(taker: Taker) -> Taker:
        _TAKERS[kind] = taker
        return taker

    return enter


def objecting(kind: m.Kind) -> Callable[[Objector], Objector]:
    """Enter who may object to messages of ``kind``."""

    def enter(objector: Objector) -> Objector:
        _OBJECTORS[kind] = objector
        return objector

    return enter


def objections(tx: Tx, ctx: Context, incoming: Incoming) -> frozenset[str]:
    """The codes with which a message about the work is refused here, before it is stored."""
    objector = _OBJECTORS.get(incoming.kind)
    return objector(tx, ctx, incoming) if objector is not None and incoming.work is not None else frozenset()


def take(tx: Tx, ctx: Context, incoming: Incoming, parts: tuple[e.StoredPart, ...]) -> None:
    """Let a stored message about the work take effect; one that was refused has none."""
    taker = _TAKERS.get(incoming.kind)
    if taker is not None and parts and parts[0].key_id is not None:
        taker(tx, ctx, incoming, parts[0])
