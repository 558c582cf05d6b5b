"""What is on record, read back: texts only after the read is in the log; lists for deadlines are not about anybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date
from typing import TypeVar
from uuid import UUID

from exchange.domain import events as e
from exchange.domain.event import Event, Gone
from exchange.node import facts_forms as ff
from exchange.node.context import Context
from exchange.node.register import Reads
from exchange.node.service import Actor

_T = TypeVar("_T")


class Shown:
    """See the module."""

    def __init__(self, ctx: Context, reads: Reads) -> None:
        self._ctx = ctx
        self._reads = reads

    def _events(self, facts: Sequence[UUID]) -> list[Event]:
        marks = ",".join("?" * len(facts))
        rows = self._ctx.ledger.rows(
            f"SELECT log_index FROM facts WHERE fact IN ({marks}) ORDER BY log_index", *[str(fact) for fact in facts]
        )
        return self._ctx.log.read_all(self._ctx.log.entries_at([row["log_index"] for row in rows]))

    async def notices(self, actor: Actor, subject: UUID) -> list[ff.NoticeAnswer]:
        """What somebody was told."""
        same = [person.handle for person in self._ctx.people.same(subject)]
        await self._reads.log(actor, "notice.list", [subject])
        events = self._events([fact.id for fact in self._ctx.facts.notices_of(same)])
        return [_notice(event) for event in events if isinstance(event, e.NoticeGiven) and event.subject in same]

    async def exceptions(self, actor: Actor, subject: UUID, today: date) -> list[ff.ExceptionAnswer]:
        """Why somebody was not told, and whether that still holds."""
        same = [person.handle for person in self._ctx.people.same(subject)]
        await self._reads.log(actor, "exception.list", [subject])
        known = {fact.id: fact for fact in self._ctx.facts.exceptions_of(same)}
        return [
            ff.ExceptionAnswer(
                exception=event.originator_id,
                at=event.at,
                by=event.by,
                ground=known[event.originator_id].ground,
                considerations=_text(event.considerations, {}),
                motivation=_text(event.motivation, ""),
                recipients=sorted(known[event.originator_id].recipients),
                review_on=known[event.originator_id].review_on,
                ends_on=known[event.originator_id].ends_on,
                told_of_restriction=_text(event.told_of_restriction, gone=False),
                holds=known[event.originator_id].holds_on(today),
            )
            for event in self._events(list(known))
            if isinstance(event, e.ExceptionInvokedForAnybody)
        ]

    def reviews(self, until: date, today: date) -> list[ff.DueReview]:
        """Live exceptions whose review comes up to ``until``."""
        return [
            ff.DueReview(
                exception=UUID(row["fact"]),
                review_on=date.fromisoformat(row["review_on"]),
                overdue=date.fromisoformat(row["review_on"]) < today,
            )
            for row in self._ctx.ledger.rows(
                "SELECT fact, review_on FROM facts WHERE kind='exception' AND state='live' AND review_on <= ?"
                " AND (ends_on IS NULL OR ends_on >= ?) ORDER BY review_on, fact",
                until.isoformat(),
                today.isoformat(),
            )
        ]

    def decisions(self, today: date) -> list[ff.DecisionAnswer]:
        """Every decision on record, the newest last."""
        return [
            ff.DecisionAnswer(
                decision=fact.id,
                reference=fact.reference,
                ground=fact.ground,
                goal=fact.goal,
                recipients=list(fact.recipients),
                categories=list(fact.categories),
                fields=list(fact.fields) if fact.fields is not None else None,
                agreed=fact.agreed,
                decided_on=fact.decided_on,
                conditions=list(fact.conditions),
                valid_until=fact.valid_until,
                withdrawn=fact.withdrawn,
                valid=not fact.withdrawn and today <= fact.valid_until,
            )
            for fact in list(self._ctx.facts.decisions.values())
        ]

    def trainings(self, today: date) -> list[ff.TrainingAnswer]:
        """The last training of each actor."""
        term = self._ctx.covenants.current.covenant.index.training_term
        found = []
        for row in self._ctx.ledger.rows("SELECT actor, max(followed_on) AS day FROM trainings GROUP BY actor"):
            day = date.fromisoformat(row["day"])
            until = term.after(day) if term else None
            found.append(
                ff.TrainingAnswer(
                    actor=UUID(row["actor"]), followed_on=day, until=until, lapsed=until is not None and today > until
                )
            )
        return found

    def activities(self) -> list[ff.ActivityAnswer]:
        """The live entries of the processing register."""
        rows = self._ctx.ledger.rows("SELECT log_index FROM activities WHERE state='live' ORDER BY log_index")
        events = self._ctx.log.read_all(self._ctx.log.entries_at([row["log_index"] for row in rows]))
        return [
            ff.ActivityAnswer(
                entry=event.originator_id,
                activity=event.activity,
                name=_text(event.name, ""),
                purposes=list(event.purposes),
                categories=list(event.categories),
                recipients=list(event.recipients),
                bases=list(event.bases),
                retention=list(event.classes),
                confidential=event.confidential,
                since=event.at.astimezone(UTC),
            )
            for event in events
            if isinstance(event, e.RegisteredActivity)
        ]


def _notice(event: e.NoticeGiven) -> ff.NoticeAnswer:
    return ff.NoticeAnswer(
        notice=event.originator_id,
        at=event.at,
        by=event.by,
        given_on=None if isinstance(event.given_on, Gone) else date.fromisoformat(event.given_on),
        given_by=_text(event.given_by, ""),
        mode=_text(event.mode, ""),
        language=_text(event.language, ""),
        purpose=_text(event.purpose, ""),
        recipients=_text(event.recipients, []),
        interest=_text(event.interest, ""),
        rights_explained=_text(event.rights_explained, gone=False),
        source_told=_text(event.source_told, gone=False),
        reaction=_text(event.reaction, ""),
        reference=_text(event.reference, ""),
    )


def _text(value: _T | Gone, gone: _T) -> _T:
    """The value; what was shredded a moment ago reads as nothing."""
    return gone if isinstance(value, Gone) else value
