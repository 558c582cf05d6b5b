"""The case conference (covenant 11.2): what may be planned, offered, released, agreed and published, and by whom.

A fact is decided by who says it: the same :func:`decide` holds a node's own commands and a partner's messages against the
conference as this node knows it. :func:`evolve` folds what was decided. In short:

* nothing happens without a chair, and only the chair's partner plans, decides and publishes (R12);
* a partner offers only about a case in whose scope it is, to others in that scope, and never with content;
* nothing is released before the chair held the offers against article 11.2; what is struck stays struck;
* an item goes only after a release, once, and its owner may withdraw it until then;
* agreements and decisions belong to an agenda item, and so to the partners in scope of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.domain.proposal import Finding
from exchange.errors import ConflictError, NotFoundError

NO_RELEASE: Final = Finding("R12")
"""Article 11.2 says no: no chair, not the chair, not in scope, or not released."""


class Status(StrEnum):
    """Where an offer stands."""

    OFFERED = "offered"
    ASKED = "asked"
    STRUCK = "struck"
    RELEASED = "released"
    HELD = "held-back"
    """Released, but a gate refused it when it was to be sent."""
    SENT = "sent"
    WITHDRAWN = "withdrawn"


OPEN: Final = frozenset({Status.OFFERED, Status.ASKED})
"""The chair has not decided yet."""
SENDABLE: Final = frozenset({Status.RELEASED, Status.HELD})
_AFTER: Final = {"release": Status.RELEASED, "strike": Status.STRUCK, "ask": Status.ASKED}


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """A case on the agenda and the partners in scope of it."""

    item: UUID
    case: UUID
    partners: frozenset[str]


@dataclass(frozen=True, slots=True)
class Offer:
    """An item that its owner would share, as far as anybody may know."""

    offer: UUID
    item: UUID
    owner: str
    recipients: frozenset[str]
    automatic: bool
    by: UUID | None
    status: Status = Status.OFFERED
    release: UUID | None = None
    codes: tuple[str, ...] = ()
    act: UUID | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who owes an action, and whether it was done."""

    agreement: UUID
    item: UUID
    owner: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class Conference:
    """A conference as one partner knows it."""

    conference: UUID
    chair: str
    version: int
    minutes_taker: UUID | None
    participants: frozenset[str]
    reviewed: bool = False
    agenda: Mapping[UUID, AgendaItem] = field(default_factory=dict)
    offers: Mapping[UUID, Offer] = field(default_factory=dict)
    agreements: Mapping[UUID, Agreement] = field(default_factory=dict)
    decisions: frozenset[UUID] = frozenset()
    published: Mapping[UUID, int] = field(default_factory=dict)
    """Agenda item -> version of its outcome."""

    def scope(self, item: UUID) -> frozenset[str]:
        """The partners in scope of an agenda item; nobody for one that is not known here."""
        found = self.agenda.get(item)
        return found.partners if found is not None else frozenset()

    def offer(self, offer: UUID) -> Offer:
        """One offer.

        Raises:
            NotFoundError: Not known here.
        """
        found = self.offers.get(offer)
        if found is None:
            raise NotFoundError("There is no such offer in this conference.")
        return found


# ---------------------------------------------------------------------------------------- deciding


def decide(state: Conference | None, fact: Event, *, said_by: str) -> tuple[Event, ...] | Finding:
    """The facts that follow from ``fact`` being said, or why not.

    Args:
        state: The conference as it stands; None before it was planned.
        fact: What somebody wants to be true.
        said_by: The partner that says it.

    Raises:
        ConflictError: It does not fit what happened before.
        NotFoundError: It speaks of an offer, agenda item or agreement that is not known here.
    """
    if isinstance(fact, e.Planned):
        return _plan(state, fact, said_by)
    rule = _RULES.get(type(fact))
    if state is None or rule is None:
        raise NotFoundError("There is no such conference at this node.")
    return (fact,) if rule(state, fact, said_by) else NO_RELEASE


def _plan(state: Conference | None, fact: e.Planned, said_by: str) -> tuple[Event, ...] | Finding:
    chaired = fact.chairperson is not None or fact.message is not None  # who chairs is told to nobody
    if said_by != fact.chair or not chaired or (state is not None and state.chair != fact.chair):
        return NO_RELEASE
    if fact.version <= (state.version if state is not None else 0):
        raise ConflictError("A newer version of this agenda is known here.")
    return (fact,)


def _agenda(state: Conference, fact: e.AgendaItemSet, said_by: str) -> bool:
    if fact.item in state.agenda:
        raise ConflictError("This item stands on the agenda already.")
    at_the_table = state.participants | {state.chair}
    return said_by == state.chair and bool(fact.partners) and at_the_table.issuperset(fact.partners)


def _offer(state: Conference, fact: e.ItemOffered, said_by: str) -> bool:
    if fact.offer in state.offers:
        raise ConflictError("This offer was made before.")
    item = state.agenda.get(fact.item)
    if item is None:
        raise NotFoundError("There is no such item on the agenda of this conference.")
    others = item.partners - {fact.owner}
    lawful = bool(fact.recipients) and others.issuperset(fact.recipients)
    return said_by == fact.owner and said_by in item.partners and fact.case == item.case and lawful


def _review(state: Conference, fact: e.MinimisationReviewed, said_by: str) -> bool:  # noqa: ARG001 - one shape for all
    return said_by == state.chair


def _chair_decides(state: Conference, fact: e.OfferDecided, said_by: str) -> bool:
    offer = state.offer(fact.offer)
    if said_by != state.chair:
        return False
    if offer.status not in OPEN:
        raise ConflictError("This offer is decided or withdrawn already.")
    if fact.decision != "release":
        return fact.release is None and not fact.signatures
    return state.reviewed and fact.release is not None and set(fact.signatures) == offer.recipients


def _withdraw(state: Conference, fact: e.OfferWithdrawn, said_by: str) -> bool:
    offer = state.offer(fact.offer)
    if offer.status not in OPEN | SENDABLE:
        raise ConflictError("This offer was sent, struck or withdrawn already.")
    return said_by == offer.owner


def _send(state: Conference, fact: e.OfferFulfilled | e.OfferHeldBack, said_by: str) -> bool:
    offer = state.offer(fact.offer)
    if offer.status in {Status.SENT, Status.WITHDRAWN}:
        raise ConflictError("This offer was sent or withdrawn already.")
    return said_by == offer.owner and offer.status in SENDABLE


def _agree(state: Conference, fact: e.AgreementMade, said_by: str) -> bool:
    if fact.agreement in state.agreements:
        raise ConflictError("This agreement was made before.")
    item = state.agenda.get(fact.item)
    if item is None:
        raise NotFoundError("There is no such item on the agenda of this conference.")
    return said_by == state.chair and fact.owner in item.partners and fact.case == item.case


def _resolve(state: Conference, fact: e.DecisionMade, said_by: str) -> bool:
    if fact.decision in state.decisions:
        raise ConflictError("This decision was taken before.")
    item = state.agenda.get(fact.item)
    if item is None:
        raise NotFoundError("There is no such item on the agenda of this conference.")
    return said_by == state.chair and fact.case == item.case


def _publish(state: Conference, fact: e.OutcomePublished, said_by: str) -> bool:
    if fact.item not in state.agenda:
        raise NotFoundError("There is no such item on the agenda of this conference.")
    if fact.version <= state.published.get(fact.item, 0):
        raise ConflictError("A newer version of this outcome is known here.")
    return said_by == state.chair


def _done(state: Conference, fact: e.AgreementDone, said_by: str) -> bool:
    agreement = state.agreements.get(fact.agreement)
    if agreement is None:
        raise NotFoundError("There is no such agreement at this node.")
    if agreement.done:
        raise ConflictError("This agreement is done already.")
    return said_by == agreement.owner


_RULES: Final[Mapping[type[Event], Callable[[Conference, Any, str], bool]]] = {
    e.AgendaItemSet: _agenda,
    e.ItemOffered: _offer,
    e.MinimisationReviewed: _review,
    e.OfferDecided: _chair_decides,
    e.OfferWithdrawn: _withdraw,
    e.OfferHeldBack: _send,
    e.OfferFulfilled: _send,
    e.AgreementMade: _agree,
    e.DecisionMade: _resolve,
    e.OutcomePublished: _publish,
    e.AgreementDone: _done,
}


# ---------------------------------------------------------------------------------------- folding


def evolve(state: Conference | None, fact: Event) -> Conference | None:
    """The conference after a fact; what is no fact of a conference changes nothing."""
    if isinstance(fact, e.Planned):
        known = state or Conference(fact.conference, fact.chair, 0, None, frozenset())
        table = known.participants.union(fact.partners)
        return replace(known, version=fact.version, minutes_taker=fact.minutes_taker, participants=table)
    if state is None:
        return None
    if isinstance(fact, e.AgendaItemSet):
        item = AgendaItem(fact.item, fact.case, frozenset(fact.partners))
        return replace(state, agenda={**state.agenda, fact.item: item})
    if isinstance(fact, e.MinimisationReviewed):
        return replace(state, reviewed=True)
    return _with_offer(state, fact) or _with_outcome(state, fact)


def _with_offer(state: Conference, fact: Event) -> Conference | None:
    if isinstance(fact, e.ItemOffered):
        made = Offer(fact.offer, fact.item, fact.owner, frozenset(fact.recipients), fact.automatic, fact.by)
        return replace(state, offers={**state.offers, fact.offer: made})
    if not isinstance(fact, e.OfferDecided | e.OfferWithdrawn | e.OfferHeldBack | e.OfferFulfilled):
        return None
    known = state.offers.get(fact.offer)
    if known is None:
        return state
    if isinstance(fact, e.OfferDecided):
        changed = replace(known, status=_AFTER[fact.decision], release=fact.release)
    elif isinstance(fact, e.OfferWithdrawn):
        changed = replace(known, status=Status.WITHDRAWN)
    elif isinstance(fact, e.OfferHeldBack):
        changed = replace(known, status=Status.HELD, codes=fact.codes)
    else:
        changed = replace(known, status=Status.SENT, act=fact.act, codes=())
    return replace(state, offers={**state.offers, fact.offer: changed})


def _with_outcome(state: Conference, fact: Event) -> Conference:
    if isinstance(fact, e.AgreementMade):
        made = Agreement(fact.agreement, fact.item, fact.owner)
        return replace(state, agreements={**state.agreements, fact.agreement: made})
    if isinstance(fact, e.AgreementDone) and fact.agreement in state.agreements:
        done = replace(state.agreements[fact.agreement], done=True)
        return replace(state, agreements={**state.agreements, fact.agreement: done})
    if isinstance(fact, e.DecisionMade):
        return replace(state, decisions=state.decisions | {fact.decision})
    if isinstance(fact, e.OutcomePublished):
        return replace(state, published={**state.published, fact.item: fact.version})
    return state


def fold(facts: Iterable[Event]) -> Conference | None:
    """The conference that these facts make; None when none of them planned one."""
    state: Conference | None = None
    for fact in facts:
        state = evolve(state, fact)
    return state
