"""Who asked to hear what came of it, by when, and whether he did: one worklist for both sides (compare WGS 1.7(4))."""

from __future__ import annotations

from datetime import date

from exchange.domain.retention import local_day
from exchange.node import casework_forms as cf
from exchange.node.commands import allow
from exchange.node.context import Context
from exchange.node.service import Actor
from exchange.wire import messages as m

_STATES = {m.Kind.TAKEN_UP.value: "taken-up", m.Kind.HANDLED.value: "handled"}


class Feedback:
    """See the module."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def all(self, actor: Actor, *, overdue: bool = False) -> list[cf.FeedbackRow]:
        """What is still to be answered, soonest first; with ``overdue`` only what is late. An answer is HANDLED."""
        allow(actor, "feedback.list")
        today = local_day(self._ctx.clock.now())
        rows = self._ctx.ledger.rows(
            "SELECT f.*, m.uptake AS uptake FROM feedback f JOIN messages m ON m.message = f.message"
            " WHERE m.state NOT IN ('voided', 'nacked') AND coalesce(m.uptake, '') <> ? ORDER BY f.due, f.message",
            m.Kind.HANDLED.value,
        )
        found = [
            cf.FeedbackRow(
                message=r["message"],
                partner=r["partner"],
                direction=r["direction"],
                due=date.fromisoformat(r["due"]),
                state=_STATES.get(r["uptake"] or "", "open"),
                overdue=date.fromisoformat(r["due"]) < today,
            )
            for r in rows
        ]
        return [row for row in found if row.overdue] if overdue else found
