"""What people read of cases: the list without content, one case with its text after the read event."""

from __future__ import annotations

import sqlite3
from datetime import date
from uuid import UUID

from exchange.domain import casework as c
from exchange.domain.event import Event
from exchange.domain.retention import local_day
from exchange.errors import NotFoundError
from exchange.node import casework_forms as cf
from exchange.node.casestate import Told, fold, reason_of, told
from exchange.node.circle import Circle, moment_of
from exchange.node.context import Context
from exchange.node.register import Reads
from exchange.node.service import Actor
from exchange.node.whoknows import label_of


class CaseReading:
    """See the module."""

    def __init__(self, ctx: Context, circle: Circle, reads: Reads) -> None:
        self._ctx = ctx
        self._circle = circle
        self._reads = reads

    # ------------------------------------------------------------------------------------ without content

    def rows(self, actor: Actor) -> list[cf.CaseRow]:
        """Every case of this node, open ones first, then the newest."""
        rows = self._ctx.ledger.rows("SELECT * FROM cases ORDER BY closed_at IS NOT NULL, opened_at DESC, case_id")
        return [self._row(actor, row) for row in rows]

    def row(self, actor: Actor, case: UUID) -> cf.CaseRow:
        """One case without its content.

        Raises:
            NotFoundError: There is no such case.
        """
        row = self._ctx.ledger.one("SELECT * FROM cases WHERE case_id=?", str(case))
        if row is None:
            raise NotFoundError("There is no such case at this node.")
        return self._row(actor, row)

    def _row(self, actor: Actor, row: sqlite3.Row) -> cf.CaseRow:
        case, today = row["case_id"], local_day(self._ctx.clock.now())
        scope = self._ctx.ledger.rows("SELECT partner FROM case_scope WHERE case_id=?", case)
        open_ = self._ctx.ledger.rows("SELECT due FROM actions WHERE case_id=? AND status='OPEN'", case)
        keeper = row["keeper"] or self._ctx.me.slug
        closed = row["closed_at"] is not None
        review = date.fromisoformat(row["review_due"]) if row["review_due"] else None
        return cf.CaseRow(
            case=UUID(case),
            keeper=keeper,
            lead=row["lead"],
            phase=c.Phase(row["phase"]),
            inside=bool(row["inside"]),
            partners=sorted({keeper, *(r["partner"] for r in scope)}) if row["inside"] else [],
            opened_at=moment_of(row["opened_at"]),
            closed_at=moment_of(row["closed_at"]) if closed else None,
            review_due=review,
            review_overdue=not closed and review is not None and review < today,
            open_actions=0 if closed else len(open_),
            overdue_actions=0 if closed else sum(date.fromisoformat(r["due"]) < today for r in open_),
            mine=actor.id in self._circle.members(UUID(case)),
        )

    # ------------------------------------------------------------------------------------ with its text

    async def read(self, actor: Actor, case: UUID, reason: str) -> cf.CaseAnswer:
        """One case; whoever is outside its circle gives a reason, and that stands in the log before anything is shown."""
        row = self.row(actor, case)
        await self._circle.admit(actor, "case.read", [case], reason)
        indexed = self._events(case)
        events = [event for _, event in indexed]
        state, texts = fold(self._ctx, events), told(events)
        people = [p for handle in texts.people if (p := self._ctx.people.resolve(handle)) is not None]
        await self._reads.log(actor, "case.read", [p.handle for p in people] or [None])
        stored = self._ctx.ledger.one("SELECT close_reason FROM cases WHERE case_id=?", str(case))
        kept_here = state.keeper == self._ctx.me.slug
        return cf.CaseAnswer(
            row=row,
            problem=texts.problem,
            coordinator=texts.coordinator,
            close_reason=stored["close_reason"] if stored else None,
            next_phases=sorted(c.NEXT[state.phase]) if kept_here else [],
            people=[
                cf.PersonAnswer(subject=person.handle, label=label_of(person), main=texts.people[handle])
                for handle in texts.people
                if (person := self._ctx.people.resolve(handle)) is not None
            ],
            goals=[
                cf.GoalAnswer(goal=goal, text=texts.goals.get(goal), reached=reached)
                for goal, reached in state.goals.items()
            ],
            actions=self._actions(state, texts),
            allocations=[
                cf.AllocationAnswer(allocation=allocation, to=to, at=event.at)
                for allocation, (to, event) in texts.allocations.items()
            ],
            signals=[
                r["source"]
                for r in self._ctx.ledger.rows(
                    "SELECT DISTINCT source FROM triages WHERE case_id=? ORDER BY source", str(case)
                )
            ],
            circle=sorted(self._circle.members(case), key=str),
            history=[_step(index, event) for index, event in indexed],
        )

    def _events(self, case: UUID) -> list[tuple[int, Event]]:
        indexes = [
            r["log_index"]
            for r in self._ctx.ledger.rows(
                "SELECT log_index FROM case_log WHERE case_id=? ORDER BY log_index", str(case)
            )
        ]
        entries = self._ctx.log.entries_at(indexes)
        return [(entry.index, event) for entry, event in zip(entries, self._ctx.log.read_all(entries), strict=True)]

    def _actions(self, state: c.Case, texts: Told) -> list[cf.ActionAnswer]:
        today = local_day(self._ctx.clock.now())
        return [
            cf.ActionAnswer(
                action=action,
                owner=value.owner,
                due=value.due,
                status=value.status,
                overdue=value.status is c.ActionStatus.OPEN and value.due < today and not state.closed,
                agreement=value.agreement,
                text=texts.actions.get(action, (None, None))[0],
                result=texts.actions.get(action, (None, None))[1],
            )
            for action, value in sorted(state.actions.items(), key=lambda pair: (pair[1].due, str(pair[0])))
        ]


_DETAIL = ("phase", "close_reason", "partner", "lead", "outcome", "status", "owner", "due", "verdict", "view")


def _step(index: int, event: Event) -> cf.StepAnswer:
    public = event.model_dump(mode="json", exclude=set(event.private))
    return cf.StepAnswer(
        at=event.at,
        what=event.topic,
        detail=" ".join(f"{name}={public[name]}" for name in _DETAIL if public.get(name)),
        by=getattr(event, "by", None),
        reason=reason_of(event),
        log_index=index,
    )
