"""The case conference (covenant 11.2): planned, offered without content, decided by the chair, agreed.

All of it stands in one stream per conference. The stream id is derived from the conference's random id and its chair's
partner, so no partner can aim at another's. The same facts stand at every partner that takes part, each with what it may
know: who is in scope of an agenda item learns of it, the content of an offer stays at its owner, and which actor chaired
stays at the chair's partner.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from exchange.domain.event import Event, Private
from exchange.domain.events.core import KeyId, Stored

__all__ = [
    "AgendaItemSet",
    "AgreementDone",
    "AgreementMade",
    "Attendee",
    "ConferencePlanned",
    "ConferencePlannedOpenly",
    "DecisionMade",
    "ItemOffered",
    "MinimisationReviewed",
    "OfferDecided",
    "OfferFulfilled",
    "OfferHeldBack",
    "OfferWithdrawn",
    "OutcomePublished",
    "Planned",
]


class Attendee(Stored):
    """A partner at the table, as what, and the reference of its secrecy statement. A person types both codes."""

    partner: str
    role: str
    secrecy: str


class ConferencePlanned(Event, topic="conference/planned/2"):
    """A conference has a date, a chair and participants; a later version adds to the agenda."""

    key_id: KeyId
    retention: str
    conference: UUID
    chair: str
    """The chair's partner; it plans, decides and publishes."""
    date: str
    version: int
    chairperson: UUID | None
    """The actor who chairs; known at the chair's partner only."""
    minutes_taker: UUID | None
    partners: tuple[str, ...]
    """Who sits at the table."""
    by: UUID | None
    message: str | None = None
    """Message id at a partner that was told."""
    participants: Private[tuple[Attendee, ...]]
    """As what each of them sits there, and what it signed: codes that a person typed, and that may name anybody."""


class ConferencePlannedOpenly(Event, topic="conference/planned/1"):
    """The same as it was written before, with what was typed in the public line. Such a log is still read; none is written."""

    conference: UUID
    chair: str
    date: str
    version: int
    chairperson: UUID | None
    minutes_taker: UUID | None
    participants: tuple[Attendee, ...]
    by: UUID | None
    message: str | None = None

    @property
    def partners(self) -> tuple[str, ...]:
        """Who sits at the table."""
        return tuple(one.partner for one in self.participants)


Planned = ConferencePlanned | ConferencePlannedOpenly
"""That a conference was planned, whichever release wrote it."""


class AgendaItemSet(Event, topic="conference/agenda-item-set/1"):
    """A case stands on the agenda; only these partners are in scope of it."""

    key_id: KeyId
    retention: str
    conference: UUID
    item: UUID
    case: UUID
    partners: tuple[str, ...]
    by: UUID | None
    subjects: Private[list[str]]
    """Register handles at the chair's partner; pairwise references at the others."""


class ItemOffered(Event, topic="conference/item-offered/1"):
    """Its owner would share an item with these recipients. The content stands in the owner's log only."""

    key_id: KeyId
    retention: str
    conference: UUID
    item: UUID
    """Agenda item."""
    case: UUID
    offer: UUID
    owner: str
    category: str
    purpose: str
    recipients: tuple[str, ...]
    commitment: str
    """Binds the content that the chair has not seen: what is sent later must be this."""
    answers: UUID | None
    """The earlier offer about which the chair asked."""
    automatic: bool
    """The offering person decided that it goes as soon as it is released."""
    by: UUID | None
    field: Private[str]
    why: Private[str]
    subject: Private[str]
    """Register handle at the owner, pairwise reference at the chair; empty when they share none."""
    content: Private[str]
    """The disclosure as JSON at the owner; empty elsewhere."""
    salt: Private[str]
    """Of the commitment; empty elsewhere."""


class MinimisationReviewed(Event, topic="conference/minimisation-reviewed/1"):
    """The chair held the offers against article 11.2; nothing is released before."""

    conference: UUID
    on: str
    by: UUID | None


class OfferDecided(Event, topic="conference/offer-decided/1"):
    """The chair released, struck, or asked."""

    key_id: KeyId | None
    retention: str
    conference: UUID
    offer: UUID
    decision: Literal["release", "strike", "ask"]
    release: UUID | None
    signatures: dict[str, str]
    """Recipient -> the chair's signature, which goes along with the item as proof."""
    wants_content: bool
    """Of a question: the chair asks to see it, which is a disclosure of its own."""
    by: UUID | None
    question: Private[str]


class OfferWithdrawn(Event, topic="conference/offer-withdrawn/1"):
    """Its owner will not share it."""

    conference: UUID
    offer: UUID
    by: UUID | None


class OfferHeldBack(Event, topic="conference/offer-held-back/1"):
    """It was released, and a gate refused it at the moment of sending; a person may try again."""

    conference: UUID
    offer: UUID
    codes: tuple[str, ...]
    by: UUID | None


class OfferFulfilled(Event, topic="conference/offer-fulfilled/1"):
    """It went to the released recipients, as this act."""

    conference: UUID
    offer: UUID
    act: UUID
    by: UUID | None
    """Whose decision it was: the one who offered it to go on release, or who confirmed it."""


class AgreementMade(Event, topic="conference/agreement-made/1"):
    """Who does what before when. Disclosures to third parties hang on its id (covenant 8.1)."""

    key_id: KeyId
    retention: str
    conference: UUID
    item: UUID
    case: UUID
    agreement: UUID
    owner: str
    due: str
    by: UUID | None
    action: Private[str]
    third_party: Private[str]
    """Name of the organisation outside the covenant that is needed for it; empty for none."""


class AgreementDone(Event, topic="conference/agreement-done/1"):
    """The owner did it."""

    conference: UUID
    agreement: UUID
    by: UUID


class DecisionMade(Event, topic="conference/decision-made/1"):
    """What the conference decided about a case."""

    key_id: KeyId
    retention: str
    conference: UUID
    item: UUID
    case: UUID
    decision: UUID
    by: UUID | None
    text: Private[str]


class OutcomePublished(Event, topic="conference/outcome-published/1"):
    """Agreements and decisions on one agenda item, to the partners in scope of it; no verbatim minutes."""

    conference: UUID
    item: UUID
    version: int
    next_date: str | None
    by: UUID | None
    message: str | None = None
