"""By which day a message is judged: its sender's own, within what this node can know.

The time in a header is the sender's word, and rules end: the exception to telling somebody, a decision of the police, a term.
Whoever could date a message as he likes would have it judged by a day on which it still held. So it counts as sent no earlier
than the sender's own heartbeat that does not know of it yet, and no longer ago than the covenant lets anything be under way.
What its header says is stored as it came; the receipt bears the time of arrival, so both can be held against each other.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from exchange.node.context import Context
from exchange.node.receiving import SKEW, Incoming


def judged_at(ctx: Context, incoming: Incoming) -> datetime:
    """The moment whose rules a message has to pass. Never after now: a heartbeat of a clock that was ahead changes nothing."""
    now = ctx.clock.now()
    under_way = timedelta(days=ctx.covenants.current.covenant.settings.max_age_days)
    earliest = now - under_way
    beat = ctx.partners.heartbeat(incoming.sender.slug)
    if beat is not None and beat.last_sent < incoming.sequence:
        earliest = max(earliest, datetime.fromisoformat(beat.time) - SKEW)
    return max(datetime.fromisoformat(incoming.header.time), min(earliest, now))
