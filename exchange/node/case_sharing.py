"""Telling the partners in the scope of a case how it stands, and taking that up when another partner tells us."""

from __future__ import annotations

from uuid import UUID, uuid4

from exchange.domain import casework as c
from exchange.domain import events as e
from exchange.errors import InputError
from exchange.node import recording
from exchange.node.casestate import Told, events_of, fold, told
from exchange.node.context import Context
from exchange.node.messages import stream_of
from exchange.node.receiving import Incoming
from exchange.node.service import Actor
from exchange.node.taking import taken
from exchange.node.work import Fresh, Post
from exchange.node.writer import Tx
from exchange.wire import casework
from exchange.wire import messages as m

MOST_PEOPLE = 16
"""Subjects that one message names."""


class CaseSharing:
    """Composes CASE messages; everybody in scope is told the same, each in his own references."""

    def __init__(self, ctx: Context, post: Post) -> None:
        self._ctx = ctx
        self._post = post

    async def judged(self, actor: Actor, case: UUID, problem: str, partners: list[str]) -> None:
        """Pass, or refuse: whether these partners may be told of the case.

        Raises:
            InputError: A partner takes part on paper only, or is unknown.
            Refused: The covenant does not allow it.
        """
        covenant = self._ctx.covenants.current.covenant
        for slug in partners:
            partner = covenant.index.partners.get(slug)
            if partner is not None and partner.participation == "paper":
                raise InputError("A partner that takes part on paper only cannot be told of a case over the exchange.")
            work = casework.Case(case=case, inside=True, phase="SIGNALERING", lead=self._ctx.me.slug, problem=problem)
            await self._post.judged(actor, slug, m.Kind.CASE, work)

    def tell(self, tx: Tx, actor: Actor, case: UUID, also: tuple[str, ...] = ()) -> list[Fresh]:
        """Tell everybody in scope, and those just taken ``also`` out of it, in the transaction that changed the case.

        Who left the covenant, or takes part on paper since, is told nothing, and holds up nobody.
        """
        events = events_of(self._ctx, case, tx.recorded)
        state, texts = fold(self._ctx, events), told(events)
        book = self._ctx.covenants.current
        there = {partner.slug for partner in book.connected()}  # who left the exchange meanwhile is told by people
        others = sorted((state.scope | set(also)) & there - {self._ctx.me.slug})
        covenant = book.covenant
        return [
            self._post.compose(
                tx,
                recipient=partner,
                kind=m.Kind.CASE,
                work=self._work(tx, case, state, texts, partner),
                act=uuid4(),
                by=actor.id,
                retention=covenant.case_retention,
            )
            for partner in others
        ]

    def send(self, fresh: list[Fresh]) -> None:
        """After the commit."""
        self._post.send(fresh)

    def _work(self, tx: Tx, case: UUID, state: c.Case, texts: Told, partner: str) -> casework.Case:
        if partner not in state.scope:
            return casework.Case(case=case, inside=False, phase=state.phase.value, lead=state.lead)
        there = state.scope & self._ctx.covenants.current.covenant.index.partners.keys()
        handles = sorted(texts.people, key=lambda handle: not texts.people[handle])[:MOST_PEOPLE]
        known = [handle for handle in handles if self._ctx.people.person(handle) is not None]
        return casework.Case(
            case=case,
            inside=True,
            phase=state.phase.value,
            lead=state.lead if state.lead in there else self._ctx.me.slug,
            partners=sorted(there),
            problem=texts.problem or "",
            subjects=[recording.reference_for(tx, self._ctx, handle, partner) for handle in known],
        )


@taken(m.Kind.CASE)
def case_shared(tx: Tx, ctx: Context, incoming: Incoming, part: e.StoredPart) -> None:
    """A partner told how its case stands; that it may was judged before (R36)."""
    work, sender = incoming.work, incoming.sender
    if not isinstance(work, casework.Case) or part.key_id is None:
        return
    tx.append(
        e.CaseShared(
            originator_id=stream_of(sender.id, work.case),
            at=tx.now,
            key_id=part.key_id,
            case=work.case,
            partner=sender.slug,
            message=incoming.message,
            phase=work.phase,
            lead=work.lead,
            partners=tuple(work.partners),
            inside=work.inside,
            problem=work.problem,
            subjects=[recording.subject_of(tx, ctx, sender.slug, reference) for reference in work.subjects],
        )
    )
