"""Need to know: which partners a case belongs to, as this node knows it, and whether something may go or come within it.

The same question is asked on both sides (R36). A partner learns of a case, and of who else is in its scope, from the partner that
coordinates it and from nobody else; a case this node was never put in does not exist here, whatever a message claims.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from exchange.domain import events as e
from exchange.domain.casework import Phase
from exchange.domain.event import Event
from exchange.domain.vocabulary import Side
from exchange.node.context import Context
from exchange.wire import casework

Recorded = Sequence[tuple[int, Event]]
"""Events of the open batch: a case may be shared and used in one delivery."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A case as the gates need it."""

    keeper: str
    """Slug of the partner that coordinates it."""
    partners: frozenset[str]
    """Everybody in scope, the keeper among them; empty when this node was taken out."""
    closed: bool


def scope_of(ctx: Context, case: UUID, recorded: Recorded = ()) -> Scope | None:
    """The scope of a case; None when this node never heard of it."""
    for _, event in reversed(recorded):
        if isinstance(event, e.CaseShared) and event.case == case:
            return Scope(event.partner, frozenset(event.partners), event.phase == Phase.CLOSED)
    row = ctx.ledger.one("SELECT keeper, inside, closed_at FROM cases WHERE case_id=?", str(case))
    if row is None:
        return None
    keeper = row["keeper"] or ctx.me.slug
    found = ctx.ledger.rows("SELECT partner FROM case_scope WHERE case_id=?", str(case))
    partners = frozenset({keeper, *(r["partner"] for r in found)}) if row["inside"] else frozenset[str]()
    return Scope(keeper, partners, row["closed_at"] is not None)


def outside(ctx: Context, case: UUID | None, other: str, side: Side, recorded: Recorded = ()) -> bool:
    """Whether something that names ``case`` would leave its scope, or comes from outside it.

    A closed case takes nothing new from us; what was under way when it closed is still received.
    """
    if case is None:
        return False
    known = scope_of(ctx, case, recorded)
    return known is None or other not in known.partners or (side is Side.SENDING and known.closed)


def objections(ctx: Context, sender: str, case: casework.Case, recorded: Recorded) -> Iterator[str]:
    """What stands against being told of a case: another partner's case, or one we are taken out of without being in it."""
    known = scope_of(ctx, case.case, recorded)
    named = set(case.partners)
    everybody = ctx.covenants.current.covenant.index.partners
    lawful = case.inside if known is None else known.keeper == sender
    if case.inside:
        lawful = lawful and {sender, ctx.me.slug, case.lead} <= named <= everybody.keys()
    if not lawful:
        yield "R36"
