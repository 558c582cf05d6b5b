"""What hangs on another partner's news waits for it, within a bound.

A pair has an order, two senders have none: a disclosure within a case may overtake its keeper's message that the case exists, or
that its sender is in it; and a released item the chair's message that the conference does. To refuse that (R36, R12) would be
for good, though nobody did anything wrong. So it is left with the broker as long as the news may be under way. After that it is
judged as it stands: whoever invents a case, or stays when he was sent away, gains an hour of silence and then the same refusal.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from exchange.errors import WireError
from exchange.node import scope
from exchange.node.context import Context
from exchange.node.receiving import Incoming
from exchange.node.release import chair_of
from exchange.node.writer import Tx
from exchange.wire import messages as m

PATIENCE: Final = timedelta(hours=1)
"""From the first time that this node saw the message. A frame that has to be wrapped anew takes a heartbeat of ten minutes."""


MOST: Final = 100
"""Messages of one sender that wait at the same time. The broker hands out only so many frames that are not settled, and whoever
invents cases must not keep the others from being read."""
MAY_PASS: Final = frozenset({"R36", "R12"})
"""What another partner's news may still take away."""


class Awaiting:
    """Remembers since when each message waits. After a start it begins anew: that makes the bound longer, never shorter."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], datetime] = {}
        """Sender and message -> first seen."""

    def admit(self, tx: Tx, ctx: Context, incoming: Incoming, codes: list[tuple[str, ...]]) -> None:
        """Pass what is judged for good, or put off what would be refused only because something is not known here yet.

        Raises:
            WireError: ``later``; it is tried again.
        """
        now, this = ctx.clock.now(), (incoming.sender.slug, incoming.message)
        against = {code for part in codes for code in part}
        if not against or not against <= MAY_PASS or not hangs_on_news(tx, ctx, incoming):
            self._since.pop(this, None)
        elif self._waits(this, now):
            raise WireError("later", "What this message is about has not arrived yet; it is tried again.")

    def _waits(self, this: tuple[str, str], now: datetime) -> bool:
        if this not in self._since:
            self._since = {one: min(at, now) for one, at in self._since.items() if now - at < 2 * PATIENCE}
            if sum(sender == this[0] for sender, _ in self._since) >= MOST:
                return False
        first = self._since[this] = min(self._since.get(this, now), now)  # a clock that was set back makes it no longer
        return now - first < PATIENCE


def hangs_on_news(tx: Tx, ctx: Context, incoming: Incoming) -> bool:
    """Whether it names a case or a conference of which another partner may still have to tell.

    The keeper's own news of a case came before whatever else it sends. A correction is held against what it corrects.
    """
    statement, sender = incoming.statement, incoming.sender.slug
    if statement is None or incoming.kind is m.Kind.CORRECTED:
        return False
    if statement.case is not None:
        known = scope.scope_of(ctx, statement.case, tx.recorded)
        if known is None or (known.keeper != sender and sender not in known.partners):
            return True
    return statement.conference is not None and chair_of(ctx, statement.conference, tx) is None
