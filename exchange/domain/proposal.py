"""What the gates judge and what they answer: a proposal with its items on the one side, a verdict with findings on the other.

A proposal holds facts already looked up (the local day, the notice, the decision), so that judging needs no clock and no log.
The receiver builds the same proposal from the message itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from exchange.domain.refusals import CATALOGUE, Refusal
from exchange.domain.vocabulary import Kind, Regime, SecrecyGround

NOT_APPLICABLE: Final = "NVT"
"""Where a partner's basis and task would stand: a third party's are its own affair."""


Strike = Literal["datum", "field"]
"""What a chair struck (article 11.2): this datum, in the case or conference named; or else the same words, or the field for this
recipient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What the gates need to know about one item.

    Attributes:
        category: Code from the covenant.
        field: Field code within the category.
        text: All free text in the item, for the scans; never repeated in a finding.
        origin_partner: Slug of the partner it first came from; ``None`` when the sender learned it itself.
        origin_regime: The law it was kept under at its origin.
        source_consent: Reference of the source's consent to pass it on.
        onward_ground: The law or task that asks for passing it on.
        restricted: Use is restricted at the sender (AVG 18).
        gone: Removed at the sender, or past the sender's own confirmed term.
        struck: How the chair of a case conference struck it (article 11.2), if so; only its owner knows.
        since: The first day it was processed or observed, as far as is known; ``None`` when nobody knows.
        valid_until: Last day on which the sender calls it true.
        identifies: It only tells who the subject is, and says nothing else of that person.
    """

    category: str
    field: str
    text: str = ""
    origin_partner: str | None = None
    origin_regime: Regime = Regime.AVG
    source_consent: str | None = None
    onward_ground: str | None = None
    restricted: bool = False
    gone: bool = False
    struck: Strike | None = None
    since: date | None = None
    valid_until: date | None = None
    identifies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrecy:
    """The answer to "does professional secrecy apply?", and what lifts it for this disclosure."""

    applies: bool
    regime: str | None = None
    """Where the duty comes from: a code of the covenant, or of :class:`exchange.domain.vocabulary.SecrecyRegime`."""
    ground: SecrecyGround | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """Why it is necessary, in proportion, and not possible with less (article 11.1)."""

    necessity: str
    proportionality: str
    subsidiarity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The subject was told beforehand (article 10.1)."""

    reference: str
    recipients: frozenset[str]
    """Slugs of the partners that were named to the subject."""
    given_on: date | None = None
    """The local day on which the subject was told; later than the message is not beforehand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeException:
    """Why the subject was not told beforehand (article 10.1, UAVG 41, AVG 14(5))."""

    ground: str
    recipients: frozenset[str]
    """Slugs of the partners that it carries to."""
    review_on: date
    """Last day on which it holds without a new review."""
    ends_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WpgDecision:
    """A registered decision of the police under Wpg 16, 18, 19 or 20."""

    reference: str
    ground: str
    goal: str
    interest: str
    recipients: frozenset[str]
    categories: frozenset[str]
    fields: frozenset[str] | None = None
    """When given: only these fields may be disclosed (a condition of the decision)."""
    authority_agreed: bool = False
    decided_on: date | None = None
    """The day it was taken; ``None`` when the message does not say."""
    valid_until: date
    conditions: tuple[str, ...] = ()
    """What the recipient is bound to (Wpg 20(2)), in words that only people can judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """Acute danger (AVG 6(1)(d)): what threatens, and whose vital interest it is."""

    danger: str
    interest_of: str
    """``SUBJECT`` or ``OTHER``; empty when it was not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Giving to somebody who is no partner (article 8.1): what was agreed, or to whom the case was allocated."""

    agreement: str | None = None
    """Reference of an agreement of the case conference (8.1 a)."""
    allocation: str | None = None
    """Reference of an allocation of the case (8.1 b)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A message before it is sent, or as it was received: everything the gates judge, and nothing else.

    ``on`` is the local day of judging. ``stated`` holds the covenant's own grounds that the sender states to be met.
    """

    kind: Kind
    sender: str
    recipient: str
    on: date
    purpose: str = ""
    context: str = ""
    about_person: bool = True
    sender_basis: str = ""
    recipient_basis: str = ""
    sender_task: str = ""
    recipient_task: str = ""
    special_exception: str | None = None
    criminal_ground: str | None = None
    stated: frozenset[str] = frozenset()
    secrecy: Secrecy | None = None
    weighing: Weighing | None = None
    notice: Notice | None = None
    notice_exception: NoticeException | None = None
    wpg: WpgDecision | None = None
    emergency: Emergency | None = None
    third_party: Outside | None = None
    conference: UUID | None = None
    """Given in this case conference (article 11.2)."""
    chair_release: UUID | None = None
    release_known: bool = False
    """The chair's release of exactly this was found to hold."""
    signal_kind: str | None = None
    support_rationale: str = ""
    text: str = ""
    """Any other free text of the message: a request, an answer."""
    decided_by_person: bool = True
    registered: bool = True
    """The sender's own register holds this processing. Only the sender can see that."""
    trained_on: date | None = None
    """Last privacy training of whoever decides, at the sender."""
    numbers_confirmed: bool = False
    """A person confirmed that the numbers in the text are no BSN (R34)."""
    about_case: bool = False
    """It names a case."""
    outside_case: bool = False
    """It names a case in whose scope sender or recipient is not, as far as the one who judges knows (R36)."""
    items: tuple[ItemFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason to refuse. ``item`` is the position of the item, ``None`` when the whole message is meant."""

    code: str
    item: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    """Names from the covenant only."""
    final: bool = False
    """Acute danger does not put it off, whatever the catalogue says of the code."""

    @property
    def refusal(self) -> Refusal:
        """The catalogue entry."""
        return CATALOGUE[self.code]

    def sentence(self, *, language: str = "nl", warning: bool = False) -> str:
        """The sentence for a reader; ``warning`` when it stops nothing."""
        return self.refusal.sentence(self.params, language=language, warning=warning)


class Outcome(StrEnum):
    """What a verdict comes to."""

    ALLOW = "allow"
    ALLOW_WITH_DUTIES = "allow-with-duties"
    """It goes now, because of acute danger; what is missing is owed (:mod:`exchange.domain.duties`)."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings about one proposal: allow, refuse, or allow with duties."""

    findings: tuple[Finding, ...] = ()
    """What refuses."""
    warnings: tuple[Finding, ...] = ()
    """Shown, counted, but stopping nothing."""
    duties: tuple[Finding, ...] = ()
    """What would refuse, were there no acute danger: to be made good afterwards."""

    @property
    def outcome(self) -> Outcome:
        """The one answer."""
        if self.findings:
            return Outcome.REFUSE
        return Outcome.ALLOW_WITH_DUTIES if self.duties else Outcome.ALLOW

    @property
    def allowed(self) -> bool:
        """Nothing stands against it; duties may."""
        return self.outcome is not Outcome.REFUSE

    @property
    def owed(self) -> tuple[str, ...]:
        """The code of every duty once, in order."""
        return tuple(sorted({f.code for f in self.duties}))

    @property
    def message_refused(self) -> bool:
        """A reason was found that holds for the message as a whole."""
        return any(f.item is None for f in self.findings)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code once, in order."""
        return tuple(sorted({f.code for f in self.findings}))

    def of_item(self, item: int) -> tuple[Finding, ...]:
        """What stands against one item: its own findings, and those about the whole message."""
        return tuple(f for f in self.findings if f.item is None or f.item == item)
