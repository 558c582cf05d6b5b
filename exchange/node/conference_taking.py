"""What partners say about a case conference, held against what this node knows, and taken up in the transaction that stores it.

A message is turned into the facts it states, and each fact is decided by the domain as said by the sender. One that article
11.2 does not allow refuses the message (R12, in the receipt); what is merely known already adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from exchange.domain import conference as domain
from exchange.domain import events as e
from exchange.domain.event import Event, Gone
from exchange.domain.proposal import Finding
from exchange.errors import ConflictError, NotFoundError
from exchange.node.chairing import release_of
from exchange.node.context import Context
from exchange.node.receiving import Incoming
from exchange.node.release import chair_of, conference_stream, facts_of, holds
from exchange.node.taking import objecting, taken
from exchange.node.writer import Tx
from exchange.wire import conference as w
from exchange.wire import messages as m

NOT_ALLOWED: Final = frozenset({domain.NO_RELEASE.code})
NOT_SIGNED: Final = frozenset({"R16"})
TOO_MUCH: Final = frozenset({"R17"})
NOWHERE: Final = e.StoredPart(hash="", key_id="", retention="")
"""Stands for the stored part while it is only judged."""


@dataclass(frozen=True, slots=True)
class Stating:
    """Makes the facts that a message states."""

    stream: UUID
    at: datetime
    conference: UUID
    message: str
    part: e.StoredPart

    def fact(self, cls: type[Event], **fields: Any) -> Event:
        """A fact said by a partner."""
        return cls(**{"originator_id": self.stream, "at": self.at, "conference": self.conference, "by": None, **fields})

    def sealed(self, cls: type[Event], **fields: Any) -> Event:
        """A fact whose private fields go when the message goes."""
        return self.fact(cls, key_id=self.part.key_id, retention=self.part.retention, **fields)


def _told(work: w.Conference, say: Stating) -> Iterator[Event]:
    yield say.sealed(
        e.ConferencePlanned,
        chair=work.chair,
        date=work.date,
        version=work.version,
        chairperson=None,
        minutes_taker=None,
        partners=tuple(one.partner for one in work.participants),
        participants=tuple(e.Attendee(**one.model_dump()) for one in work.participants),
        message=say.message,
    )
    for entry in work.agenda:
        yield say.sealed(
            e.AgendaItemSet, item=entry.item, case=entry.case, partners=tuple(entry.partners), subjects=entry.subjects
        )


def _offered(work: w.Offered, say: Stating, owner: str) -> Iterator[Event]:
    for one in work.offers:
        yield say.sealed(
            e.ItemOffered,
            item=one.item,
            case=one.case,
            offer=one.offer,
            owner=owner,
            category=one.category,
            purpose=one.purpose,
            recipients=tuple(one.recipients),
            commitment=one.commitment,
            answers=one.answers,
            automatic=False,
            field=one.field,
            why=one.why,
            subject=one.subject or "",
            content="",
            salt="",
        )
    for held in work.held:
        if held.codes:
            yield say.fact(e.OfferHeldBack, offer=held.offer, codes=tuple(held.codes))
        else:
            yield say.fact(e.OfferWithdrawn, offer=held.offer)


def _decided(work: w.ChairDecided, say: Stating) -> Iterator[Event]:
    if work.reviewed_on is not None:
        yield say.fact(e.MinimisationReviewed, on=work.reviewed_on)
    yield say.sealed(
        e.OfferDecided,
        offer=work.offer,
        decision=work.decision,
        release=work.release,
        signatures={one.recipient: one.signature for one in work.signatures},
        wants_content=work.wants_content,
        question=work.question,
    )


def _published(work: w.Outcome, say: Stating) -> Iterator[Event]:
    same = {"item": work.item, "case": work.case}
    for one in work.agreements:
        yield say.sealed(e.AgreementMade, **same, **one.model_dump())
    for resolution in work.decisions:
        yield say.sealed(e.DecisionMade, **same, **resolution.model_dump())
    yield say.fact(
        e.OutcomePublished, item=work.item, version=work.version, next_date=work.next_date, message=say.message
    )


Statement = Callable[[Any, Stating, str], Iterator[Event]]
_STATES: Final[dict[m.Kind, Statement]] = {
    m.Kind.CONFERENCE: lambda work, say, _: _told(work, say),
    m.Kind.OFFERED: _offered,
    m.Kind.CHAIR_DECIDED: lambda work, say, _: _decided(work, say),
    m.Kind.OUTCOME: lambda work, say, _: _published(work, say),
}


# ---------------------------------------------------------------------------------------- judging and taking


def _stated(
    tx: Tx, ctx: Context, incoming: Incoming, part: e.StoredPart, chair: str
) -> tuple[list[Event], frozenset[str]]:
    """The new facts of a message, and the codes with which it is refused."""
    work: Any = incoming.work
    sender = incoming.sender.slug
    stream = conference_stream(ctx, chair, work.conference)
    state = domain.fold(facts_of(ctx, chair, work.conference, tx))
    new: list[Event] = []
    for fact in _STATES[incoming.kind](work, Stating(stream, tx.now, work.conference, incoming.message, part), sender):
        if isinstance(fact, e.MinimisationReviewed) and state is not None and state.reviewed:
            continue
        try:
            decided = domain.decide(state, fact, said_by=sender)
        except ConflictError:  # known already, or overtaken by something newer
            continue
        except NotFoundError:
            return [], NOT_ALLOWED
        if isinstance(decided, Finding):
            return [], NOT_ALLOWED
        for one in decided:
            new.append(one)
            state = domain.evolve(state, one)
    return new, frozenset()


def _chair(tx: Tx, ctx: Context, incoming: Incoming) -> str | None:
    """The chair's partner as this node knows it; who announces a conference chairs it, unless another does."""
    work: Any = incoming.work
    known = chair_of(ctx, work.conference, tx)
    return incoming.sender.slug if known is None and incoming.kind is m.Kind.CONFERENCE else known


def _object(tx: Tx, ctx: Context, incoming: Incoming) -> frozenset[str]:
    chair = _chair(tx, ctx, incoming)
    if chair is None or (incoming.kind is m.Kind.OFFERED) != (chair == ctx.me.slug):
        return NOT_ALLOWED
    if isinstance(incoming.work, w.Conference) and any(
        ctx.me.slug not in entry.partners for entry in incoming.work.agenda
    ):
        return TOO_MUCH
    new, codes = _stated(tx, ctx, incoming, NOWHERE, chair)
    signed = all(
        _signed(tx, ctx, incoming, chair, fact) for fact in new if isinstance(fact, e.OfferDecided) and fact.release
    )
    return codes if signed else NOT_SIGNED


def _signed(tx: Tx, ctx: Context, incoming: Incoming, chair: str, decided: e.OfferDecided) -> bool:
    """Whether recipients will accept this release: an owner finds out here, not by their refusals."""
    facts = facts_of(ctx, chair, decided.conference, tx)
    offered = next((f for f in facts if isinstance(f, e.ItemOffered) and f.offer == decided.offer), None)
    if offered is None or isinstance(offered.field, Gone) or decided.release is None:
        return True  # erased meanwhile: it cannot be sent any more, whatever was signed
    books = (ctx.covenants.current, incoming.generation)
    return all(
        holds(ctx, release_of(offered, offered.field, decided.release, recipient), signature, chair, books)
        for recipient, signature in decided.signatures.items()
    )


def _take(tx: Tx, ctx: Context, incoming: Incoming, part: e.StoredPart) -> None:
    chair = _chair(tx, ctx, incoming)
    if chair is not None:
        for fact in _stated(tx, ctx, incoming, part, chair)[0]:
            tx.append(fact)


for _kind in _STATES:
    objecting(_kind)(_object)
    taken(_kind)(_take)
