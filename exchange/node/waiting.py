"""What waits for a person, counted by the lists that show it; never about whom, so that looking needs no record (design §4.14).

A line stands here for whoever may do something about it. ``overdue`` is as each list itself says so: past its day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from exchange.domain.actors import may, roles_of
from exchange.domain.retention import local_day
from exchange.node import facts_forms as ff
from exchange.node.afterwards import Afterwards
from exchange.node.casework_room import Casework
from exchange.node.commands import allow
from exchange.node.conferring import Conferences
from exchange.node.context import Context
from exchange.node.drafts import Drafts, proposals_for
from exchange.node.duties import Duties
from exchange.node.facts import Facts
from exchange.node.offering import Offering
from exchange.node.reading import new_messages
from exchange.node.retention import Retention
from exchange.node.service import Actor

Lateness = Sequence[bool]
"""One for each thing that waits: whether it should have been done by now."""


class Waiting:
    """Asks every list. Each one decides what belongs on it; here stands only who is told."""

    def __init__(
        self,
        ctx: Context,
        room: Casework,
        conferences: Conferences,
        offers: Offering,
        facts: Facts,
        duties: Duties,
        drafts: Drafts,
        retention: Retention,
        after: Afterwards,
    ) -> None:
        self._ctx = ctx
        self._room = room
        self._drafts = drafts
        self._lists: Final[tuple[tuple[ff.WorkKind, str, Callable[[Actor], Lateness]], ...]] = (
            ("inbox", "inbox.take-up", lambda _: _on_time(new_messages(ctx))),
            ("signal", "signal.triage", self._signals),
            ("unmatched", "subject.match", lambda _: _on_time(len(ctx.people.unmatched()))),
            ("proposal", "draft.read", self._proposals),
            ("draft", "draft.read", self._own_drafts),
            ("case-review", "case.change", self._cases),
            ("offer", "conference.decide", lambda _: _on_time(conferences.to_decide())),
            ("own-offer", "conference.confirm", lambda _: _on_time(offers.to_answer())),
            ("agreement", "agreement.done", lambda _: conferences.owed()),
            ("feedback", "inbox.handle", self._feedback),
            ("notification", "notification.process", lambda _: after.notifications.to_answer()),
            ("onward", "correction.make", lambda _: _on_time(after.notifications.counts()[2])),
            ("objection", "objection.decide", lambda _: after.objections.to_weigh()),
            ("duty", "duty.list", lambda actor: [one.overdue for one in duties.all(actor, closed=False)]),
            ("review", "exception.review", lambda _: facts.to_review()),
            ("opening", "circle.review", lambda actor: _on_time(room.circle.to_review(actor))),
            (
                "rule",
                "retention.confirm",
                lambda _: _on_time(sum(one.confirmed_at is None for one in retention.rules())),
            ),
            ("erasure", "retention.enforce", lambda _: [True] * retention.overdue_count()),
            ("parked", "parked.drop", lambda _: _on_time(ctx.ledger.count("parked WHERE state='parked'"))),
            ("refused", "parked.drop", lambda _: _on_time(ctx.ledger.count("messages WHERE state='nacked'"))),
        )

    def of(self, actor: Actor) -> list[ff.WorkAnswer]:
        """How much of each kind waits for somebody with this actor's roles."""
        allow(actor, "status")
        roles = roles_of(actor.roles)
        found = [(kind, waits(actor)) for kind, command, waits in self._lists if may(roles, command)]
        return [ff.WorkAnswer(kind=kind, count=len(late), overdue=sum(late)) for kind, late in found]

    def _signals(self, actor: Actor) -> Lateness:
        return _on_time(len(self._room.signals.all(actor, waiting=True)))

    def _proposals(self, actor: Actor) -> Lateness:
        """Late is one that goes tonight."""
        return [row["keep_until"] <= self._today for row in proposals_for(self._ctx, actor)]

    def _own_drafts(self, actor: Actor) -> Lateness:
        """Late is one that goes tonight."""
        return [row.keep_until.isoformat() <= self._today for row in self._drafts.all(actor) if not row.proposal]

    def _cases(self, actor: Actor) -> Lateness:
        """Open cases in whose circle the actor is, on and after the day on which they are looked at again."""
        known = (row for row in self._room.cases.all(actor) if row.mine and row.inside and row.closed_at is None)
        return [row.review_overdue for row in known if row.review_due and row.review_due.isoformat() <= self._today]

    def _feedback(self, actor: Actor) -> Lateness:
        """What partners asked to hear; what they owe waits for them."""
        return [row.overdue for row in self._room.feedback.all(actor) if row.direction == "received"]

    @property
    def _today(self) -> str:
        return local_day(self._ctx.clock.now()).isoformat()


def _on_time(count: int) -> Lateness:
    """Of a list without days: nothing of it is late."""
    return [False] * count
