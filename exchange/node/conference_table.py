"""What everything about a case conference stands on: its state from the log, a fact that is decided before it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from exchange.domain import conference as domain
from exchange.domain.event import Event
from exchange.domain.proposal import Finding, Verdict
from exchange.errors import NotFoundError
from exchange.node.commands import Result, once
from exchange.node.context import Context
from exchange.node.drafting import reasons
from exchange.node.release import chair_of, conference_stream, facts_of
from exchange.node.service import Actor, Idempotency, Refused
from exchange.node.work import Fresh, Post, record_refusal
from exchange.node.writer import Tx
from exchange.wire import messages as m

CHAIR = "chair"
"""The role that plans and decides; no other releases anything."""


class Table:
    """A base for the use cases of a conference."""

    def __init__(self, ctx: Context, post: Post) -> None:
        self._ctx = ctx
        self._post = post

    def facts(self, conference: UUID, tx: Tx | None = None) -> list[Event]:
        """Every fact that this node knows about a conference.

        Raises:
            NotFoundError: It knows of no such conference.
        """
        chair = chair_of(self._ctx, conference, tx)
        if chair is None:
            raise NotFoundError("There is no such conference at this node.")
        return facts_of(self._ctx, chair, conference, tx)

    def state(self, conference: UUID, tx: Tx | None = None) -> domain.Conference:
        """The conference as it stands."""
        state = domain.fold(self.facts(conference, tx))
        if state is None:
            raise NotFoundError("There is no such conference at this node.")
        return state

    def say(self, tx: Tx, chair: str, conference: UUID, cls: type[Event], /, **fields: Any) -> None:
        """Record a fact that this node's partner says, once it is decided that it may be true.

        Raises:
            Refused: Article 11.2 says no (R12).
            ConflictError: It does not fit what happened before.
        """
        ctx = self._ctx
        stream = conference_stream(ctx, chair, conference)
        fact = cls(**{"originator_id": stream, "at": tx.now, "conference": conference, **fields})
        state = domain.fold(facts_of(ctx, chair, conference, tx))
        decided = domain.decide(state, fact, said_by=ctx.me.slug)
        if isinstance(decided, Finding):
            raise refused(decided, ctx.me.slug)
        for event in decided:
            tx.append(event)

    def _say(self, tx: Tx, cls: type[Event], conference: UUID, **fields: Any) -> None:
        """Say it of a conference that this node's partner chairs."""
        self.say(tx, self._ctx.me.slug, conference, cls, **fields)

    async def chaired_here(self, actor: Actor, conference: UUID) -> domain.Conference:
        """A conference that this node's partner chairs.

        Raises:
            Refused: Another partner chairs it (R12).
        """
        state = self.state(conference)
        if state.chair != self._ctx.me.slug:
            raise await self.recorded(actor, m.Kind.CONFERENCE, refused(domain.NO_RELEASE, state.chair))
        return state

    async def carry_out(
        self,
        actor: Actor,
        command: str,
        key: Idempotency | None,
        form: BaseModel,
        unit: Callable[[Tx, list[Fresh]], tuple[UUID, Result]],
    ) -> tuple[UUID, Result]:
        """Run ``unit`` once per idempotency key, send what it composed, and record it when article 11.2 refuses."""
        fresh: list[Fresh] = []

        def run(tx: Tx) -> tuple[UUID, Result]:
            fresh.clear()  # a unit may run twice
            return unit(tx, fresh)

        try:
            answer = await once(self._ctx, actor, command, key, form, run)
        except Refused as refusal:
            raise await self.recorded(actor, m.Kind.CONFERENCE, refusal) from None
        self._post.send(fresh)
        return answer

    async def recorded(self, actor: Actor, kind: m.Kind, refusal: Refused) -> Refused:
        """The same refusal, once it is in the log, without content."""
        verdict = Verdict(tuple(Finding(reason.code) for reason in refusal.refusals))
        partner = refusal.refusals[0].partner
        await self._ctx.writer.run(partial(record_refusal, actor=actor, partner=partner, kind=kind, verdict=verdict))
        return refusal

    def connected(self, slug: str) -> bool:
        """Whether messages can go to this partner: it is another one, and not on paper."""
        partner = self._ctx.covenants.current.by_slug(slug)
        return partner is not None and partner.connected and slug != self._ctx.me.slug

    @property
    def term(self) -> str:
        """The retention class of texts about the work."""
        return self._ctx.covenants.current.covenant.settings.statement_retention


def refused(finding: Finding, partner: str) -> Refused:
    """The refusal that a reader gets."""
    return Refused(reasons(Verdict((finding,)), partner, 0), finding.refusal.status)
