"""Whether this node said more than its log knows: an older copy was put back, or its keys are in other hands (protocol §5).

What it would send now contradicts what it signed before: one number for two messages, another leaf at an index. Two things show
it. The vault remembers the newest entry whose keys it confirmed; then nothing is written at all (:attr:`Log.behind`). And
partners say in their heartbeats which numbers of ours they hold. A partner's word alone stops only what goes to itself, so
that no single one silences this node; the word of two stops everything.
"""

from __future__ import annotations

from typing import Final

from exchange.domain.pairing import PairOut
from exchange.node.context import Context
from exchange.wire.control import Heartbeat

HELD: Final = "partner-holds-more"
"""Why a message waits, and what ``status`` warns of."""


def holds_more(beat: Heartbeat, outward: PairOut) -> bool:
    """Whether a partner holds, or counts, a number of ours that was never given out here."""
    return max(beat.accepted_upto, *beat.missing, 0) > outward.last


def holders(ctx: Context) -> set[str]:
    """Partners that hold more than this log gave out, by the newest that each of them said."""
    beats = ((p.slug, ctx.partners.heartbeat(p.slug)) for p in ctx.covenants.current.connected())
    outward = ctx.writer.overlay.pairs_out
    return {slug for slug, beat in beats if beat is not None and holds_more(beat, outward.get(slug, PairOut()))}


def may_send(ctx: Context, partner: str) -> bool:
    """Whether anything may go to ``partner`` now."""
    found = holders(ctx)
    return partner not in found and len(found) < 2  # noqa: PLR2004 - the word of two
