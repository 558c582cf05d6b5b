"""The covenant as data: partners, purposes, contexts, categories, who may receive what, and how long things are kept.

The covenant is authored as TOML, compiled to canonical JSON, signed by every connected partner, and interpreted by
:mod:`exchange.domain.gates` on both sides. Nothing here is about one particular covenant: another covenant with other partners
and rules is other data. What a rule does not allow is refused.

Absent means default: :meth:`Covenant.document` leaves out whatever has its default value, so that a later release that knows
more fields still writes the same bytes for this document.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, ValidationError

from exchange.domain.known_by import KnownBy
from exchange.domain.lookup import Index
from exchange.domain.notation import (
    ArticleNumber,
    Code,
    FieldCode,
    Hash,
    LawCode,
    Line,
    Model,
    PartnerId,
    PeriodText,
    Slug,
    Text,
    Verified,
    Who,
)
from exchange.domain.places import form_errors, place
from exchange.domain.profiles import Profile
from exchange.domain.retention import Period, Rule, Trigger
from exchange.domain.vocabulary import ANYONE, Kind, Mark, Regime
from exchange.errors import CovenantError


class Environment(StrEnum):
    """What the exchange is used for; every screen and report shows it."""

    DEMO = "DEMO"
    ACCEPTANCE = "ACCEPTANCE"
    PRODUCTION = "PRODUCTION"


class Condition(StrEnum):
    """When a recipient may have a category."""

    ALLOW = "allow"
    """Always, within purpose and fields."""
    EXCEPTION = "exception"
    """Only when one of the row's grounds is cited."""
    WPG = "wpg"
    """Only when it comes from the police under a Wpg decision, or when one of the row's grounds is cited."""
    NEVER = "never"


class Task(Model):
    """An own statutory task of a partner (article 3.1)."""

    code: FieldCode
    title: Line
    source: Line
    verified: Verified = None
    secrecy_bound: bool = False
    """Done only by people bound to secrecy by profession or contract (UAVG 30(4))."""


class Partner(Model):
    """A controller of its own that takes part (article 2.1)."""

    id: PartnerId
    slug: Slug
    name: Line
    kind: Code
    participation: Literal["connected", "paper"]
    public_body: bool
    organisation_id: Line
    """URN of the organisation (``urn:nld:oin:…``, ``urn:nld:kvknr:…``)."""
    contact: Line | None = None
    """Where its office is reached with questions and about a breach: a shared mailbox or number, never somebody's name."""
    regime: Regime = Regime.AVG
    """The law its own records are kept under."""
    wpg_grounds: tuple[LawCode, ...] = ()
    """Grounds of the Wpg on which the police may give to it (16(1)(b): only where the mayor belongs); none: it gives nothing."""
    statutory_tasks: tuple[Task, ...] = Field(min_length=1)
    card: dict[str, Any] | None = None
    """The public card with its role keys; only connected partners have one. Opaque here."""


class Purpose(Model):
    """A purpose of article 4.1."""

    code: Code
    title: Line
    article: Line
    aggregate_only: bool
    """No identifiable person may be processed for it."""


class Context(Model):
    """A part of the scope of article 2.2."""

    code: Code
    title: Line
    article: Line


class Area(Model):
    """A street, neighbourhood or village that can be spoken of without a person."""

    code: FieldCode
    title: Line
    within: FieldCode | None = None
    """The area it lies in."""


class Ground(Model):
    """A ground of the covenant itself, stated by the sender, that a row of the matrix may ask for."""

    code: Code
    title: Line
    source: Line
    verified: Verified = None


class SecrecyDuty(Model):
    """A duty of professional secrecy that exists under this covenant, and who has it (R30)."""

    code: Code
    """As a disclosure states it; those of the law are in :class:`exchange.domain.vocabulary.SecrecyRegime`."""
    title: Line
    holders: tuple[Who, ...] = Field(min_length=1)
    source: Line
    verified: Verified = None


class Category(Model):
    """A kind of personal data, the fields it is made of, and how long it is kept."""

    code: Code
    title: Line
    mark: Mark
    secrecy: bool = False
    """Usually under professional secrecy: a disclosure has to say what lifts it (R30)."""
    retention: FieldCode | None = None
    """The retention class of an item of this category; none only where no row ever allows it."""
    fields: dict[FieldCode, Line] = Field(default_factory=dict)
    """Field code -> Dutch title."""
    area_fields: tuple[FieldCode, ...] = ()
    """Fields that say something of a place and need no person (R01)."""


class SignalKind(Model):
    """What a signal may be about (article 1), and whether a person is needed to report it."""

    code: Code
    title: Line
    area_level: bool = False
    """Can be reported for a street or village: naming a person then needs an item that is about that person (R01)."""


class Row(Model):
    """One row of the matrix: which partners may receive which categories, under which condition."""

    categories: tuple[Code, ...] = Field(min_length=1)
    recipients: tuple[Who, ...] = Field(min_length=1)
    senders: tuple[Who, ...] = (ANYONE,)
    condition: Condition
    grounds: tuple[LawCode, ...] = ()
    recipient_tasks: tuple[FieldCode, ...] = ()
    """When given: the recipient's task must be one of these (R07)."""
    source: Line
    verified: Verified = None


class FieldRule(Model):
    """Data minimisation (article 11.1): the fields of a category that a purpose needs, for whom."""

    purposes: tuple[Code, ...] = Field(min_length=1)
    category: Code
    recipients: tuple[Who, ...] = (ANYONE,)
    senders: tuple[Who, ...] = (ANYONE,)
    kinds: tuple[Literal["signal", "disclosure"], ...] = ("signal", "disclosure")
    fields: tuple[FieldCode, ...] = Field(min_length=1)
    source: Line | None = None
    """Why these fields are needed; none: whoever wrote the covenant chose them."""
    verified: Verified = None


class TextRule(Model):
    """Words that give a forbidden kind of message away: refused when at least one word of every group occurs."""

    code: Annotated[str, StringConstraints(pattern=r"^R[0-9]{2}$")]
    groups: tuple[tuple[Line, ...], ...] = Field(min_length=1)
    source: Line
    verified: Verified = None


class Phase(Model):
    """How data may be used until an age counted from their first processing (Wpg 8, 14)."""

    until: PeriodText
    use: Literal["VRIJ", "ALLEEN_VERGELIJKEN", "ALLEEN_KLACHT_EN_VERANTWOORDING"]


class RetentionRule(Model):
    """A proposed term. It binds nobody until the partner's own privacy officer confirms it (article 9.2)."""

    code: FieldCode
    holders: tuple[Who, ...] = Field(min_length=1)
    trigger: Trigger
    period: PeriodText
    cap: PeriodText | None = None
    """At most this long after the first processing."""
    source: Line
    verified: bool
    """Whether the legal source was read and says this."""
    status: Literal["voorstel", "vastgesteld"] = "voorstel"
    phases: tuple[Phase, ...] = ()
    """From young to old. Only what is in a phase of free use is disclosed; none: no such limit (R19)."""

    def rule(self) -> Rule:
        """As :mod:`exchange.domain.retention` computes with it."""
        return Rule(self.code, self.trigger, Period.parse(self.period), Period.parse(self.cap) if self.cap else None)


class RetentionClass(Model):
    """What is kept for one and the same term. The code is opaque: it stands in headers."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][0-9]{2}$")]
    title: Line
    rules: tuple[RetentionRule, ...] = Field(min_length=1)


class Settings(Model):
    """What a covenant decides about the exchange itself."""

    max_age_days: int = Field(ge=1, le=90)
    """How long messages of the previous generation are still accepted."""
    small_cell_threshold: int = Field(ge=2, le=100)
    """Counts below this are suppressed in area pictures."""
    review_overdue: Literal["warn", "refuse"] = "warn"
    """What happens when the review date has passed (article 15.1, R27)."""
    notice_before: tuple[Literal["signal", "disclosure"], ...] = ("disclosure",)
    """Messages about a person that need a notice or a live exception first (article 10.1, R14)."""
    weighing_before: tuple[Literal["signal", "disclosure"], ...] = ("disclosure",)
    """Messages about a person that need a written weighing (article 11.1, R33)."""
    register_before: tuple[Literal["signal", "disclosure"], ...] = ()
    """Messages about a person whose processing must stand in the sender's own register first (article 13.1, R13)."""
    training_term: PeriodText | None = None
    """How long a privacy training counts (article 12.1, R26); none: trainings are not looked at."""
    training_lapsed: Literal["warn", "refuse"] = "warn"
    exception_review: PeriodText = "P13W"
    """The longest that an exception not to inform somebody holds without a new review (UAVG 41, R15); a proposal."""
    acknowledge_within: PeriodText = "P2W"
    """How long a recipient has to answer a correction, a recall or a restriction; a proposal, each controller fixes its own."""
    signal_retention: FieldCode
    """The class of a signal that nobody took up."""
    statement_retention: FieldCode
    """The class of the statement part: purpose, basis, weighing, notice."""
    case_retention: FieldCode | None = None
    """The class of a case's own texts; that of statements when absent."""
    feedback_days: int = Field(default=42, ge=1, le=366)
    """Within how many days a sender that asked for feedback hears what came of it."""
    wpg_reading: Literal["refuse", "reason"] = "refuse"
    """What happens when somebody who is not designated as receiver opens police data: refused, or with a reason and a review."""
    draft_days: int = Field(default=14, ge=1, le=92)
    """How many days a draft is kept after it was last saved; a proposal, to be fixed by the controllers."""


UNSOURCED: Final = (*Settings.model_fields, "review_due", "areas", "signal_kinds", "categories", "identity")
"""Parts of a covenant that name no source of their own: :attr:`Covenant.established` says which of them are no proposal."""


class Covenant(Model):
    """A signed agreement between controllers, as their nodes obey it."""

    format: Literal["covx-covenant/1"]
    name: Line
    version: Line
    environment: Environment
    generation: int = Field(ge=1, le=2**32 - 1)
    previous: Hash | None = None
    """Hash of the previous generation; none for the first."""
    review_due: date
    established: tuple[FieldCode, ...] | None = None
    """Of what has no source of its own (the settings, the review date, some tables): what the covenant's text or a decision of
    the controllers says. The rest are proposals. Compiling writes it out, so none occurs only in older documents."""
    settings: Settings
    partners: tuple[Partner, ...] = Field(min_length=2, max_length=256)
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    contexts: tuple[Context, ...] = Field(min_length=1)
    areas: tuple[Area, ...] = ()
    grounds: tuple[Ground, ...] = ()
    signal_kinds: tuple[SignalKind, ...] = ()
    """What a signal may be about; none means that the covenant leaves it open."""
    secrecy_regimes: tuple[SecrecyDuty, ...] = ()
    """Which duties of professional secrecy exist here, and for whom; none means every one that the law knows, for everybody."""
    categories: tuple[Category, ...] = Field(min_length=1)
    matrix: tuple[Row, ...] = Field(min_length=1)
    field_rules: tuple[FieldRule, ...] = Field(min_length=1)
    text_rules: tuple[TextRule, ...] = ()
    identity: KnownBy = KnownBy()
    """Without it a partner gets references only, and nobody is made known."""
    profiles: tuple[Profile, ...] = ()
    """Standard exchanges that were approved in advance."""
    retention: tuple[RetentionClass, ...] = Field(min_length=1)
    articles: dict[ArticleNumber, Text]
    """Article number -> its text in short, in Dutch, for whoever is refused."""
    numbering: dict[ArticleNumber, ArticleNumber] = Field(default_factory=dict)
    """Number in :data:`exchange.domain.numbering.MODEL` -> the own article that holds it; empty when the numbers are the same."""

    @classmethod
    def parse(cls, document: bytes | str) -> Covenant:
        """From JSON, whole or not at all. Canonical form and signatures are the caller's to check.

        Raises:
            CovenantError: It is not a covenant, or it contradicts itself; names the place, never a value.
        """
        from exchange.domain.coherence import contradictions  # noqa: PLC0415 - it judges what this module defines

        try:
            covenant = cls.model_validate_json(document)
        except ValidationError as error:
            raise CovenantError(
                "The covenant document does not fit the form at {place}; it has {count} such mistakes.",
                place=place(form_errors(error)[0]["loc"]),
                count=len(form_errors(error)),
            ) from None
        except RecursionError:
            raise CovenantError("The covenant document is nested too deep.") from None
        for problem in contradictions(covenant):
            raise CovenantError(
                "The covenant contradicts itself at {place}: {problem}",
                place=place(problem.path),
                problem=problem,
            )
        return covenant

    def document(self) -> dict[str, Any]:
        """Plain JSON data, to be made canonical (RFC 8785), hashed and signed."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def __copy__(self) -> Self:
        copied = super().__copy__()
        copied.__dict__.pop("index", None)  # model_copy may change what the index was made from
        return copied

    @cached_property
    def index(self) -> Index:
        """Everything the gates look up, prepared once."""
        return Index(self)

    def proposed(self, name: str) -> bool:
        """Whether one of :data:`UNSOURCED` is a proposal still."""
        return name not in (self.established or ())

    def partner(self, slug: str) -> Partner | None:
        """The partner with this slug."""
        return self.index.partners.get(slug)

    def retention_class(self, kind: Kind, category: str) -> str:
        """The class of one item: what a signal brings waits on the signal's term until somebody takes it up.

        Raises:
            CovenantError: The category is not in the covenant, or is never to be kept.
        """
        if kind is Kind.SIGNAL:
            return self.settings.signal_retention
        known = self.index.categories.get(category)
        if known is None or known.retention is None:
            raise CovenantError("The covenant names no retention class for that category.")
        return known.retention

    @property
    def case_retention(self) -> str:
        """The class of a case's own texts."""
        return self.settings.case_retention or self.settings.statement_retention

    def retention_rules(self, class_code: str, slug: str) -> tuple[RetentionRule, ...]:
        """The proposed rules of one class for one partner, the most specific first."""
        return self.index.retention_rules(class_code, slug)
