"""What partners tell each other about a case conference (covenant 11.2): plan, offers, the chair's decisions, outcome.

No message of these carries the content of an offered item. Content goes as an ordinary disclosure, after the chair's release,
with the chair's signature beside it (``chair_release`` and ``release_signature`` of the statement).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from exchange.wire.messages import Code, Day, Hex32, Hex64, Hex128, Slug, Text, Uid, Wire, Work

MOST: Final = 10
"""Offers, agreements or decisions in one message: with the longest texts it still fits in a part."""
AGENDA: Final = 25

Slugs = Annotated[list[Slug], Field(min_length=1, max_length=50)]


class Attendee(Wire):
    """A partner at the table, as what, and the reference of its secrecy statement."""

    partner: Slug
    role: Code
    secrecy: Code


class AgendaEntry(Wire):
    """A case in whose scope the recipient is."""

    item: Uid
    case: Uid
    partners: Slugs
    """All partners in scope: those to whom something about this case may be offered."""
    subjects: Annotated[list[Hex32], Field(max_length=8)]
    """Pairwise references, of whoever sender and recipient both know already."""


class Conference(Work):
    """From the chair's partner to each participant: the agenda items in whose scope that participant is, and no others."""

    conference: Uid
    version: Annotated[int, Field(ge=1, le=2**31)]
    date: Day
    chair: Slug
    """The chair's partner, which is the sender. Which person chairs stays there."""
    participants: Annotated[list[Attendee], Field(max_length=50)]
    """Those who share an agenda item with the recipient."""
    agenda: Annotated[list[AgendaEntry], Field(max_length=AGENDA)]

    def texts(self) -> list[str]:
        """Codes that a person typed."""
        return [code for one in self.participants for code in (one.role, one.secrecy)]


class Offer(Wire):
    """What its owner would share: category, field, purpose and why. Never the content."""

    offer: Uid
    item: Uid
    case: Uid
    category: Code
    field: Code
    purpose: Code
    subject: Hex32 | None = None
    """Pairwise reference, when owner and chair's partner both know the person already."""
    why: Text
    recipients: Slugs
    commitment: Hex64
    """Hash of a salt and the content: what is sent after a release must be what was offered."""
    answers: Uid | None = None
    """The earlier offer about which the chair asked."""


class Held(Wire):
    """An offer that will not go: withdrawn by its owner, or held back by these refusals although it was released."""

    offer: Uid
    codes: Annotated[list[Code], Field(max_length=40)]


class Offered(Work):
    """From an owner to the chair's partner."""

    conference: Uid
    offers: Annotated[list[Offer], Field(max_length=MOST)]
    held: Annotated[list[Held], Field(max_length=MOST)]

    def texts(self) -> list[str]:
        """The reasons, and the codes that a person typed."""
        return [text for one in self.offers for text in (one.why, one.category, one.field, one.purpose)]


class ReleaseSignature(Wire):
    """The chair's signature over one release to one recipient."""

    recipient: Slug
    signature: Hex128


class ChairDecided(Work):
    """From the chair's partner to an owner, about one offer."""

    conference: Uid
    offer: Uid
    decision: Literal["release", "strike", "ask"]
    release: Uid | None = None
    reviewed_on: Day | None = None
    """The day on which the chair held the offers against article 11.2; a release without it does not count."""
    signatures: Annotated[list[ReleaseSignature], Field(max_length=50)]
    question: Text = ""
    wants_content: bool = False
    """The chair asks to see it; showing it is an ordinary disclosure to the chair's partner."""

    def texts(self) -> list[str]:
        """The question."""
        return [self.question]


class Agreement(Wire):
    """Who does what before when."""

    agreement: Uid
    action: Text
    owner: Slug
    due: Day
    third_party: Annotated[str, Field(max_length=120)] = ""


class Resolution(Wire):
    """What was decided."""

    decision: Uid
    text: Text


class Outcome(Work):
    """From the chair's partner to each partner in scope of an agenda item: agreements and decisions on that item alone."""

    conference: Uid
    item: Uid
    case: Uid
    version: Annotated[int, Field(ge=1, le=2**31)]
    agreements: Annotated[list[Agreement], Field(max_length=MOST)]
    decisions: Annotated[list[Resolution], Field(max_length=MOST)]
    next_date: Day | None = None

    def texts(self) -> list[str]:
        """Actions, names of third parties, decisions."""
        actions = [text for one in self.agreements for text in (one.action, one.third_party)]
        return actions + [one.text for one in self.decisions]
